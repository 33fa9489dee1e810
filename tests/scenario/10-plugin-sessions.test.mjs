// Sessions that outlive their connection: a client that resumes one gets what its current token allows, no more.
import assert from 'node:assert/strict';
import path from 'node:path';

import { ACCOUNT, OTHER, conv, eachDoor, everyConv, lasting, now, own, scenario } from '../lib/broker.mjs';
import { eventually } from '../lib/until.mjs';

const EVENTS = `acct/${ACCOUNT}/events`;
const kept = (broker) => ({ persistence: true, persistence_location: `${path.join(broker.dir, 'broker')}/` });

scenario('back with a narrower token: nothing queued and nothing new that it may no longer read', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const wide = await broker.client({ door, agent, ...lasting(door) });
    wide.acks = false; // its messages stay in the session
    assert.deepEqual(await wide.subscribe([everyConv(), EVENTS]), [1, 1]);
    await broker.voice.say(conv(), 'before');
    await wide.message(conv(), 'before');
    await wide.drop();
    await broker.voice.say(conv(), 'while it was away');

    const narrow = await broker.client({ door, agent, role: 'assigned-agent', ...lasting(door) });
    assert.equal(narrow.connack.sessionPresent, true, 'it is the same session');
    await broker.voice.say(conv(), 'after');
    await broker.voice.say(EVENTS, 'the end');
    await narrow.message(EVENTS, 'the end');
    assert.deepEqual(narrow.payloads(conv()), []);
  });
});

scenario('nobody can take another\'s session, and it is still there when its owner reconnects', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const ann = await broker.client({ door, agent, ...lasting(door) });
    await ann.subscribe([everyConv(), own(agent, 'notice')]);
    for (const [account, thief] of [[ACCOUNT, 'ben'], [OTHER, 'ben'], [OTHER, agent]]) {
      const code = await broker.tries({ door, account, agent: thief, clientId: ann.clientId, ...lasting(door) });
      assert.equal(code, door.refused, `${account}/${thief}`);
    }
    assert.ok(await ann.isAlive(), 'it was not thrown out');
    await ann.drop();
    assert.equal(await broker.tries({ door, agent: 'ben', clientId: ann.clientId, ...lasting(door) }), door.refused);
    const back = await broker.client({ door, agent, ...lasting(door) });
    assert.equal(back.connack.sessionPresent, true);
    await broker.voice.say(own(agent, 'notice'), 'yours');
    await back.message(own(agent, 'notice'), 'yours');
  });
});

scenario('a session with an id chosen by the broker: others who use that id get nothing', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const ann = await broker.client({ door, agent, clientId: '', properties: lasting(door).properties });
    const id = (await (await broker.admin({ agent: `root-${door.tag}` })).clients({ account: ACCOUNT, subject: agent }))[0];
    assert.match(id, /^auto-/);
    await ann.subscribe(own(agent, 'notice'));

    const thief = await broker.open(door);
    const code = await thief.connect({ clientId: id, token: broker.token(ACCOUNT, 'agent', 'ben'), ...lasting(door) });
    await broker.voice.say(own(agent, 'notice'), 'private');
    if (code === 0) {
      await thief.ping();
      assert.deepEqual(thief.heard, []);
    } else {
      assert.equal(code, door.refused);
      await ann.message(own(agent, 'notice'), 'private');
    }
  });
});

scenario('after a restart of the broker a restored session works for its owner', async (broker, t) => {
  await broker.init();
  await Object.assign(broker, { settings: kept(broker) }).start();
  const doorsOf = [];
  await eachDoor(t, async (door) => {
    const [ann, ben] = [`ann-${door.tag}`, `ben-${door.tag}`];
    for (const agent of [ann, ben]) {
      const client = await broker.client({ door, agent, ...lasting(door) });
      assert.deepEqual(await client.subscribe([everyConv(), EVENTS]), [1, 1]);
    }
    doorsOf.push(door);
  });
  await broker.restart();
  await broker.voice.say(conv(), 'while nobody is back');
  await broker.reload();
  await broker.voice.say(EVENTS, 'still nobody');

  for (const door of doorsOf) {
    await t.test(`back over ${door.name}`, async () => {
      const [ann, ben] = [`ann-${door.tag}`, `ben-${door.tag}`];
      assert.equal(await broker.tries({ door, agent: 'eve', clientId: `${ACCOUNT}:${ann}:tab1`, ...lasting(door) }), door.refused);
      const back = await broker.client({ door, agent: ann, ...lasting(door) });
      assert.equal(back.connack.sessionPresent, true, 'the session was restored');
      const narrow = await broker.client({ door, agent: ben, role: 'assigned-agent', ...lasting(door) });
      assert.equal(narrow.connack.sessionPresent, true);
      await broker.voice.say(conv(), `now ${door.tag}`);
      await broker.voice.say(EVENTS, `end ${door.tag}`);
      await back.message(conv(), `now ${door.tag}`);
      await narrow.message(EVENTS, `end ${door.tag}`);
      assert.deepEqual(narrow.payloads(conv()), [], 'what was kept and what is new: it may read neither');
    });
  }
});

scenario('restored sessions deliver nothing until the publisher has sent its table', async (broker) => {
  await broker.init();
  await Object.assign(broker, { settings: kept(broker), options: { state: null } }).start();
  const door = { transport: 'tcp', version: 5 };
  const ann = await broker.client({ door, ...lasting(door) });
  await ann.subscribe([everyConv(), EVENTS]);
  await broker.restart({ load: false });
  const publisher = await broker.publisher(null);
  const back = await broker.client({ door, ...lasting(door) });
  assert.equal(back.connack.sessionPresent, true);
  await publisher.say(conv(), 'too early');
  await publisher.load();
  await publisher.say(EVENTS, 'in time');
  await back.message(EVENTS, 'in time');
  assert.deepEqual(back.payloads(conv()), []);
});

scenario('retained messages with check_retain_source: checks of publishers that are gone have no side effects', async (broker, t) => {
  await (await broker.init({ settings: { check_retain_source: true } })).start();
  const admin = await broker.admin();
  const heads = [ACCOUNT, OTHER].map((account) => `acct/${account}/head`);
  for (const head of heads) await broker.voice.say(head, 'retained', { retain: true });
  const gone = await broker.client({ agent: 'gone' });
  await gone.publish(own('gone', 'presence/tab1'), 'here', { retain: true });
  await gone.end();
  await broker.voice.client.end(); // the publishers of the retained messages are gone
  await broker.publisher();

  await eachDoor(t, async (door) => {
    const client = await broker.client({ door, agent: `ann-${door.tag}` });
    for (let i = 0; i < 20; i++) {
      assert.deepEqual(await client.subscribe([heads[0], own('+', 'presence/+'), heads[1]]), [1, 1, door.denied]);
    }
    await client.ping();
    assert.ok(!client.heard.some(([topic]) => topic === heads[1]), 'another account\'s head');
    await broker.voice.say(heads[0], `live ${door.tag}`);
    await client.message(heads[0], `live ${door.tag}`);
    await client.end();
  });
  assert.deepEqual(await admin.clients(), ['_system:publisher:1', '_system:root:1'], 'no client was made up');
});

scenario('retained messages as shipped: delivered after their publisher is gone, within the account', async (broker, t) => {
  await (await broker.init()).start();
  for (const account of [ACCOUNT, OTHER]) await broker.voice.say(`acct/${account}/head`, account, { retain: true });
  await broker.voice.client.end();
  await eachDoor(t, async (door) => {
    const client = await broker.client({ door, agent: `ann-${door.tag}` });
    assert.deepEqual(await client.subscribe([`acct/${ACCOUNT}/head`, `acct/${OTHER}/head`]), [1, door.denied]);
    const message = await client.message(`acct/${ACCOUNT}/head`);
    assert.equal(message.retain, true);
    await client.ping();
    assert.deepEqual(client.heard, [[`acct/${ACCOUNT}/head`, ACCOUNT]]);
  });
});

// Any answer but success makes mosquitto 2.0.11 disconnect a session without a connection, and read freed memory when
// it expires.
scenario('SIGHUP with offline sessions whose token has expired, one from enhanced authentication', async (broker) => {
  await (await broker.init()).start();
  const exp = now() + 2;
  const brief = { clean: false, properties: { sessionExpiryInterval: 4 } };
  const ann = await broker.client({ agent: 'ann', claims: { exp }, ...brief });
  await ann.subscribe(everyConv());
  await ann.drop();
  const ben = await broker.open();
  const clientId = `${ACCOUNT}:ben:tab1`;
  const properties = { ...brief.properties, authenticationMethod: 'JWT', authenticationData: Buffer.from(broker.token(ACCOUNT, 'agent', 'ben')) };
  assert.equal(await ben.connect({ clientId, username: undefined, clean: false, properties }), 0);
  await ben.subscribe(everyConv());
  await ben.drop();
  await eventually(() => now() > exp, 'the token has expired');
  await broker.reload();
  const admin = await broker.admin();
  assert.deepEqual((await admin.data('listClients', { account: ACCOUNT })).clients, [], 'nobody is connected');
  await broker.voice.say(conv(), 'while away');
  await eventually(() => now() > exp + 6, 'both sessions have expired');
  const again = await broker.client({ agent: 'ann', clean: false });
  assert.equal(again.connack.sessionPresent, false);
  assert.deepEqual((await admin.data('listClients', { account: ACCOUNT })).totalCount, 1);
});
