// What is too large for MQTT is fetched: an event over 64 KiB, and the many events of a history import.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { change, text, textWebhook, webhook } from '../lib/webhook.mjs';

scenario('an event over 64 KiB is published without its data, and the client fetches it', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const body = 'long '.repeat(20_000);

  await system.customerWrites({ from: '923450000001', body: 'short' });
  assert.equal((await system.postWebhook(textWebhook(system.number, { from: '923450000001', body }))).status, 200);
  await system.customerWrites({ from: '923450000001', body: 'short again' });
  await agent.caughtUp();

  const large = agent.received.find(({ event }) => event.data === null);
  assert.equal(large?.event.conversation, `${system.account}_${system.number}_923450000001`);
  assert.deepEqual(agent.thread(large.event.conversation).map(({ content }) => content.body), ['short', body, 'short again']);
  const one = (await system.api(`/sync?epoch=${agent.epoch}&since=${large.event.seq - 1}&limit=1`)).json;
  assert.equal(one.events[0].data.message.content.body, body);
  agent.check();
});

scenario('one webhook of more than 200 messages: heads only, and clients sync', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const messages = Array.from({ length: 250 }, (_, i) => text({ from: `9234500000${i % 10}0`, body: `${i}` }));

  assert.equal((await system.postWebhook(webhook([change(system.number, { messages })]))).status, 200);
  await agent.caughtUp();
  assert.equal(agent.received.length, 0, 'none was published');
  assert.deepEqual(agent.wamids.sort(), messages.map(({ id }) => id).sort());

  await system.customerWrites({ from: '923450000001', body: 'fresh' });
  await agent.caughtUp();
  assert.equal(agent.received.length, 1, 'the next one is live again');
  agent.check();
});

scenario('history from the phone is stored, and never shown as new', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const day = Math.floor(Date.now() / 1000) - 86400;
  const messages = Array.from({ length: 20 }, (_, i) => ({
    ...text({ from: i % 2 ? '15550100200' : '923450000001', body: `then ${i}`, at: day + i }), ...(i % 2 && { to: '923450000001' }),
    history_context: { status: 'READ' } }));
  await system.postWebhook(webhook([change(system.number, { history: [
    { metadata: { phase: 0, chunk_order: 1, progress: 100 }, threads: [{ id: '923450000001', messages }] }] }, 'history')]));
  await agent.caughtUp();

  const id = `${system.account}_${system.number}_923450000001`;
  assert.deepEqual(agent.thread(id).map(({ content }) => content.body), messages.map((one) => one.text.body));
  assert.ok(agent.thread(id).every(({ origin }) => origin === 'history'));
  assert.equal(agent.conversations.get(id).unread, 0);
  agent.check();
});
