// A power cut under a running daemon: whatever was answered 200 is still there afterwards. Uses its own file system on
// a loop device, whose journal and cache are dropped under load. Needs root and loop devices.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { brokenPath, scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { newWamid, textWebhook } from '../lib/webhook.mjs';

const skip = process.getuid() === 0 && existsSync('/dev/loop-control') ? false : 'needs root and loop devices';
const CUTS = 4;
const WRITERS = 16;
const SHUT_DOWN = path.join(path.dirname(brokenPath('x')), '../chaos/shut_down_fs');

class Disk {
  constructor(base) {
    this.image = path.join(base, 'image');
    this.dir = path.join(base, 'mounted');
  }

  async make() {
    await fs.mkdir(this.dir);
    execFileSync('truncate', ['-s', '256M', this.image]);
    execFileSync('mkfs.ext4', ['-q', this.image]);
    this.mount();
    return this;
  }

  mount() {
    execFileSync('mount', ['-o', 'loop', this.image, this.dir]);
  }

  unmount() {
    execFileSync('umount', [this.dir]);
  }

  cutPower(daemon) {
    execFileSync(SHUT_DOWN, [this.dir, String(daemon.pid)]);
  }
}

scenario(`${CUTS} power cuts under load: every acknowledged message is there`, { skip }, async (system) => {
  const base = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-power-'));
  const disk = await new Disk(base).make();
  system.cleanups.push(async () => {
    disk.unmount();
    await fs.rm(base, { recursive: true });
  });
  await system.init({ dir: disk.dir });
  execFileSync('sync', ['-f', disk.dir]); // the test's own line in convwire.conf is as old as the rest
  const acknowledged = [];
  for (let cut = 1; cut <= CUTS; cut++) {
    await system.start();
    let isOn = true;
    const before = acknowledged.length;
    const write = async (writer) => {
      while (isOn) {
        const wamid = newWamid();
        const body = textWebhook(system.number, { from: `92345000${String(writer).padStart(4, '0')}`, wamid, body: 'x'.repeat(500) });
        const { status } = await system.postWebhook(body).catch(() => ({ status: 0 }));
        if (status === 200) acknowledged.push(wamid);
        else if (status === 0) return;
      }
    };
    const load = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
    await eventually(() => acknowledged.length > before + 200 * cut, 'some load');
    disk.cutPower(system.daemon); // under load
    isOn = false;
    await system.daemon.stop('SIGKILL');
    await load;
    await system.broker.stop('SIGKILL');
    disk.unmount();
    disk.mount();
    assert.ok(acknowledged.length > before + 200 * cut);
  }
  await system.start();
  const stored = new Set();
  for (const { id } of await system.rows()) for (const { wamid } of await system.messages(id)) stored.add(wamid);
  assert.deepEqual(acknowledged.filter((wamid) => !stored.has(wamid)), [], 'nothing that was acknowledged is gone');
  assert.deepEqual((await system.check()).faults, []);
  console.log(`${acknowledged.length} acknowledged over ${CUTS} power cuts, ${stored.size} stored, none lost`);
});
