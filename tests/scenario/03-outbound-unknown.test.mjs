// Requests for which it is unknown whether WhatsApp accepted them: never resent automatically, settled by a status or a
// person.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

async function start(system, ...settings) {
  await system.init();
  await system.startSim();
  await system.configure('unknown_hold_ms = 600000', ...settings);
  await system.start();
  return system.sim;
}

for (const [what, rule] of Object.entries({
  'the connection ends after WhatsApp accepted it': { do: 'drop-after' },
  'the answer cannot be read': { do: 'bad-json' },
  'the answer takes too long': { do: 'slow', ms: 4000 },
})) {
  scenario(`${what}: unknown, then settled by the status, and sent once`, async (system) => {
    const sim = await start(system, 'request_timeout_ms = 1000');
    await sim.behave({ statuses: { delay_ms: 1500 } });
    const ann = await system.commander();
    const id = await system.customer();
    await sim.behave({ ...rule, count: 1 });
    const { message } = await ann.say(id, 'once');
    const behind = await ann.say(id, 'behind it');
    await system.messageIs(id, message, 'unknown');
    assert.equal((await system.message(id, behind.message)).status, 'queued', 'its lane waits');
    const read = await system.messageIs(id, message, 'read');
    assert.equal(read.attempt, 1);
    assert.ok(read.wamid);
    await system.messageIs(id, behind.message, 'read');
    assert.deepEqual(await sim.textsTo(id.split('_')[2]), ['once', 'behind it']);
  });
}

for (const rule of [{ do: 'drop-before' }, { do: 'gateway' }]) {
  scenario(`${rule.do}: it stays unknown, other messages are sent, and a person decides`, async (system) => {
    const sim = await start(system);
    const ann = await system.commander();
    const id = await system.customer();
    const other = await system.customer();
    await sim.behave({ ...rule, count: 1 });
    const { message } = await ann.say(id, 'perhaps');
    await system.messageIs(id, message, 'unknown');
    const free = await ann.say(other, 'to another');
    await system.messageIs(other, free.message, 'read');
    const behind = await ann.say(id, 'behind it');
    assert.equal((await ann.do(id, 'discard', { message })).ok, true);
    const failed = await system.messageIs(id, message, 'failed');
    assert.match(failed.error.explanation, /decided not to send it/);
    await system.messageIs(id, behind.message, 'read');
    assert.equal((await ann.do(id, 'retry', { message })).ok, true);
    const read = await system.messageIs(id, message, 'read');
    assert.equal(read.attempt, 2);
    assert.deepEqual(await sim.textsTo(id.split('_')[2]), ['behind it', 'perhaps']);
  });
}

scenario('after unknown_hold_ms the lane continues without it, and a retry is queued last', async (system) => {
  const sim = await start(system, 'unknown_hold_ms = 500');
  const ann = await system.commander();
  const id = await system.customer();
  await sim.behave({ do: 'drop-before', count: 1 });
  const first = await ann.say(id, 'one');
  const second = await ann.say(id, 'two');
  await system.messageIs(id, second.message, 'read');
  assert.equal((await system.message(id, first.message)).status, 'unknown', 'still, and shown so');
  assert.match((await system.convwire('outbox', 'list')).stdout, /unknown/);
  assert.equal((await system.convwire('outbox', 'retry', first.message)).code, 0);
  await system.messageIs(id, first.message, 'read');
  assert.deepEqual(await sim.textsTo(id.split('_')[2]), ['two', 'one']);
});

scenario('libcurl does not silently retry when a kept-alive connection dies', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  const id = await system.customer();
  const warm = await ann.say(id, 'warm');
  await system.messageIs(id, warm.message, 'read');
  await sim.behave({ do: 'drop-after', count: 1 });
  await sim.behave({ statuses: { words: [] } });
  const { message } = await ann.say(id, 'on the kept connection');
  await system.messageIs(id, message, 'unknown');
  assert.deepEqual(await sim.textsTo(id.split('_')[2]), ['warm', 'on the kept connection']);
});

scenario('the daemon is killed while a request is under way: unknown at the next start, never sent again', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  const id = await system.customer();
  await sim.behave({ do: 'slow', ms: 3000, count: 1 });
  await sim.behave({ statuses: { words: [] } });
  const { message } = await ann.say(id, 'mid-air');
  const behind = await ann.say(id, 'behind it');
  await sim.tookAtLeast(1);
  await system.daemon.stop('SIGKILL');
  await system.startDaemon();
  await system.ready();
  await system.messageIs(id, message, 'unknown');
  assert.equal((await system.message(id, behind.message)).status, 'queued');
  await sim.behave({ statuses: { words: ['sent'], delay_ms: 1 } });
  const [taken] = await sim.taken();
  const status = { id: taken.wamid, status: 'delivered', timestamp: String(Math.floor(Date.now() / 1000)), recipient_id: taken.to,
    biz_opaque_callback_data: taken.mark };
  assert.equal((await system.postWebhook({ object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'messages',
    value: { messaging_product: 'whatsapp', metadata: { display_phone_number: '1', phone_number_id: system.number }, statuses: [status] } }] }] })).status, 200);
  await system.messageIs(id, message, 'delivered');
  await system.messageIs(id, behind.message, 'sent');
  assert.deepEqual(await sim.textsTo(id.split('_')[2]), ['mid-air', 'behind it']);
  assert.deepEqual((await system.check()).faults, []);
});

scenario('a status may arrive before the answer to the request', async (system) => {
  const sim = await start(system);
  await sim.behave({ statuses: { delay_ms: 1 } });
  const ann = await system.commander();
  const id = await system.customer();
  await sim.behave({ do: 'slow', ms: 1000, count: 1 });
  const { message } = await ann.say(id, 'x');
  await eventually(async () => (await sim.ledger()).webhooks_posted >= 4, 'the statuses are in');
  assert.equal((await system.message(id, message)).status, 'sending');
  await system.messageIs(id, message, 'read');
});
