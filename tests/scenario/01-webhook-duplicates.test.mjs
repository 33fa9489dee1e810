// Meta repeats webhooks when it is not sure, even concurrently. Each message is one event.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { newWamid, text, textWebhook, change, webhook } from '../lib/webhook.mjs';

scenario('the same webhook fifty times at once is one event', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const body = textWebhook(system.number);

  const answers = await Promise.all(Array.from({ length: 50 }, () => system.postWebhook(body)));
  assert.ok(answers.every(({ status }) => status === 200));
  await agent.caughtUp();

  assert.equal(agent.received.length, 1);
  assert.equal(await system.headOf(), 1);
  assert.equal((await system.metrics()).duplicates_total, 49);
  assert.equal(agent.conversations.values().next().value.unread, 1);
  agent.check();
});

scenario('retries that overlap in part: every message once, in its own order', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const messages = Array.from({ length: 40 }, (_, i) => text({ from: '923450000001', body: `${i}`, wamid: newWamid() }));
  const slice = (from, to) => webhook([change(system.number, { messages: messages.slice(from, to) })]);

  const answers = await Promise.all([[0, 10], [5, 25], [0, 40], [20, 40], [39, 40], [0, 1]].map(([from, to]) =>
    system.postWebhook(slice(from, to))));
  assert.ok(answers.every(({ status }) => status === 200));
  await agent.caughtUp();

  assert.equal(await system.headOf(), 40);
  assert.deepEqual(agent.wamids.sort(), messages.map(({ id }) => id).sort());
  agent.check();
});

scenario('a repeated or late status changes nothing', async (system) => {
  await (await system.init()).start();
  const wamid = newWamid();
  const echo = { ...text({ from: '15550100200', wamid }), to: '923450000001' };
  const status = (word) => webhook([change(system.number, {
    statuses: [{ id: wamid, status: word, timestamp: '1767312000', recipient_id: '923450000001' }] })]);

  await system.postWebhook(webhook([change(system.number, { message_echoes: [echo] }, 'smb_message_echoes')]));
  for (const word of ['read', 'sent', 'delivered', 'read', 'failed']) await system.postWebhook(status(word));

  const [message] = await system.thread(`${system.account}_${system.number}_923450000001`);
  assert.equal(message.status, 'read');
  assert.equal(await system.headOf(), 2, 'one event for the echo, one for its status');
});
