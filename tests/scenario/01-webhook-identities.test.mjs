// One customer, many ids: the conversation stays the same. A stranger with a known number gets a new one.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { change, newWamid, webhook } from '../lib/webhook.mjs';

const systemMessage = (from, system) => ({ from, id: newWamid(), timestamp: String(Math.floor(Date.now() / 1000)), type: 'system', system });

scenario('spellings of one phone in Brazil, Mexico and Argentina are one conversation', async (system) => {
  await (await system.init()).start();
  for (const [first, second] of [['553187654321', '5531987654321'], ['5215512345678', '525512345678'], ['5491123456789', '541123456789']]) {
    await system.customerWrites({ from: first, body: 'first' });
    await system.customerWrites({ from: second, body: 'second' });
    const thread = await system.thread(`${system.account}_${system.number}_${first}`);
    assert.deepEqual(thread.map(({ content }) => content.body), ['first', 'second'], `${first} and ${second}`);
    for (const id of [first, second]) {
      const { matches } = (await system.api(`/resolve?id=${id}`)).json;
      assert.deepEqual(matches.map(({ conversation }) => conversation), [`${system.account}_${system.number}_${first}`]);
    }
  }
  assert.equal((await system.api('/conversations')).json.conversations.length, 3);
});

scenario('a customer who hides the phone number stays in the same conversation', async (system) => {
  await (await system.init()).start();
  const userId = 'US.13491208655302741918';
  await system.customerWrites({ from: '923450000001', userId, body: 'with my number' });
  await system.customerWrites({ from: undefined, userId, body: 'without' });
  await system.customerWrites({ from: '923450000001', body: 'and with it again' });

  const thread = await system.thread(`${system.account}_${system.number}_923450000001`);
  assert.deepEqual(thread.map(({ content }) => content.body), ['with my number', 'without', 'and with it again']);
});

scenario('a customer first seen without a phone number gets an id made from the user id', async (system) => {
  await (await system.init()).start();
  const userId = 'US.13491208655302741918';
  await system.customerWrites({ from: undefined, userId });
  await system.customerWrites({ from: '923450000001', userId });

  const { conversations } = (await system.api('/conversations')).json;
  assert.deepEqual(conversations.map(({ id }) => id), [`${system.account}_${system.number}_US-13491208655302741918`]);
  assert.equal(conversations[0].contact.wa_id, '923450000001', 'replies can now go to the phone');
});

scenario('a new number keeps its conversation; the old number’s next owner is a stranger', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const id = `${system.account}_${system.number}_923456789012`;

  await system.customerWrites({ from: '923456789012', body: 'moving today' });
  await system.postWebhook(webhook([change(system.number, { messages: [systemMessage('923456789012',
    { body: 'User changed from 923456789012 to 923331112224', wa_id: '923331112224', type: 'user_changed_number' })] })]));
  await system.customerWrites({ from: '923331112224', body: 'from the new number' });
  await system.customerWrites({ from: '923456789012', name: 'Danish Iqbal', body: 'I just bought this number' });
  await agent.caughtUp();

  assert.deepEqual(agent.thread(id).map(({ content }) => content.body).filter((body) => !/changed/.test(body)),
    ['moving today', 'from the new number']);
  assert.deepEqual(agent.thread(`${id}-2`).map(({ content }) => content.body), ['I just bought this number']);
  assert.equal(agent.conversations.get(id).contact.wa_id, '923331112224');
  assert.equal(agent.conversations.get(`${id}-2`).contact.name, 'Danish Iqbal');

  const resolved = async (name) => (await system.api(`/resolve?id=${name}`)).json.matches.map(({ conversation }) => conversation);
  assert.deepEqual(await resolved('923331112224'), [id]);
  assert.ok((await resolved('923456789012')).includes(`${id}-2`));
  agent.check();
});

scenario('two conversations are merged: reading part of it leaves the rest of both unread', async (system) => {
  await (await system.init()).start();
  const [phone, userId] = ['923450000009', 'PK.923450000009'];
  const at = Math.floor(Date.now() / 1000) - 10;
  await system.customerWrites({ from: phone, body: 'a1', at });
  for (const [n, body] of ['b1', 'b2'].entries()) await system.customerWrites({ from: undefined, userId, body, at: at + 1 + n });
  await system.customerWrites({ from: phone, userId, body: 'c1', at: at + 3 });
  const id = `${system.account}_${system.number}_${phone}`;
  const unread = async () => (await system.api(`/conversations/${id}`)).json.unread;
  assert.equal(await unread(), 4);
  const thread = await system.thread(id);
  assert.deepEqual(thread.map(({ content }) => content.body), ['a1', 'b1', 'b2', 'c1']);
  await system.command(id, 'read', { message: thread[0].id });
  assert.equal(await unread(), 3, 'those of the other one, too');
  await system.command(id, 'read', { message: thread[3].id });
  assert.equal(await unread(), 0);
});
