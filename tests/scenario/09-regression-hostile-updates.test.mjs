// Input that once stopped the daemon, or let one customer change another's messages.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, newWamid, text, webhook } from '../lib/webhook.mjs';

const id = (system, customer) => `${system.account}_${system.number}_${customer}`;

scenario('a flow answer nested to the parser\'s limit is stored, and can be read again', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const depth = 2040;
  const flow = {
    from: '923450000001', id: newWamid(), timestamp: '1767312000', type: 'interactive',
    interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}` } },
  };
  const body = webhook([change(system.number, { messages: [flow, text({ from: '923450000002', body: 'beside it' })] })]);

  for (let i = 0; i < 2; i++) assert.equal((await system.postWebhook(body)).status, 200);
  await agent.caughtUp();
  assert.equal((await system.thread(id(system, '923450000001'))).length, 1);
  assert.equal((await system.thread(id(system, '923450000002')))[0].content.body, 'beside it');
  assert.equal((await system.log()).length, 2);
});

scenario('an identity that is too long changes no contact', async (system) => {
  await (await system.init()).start();
  const moved = {
    from: '923450000001', id: newWamid(), timestamp: '1767312000', type: 'system',
    system: { type: 'user_changed_number', body: 'moved', wa_id: '9'.repeat(200) },
  };

  await system.customerWrites({ from: '923450000001' });
  assert.equal((await system.postWebhook(webhook([change(system.number, { messages: [moved] })]))).status, 200);
  await system.customerWrites({ from: '923450000001' });
  assert.equal((await system.thread(id(system, '923450000001'))).length, 3);
});

scenario('nobody can edit or revoke another\'s message, before or after it arrives', async (system) => {
  await (await system.init()).start();
  const [theirs, late, ours] = [newWamid(), newWamid(), newWamid()];
  const edit = (wamid, from) => ({
    from, id: newWamid(), timestamp: '1767312001', type: 'edit',
    edit: { original_message_id: wamid, message: { type: 'text', text: { body: 'EVIL' } } },
  });
  const revoke = (wamid, from) => ({
    from, id: newWamid(), timestamp: '1767312002', type: 'revoke', revoke: { original_message_id: wamid },
  });
  const echo = { from: '15550100200', to: '923450000001', id: ours, timestamp: '1767312000', type: 'text', text: { body: 'ours' } };
  const post = async (parts, field) => assert.equal(
    (await system.postWebhook(webhook([change(system.number, parts, field)]))).status, 200);

  await post({ messages: [text({ from: '923450000001', wamid: theirs, body: 'mine' })] });
  await post({ message_echoes: [echo] }, 'smb_message_echoes');
  await post({ messages: [edit(late, '923450000002'), revoke(late, '923450000002')] });
  await post({ messages: [text({ from: '923450000001', wamid: late, body: 'later' })] });
  await post({ messages: [edit(theirs, '923450000002'), revoke(theirs, '923450000002'), edit(ours, '923450000001')] });
  assert.deepEqual((await system.thread(id(system, '923450000001'))).map(({ content }) => content.body).sort(),
    ['later', 'mine', 'ours']);
  await post({ messages: [edit(theirs, '923450000001')] });
  assert.ok((await system.thread(id(system, '923450000001'))).some(({ content }) => content.body === 'EVIL'), 'one\'s own can be');
});

scenario('publishes cut off by take-overs under load are all delivered; the publisher continues', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const sends = [];

  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 60; i++) sends.push(system.customerWrites({ from: `92345000${1000 + i}`, wamid: newWamid() }));
    // Another connection with the publisher's client id: the broker ends the publisher's.
    const thief = await system.mqtt({ account: '_system', agent: 'publisher', role: 'service',
      token: system.token('_system', 'service', 'publisher'), clientId: '_system:publisher:1', reconnectPeriod: 0 }).catch(() => null);
    await thief?.endAsync(true);
  }
  await Promise.all(sends);
  await agent.caughtUp();
  agent.check();
  await system.customerWrites({ from: '923450009999', body: 'and on' });
  await agent.caughtUp();
  await eventually(async () => (await system.metrics()).publish_lag_events === 0, 'the broker has acknowledged everything');
});
