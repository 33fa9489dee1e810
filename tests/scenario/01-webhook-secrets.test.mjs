// Several app secrets: rotation, and the accounts each may sign for. Numbers that are not known yet.
import assert from 'node:assert/strict';

import { ACCOUNT, scenario } from '../lib/system.mjs';
import { change, newWamid, qualityWebhook, text, textWebhook, webhook } from '../lib/webhook.mjs';

const OTHER = { account: 'b-tenant', number: '2002', secret: 'the secret of the other app', waba: '555' };

async function withTwoAccounts(system) {
  await system.init();
  await system.addSecret('other', OTHER.secret, OTHER.account);
  await system.convwire('account', 'add', OTHER.account);
  await system.convwire('number', 'add', OTHER.number, '--account', OTHER.account, '--waba', OTHER.waba);
  await system.start();
}

scenario('while a secret is rotated, both are accepted', async (system) => {
  await system.init();
  await system.addSecret('next', 'the new secret', ACCOUNT);
  await system.start();

  assert.equal((await system.postWebhook(textWebhook(system.number))).status, 200);
  assert.equal((await system.postWebhook(textWebhook(system.number), { secret: 'the new secret' })).status, 200);
  assert.equal((await system.check()).messages, 2);
});

scenario('a secret that signs for another account\'s number: that change is refused and counted, the rest stored', async (system) => {
  await withTwoAccounts(system);
  const [mine, foreign] = [newWamid(), newWamid()];
  const body = webhook([
    change(system.number, { messages: [text({ from: '923450000001', wamid: foreign })] }),
    change(OTHER.number, { messages: [text({ from: '923450000001', wamid: mine })] }),
  ], { waba: OTHER.waba });

  assert.equal((await system.postWebhook(body, { secret: OTHER.secret })).status, 200);
  assert.equal((await system.metrics()).changes_refused_total, 1);
  const stored = (await system.log(OTHER.account)).map(({ data }) => data.message.wamid);
  assert.deepEqual(stored, [mine]);
  assert.deepEqual(await system.log(), []);
});

scenario('the same wamid in two accounts is two messages', async (system) => {
  await withTwoAccounts(system);
  const wamid = newWamid();

  await system.postWebhook(textWebhook(system.number, { wamid }));
  await system.postWebhook(textWebhook(OTHER.number, { wamid }), { secret: OTHER.secret });
  assert.equal((await system.log()).length, 1);
  assert.equal((await system.log(OTHER.account)).length, 1);
});

scenario('messages for an unknown number are kept, and shown in order when the number is added', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const write = (body) => system.postWebhook(textWebhook('777', { from: '923450000001', body }));

  for (let i = 0; i < 300; i++) assert.equal((await write(`${i}`)).status, 200);
  assert.equal((await system.check()).waiting_changes, 300);
  await system.customerWrites({ from: '923450000009', body: 'the known number goes on' });
  await agent.caughtUp();
  assert.equal(agent.wamids.length, 1);

  // The number is added while the customer keeps writing: new messages queue behind the old.
  const adding = system.convwire('number', 'add', '777');
  for (let i = 300; i < 360; i++) assert.equal((await write(`${i}`)).status, 200);
  assert.equal((await adding).code, 0);
  await agent.until(() => agent.thread(`${system.account}_777_923450000001`).length === 360, 'all 360 are shown', {
    describe: () => `(shown: ${agent.thread(`${system.account}_777_923450000001`).length})` });
  await agent.caughtUp();

  const events = (await system.log()).filter(({ conversation }) => conversation?.includes('_777_'));
  assert.deepEqual(events.map(({ data }) => data.message.content.body), Array.from({ length: 360 }, (_, i) => `${i}`));
  assert.equal((await system.check()).waiting_changes, 0);
  assert.equal((await system.check()).n_faults, 0);
  agent.check();
});

scenario('a number added to an account that the signing secret may not sign for shows nothing', async (system) => {
  await withTwoAccounts(system);

  await system.postWebhook(textWebhook('777'), { secret: OTHER.secret });
  assert.equal((await system.convwire('number', 'add', '777', '--account', ACCOUNT)).code, 0);
  await system.customerWrites({ from: '923450000001' });
  assert.deepEqual((await system.log()).map(({ conversation }) => conversation), [`${ACCOUNT}_${system.number}_923450000001`]);
});

scenario('what Meta reports about a WABA goes to all its accounts', async (system) => {
  await withTwoAccounts(system);

  await system.postWebhook(qualityWebhook('TIER_10K', OTHER.waba), { secret: OTHER.secret });
  const [event] = await system.log(OTHER.account);
  assert.equal(event.kind, 'number');
  assert.equal(event.conversation, null);
  assert.deepEqual(await system.log(), []);
});
