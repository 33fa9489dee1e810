// A token's expiry: a warning a minute before, nothing more from that second on, then a disconnect, presence cleared.
import assert from 'node:assert/strict';

import { ACCOUNT, DOORS, conv, conversation, eachDoor, everyConv, lasting, now, own, scenario } from '../lib/broker.mjs';
import { eventually } from '../lib/until.mjs';

const expiring = (client, agent) => client.message(own(agent, 'notice'), (text) => JSON.parse(text).type === 'expiring');
const DROPPED = 0x98; // DISCONNECT of MQTT 5, "administrative action"
const COARSE_MS = 20; // a token may expire this much early

scenario('a minute before, only this client is warned, without having subscribed', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const exp = now() + 62;
    const [client, other] = await Promise.all([
      broker.client({ door, agent, claims: { exp } }),
      broker.client({ door, agent, tab: 'tab2', claims: { exp: exp + 600 } }),
    ]);
    await other.subscribe(own(agent, 'notice'));
    await broker.voice.say(own(agent, 'notice'), '{"type":"hello"}');
    const { payload, retain } = await expiring(client, agent);
    assert.deepEqual(JSON.parse(payload), { type: 'expiring', exp });
    assert.equal(retain, false);
    assert.ok(now() >= exp - 60, 'not earlier');
    assert.ok(now() < exp - 40, 'not much later');
    await Promise.all([client.ping(), other.ping()]);
    assert.deepEqual(client.heard.length, 1, 'once');
    assert.deepEqual(other.payloads(own(agent, 'notice')), ['{"type":"hello"}'], 'the other tab is not told');
  }, { together: true });
});

scenario('at expiry the client is disconnected, and its presence cleared', async (broker, t) => {
  await (await broker.init()).start();
  const witness = await broker.client({ agent: 'witness' });
  await witness.subscribe(own('+', 'presence/+'));
  const admin = await broker.admin();
  const before = (await admin.data('stats')).expired;
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const exp = now() + 3;
    const presence = own(agent, 'presence/tab1');
    const client = await broker.client({ door, agent, claims: { exp }, will: { topic: presence, payload: Buffer.alloc(0), qos: 1, retain: true } });
    assert.equal(await client.subscribe(everyConv()), 1);
    await client.publish(presence, 'here', { retain: true });
    await broker.voice.say(conv(), `in time ${door.tag}`);
    await client.message(conv(), `in time ${door.tag}`);
    await client.closed();
    assert.ok(Date.now() >= exp * 1000 - COARSE_MS, 'not before its time');
    if (door.version === 5) assert.equal(client.disconnectReason, DROPPED);
    await witness.message(presence, '');
    assert.deepEqual(witness.payloads(presence), ['here', '']);
    assert.equal(await broker.tries({ door, agent, claims: { exp } }), door.refused, 'it does not come back with that token');
    assert.equal(await broker.tries({ door, agent }), 0, 'with another it does');
  }, { together: true });
  assert.equal((await admin.data('stats')).expired, before + DOORS.length);
});

// The broker is stopped during the second of expiry, so that what was sent before it is handled after it. No timer can
// have run in between: the check itself must read the clock.
scenario('every check reads the clock: after expiry all is denied, even before the disconnect', async (broker, t) => {
  await (await broker.init()).start();
  const bridge = await broker.bridge();
  const witness = await broker.client({ agent: 'witness' });
  await witness.subscribe([everyConv(), `${everyConv()}/live/+`]);
  const exp = now() + 4;
  const clients = await Promise.all(DOORS.map((door) => broker.client({ door, agent: `ann-${door.tag}`, claims: { exp } })));
  for (const client of clients) assert.equal(await client.subscribe(everyConv()), 1);
  await broker.voice.say(conv(), 'before');
  for (const client of clients) await client.message(conv(), 'before');
  broker.broker.child.kill('SIGSTOP');
  try {
    broker.voice.client.send({ cmd: 'publish', topic: conv(), payload: 'after', qos: 0 });
    for (const [i, door] of DOORS.entries()) {
      clients[i].send({ cmd: 'publish', topic: `${conv()}/live/ann-${door.tag}`, payload: 'after', qos: 0 });
      clients[i].send({ cmd: 'publish', topic: `${conv()}/cmd/ann-${door.tag}`, payload: 'after', qos: 1, messageId: 77 });
    }
    await eventually(() => Date.now() >= exp * 1000, 'the tokens have expired');
  } finally {
    broker.broker.child.kill('SIGCONT');
  }
  for (const client of clients) await client.closed();
  await witness.message(conv(), 'after');
  await Promise.all([witness.ping(), bridge.ping()]);
  for (const [i, door] of DOORS.entries()) {
    await t.test(door.name, () => {
      assert.deepEqual(clients[i].payloads(conv()), ['before'], 'nothing was delivered');
      assert.deepEqual(witness.payloads(`${conv()}/live/ann-${door.tag}`), [], 'nothing was taken');
      assert.deepEqual(bridge.payloads(`${conv()}/cmd/ann-${door.tag}`), []);
    });
  }
});

scenario('an expired client\'s session is kept for its next token', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent, claims: { exp: now() + 2 }, ...lasting(door) });
    assert.equal(await client.subscribe(everyConv()), 1);
    await client.closed();
    await broker.voice.say(conv(), `away ${door.tag}`);
    const back = await broker.client({ door, agent, ...lasting(door) });
    assert.equal(back.connack.sessionPresent, true);
    await broker.voice.say(conv(), `back ${door.tag}`);
    await back.message(conv(), `back ${door.tag}`);
  }, { together: true });
});

scenario('two hundred tokens that expire in one second: all are disconnected, nobody else is', async (broker) => {
  await (await broker.init()).start();
  const stays = await broker.client({ agent: 'stays' });
  await stays.subscribe(everyConv());
  const exp = now() + 4;
  const clients = await Promise.all(Array.from({ length: 200 }, (_, i) => broker.client({ door: DOORS[i % 2], agent: `ann${i}`, claims: { exp } })));
  await Promise.all(clients.map((client) => client.closed()));
  await broker.voice.say(conv(), 'after the storm');
  await stays.message(conv(), 'after the storm');
  assert.deepEqual(await (await broker.admin()).clients({ account: ACCOUNT }), [stays.clientId]);
});

scenario('a limited agent\'s assignment does not outlive its token', async (broker, t) => {
  await (await broker.init()).start();
  await broker.voice.load({ assignments: DOORS.map((door, i) => [conversation(`92345000000${i}`), `ann-${door.tag}`]) });
  await eachDoor(t, async (door) => {
    const customer = `92345000000${DOORS.indexOf(door)}`;
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent, role: 'assigned-agent', claims: { exp: now() + 2 }, ...lasting(door) });
    await client.subscribe(everyConv());
    await broker.voice.say(conv(customer), 'yours');
    await client.message(conv(customer), 'yours');
    await client.closed();
    const back = await broker.client({ door, agent, role: 'viewer', ...lasting(door) });
    await broker.voice.say(conv(customer), 'a viewer\'s');
    await back.message(conv(customer), 'a viewer\'s');
  }, { together: true });
});
