// A client that reconnects before the broker has noticed that it left: mosquitto admits the new connection first and
// reports the end of the old one to the plugin afterwards, with the same client id.
import assert from 'node:assert/strict';

import { ACCOUNT, conv, eachDoor, everyConv, lasting, own, scenario } from '../lib/broker.mjs';

scenario('the end of the old connection does not harm the new one', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const old = await broker.client({ door, agent });
    assert.equal(await old.subscribe(everyConv()), 1);
    const fresh = await broker.client({ door, agent });
    await old.closed();

    const topic = own(agent, 'presence/tab1');
    const witness = await broker.client({ agent: `witness-${door.tag}` });
    await witness.subscribe(topic);
    assert.equal(await fresh.subscribe(everyConv()), 1, 'it may subscribe');
    assert.equal(await fresh.publish(topic, 'here', { retain: true }), 0);
    await witness.message(topic, 'here');
    await broker.voice.say(conv(), `for ${door.tag}`);
    await fresh.message(conv(), `for ${door.tag}`);
    assert.deepEqual(old.heard, [], 'the old one hears nothing');
  });
});

scenario('thirty take-overs in a row: the last one stays, and counts as one client', async (broker, t) => {
  await (await broker.init({ options: { max_clients_per_subject: 2 } })).start();
  const admin = await broker.admin();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const clients = [];
    for (let i = 0; i < (door.transport === 'ws' ? 5 : 30); i++) clients.push(await broker.client({ door, agent }));
    const last = clients.pop();
    await Promise.all(clients.map((client) => client.closed()));
    assert.equal(await last.subscribe(everyConv()), 1);
    await broker.voice.say(conv(), door.tag);
    await last.message(conv(), door.tag);
    assert.deepEqual(await admin.clients({ account: ACCOUNT, subject: agent }), [last.clientId]);
  });
});

scenario('the will of a client that is taken over is still published', async (broker, t) => {
  await (await broker.init()).start();
  const witness = await broker.client({ agent: 'witness' });
  await witness.subscribe(own('+', 'presence/+'));
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const topic = own(agent, 'presence/tab1');
    const old = await broker.client({ door, agent, will: { topic, payload: Buffer.from('left'), qos: 1, retain: true } });
    await old.publish(topic, 'here', { retain: true });
    await witness.message(topic, 'here');
    await broker.client({ door, agent });
    await witness.message(topic, 'left');
  });
});

scenario('a session that is taken over with queued messages: the new connection gets them', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const old = await broker.client({ door, agent, ...lasting(door) });
    old.acks = false;
    await old.subscribe(everyConv());
    for (const text of ['one', 'two', 'three']) await broker.voice.say(conv(), `${text} ${door.tag}`);
    await old.message(conv(), `three ${door.tag}`);
    const fresh = await broker.client({ door, agent, ...lasting(door) });
    assert.equal(fresh.connack.sessionPresent, true);
    await fresh.message(conv(), `three ${door.tag}`);
    assert.deepEqual(fresh.payloads(conv()), ['one', 'two', 'three'].map((text) => `${text} ${door.tag}`));
  });
});
