// A broker or a daemon that hangs without closing anything: the client notices, and recovers.
import assert from 'node:assert/strict';

import { isLive, isNotLive, page } from '../lib/page.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

scenario('a broker that hangs: not live within 20 s, live again untouched', async (system) => {
  await (await system.init()).start();
  const client = page(system);
  await isLive(client);
  process.kill(system.broker.pid, 'SIGSTOP');
  await isNotLive(client, { ms: 20_000 });
  await system.customerWrites({ body: 'meanwhile' });
  process.kill(system.broker.pid, 'SIGCONT');
  await eventually(() => client.status === 'live' && client.events.length === 1, 'live again, with what came', { ms: 60_000 });
});

scenario('a daemon that hangs: not live within 45 s, live again untouched', async (system) => {
  await (await system.init()).start();
  const client = page(system);
  await isLive(client);
  await eventually(() => client.debug.facts().heardAt, 'a head');
  process.kill(system.daemon.pid, 'SIGSTOP');
  await isNotLive(client, { ms: 45_000 });
  assert.ok(['stale', 'catching up'].includes(client.status), client.status);
  process.kill(system.daemon.pid, 'SIGCONT');
  await isLive(client, { ms: 60_000 });
  await system.customerWrites({ body: 'after' });
  await eventually(() => client.events.length === 1, 'it receives');
});
