// The event log is trimmed; messages and conversations stay, and a client that was away for longer starts afresh.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, text, webhook } from '../lib/webhook.mjs';

scenario('events beyond retention are trimmed, and a client that asks for them gets a snapshot', async (system) => {
  await system.init();
  await system.configure('event_retention_s = 1');
  await system.start();
  for (let i = 0; i < 5; i++) await system.customerWrites({ body: `before ${i}` });
  const { epoch } = (await system.api('/sync')).json;
  const reset = await eventually(async () => {
    const { json } = await system.api(`/sync?epoch=${epoch}&since=0`);
    return json.reset && json;
  }, 'the first events are gone');
  assert.equal(reset.snapshot.conversations.length, 1);
  const id = reset.snapshot.conversations[0].id;
  assert.equal((await system.thread(id)).length, 5, 'no message is lost');
  const { json } = await system.api(`/sync?epoch=${epoch}&since=${reset.head}`);
  assert.ok(!json.reset, 'who has all needs nothing anew');
  assert.deepEqual((await system.check()).faults, []);

  // Later events continue from the same seq, even if the log was empty at a restart.
  await system.daemon.stop('SIGKILL');
  await system.startDaemon();
  await system.customerWrites({ body: 'after' });
  assert.equal(await system.headOf(), reset.head + 1);
  const after = (await system.api(`/sync?epoch=${epoch}&since=${reset.head}`)).json;
  assert.deepEqual(after.events.map(({ seq }) => seq), [reset.head + 1]);
  assert.equal((await system.api(`/search?q=before`)).json.messages.length, 5, 'the index keeps what the log forgot');
});

scenario('nothing is trimmed before the broker had it', async (system) => {
  await system.init();
  await system.configure('event_retention_s = 1');
  await system.startBroker();
  await system.startDaemon();
  await system.ready();
  await system.broker.stop('SIGKILL');
  for (let i = 0; i < 3; i++) await system.customerWrites({ body: `unpublished ${i}` });
  const { epoch, head } = (await system.api('/sync')).json;
  await eventually(async () => (await system.api('/search?q=unpublished')).json.messages.length === 3, 'the index has them');
  const { event_trims_total: before } = await system.metrics();
  // At the latest, the first of these rounds finds them a second old.
  await eventually(async () => (await system.metrics()).event_trims_total > before + 2, 'three rounds');
  const { json } = await system.api(`/sync?epoch=${epoch}&since=0`);
  assert.deepEqual([json.reset, json.events.length], [undefined, head]);
});

scenario('statuses of other apps’ messages are forgotten after 14 days, those that still wait are not', async (system) => {
  await (await system.init()).start();
  const sql = (text) => execFileSync('sqlite3', [path.join(system.dir, 'convwire.db'), text], { encoding: 'utf8' }).trim();
  const report = (ids) => system.postWebhook(webhook([change(system.number, {
    statuses: ids.flatMap((id) => ['sent', 'delivered', 'read'].map((status) => ({ id, status, timestamp: '1800000000', recipient_id: '923331230001' }))),
  })]));
  await report(Array.from({ length: 100 }, (_, i) => `wamid.theirs${i}`));
  await system.daemon.stop();
  assert.equal(sql('SELECT count(*) FROM pending_status'), '300');
  sql(`UPDATE pending_status SET received_at = received_at - ${14 * 24 * 3600_000 + 1000}`);
  await system.startDaemon();
  await system.ready();
  await report(['wamid.ours']);
  await eventually(() => sql('SELECT count(*), min(wamid) FROM pending_status') === '3|wamid.ours', 'the old ones are gone');
  const echo = { ...text({ from: '15550100200', wamid: 'wamid.ours' }), to: '923331230001' };
  await system.postWebhook(webhook([change(system.number, { message_echoes: [echo] }, 'smb_message_echoes')]));
  const [message] = await system.thread(`${system.account}_${system.number}_923331230001`);
  assert.equal(message.status, 'read', 'a status that came before its message');
  assert.equal(sql('SELECT count(*) FROM pending_status'), '0');
});
