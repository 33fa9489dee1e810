// The event log is trimmed; messages and conversations stay, and a client that was away for longer starts afresh.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

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
