// The disk fills up and is freed again. Needs root, for its own small tmpfs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { newWamid, textWebhook } from '../lib/webhook.mjs';

async function smallDisk(system, megabytes) {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir]);
  system.cleanups.push(async () => {
    execFileSync('umount', [dir]);
    await fs.rmdir(dir);
  });
  return dir;
}

const skip = process.getuid() === 0 ? false : 'needs root to mount a tmpfs';

scenario('disk full: 503 and not ready; with space again it recovers; nothing acknowledged is lost', { skip }, async (system, t) => {
  const dir = await smallDisk(system, 16);
  await system.init({ dir });
  await system.start();
  const agent = await system.agent();
  const acknowledged = [];
  const post = async () => {
    const wamid = newWamid();
    const answer = await system.postWebhook(textWebhook(system.number, { wamid, body: 'x'.repeat(20_000) }));
    if (answer.status === 200) acknowledged.push(wamid);
    return answer;
  };

  for (let round = 1; round <= 3; round++) {
    const ballast = path.join(dir, 'ballast');
    await post();
    const { bavail, bsize } = await fs.statfs?.(dir) ?? { bavail: 8, bsize: 1 << 20 };
    await fs.writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 300_000)));

    const refused = await eventually(async () => {
      const answer = await post();
      return answer.status !== 200 && answer;
    }, 'the disk is full');
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    const ready = await system.http('/readyz');
    assert.equal(ready.status, 503);
    assert.equal(ready.json.database_writable, false);
    assert.equal((await system.metrics()).database_full, 1);
    assert.equal((await system.http('/healthz')).status, 200, 'alive: a restart would not help');
    assert.equal((await system.api('/conversations')).status, 200, 'reading goes on');

    await fs.rm(ballast);
    await eventually(async () => (await post()).status === 200, 'taken again');
    await system.ready();
  }
  assert.equal(system.daemon.end, null, 'the daemon was not restarted');
  await agent.caughtUp();
  t.diagnostic(`${acknowledged.length} acknowledged`);
  assert.deepEqual(agent.wamids.filter((wamid) => !acknowledged.includes(wamid)), [], 'nothing refused was stored');
  assert.deepEqual([...agent.wamids].sort(), [...acknowledged].sort(), 'everything acknowledged was');
  assert.deepEqual((await system.check()).faults, []);
  agent.check();
});

scenario('a daemon that starts on a full disk says so, and does not damage anything', { skip }, async (system) => {
  const dir = await smallDisk(system, 16);
  await system.init({ dir });
  await system.start();
  await system.customerWrites({ body: 'first' });
  await system.daemon.stop('SIGKILL');
  const ballast = path.join(dir, 'ballast');
  await fs.writeFile(ballast, Buffer.alloc(16 << 20)).catch(() => {}); // until nothing more fits

  const outcome = await system.startDaemon().then(() => 'started', () => 'refused');
  if (outcome === 'started') assert.equal((await system.postWebhook(textWebhook(system.number, { body: 'x'.repeat(2_500_000) }))).status, 503);
  else assert.ok(system.daemon.stderr.length > 0, 'it says why');
  await fs.rm(ballast);
  if (outcome === 'refused') await system.startDaemon();
  await eventually(async () => (await system.postWebhook(textWebhook(system.number, { body: 'second' }))).status === 200, 'taken again');
  const check = await system.check();
  assert.deepEqual([check.messages, check.faults], [2, []]);
});
