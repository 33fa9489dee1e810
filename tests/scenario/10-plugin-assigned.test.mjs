// Roles limited to assigned conversations: the broker checks its table at every delivery and every publish below conv/.
import assert from 'node:assert/strict';
import path from 'node:path';

import { ACCOUNT, CONTROL, DOORS, OTHER, conv, conversation, eachDoor, everyConv, own, scenario } from '../lib/broker.mjs';

const EVENTS = `acct/${ACCOUNT}/events`;
const [ONE, TWO] = ['923450000001', '923450000002'];
const limited = (broker, door, agent = `ann-${door.tag}`) => broker.client({ door, agent, role: 'assigned-agent' });

/** Which of these conversations each client receives now. */
async function heardBy(broker, clients, customers = [ONE, TWO]) {
  const settled = () => Promise.all(clients.map((client) => client.ping()));
  await settled();
  const from = clients.map((client) => client.messages.length);
  for (const customer of customers) await broker.voice.say(conv(customer), customer);
  await settled();
  return clients.map((client, i) => client.messages.slice(from[i]).map(({ payload }) => payload));
}

const hears = async (broker, client, customers) => (await heardBy(broker, [client], customers))[0];

scenario('before any table has arrived, everything but SUBSCRIBE is denied', async (broker, t) => {
  await (await broker.init()).start({ load: false });
  const publisher = await broker.publisher(null);
  const bridge = await broker.bridge();
  const clients = [];
  await t.test('closed', (inner) => eachDoor(inner, async (door) => {
    for (const role of ['agent', 'admin', 'viewer', 'assigned-agent']) {
      const agent = `${role}-${door.tag}`;
      const client = await broker.client({ door, role, agent });
      assert.deepEqual(await client.subscribe([everyConv(), EVENTS]), [1, 1]);
      await publisher.say(conv(), 'early');
      await publisher.say(EVENTS, 'early');
      const code = await client.publish(own(agent, 'presence/tab1'), 'here', { retain: true });
      if (door.version === 5) assert.equal(code, 135);
      await client.publish(`${conv()}/cmd/${agent}`, '{}');
      await client.ping();
      assert.deepEqual(client.heard, []);
      clients.push([role, client]);
    }
  }));
  await t.test('allowed, once it has', async () => {
    await bridge.ping();
    assert.deepEqual(bridge.heard, []);
    await publisher.load();
    await publisher.say(conv(), 'in time');
    await publisher.say(EVENTS, 'in time');
    for (const [role, client] of clients) {
      await client.message(EVENTS, 'in time');
      assert.deepEqual(client.heard, [...(role === 'assigned-agent' ? [] : [[conv(), 'in time']]), [EVENTS, 'in time']]);
    }
    const ann = await broker.client();
    assert.equal(await ann.publish(`${conv()}/cmd/ann`, '{}'), 0);
    await bridge.message(`${conv()}/cmd/ann`);
  });
});

scenario('with an earlier state file: open for all but the limited roles, until the table arrives', async (broker, t) => {
  await broker.init();
  broker.options = { state: path.join(broker.dir, 'broker', 'state') };
  await broker.start();
  await broker.publisher({ assignments: [[conversation(ONE), 'ann-tcp4']] });
  await broker.restart({ load: false });
  const publisher = broker.voice = await broker.publisher(null);
  const clients = [];
  await eachDoor(t, async (door) => {
    const ben = await broker.client({ door, agent: `ben-${door.tag}` });
    await ben.subscribe(everyConv());
    assert.deepEqual(await hears(broker, ben), [ONE, TWO]);
    const ann = await limited(broker, door);
    assert.deepEqual(await ann.subscribe([everyConv(), EVENTS]), [1, 1]);
    assert.deepEqual(await hears(broker, ann), []);
    await publisher.say(EVENTS, door.tag);
    await ann.message(EVENTS, door.tag);
    clients.push([door, ann]);
  });
  await publisher.load({ assignments: DOORS.map((door) => [conversation(ONE), `ann-${door.tag}`]).slice(0, 1) });
  for (const [door, ann] of clients) assert.deepEqual(await hears(broker, ann), door.tag === 'tcp4' ? [ONE] : [], door.name);
});

scenario('an assignment takes effect with the next message that the broker receives', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const [ann, ben] = [await limited(broker, door), await limited(broker, door, `ben-${door.tag}`)];
    for (const client of [ann, ben]) assert.equal(await client.subscribe(everyConv()), 1);
    const both = () => heardBy(broker, [ann, ben]);
    assert.deepEqual(await both(), [[], []]);
    await broker.voice.assign(conversation(ONE), `ann-${door.tag}`);
    assert.deepEqual(await both(), [[ONE], []]);
    await broker.voice.assign(conversation(TWO), `ben-${door.tag}`);
    assert.deepEqual(await both(), [[ONE], [TWO]]);
    await broker.voice.assign(conversation(ONE), `ben-${door.tag}`);
    assert.deepEqual(await both(), [[], [ONE, TWO]], 'taken over');
    await broker.voice.assign(conversation(ONE), null);
    assert.deepEqual(await both(), [[], [TWO]], 'given back');
    await broker.voice.assign(conversation(TWO), 'somebody-else');
    assert.deepEqual(await both(), [[], []]);
    // At once, as the publisher does it: the change, then its event.
    for (let i = 0; i < 50; i++) {
      const subject = `${i % 2 ? 'ann' : 'ben'}-${door.tag}`;
      broker.voice.client.publish(`${CONTROL}/assign`, JSON.stringify({ type: 'assign', conversation: conversation(ONE), subject }));
      broker.voice.client.publish(conv(ONE), `for ${subject} ${i}`);
    }
    await broker.voice.client.ping();
    await Promise.all([ann.ping(), ben.ping()]);
    for (const [client, name, odd] of [[ann, 'ann', 1], [ben, 'ben', 0]]) {
      assert.deepEqual(client.payloads(conv(ONE)).filter((text) => text.startsWith('for')),
        Array.from({ length: 25 }, (_, i) => `for ${name}-${door.tag} ${2 * i + odd}`));
    }
    await Promise.all([ann.drop(), ben.drop()]);
    await broker.voice.load();
  });
});

scenario('commands and live signals need the assignment, too', async (broker, t) => {
  await (await broker.init()).start();
  const bridge = await broker.bridge();
  const witness = await broker.client({ agent: 'witness' });
  await witness.subscribe(`${everyConv()}/live/+`);
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const ann = await limited(broker, door);
    const tries = async (text) => {
      await ann.publish(`${conv(ONE)}/live/${agent}`, text, { qos: 0 });
      const code = await ann.publish(`${conv(ONE)}/cmd/${agent}`, text);
      await Promise.all([bridge.ping(), witness.ping()]);
      const heard = [bridge.payloads(`${conv(ONE)}/cmd/${agent}`), witness.payloads(`${conv(ONE)}/live/${agent}`)].map((list) => list.includes(text));
      return [code, ...heard];
    };
    const no = door.version === 5 ? 135 : 0;
    assert.deepEqual(await tries('before'), [no, false, false]);
    await broker.voice.assign(conversation(ONE), agent);
    assert.deepEqual(await tries('mine'), [0, true, true]);
    await ann.publish(`${conv(TWO)}/cmd/${agent}`, 'not mine');
    assert.equal(await ann.publish(own(agent, 'presence/tab1'), 'here', { retain: true }), 0, 'what is not below conv/');
    await broker.voice.assign(conversation(ONE), 'ben');
    assert.deepEqual(await tries('after'), [no, false, false]);
    await bridge.ping();
    assert.deepEqual(bridge.payloads(`${conv(TWO)}/cmd/${agent}`), []);
  });
});

scenario('a table replaces the previous one, completely, at its commit', async (broker, t) => {
  await (await broker.init()).start();
  const voice = broker.voice;
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const ann = await limited(broker, door);
    await ann.subscribe(everyConv());
    assert.deepEqual(await voice.load({ assignments: [[conversation(ONE), agent]], generation: `g ${door.tag}` }),
      { type: 'loaded', generation: `g ${door.tag}`, n_assignments: 1, n_revocations: 0 });
    assert.deepEqual(await hears(broker, ann), [ONE]);
    const generation = `next ${door.tag}`;
    await voice.tell({ type: 'begin', generation });
    await voice.tell({ type: 'chunk', generation, assignments: [[conversation(TWO), agent]] });
    assert.deepEqual(await hears(broker, ann), [ONE], 'not before the commit');
    await voice.tell({ type: 'commit', generation, n_assignments: 1, n_revocations: 0 });
    assert.deepEqual(await hears(broker, ann), [TWO]);
    await voice.load({ assignments: [[conversation(ONE, OTHER), agent]] });
    assert.deepEqual(await hears(broker, ann), [], 'another account\'s');
    await ann.drop();
  });
});

scenario('a load with wrong counts is dropped, and the table stays', async (broker, t) => {
  await (await broker.init()).start();
  const voice = broker.voice;
  const [, door] = DOORS;
  const ann = await limited(broker, door);
  await ann.subscribe(everyConv());
  await voice.load({ assignments: [[conversation(ONE), 'ann-tcp5']] });
  const chunk = (generation, more) => ({ type: 'chunk', generation, assignments: [[conversation(TWO), 'ann-tcp5']], ...more });
  const commit = (generation, n = 1, revocations = 0) => ({ type: 'commit', generation, n_assignments: n, n_revocations: revocations });
  const begin = (generation) => ({ type: 'begin', generation });
  const revocation = { kind: 'subject', account: ACCOUNT, value: 'nobody', revoked_at: 1, forget_at: 4102444800 };
  for (const [name, messages] of Object.entries({
    'one too few': (g) => [begin(g), chunk(g), commit(g, 2)],
    'one too many': (g) => [begin(g), chunk(g), chunk(g, { assignments: [[conversation('923450000003'), 'x']] }), commit(g, 1)],
    'a revocation too few': (g) => [begin(g), chunk(g), commit(g, 1, 1)],
    'a revocation too many': (g) => [begin(g), chunk(g, { revocations: [revocation] }), commit(g, 1, 0)],
    'a chunk missing': (g) => [begin(g), commit(g, 1)],
    'no begin': (g) => [chunk(g), commit(g, 1)],
    'a chunk of another generation': (g) => [begin(g), chunk(`${g}x`), commit(g, 1)],
    'a commit of another generation': (g) => [begin(`${g}x`), chunk(`${g}x`), commit(g, 1)],
    'an assignment that is text': (g) => [begin(g), chunk(g, { assignments: ['x'] }), commit(g, 1)],
    'an assignment with a number': (g) => [begin(g), chunk(g, { assignments: [[conversation(TWO), 7]] }), commit(g, 1)],
    'an assignment of no conversation': (g) => [begin(g), chunk(g, { assignments: [['x/y', 'ann-tcp5']] }), commit(g, 1)],
    'a subject with a slash': (g) => [begin(g), chunk(g, { assignments: [[conversation(TWO), 'a/b']] }), commit(g, 1)],
    'assignments that is an object': (g) => [begin(g), chunk(g, { assignments: {} }), commit(g, 1)],
    'a revocation of no kind': (g) => [begin(g), chunk(g, { revocations: [{ ...revocation, kind: 'mood' }] }), commit(g, 1, 1)],
    'counts as text': (g) => [begin(g), chunk(g), { ...commit(g), n_assignments: '1' }],
    'counts missing': (g) => [begin(g), chunk(g), { type: 'commit', generation: g }],
    'a negative count': (g) => [begin(g), chunk(g), commit(g, -1)],
  })) {
    await t.test(name, async () => {
      for (const message of messages(name)) await voice.tell(message);
      const { reason } = await voice.notice(({ type, generation }) => type === 'load_failed' && generation?.startsWith(name), 'load_failed');
      assert.match(reason, /\w+ \w+/, 'a sentence');
      assert.ok(!voice.notices.some(({ type, generation }) => type === 'loaded' && generation === name));
      assert.deepEqual(await hears(broker, ann), [ONE], 'the table before is in force');
    });
  }
  await t.test('text that is not a message', async () => {
    for (const text of ['', 'x', '{', '[]', 'null', '{}', '{"type":1}', '{"type":"dance"}', '{"type":"assign"}', '{"type":"begin"}',
      '{"type":"assign","conversation":"x","subject":"ann-tcp5"}', `{"type":"assign","conversation":"${conversation(TWO)}"}`,
      `{"type":"assign","conversation":"${conversation(TWO)}","subject":"a/b"}`, '{"type":"revoke"}', '{"type":"revoke","revocation":{}}',
      '{"type":"begin","generation":"a","generation":"b"}', '['.repeat(5000), '\u0000', 'x'.repeat(200_000)]) {
      await voice.tell(text);
    }
    assert.ok(await voice.client.isAlive());
    assert.deepEqual(await hears(broker, ann), [ONE]);
  });
  await t.test('begun again: what came before the second begin is dropped', async () => {
    for (const message of [begin('twice'), chunk('twice'), begin('twice'), commit('twice', 0)]) await voice.tell(message);
    await voice.notice(({ type, generation }) => type === 'loaded' && generation === 'twice', 'loaded');
    assert.deepEqual(await hears(broker, ann), []);
  });
});

scenario('a large table: ten thousand rows, kept while its publisher is away', async (broker) => {
  await (await broker.init()).start();
  const [, door] = DOORS;
  const customers = Array.from({ length: 10_000 }, (_, i) => `92345${String(i).padStart(7, '0')}`);
  const { n_assignments: n } = await broker.voice.load({
    assignments: customers.map((customer, i) => [conversation(customer), i % 2 ? 'ann-tcp5' : 'ben']), perChunk: 2000,
  });
  assert.equal(n, 10_000);
  await broker.voice.client.drop();
  const ann = await limited(broker, door);
  await ann.subscribe(everyConv());
  broker.voice = await broker.publisher(null);
  assert.deepEqual(await hears(broker, ann, customers.slice(4990, 5010)), customers.slice(4990, 5010).filter((_, i) => i % 2));
});

scenario('only the publisher may write the table', async (broker, t) => {
  await (await broker.init()).start();
  const text = JSON.stringify({ type: 'assign', conversation: conversation(ONE), subject: 'ann' });
  await eachDoor(t, async (door) => {
    const ann = await broker.client({ door, role: 'assigned-agent' });
    await ann.subscribe(everyConv());
    const others = [ann, await broker.client({ door, role: 'admin', agent: 'boss' }), await broker.bridge(),
      (await broker.admin()).client, await broker.client({ door, account: '_system', agent: 'publisher', role: 'agent', tab: '2' })];
    for (const client of others) {
      for (const qos of [0, 1, 2]) {
        const code = await client.publish(`${CONTROL}/assign`, text, { qos });
        if (qos && client.version === 5) assert.equal(code, 135, `${client.clientId} with QoS ${qos}`);
      }
      await client.ping();
    }
    assert.deepEqual(await hears(broker, ann), []);
    await Promise.all(others.map((client) => client.drop()));
  });
});
