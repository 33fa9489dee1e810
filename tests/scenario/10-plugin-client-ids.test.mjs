// A client id must belong to the token's subject or be chosen by the broker. A refused client leaves nothing behind.
import assert from 'node:assert/strict';

import { ACCOUNT, OTHER, conv, eachDoor, everyConv, scenario } from '../lib/broker.mjs';

const own = `${ACCOUNT}:ann:`;
const BAD = {
  'no colon': 'tab1',
  'one colon': `${ACCOUNT}:ann`,
  'no tab': own,
  'another subject': `${ACCOUNT}:ben:tab1`,
  'a longer subject': `${ACCOUNT}:anna:tab1`,
  'a shorter subject': `${ACCOUNT}:an:tab1`,
  'another account': `${OTHER}:ann:tab1`,
  'a longer account': `${ACCOUNT}0:ann:tab1`,
  'the system\'s publisher': '_system:publisher:1',
  'other letters': `${ACCOUNT}:Ann:tab1`,
  'something before it': ` ${own}tab1`,
  'a plus': `${own}+`,
  'a hash': `${own}#`,
  'a slash': `${own}tab/1`,
  'a dot-dot': `${own}../ben`,
  'a space': `${own}tab 1`,
  'a colon more': `${own}tab:1`,
  'a percent': `${own}%s`,
  'a quote': `${own}"`,
  'a letter that is not ASCII': `${own}täb`,
  'a tab of 65': `${own}${'x'.repeat(65)}`,
  'a tab of 10,000': `${own}${'x'.repeat(10_000)}`,
  'auto-, but no UUID': 'auto-ann',
  'auto-, and a topic': `auto-${'/'.repeat(36)}`,
};
/*
 * mosquitto itself treats these as malformed and hangs up; what matters is that nobody gets in and no log line is
 * forged.
 */
const CONTROL_CHARACTERS = { 'a newline': '\n', 'a carriage return': '\r', 'an escape': '\u001b[2J', 'a DEL': '\u007f', 'a bell': '\u0007' };

scenario('only one\'s own client ids', async (broker, t) => {
  await (await broker.init({ options: { max_clients_per_subject: 2 } })).start();
  const ann = await broker.client();
  await ann.subscribe(everyConv());
  let refused = 0;
  for (const [name, clientId] of Object.entries(BAD)) {
    await t.test(`refused: ${name}`, (inner) => eachDoor(inner, async (door) => {
      assert.equal(await broker.tries({ door, clientId }), door.refused);
      const lines = await broker.audited('connect_refused', () => true, ++refused);
      assert.match(lines.at(-1).reason, /client id/);
    }));
  }
  for (const [name, text] of Object.entries(CONTROL_CHARACTERS)) {
    await t.test(`refused: ${name}`, (inner) => eachDoor(inner, async (door) => {
      const forged = `${own}x${text}1700000000: convwire: audit {"event":"forged"}`;
      assert.ok([door.refused, 'closed'].includes(await broker.tries({ door, clientId: forged })));
    }));
  }
  await t.test('none of them left anything behind', async () => {
    assert.deepEqual(broker.audits('forged'), []);
    const admin = await broker.admin();
    assert.deepEqual(await admin.clients({ account: ACCOUNT }), [ann.clientId]);
    assert.deepEqual(await admin.clients({ account: OTHER }), []);
    assert.equal((await admin.data('stats')).live, 3, 'ann, the publisher, the admin');
    await broker.client({ tab: 'tab2' }); // the second of two allowed: refused ones were not counted
    await broker.voice.say(conv(), 'still here');
    await ann.message(conv(), 'still here');
  });
});

scenario('valid client ids, and those chosen by the broker', async (broker, t) => {
  await (await broker.init()).start();
  const admin = await broker.admin();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    for (const tab of ['1', 'tab1', 'a_b-C', 'x'.repeat(64)]) {
      const client = await broker.client({ door, agent, tab });
      assert.equal(await client.subscribe(everyConv()), 1, tab);
    }
    const unnamed = await broker.client({ door, agent, clientId: '' });
    assert.equal(await unnamed.subscribe(everyConv()), 1);
    if (door.version === 5) assert.match(unnamed.connack.properties.assignedClientIdentifier, /^auto-/);
    await broker.voice.say(conv(), door.tag);
    await unnamed.message(conv(), door.tag);
    assert.equal((await admin.clients({ account: ACCOUNT, subject: agent })).length, 5);
  });
});

scenario('a refused client can do nothing on that connection', async (broker, t) => {
  await (await broker.init()).start();
  const witness = await broker.client({ agent: 'witness' });
  await witness.subscribe(everyConv());
  await eachDoor(t, async (door) => {
    const client = await broker.open(door);
    // All at once, before the answer to CONNECT is known.
    client.send({
      cmd: 'connect', protocolId: 'MQTT', protocolVersion: door.version, clean: true, keepalive: 60,
      clientId: `${ACCOUNT}:ann:tab1`, username: 'x', password: Buffer.from('no token'),
      will: { topic: conv(), payload: Buffer.from('will'), qos: 0, retain: false },
    });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: everyConv(), qos: 0 }] });
    client.send({ cmd: 'publish', topic: conv(), payload: 'forged', qos: 0 });
    await client.closed();
    // The broker's disconnect may overtake its CONNACK; over WebSocket it may send more than one DISCONNECT.
    assert.deepEqual(client.packets.filter(({ cmd }) => !['connack', 'disconnect'].includes(cmd)), []);
    assert.ok(client.packets.every(({ cmd, reasonCode, returnCode }) => cmd !== 'connack' || (reasonCode ?? returnCode) === door.refused));
    await broker.voice.say(conv(), door.tag);
    await witness.message(conv(), door.tag);
  });
  assert.deepEqual(witness.heard.map(([, text]) => text), ['tcp4', 'tcp5', 'ws4', 'ws5'], 'no will and no publish of theirs');
});
