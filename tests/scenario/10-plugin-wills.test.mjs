// Wills: mosquitto checks them after it has reported the client's disconnect to the plugin, some of them minutes later.
import assert from 'node:assert/strict';

import { ACCOUNT, DOORS, V5_DOORS, conv, eachDoor, now, own, scenario } from '../lib/broker.mjs';

const PRESENCE = own('+', 'presence/+');
const will = (topic, options) => ({ topic, payload: Buffer.from('gone'), qos: 1, retain: true, ...options });

async function watched(broker, filters = [PRESENCE]) {
  const witness = await broker.client({ agent: 'witness' });
  for (const filter of filters) assert.equal(await witness.subscribe(filter), 1, filter);
  return witness;
}

scenario('a dropped client\'s will is published, a clean exit\'s is not', async (broker, t) => {
  await (await broker.init()).start();
  const witness = await watched(broker);
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const [dropped, clean, asked] = ['dropped', 'clean', 'asked'].map((tab) => own(agent, `presence/${tab}`));
    const tab = (name, topic) => broker.client({ door, agent, tab: name, will: will(topic) });
    await (await tab('t1', dropped)).drop();
    assert.equal((await witness.message(dropped)).payload, 'gone');
    await (await tab('t2', clean)).end();
    const third = await tab('t3', asked);
    if (door.version === 5) await third.end({ reasonCode: 4 });
    else await third.drop();
    await witness.message(asked);
    assert.deepEqual(witness.payloads(clean), []);

    const late = await broker.client({ door, agent: 'late', tab: door.tag });
    await late.subscribe(own(agent, 'presence/+'));
    assert.deepEqual((await late.message(dropped)).retain, true, 'it was retained');
  });
});

scenario('a will may publish what its client may publish', async (broker, t) => {
  await (await broker.init()).start();
  const witness = await watched(broker, [PRESENCE, conv(), `acct/${ACCOUNT}/conv/+/live/+`, own('witness', 'reply')]);
  const bridge = await broker.bridge();
  const stranger = await broker.client({ account: 'b-tenant', agent: 'stranger' });
  await stranger.subscribe(own('+', 'presence/+', 'b-tenant'));

  const denied = {
    'an event': () => conv(),
    'another agent\'s presence': () => own('ben', 'presence/tab1'),
    'an answer': () => own('witness', 'reply'),
    'another account': () => own('ann', 'presence/tab1', 'b-tenant'),
    'a sign of life, retained': (agent) => `${conv()}/live/${agent}`,
    'a command, though its agent may give it': (agent) => `${conv()}/cmd/${agent}`,
    'the plugin\'s table': () => '$CONTROL/convwire/v1/assign',
    'a renewal': () => '$CONTROL/convwire/v1/renew',
    'the broker\'s own tree': () => '$SYS/broker/version',
  };
  for (const [name, topic] of Object.entries(denied)) {
    await t.test(`denied: ${name}`, async () => {
      await Promise.all(DOORS.map(async (door) => {
        const agent = `ann-${door.tag}`;
        // A command is denied as a will with and without retain.
        for (const retain of name.startsWith('a command') ? [false, true] : [true]) {
          const client = await broker.open(door);
          const code = await client.connect({
            clientId: `${ACCOUNT}:${agent}:t1`, token: broker.token(ACCOUNT, 'agent', agent), will: will(topic(agent), { retain }),
          });
          assert.ok([0, door.refused, 'closed'].includes(code), `CONNACK ${code}`); // newer brokers refuse it at CONNECT
          await client.drop();
        }
      }));
    });
  }
  await t.test('none of them was received', async () => {
    const last = await broker.client({ agent: 'last', will: will(own('last', 'presence/tab1'), { retain: false }) });
    await last.drop();
    await witness.message(own('last', 'presence/tab1'));
    assert.deepEqual(witness.heard, [[own('last', 'presence/tab1'), 'gone']]);
    await bridge.ping();
    assert.deepEqual(bridge.heard, []);
    await stranger.ping();
    assert.deepEqual(stranger.heard, []);
    const late = await broker.client({ agent: 'late' });
    await late.subscribe([PRESENCE, `acct/${ACCOUNT}/conv/+/live/+`]);
    await late.ping();
    assert.deepEqual(late.heard, [], 'and none was retained');
  });
});

scenario('a delayed will is published later, or not at all if its client is back in time', async (broker, t) => {
  await (await broker.init()).start();
  const witness = await watched(broker);
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const delayed = (tab, seconds) => broker.client({
      door, agent, tab, clean: false, properties: { sessionExpiryInterval: 300 },
      will: will(own(agent, `presence/${tab}`), { properties: { willDelayInterval: seconds } }),
    });
    await (await delayed('t1', 2)).drop();
    await (await delayed('t2', 1)).drop();
    const back = await delayed('t2', 1);
    assert.equal(back.connack.sessionPresent, true);
    // Meanwhile, other clients connect and disconnect at the same memory addresses.
    for (let i = 0; i < 10; i++) await (await broker.client({ agent: `other${i}` })).end();
    await witness.message(own(agent, 'presence/t1'));
    assert.deepEqual(witness.payloads(own(agent, 'presence/t2')), [], 'the will of t2 was due a second earlier');
  }, { doors: V5_DOORS, together: true });
});

scenario('a delayed will whose token expired meanwhile still clears the presence', async (broker, t) => {
  await (await broker.init()).start();
  const witness = await watched(broker);
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({
      door, agent, claims: { exp: now() + 2 }, clean: false, properties: { sessionExpiryInterval: 300 },
      will: will(own(agent, 'presence/tab1'), { properties: { willDelayInterval: 3 } }),
    });
    await client.drop();
    await witness.message(own(agent, 'presence/tab1'));
  }, { doors: V5_DOORS, together: true });
});
