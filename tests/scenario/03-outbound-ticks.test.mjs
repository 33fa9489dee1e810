// Ticks: statuses only advance, whatever their order and however often they arrive; failures have their reason.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, newWamid, text, webhook } from '../lib/webhook.mjs';

async function start(system) {
  await system.init();
  await system.startSim();
  await system.start();
  return system.sim;
}

scenario('statuses that arrive in reverse order and twice advance once', async (system) => {
  const sim = await start(system);
  await sim.behave({ statuses: { words: ['sent', 'delivered', 'read', 'played'], shuffle: true, double: true, delay_ms: 5 } });
  const bob = await system.agent({ agent: 'bob' });
  const ann = await system.commander();
  const id = await system.customer();
  const { message } = await ann.say(id, 'x');
  await system.messageIs(id, message, 'played');
  await eventually(async () => (await sim.ledger()).webhooks_waiting === 0, 'all statuses are in');
  await bob.caughtUp();
  const order = ['queued', 'sending', 'accepted', 'sent', 'delivered', 'read', 'played'];
  const words = bob.received.filter(({ event }) => event.data?.message?.id === message).map(({ event }) => order.indexOf(event.data.message.status));
  assert.deepEqual(words, [...new Set(words)].sort((one, other) => one - other));
  assert.equal((await system.message(id, message)).status, 'played');
  bob.check();
});

scenario('accepted, then failed by a status: shown with its reason, and a retry really sends', async (system) => {
  const sim = await start(system);
  await sim.behave({ statuses: { fail: 131026, delay_ms: 5 } });
  const ann = await system.commander();
  const id = await system.customer();
  const { message } = await ann.say(id, 'x');
  const failed = await system.messageIs(id, message, 'failed');
  assert.equal(failed.error.code, 131026);
  assert.match(failed.error.explanation, /no WhatsApp/);
  await sim.behave({ statuses: { fail: 0 } });
  assert.equal((await ann.do(id, 'retry', { message })).ok, true);
  const read = await system.messageIs(id, message, 'read');
  assert.equal(read.attempt, 2);
  assert.equal(read.error, undefined);
  const taken = await sim.taken();
  assert.deepEqual(taken.map(({ mark }) => mark), [`${message}.1`, `${message}.2`]);
  assert.equal(read.wamid, taken[1].wamid, 'the newest attempt\'s');

  // Later statuses of the first attempt do not change what is shown.
  const late = { id: taken[0].wamid, status: 'sent', timestamp: String(Math.floor(Date.now() / 1000)), recipient_id: taken[0].to };
  await system.postWebhook(webhook([change(system.number, { statuses: [late] })]));
  assert.deepEqual(await system.message(id, message), read);
  // A quote of the first attempt is a quote of the message.
  const wamid = newWamid();
  await system.postWebhook(webhook([change(system.number, { messages: [{ ...text({ from: id.split('_')[2], wamid }), context: { from: '1', id: taken[0].wamid } }] })]));
  const quoting = (await system.thread(id)).find((row) => row.wamid === wamid);
  assert.equal(quoting.context.message, message);
});

scenario('outside its window by WhatsApp\'s own clock: 200, then a failed status 131047', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  const from = '923450003333';
  const id = `${system.account}_${system.number}_${from}`;
  // Only our server has this message: for the simulated WhatsApp, the customer never wrote.
  await system.customerWrites({ from });
  const { message } = await ann.say(id, 'x');
  const failed = await system.messageIs(id, message, 'failed');
  assert.equal(failed.error.code, 131047);
  assert.match(failed.error.explanation, /24 hours/);
  assert.equal((await sim.taken()).length, 1);
});

scenario('statuses of messages typed on the phone belong to them', async (system) => {
  await start(system);
  const from = '923450004444';
  const id = `${system.account}_${system.number}_${from}`;
  const wamid = newWamid();
  const echo = { from: '15550100200', to: from, id: wamid, timestamp: String(Math.floor(Date.now() / 1000)), type: 'text', text: { body: 'from the phone' } };
  await system.postWebhook(webhook([change(system.number, { message_echoes: [echo] }, 'smb_message_echoes')]));
  const status = (word) => system.postWebhook(webhook([change(system.number, { statuses: [{ id: wamid, status: word,
    timestamp: echo.timestamp, recipient_id: from }] })]));
  await status('read');
  await status('delivered');
  const [message] = await system.thread(id);
  assert.equal(message.status, 'read');
  assert.equal(message.attempt, undefined);
});

scenario('statuses in one batch, together with a webhook of 3 MB', async (system) => {
  const sim = await start(system);
  await sim.behave({ statuses: { batch: true, delay_ms: 5 } });
  const ann = await system.commander();
  const id = await system.customer();
  await sim.writesBatch({ messages: 900, bytes: 2_900_000 });
  const { message } = await ann.say(id, 'x');
  await system.messageIs(id, message, 'read');
  await eventually(async () => (await sim.ledger()).webhooks_waiting === 0, 'both are taken');
  assert.equal((await sim.ledger()).webhooks_refused, 0);
  assert.equal((await system.check()).messages, 902);
});
