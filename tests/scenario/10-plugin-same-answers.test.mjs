// What the plugin allows works as if the plugin were not loaded: one script of packets, on a broker with the plugin and
// on one without, must be answered identically, packet by packet.
import assert from 'node:assert/strict';

import { ACCOUNT, eachDoor, own, scenario, Broker, lasting } from '../lib/broker.mjs';

const ROLES = `role agent
pattern readwrite acct/%a/t/# retain
pattern readwrite acct/%a/agent/%s/# retain
`;
const auto = (text) => (/^auto-[0-9A-Fa-f-]{36}$/.test(text) ? 'auto' : text);

/** A packet for comparison: without values that differ between any two brokers. */
function plain(packet) {
  const { payload, properties, ...rest } = packet;
  delete rest.length;
  return JSON.parse(JSON.stringify({
    ...rest, ...(payload && { payload: payload.toString('latin1') }),
    ...(properties && { properties: { ...properties, ...(properties.assignedClientIdentifier && { assignedClientIdentifier: auto(properties.assignedClientIdentifier) }) } }),
  }));
}

const bytes = (...values) => Buffer.from(values);
const str = (text) => Buffer.concat([bytes(text.length >> 8, text.length & 255), Buffer.from(text)]);

/** Each step makes new clients with `open`; everything sent to them is compared. */
const steps = {
  'connect, ping, disconnect': async ({ open }) => {
    const client = await open('a');
    await client.ping();
    await client.end();
  },
  'a client id of the broker\'s choice': async ({ open }) => { await (await open('', { clientId: '' })).ping(); },
  'a second CONNECT': async ({ open }) => {
    const client = await open('a');
    client.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: client.version, clean: true, clientId: client.clientId, keepalive: 60, username: 'x', password: Buffer.from('y') });
    await client.closed();
  },
  'something before CONNECT': async ({ socket }) => {
    const client = await socket();
    client.write(bytes(0xc0, 0x00));
    await client.closed();
  },
  'subscribe with each QoS, to the same filter again, unsubscribe': async ({ open, T }) => {
    const client = await open('a');
    await client.subscribe([`${T}/0`, `${T}/1`], { qos: 0 });
    await client.subscribe([`${T}/1`, `${T}/2`, `${T}/+/x`, `${T}/#`], { qos: 2 });
    await client.subscribe(`${T}/1`, { qos: 1 });
    await client.unsubscribe(`${T}/1`);
    await client.unsubscribe(`${T}/never`);
    await client.ping();
  },
  'every QoS in both directions': async ({ open, T }) => {
    const [from, to] = [await open('a'), await open('b')];
    for (const qos of [0, 1, 2]) await to.subscribe(`${T}/${qos}`, { qos });
    for (const qos of [0, 1, 2]) for (const sub of [0, 1, 2]) await from.publish(`${T}/${sub}`, `${qos} to ${sub}`, { qos });
    await from.ping();
    await to.until(() => to.messages.length === 9, 'nine messages');
    await to.until(() => to.packets.filter(({ cmd }) => cmd === 'pubrel').length === 1, 'one PUBREL');
    await to.ping();
  },
  'QoS 2 sent twice before it is released': async ({ open, T }) => {
    const client = await open('a');
    await client.subscribe(`${T}/2`, { qos: 0 });
    const send = (dup) => client.ask({ cmd: 'publish', topic: `${T}/2`, payload: 'x', qos: 2, messageId: 900, dup }, ({ cmd }) => cmd === 'pubrec', 'PUBREC');
    await send(false);
    await send(true);
    await client.ask({ cmd: 'pubrel', messageId: 900 }, ({ cmd }) => cmd === 'pubcomp', 'PUBCOMP');
    await client.ping();
  },
  'acknowledgements of nothing': async ({ open }) => {
    const client = await open('a');
    for (const cmd of ['puback', 'pubrec', 'pubcomp', 'pubrel']) client.send({ cmd, messageId: 4711 });
    if (await client.isAlive()) await client.end();
  },
  'no local, retain as published, retain handling': async ({ open, version, T }) => {
    if (version !== 5) return;
    const [from, to] = [await open('a'), await open('b')];
    await from.publish(`${T}/r`, 'kept', { retain: true });
    await from.subscribe(`${T}/l`, { qos: 1, nl: true });
    await to.subscribe(`${T}/r`, { qos: 1, rap: true, rh: 1 });
    await to.subscribe(`${T}/r`, { qos: 1, rap: true, rh: 1 });
    await to.subscribe(`${T}/+`, { qos: 1, rap: false, rh: 2, properties: { subscriptionIdentifier: 7 } });
    await from.publish(`${T}/l`, 'mine', { retain: false });
    await from.publish(`${T}/r`, 'anew', { retain: true });
    await from.publish(`${T}/r`, '', { retain: true });
    await Promise.all([from.ping(), to.ping()]);
  },
  'retained: set, changed, cleared': async ({ open, T }) => {
    const from = await open('a');
    await from.publish(`${T}/kept`, 'one', { retain: true });
    await from.publish(`${T}/kept`, 'two', { retain: true, qos: 0 });
    const to = await open('b');
    await to.subscribe(`${T}/+`, { qos: 1 });
    await to.ping();
    await from.publish(`${T}/kept`, '', { retain: true });
    await to.subscribe(`${T}/kept`, { qos: 1 });
    await to.ping();
  },
  'wills: dropped, left, asked for, retained': async ({ open, version, T }) => {
    const witness = await open('w');
    await witness.subscribe(`${T}/will/+`, { qos: 2 });
    const will = (name, more = {}) => ({ will: { topic: `${T}/will/${name}`, payload: Buffer.from(name), qos: 1, retain: false, ...more } });
    await (await open('a', will('dropped'))).drop();
    await witness.message(`${T}/will/dropped`);
    await (await open('a', will('left'))).end();
    await (await open('a', will('kept', { retain: true, qos: 2 }))).drop();
    await witness.message(`${T}/will/kept`);
    if (version === 5) {
      await (await open('a', will('asked'))).end({ reasonCode: 4 });
      await witness.message(`${T}/will/asked`);
      const properties = { willDelayInterval: 1, contentType: 'text/plain', responseTopic: `${T}/r`, correlationData: Buffer.from('c'), payloadFormatIndicator: true, userProperties: { k: 'v' } };
      await (await open('a', { ...will('late', { properties }), clean: false, properties: { sessionExpiryInterval: 60 } })).drop();
      await witness.message(`${T}/will/late`);
    }
    await witness.publish(`${T}/will/kept`, '', { retain: true });
    await witness.ping();
  },
  'a resumed session: subscriptions, queued and half-finished messages': async ({ open, door, T }) => {
    const from = await open('a');
    let to = await open('b', lasting(door));
    await to.subscribe(`${T}/+`, { qos: 2 });
    to.acks = false;
    await from.publish(`${T}/1`, 'in flight 1', { qos: 1 });
    await from.publish(`${T}/2`, 'in flight 2', { qos: 2 });
    await to.until(() => to.messages.length === 2, 'both');
    to = await open('b', lasting(door)); // a take-over: never offline in between
    await to.until(() => to.messages.length === 2, 'both again');
    await to.ping();
    await to.end();
    to = await open('b', { clean: true });
    await to.ping();
  },
  'a take-over': async ({ open }) => {
    const old = await open('a');
    const fresh = await open('a');
    await old.closed();
    await fresh.ping();
  },
  'a topic alias': async ({ open, version, T }) => {
    if (version !== 5) return;
    const [from, to] = [await open('a'), await open('b')];
    await to.subscribe(`${T}/+`, { qos: 1 });
    await from.publish(`${T}/alias`, 'named', { properties: { topicAlias: 3 } });
    await from.publish('', 'by alias', { properties: { topicAlias: 3 } });
    await from.publish(`${T}/other`, 'named anew', { properties: { topicAlias: 3 } });
    await from.publish('', 'by the new one', { properties: { topicAlias: 3 } });
    await to.until(() => to.messages.length === 4, 'four');
    from.send({ cmd: 'publish', topic: '', payload: 'unknown', qos: 0, properties: { topicAlias: 9 } });
    await from.closed();
  },
  'a topic alias past the limit': async ({ open, version, T }) => {
    if (version !== 5) return;
    const client = await open('a');
    client.send({ cmd: 'publish', topic: `${T}/x`, payload: 'x', qos: 0, properties: { topicAlias: 1000 } });
    await client.closed();
  },
  'properties are forwarded; expired messages are not': async ({ open, version, door, T }) => {
    if (version !== 5) return;
    const [from, to] = [await open('a'), await open('b', lasting(door))];
    await to.subscribe(`${T}/+`, { qos: 1 });
    await from.publish(`${T}/p`, 'with everything', { properties: {
      messageExpiryInterval: 60, contentType: 'text/plain', responseTopic: `${T}/answer`, correlationData: Buffer.from([0, 1, 255]), payloadFormatIndicator: true, userProperties: { one: '1', two: '2' } } });
    await from.publish(`${T}/p`, 'gone at once', { retain: true, properties: { messageExpiryInterval: 1 } });
    await to.until(() => to.messages.length === 2, 'both');
    const clock = await open('c', { will: { topic: `${T}/clock`, payload: Buffer.from('x'), qos: 0, retain: false, properties: { willDelayInterval: 2 } }, clean: false, properties: { sessionExpiryInterval: 9 } });
    await clock.drop();
    await to.message(`${T}/clock`);
    const late = await open('d');
    await late.subscribe(`${T}/p`, { qos: 1 });
    await late.ping();
  },
  'a receive maximum of one': async ({ open, version, T }) => {
    if (version !== 5) return;
    const [from, to] = [await open('a'), await open('b', { properties: { receiveMaximum: 1 } })];
    await to.subscribe(`${T}/+`, { qos: 1 });
    for (let i = 0; i < 5; i++) await from.publish(`${T}/x`, `${i}`);
    await to.until(() => to.messages.length === 5, 'five, one by one');
  },
  'a small maximum packet size': async ({ open, version, T }) => {
    if (version !== 5) return;
    const [from, to] = [await open('a'), await open('b', { properties: { maximumPacketSize: 200 } })];
    await to.subscribe(`${T}/+`, { qos: 1 });
    await from.publish(`${T}/x`, 'x'.repeat(500));
    await from.publish(`${T}/x`, 'short');
    await to.message(`${T}/x`, 'short');
  },
  'empty payload, large payload, too large': async ({ open, door, T }) => {
    const [from, to] = [await open('a'), await open('b')];
    await to.subscribe(`${T}/+`, { qos: 1 });
    await from.publish(`${T}/x`, '');
    await from.publish(`${T}/x`, 'x'.repeat(20_000));
    await to.until(() => to.messages.length === 2, 'both');
    if (door.transport === 'ws') return; // an idle broker only reads 40 KiB a second there
    await from.publish(`${T}/x`, 'x'.repeat(200_000));
    await to.until(() => to.messages.length === 3, 'all three');
    const before = from.packets.length;
    from.send({ cmd: 'publish', topic: `${T}/x`, payload: 'x'.repeat(270_000), qos: 1, messageId: 99 });
    from.send({ cmd: 'pingreq' });
    await from.until(() => from.isClosed || from.fault || from.packets.length > before, 'an answer or the end');
    await to.ping();
  },
  ...Object.fromEntries(Object.entries({
    'a topic with a plus': (version, T) => Buffer.concat([bytes(0x30, 2 + T.length + 2), str(`${T}/+`)]),
    'a topic with a hash': (version, T) => Buffer.concat([bytes(0x30, 2 + T.length + 2), str(`${T}/#`)]),
    'an empty topic': () => bytes(0x30, 0x02, 0x00, 0x00),
    'QoS 3': () => bytes(0x36, 0x05, 0x00, 0x01, 0x61, 0x00, 0x01),
    'a filter with a hash in the middle': (version) => Buffer.concat([bytes(0x82, (version === 5 ? 3 : 2) + 2 + 5 + 1, 0, 1, ...(version === 5 ? [0] : [])), str('a/#/b'), bytes(0)]),
    'SUBSCRIBE without filters': (version) => (version === 5 ? bytes(0x82, 3, 0, 1, 0) : bytes(0x82, 2, 0, 1)),
    'SUBSCRIBE with wrong flags': (version) => Buffer.concat([bytes(0x80, (version === 5 ? 3 : 2) + 2 + 1 + 1, 0, 1, ...(version === 5 ? [0] : [])), str('a'), bytes(0)]),
    'packet type 0': () => bytes(0x00, 0x00),
    'a length of five bytes': () => bytes(0x30, 0xff, 0xff, 0xff, 0xff, 0x7f),
    'a topic that is not UTF-8': () => bytes(0x30, 0x04, 0x00, 0x02, 0xc3, 0x28),
    'a topic with a NUL': () => bytes(0x30, 0x04, 0x00, 0x02, 0x61, 0x00),
    'a string longer than its packet': () => bytes(0x30, 0x03, 0x00, 0x40, 0x61),
    'a packet id of 0': () => bytes(0x32, 0x05, 0x00, 0x01, 0x61, 0x00, 0x00),
  }).map(([name, packet]) => [`malformed: ${name}`, async ({ open, version, T }) => {
    const [client, witness] = [await open('a'), await open('b')];
    // In one write: over WebSocket, mosquitto 2.0.21 answers a PINGREQ that it reads before closing with a second
    // DISCONNECT.
    client.write(Buffer.concat([packet(version, T), bytes(0xc0, 0x00)]));
    await client.until(() => client.isClosed || client.packets.some(({ cmd }) => cmd === 'pingresp'), 'PINGRESP or the end');
    assert.ok(await witness.isAlive());
  }])),
};

/** Runs a step on one broker; returns what each client was sent, in order. */
async function transcript(broker, step, door, agent, withToken) {
  const clients = [];
  const socket = async () => {
    const client = await broker.open(door);
    clients.push(client);
    return client;
  };
  const open = async (tab, options = {}) => {
    const client = await socket();
    await client.connect({ clientId: `${ACCOUNT}:${agent}:${tab}`, token: withToken ? broker.token(ACCOUNT, 'agent', agent) : 'anything', ...options });
    return client;
  };
  await step({ open, socket, door, version: door.version, T: `acct/${ACCOUNT}/t/${agent}` });
  const result = clients.map((client) => ({ packets: client.packets.map(plain), isClosed: client.isClosed, fault: client.fault?.message }));
  await Promise.all(clients.map((client) => client.drop()));
  return result;
}

scenario('with and without the plugin', async (guarded, t) => {
  const open = new Broker();
  try {
    await (await guarded.init({ roles: ROLES })).start();
    await open.init({ settings: { allow_anonymous: true } });
    const conf = await open.brokerConf();
    open.brokerConf = () => conf.replace(/^plugin.*\n/gm, '');
    await open.start({ load: false });
    // Each step has its own agent and topics, so that steps can run concurrently.
    await t.test('steps', { concurrency: 8 }, (all) => Promise.all(Object.entries(steps).map(([name, step], i) =>
      all.test(name, (inner) => eachDoor(inner, async (door) => {
        const agent = `s${i}-${door.tag}`;
        const [expected, actual] = await Promise.all([transcript(open, step, door, agent, false), transcript(guarded, step, door, agent, true)]);
        assert.deepEqual(actual, expected);
      })))));
    await t.test('the broker without the plugin accepts what the other would refuse', async () => {
      const stranger = await open.open();
      assert.equal(await stranger.connect({ clientId: 'stranger' }), 0);
      assert.equal(await stranger.subscribe(own('ann', '#')), 1);
    });
  } finally {
    await open.stop();
  }
});
