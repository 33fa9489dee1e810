// Found in a review: ways to see what one must not see, or to keep what one must lose.
import assert from 'node:assert/strict';

import { Client } from '../../client/dist/index.js';
import { conv, conversation, everyConv, scenario as brokerScenario, DOORS } from '../lib/broker.mjs';
import { ACCOUNT, scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, contact, text, webhook } from '../lib/webhook.mjs';

const { default: mqtt } = await import('../../client/node_modules/mqtt/build/index.js');
const [, TCP5] = DOORS;

brokerScenario('a publisher that lags does not show the old assignee the row of the new one', async (system) => {
  await (await system.init()).start({ load: false });
  await system.startDaemon();
  await system.ready();
  const id = conversation();
  const other = '923459999999';
  await system.customerWrites({ from: '923450000001', body: 'hello' });
  assert.equal((await system.control('assign', { account: ACCOUNT, conversation: id, subject: 'ann' })).status, 'ok');
  const ann = await system.client({ door: TCP5, agent: 'ann', role: 'assigned-agent' });
  await ann.subscribe(everyConv());
  await system.customerWrites({ from: '923450000001', body: 'for ann' });
  await eventually(() => ann.payloads(conv()).some((payload) => `${payload}`.includes('for ann')), 'ann is live');

  // The broker is stopped and more is stored than fits into the hand-over, so rows are read from the table later.
  system.broker.child.kill('SIGSTOP');
  for (let i = 0; i < 32; i++) {
    const messages = Array.from({ length: 150 }, (_, k) => text({ from: other, body: `${i}.${k}` }));
    assert.equal((await system.postWebhook(webhook([change(system.number, { contacts: [contact({ from: other })], messages })]))).status, 200);
  }
  await system.customerWrites({ from: '923450000001', body: 'the last while ann had it' });
  assert.equal((await system.control('assign', { account: ACCOUNT, conversation: id, subject: 'bob' })).status, 'ok');
  await system.customerWrites({ from: '923450000001', body: 'for bob only' });
  system.broker.child.kill('SIGCONT');
  await eventually(async () => (await system.metrics()).publish_lag_events === 0, 'everything is published');
  await ann.ping();
  for (const payload of ann.payloads(conv())) assert.doesNotMatch(`${payload}`, /bob/);
});

brokerScenario('a revocation made at the broker while the daemon is down reaches HTTP when it is back', async (system) => {
  await (await system.init()).start({ load: false });
  await system.startDaemon();
  await system.ready();
  const token = system.token(ACCOUNT, 'agent', 'ann');
  await system.customerWrites();
  assert.equal((await system.api('/sync', { token })).status, 200);
  await system.daemon.stop();
  const admin = await system.admin();
  await admin.data('revoke', { account: ACCOUNT, subject: 'ann' });
  await system.startDaemon();
  await eventually(async () => (await system.api('/sync', { token })).status === 401, 'HTTP refuses the token');
});

brokerScenario('a thread that was merged in is not shown to whom its own name denies it', async (system) => {
  const denied = `${ACCOUNT}_${system.number}_US-13491208655302741918`;
  await system.init({ roles: `role agent\npattern read acct/%a/conv/+\npattern read acct/%a/events\npattern read acct/%a/head\n`
    + `topic deny acct/${ACCOUNT}/conv/${denied}\nrole admin\npattern read acct/%a/conv/+\n` });
  await system.start({ load: false });
  await system.startDaemon();
  await system.ready();
  await system.customerWrites({ from: '923450000001', body: 'older' });
  await system.customerWrites({ userId: 'US.13491208655302741918', body: 'denied' });
  assert.equal((await system.api(`/conversations/${denied}/messages`)).status, 404);
  await system.customerWrites({ from: '923450000001', userId: 'US.13491208655302741918', body: 'both' });
  const { json } = await system.api(`/conversations/${conversation()}/messages`);
  assert.deepEqual(json.messages.map(({ content }) => content.body), ['both', 'older']);
  const admins = await system.api(`/conversations/${conversation()}/messages`, { token: system.token(ACCOUNT, 'admin', 'eve') });
  assert.equal(admins.json.messages.length, 3);
});

scenario('a page whose next token has other rights shows what they allow, no more and no less', async (system) => {
  await (await system.init()).start();
  const id = (n) => `${system.account}_${system.number}_92345000000${n}`;
  for (const n of [1, 2]) await system.customerWrites({ from: `92345000000${n}` });
  assert.equal((await system.control('assign', { account: system.account, conversation: id(1), subject: 'ann' })).status, 'ok');
  let role = 'assigned-agent';
  const client = new Client({
    url: `http://127.0.0.1:${system.httpPort}`, mqttUrl: system.wsUrl, account: system.account, subject: 'ann',
    token: () => system.token(system.account, role, 'ann'),
    connect: (url, options) => mqtt.connect(url, options),
  });
  system.cleanups.push(() => client.stop());
  client.start();
  const shows = (n) => eventually(() => client.status === 'live' && client.state.conversations.size === n, `${n} shown, live`);
  await shows(1);
  for (const [next, n] of [['agent', 2], ['assigned-agent', 1]]) {
    role = next;
    client.reauthenticate();
    await shows(n);
  }
});
