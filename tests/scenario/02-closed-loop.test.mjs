// Customer writes → event → reply → WhatsApp → sent, delivered, read → event: the whole path once.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { newCustomer } from '../lib/webhook.mjs';

scenario('a customer writes, an agent answers, the ticks advance, and a second agent sees it all', async (system) => {
  await system.init();
  const sim = await system.startSim();
  await sim.behave({ statuses: { delay_ms: 10 } });
  await system.start();
  const ann = await system.agent({ agent: 'ann' });
  const commander = await system.commander({ agent: 'ann' });
  const bob = await system.agent({ agent: 'bob' });
  const from = newCustomer();
  const id = `${system.account}_${system.number}_${from}`;

  await sim.writes({ from, name: 'Ayesha', text: 'Is the blue one still there?' });
  const question = await ann.until(() => ann.thread(id)[0], 'ann sees the question');
  assert.equal(question.content.body, 'Is the blue one still there?');

  const answer = await commander.do(id, 'send', { kind: 'text', content: { body: 'Yes, it is ä/ü 👍' }, reply_to: question.id }, 'cmd-1');
  assert.equal(answer.ok, true);
  assert.equal(answer.topic, `acct/${system.account}/agent/ann/reply`);
  const isRead = (agent) => agent.until(() => agent.thread(id).find((message) => message.id === answer.message && message.status === 'read'),
    `${agent.agent} sees two blue ticks`);
  const [shown] = await Promise.all([isRead(bob), isRead(ann)]);
  assert.equal(shown.direction, 'out');
  assert.equal(shown.origin, 'agent');
  assert.equal(shown.attempt, 1);
  assert.deepEqual(shown.command, { subject: 'ann', id: 'cmd-1' });
  assert.deepEqual(shown.context, { message: question.id, wamid: question.wamid });

  const [taken, ...others] = await sim.taken();
  assert.equal(others.length, 0);
  assert.equal(taken.body.to, `+${from}`);
  assert.equal(taken.body.text.body, 'Yes, it is ä/ü 👍');
  assert.equal(taken.body.context.message_id, question.wamid);
  assert.equal(taken.body.biz_opaque_callback_data, `${answer.message}.1`);
  assert.equal(taken.wamid, shown.wamid);

  // Every status on the way was reported, in ascending order.
  const words = bob.received.filter(({ event }) => event.data?.message?.id === answer.message)
    .map(({ event }) => event.data.message.status);
  const order = ['queued', 'sending', 'accepted', 'sent', 'delivered', 'read'];
  assert.deepEqual(words.filter((word, n) => word !== words[n - 1]), words, 'no status is told twice');
  assert.deepEqual([...words].sort((one, other) => order.indexOf(one) - order.indexOf(other)), words);
  await bob.caughtUp();
  bob.check();
  assert.deepEqual((await system.check()).faults, []);
});
