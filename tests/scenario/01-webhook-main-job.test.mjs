// The product's promise: a customer's message is on the agent's screen, once, in the right conversation.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { newWamid, text, change, contact, webhook } from '../lib/webhook.mjs';

scenario('a signed webhook is on the agent\'s screen, once, and the database agrees', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const wamid = newWamid();

  await system.customerWrites({ from: '923456789012', name: 'Ayesha Khan', body: 'Is the blue lamp still there?', wamid });
  await agent.caughtUp();

  const id = `${system.account}_${system.number}_923456789012`;
  assert.equal(agent.received.length, 1, 'delivered once');
  const [{ topic, event }] = agent.received;
  assert.equal(topic, `acct/${system.account}/conv/${id}`);
  assert.equal(event.v, 1);
  assert.equal(event.kind, 'message');
  assert.equal(event.conversation, id);
  assert.equal(event.data.message.wamid, wamid);
  assert.equal(event.data.message.content.body, 'Is the blue lamp still there?');
  assert.equal(event.data.conversation.unread, 1);
  assert.equal(event.data.conversation.contact.name, 'Ayesha Khan');

  assert.deepEqual(await system.log(), [event], '/sync gives the very event');
  assert.deepEqual(await system.thread(id), [event.data.message], '/messages gives the very message');
  assert.deepEqual((await system.api(`/conversations/${id}`)).json, event.data.conversation);
  agent.check();
});

scenario('two customers and two agents: everyone sees both threads, in order', async (system) => {
  await (await system.init()).start();
  const [ann, ben] = [await system.agent({ agent: 'ann' }), await system.agent({ agent: 'ben', role: 'viewer' })];

  for (let i = 0; i < 10; i++) {
    await system.customerWrites({ from: '923450000001', body: `one ${i}` });
    await system.customerWrites({ from: '923450000002', body: `two ${i}` });
  }
  await Promise.all([ann.caughtUp(), ben.caughtUp()]);

  for (const [customer, word] of [['923450000001', 'one'], ['923450000002', 'two']]) {
    const shown = ann.thread(`${system.account}_${system.number}_${customer}`).map(({ content }) => content.body);
    assert.deepEqual(shown, Array.from({ length: 10 }, (_, i) => `${word} ${i}`));
  }
  assert.deepEqual(ann.screen, ben.screen);
  assert.equal(ann.received.length, 20);
  ann.check();
  ben.check();
});

scenario('one POST with many entries, changes, messages and statuses, mixed', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const [first, second, echo] = [newWamid(), newWamid(), newWamid()];
  const status = { id: echo, status: 'delivered', timestamp: '1767312000', recipient_id: '923450000001' };
  const body = webhook([
    change(system.number, { contacts: [contact({ from: '923450000001' })],
      messages: [text({ from: '923450000001', wamid: first })], statuses: [status] }),
    change(system.number, { message_echoes: [{ ...text({ from: '15550100200', wamid: echo, body: 'From the shop' }), to: '923450000001' }] },
      'smb_message_echoes'),
  ]);
  body.entry.push(webhook([change(system.number, { messages: [text({ from: '923450000002', wamid: second })] })]).entry[0]);

  assert.equal((await system.postWebhook(body)).status, 200);
  await agent.caughtUp();

  assert.deepEqual(agent.wamids.sort(), [first, second, echo].sort());
  const echoShown = agent.thread(`${system.account}_${system.number}_923450000001`).find(({ wamid }) => wamid === echo);
  assert.equal(echoShown.direction, 'out');
  assert.equal(echoShown.status, 'delivered', 'a status that came before its message counts');
  agent.check();
});
