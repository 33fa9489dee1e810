// How many clients an account and a subject may have (mosquitto 2.0.11 does not enforce its own max_connections).
import assert from 'node:assert/strict';

import { ACCOUNT, OTHER, DOORS, eachDoor, lasting, now, scenario } from '../lib/broker.mjs';

scenario('at most max_clients_per_subject clients per subject', async (broker, t) => {
  await (await broker.init({ options: { max_clients_per_subject: 3 } })).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const tab = (name, options) => ({ door, agent, tab: name, ...options });
    const clients = [];
    for (const name of ['1', '2', '3']) clients.push(await broker.client(tab(name)));
    const refusals = broker.audits('connect_refused').length;
    assert.equal(await broker.tries(tab('4')), door.refused, 'the fourth');
    const [line] = (await broker.audited('connect_refused', () => true, refusals + 1)).slice(-1);
    assert.match(line.reason, /max_clients_per_subject/);

    clients[2] = await broker.client(tab('3')); // a take-over is the same client
    assert.equal(await broker.tries(tab('4')), door.refused, 'still full after a take-over');
    assert.equal(await broker.tries({ door, agent: 'ben' }), 0, 'another subject has its own count');
    await clients[0].end();
    clients[0] = await broker.client(tab('4'));
    assert.equal(await broker.tries(tab('5')), door.refused, 'one left, one came');
    await Promise.all(clients.map((client) => client.drop()));
    for (const name of ['1', '2', '3']) await broker.client(tab(name)); // all slots are free again
  });
});

scenario('at most max_clients_per_account clients per account, of any subject', async (broker, t) => {
  await (await broker.init({ options: { max_clients_per_account: 4 } })).start();
  await eachDoor(t, async (door) => {
    const clients = await Promise.all(['a', 'b', 'c', 'd'].map((agent) => broker.client({ door, agent })));
    assert.equal(await broker.tries({ door, agent: 'e' }), door.refused, 'the fifth');
    assert.equal(await broker.tries({ door, agent: 'a' }), 0, 'a take-over at the limit'); // and it leaves
    const other = await broker.client({ door, account: OTHER, agent: 'a' });
    assert.equal(await broker.tries({ door, agent: 'e' }), 0, 'there is room again');
    await Promise.all([...clients, other].map((client) => client.drop()));
  });
});

scenario('sessions without a connection, refused, expired and kicked clients are not counted', async (broker, t) => {
  await (await broker.init({ options: { max_clients_per_account: 1 } })).start();
  const admin = await broker.admin();
  await eachDoor(t, async (door) => {
    const offline = await broker.client({ door, agent: 'offline', tab: door.tag, ...lasting(door) });
    await offline.drop();
    for (let i = 0; i < 5; i++) assert.equal(await broker.tries({ door, agent: 'ann', clientId: 'bad' }), door.refused);
    const kicked = await broker.client({ door, agent: 'kicked' });
    await admin.data('kick', { clientid: kicked.clientId });
    await kicked.closed();
    const short = await broker.client({ door, agent: 'short', claims: { exp: now() + 2 } });
    await short.closed();
    const ann = await broker.client({ door, agent: 'ann' });
    assert.equal(await broker.tries({ door, agent: 'ben' }), door.refused);
    await ann.end();
  });
});

scenario('0 means no limit', async (broker) => {
  await (await broker.init({ options: { max_clients_per_account: 0, max_clients_per_subject: 0 } })).start();
  const clients = await Promise.all(Array.from({ length: 150 }, (_, i) => broker.client({ door: DOORS[0], tab: `t${i}` })));
  assert.deepEqual(new Set(await Promise.all(clients.map((client) => client.isAlive()))), new Set([true]));
});

scenario('by default, a hundred clients per subject', async (broker) => {
  await (await broker.init()).start();
  for (let i = 0; i < 100; i++) await broker.client({ tab: `t${i}` });
  assert.equal(await broker.tries({ tab: 't100' }), 135);
  assert.equal(await broker.tries({ agent: 'ben' }), 0);
  assert.equal(await broker.tries({ account: ACCOUNT, tab: 't99' }), 0);
});
