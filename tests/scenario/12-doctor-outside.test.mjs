// convwire doctor: keys, the disk, and the server as browsers and WhatsApp see it from outside.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { doctor, installed } from '../lib/doctor.mjs';
import { scenario } from '../lib/system.mjs';
import { TlsProxy, makeCertificates } from '../lib/tls_proxy.mjs';
import { eventually } from '../lib/until.mjs';

const noRoot = process.getuid() === 0 ? false : 'needs root to mount a tmpfs';

scenario('keys that are unreadable, readable by everybody, or from different pairs', async (system) => {
  await installed(system);
  const house = path.join(system.dir, 'keys/house.pem');
  await fs.chmod(house, 0);
  const unreadable = await doctor(system, '--no-message');
  assert.match(unreadable.of('keys').text, /keys\/house\.pem cannot be read by the owner of .*mode 0000/);
  assert.match(unreadable.of('keys').next, /chmod 600/);
  await fs.chmod(house, 0o644);
  assert.match((await doctor(system, '--no-message')).of('keys').text, /can be read by everybody/);
  await fs.chmod(house, 0o600);
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', house], { stdio: 'pipe' });
  assert.match((await doctor(system, '--no-message')).of('keys').text, /keys\/public does not verify what .*keys\/house\.pem signs/);
  await fs.appendFile(path.join(system.dir, 'convwire.conf'), 'http_prot = 1\n');
  assert.match((await doctor(system)).of('settings').text, /convwire\.conf:\d+: .*http_prot/);
});

scenario('a full disk', { skip: noRoot }, async (system) => {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', dir]);
  system.cleanups.push(async () => {
    execFileSync('umount', [dir]);
    await fs.rmdir(dir);
  });
  await system.init({ dir });
  await system.start();
  const report = await doctor(system);
  assert.match(report.of('disk').text, /is full: \d+ MB free\. Webhooks are answered 503/);
  const { bavail, bsize } = await fs.statfs(dir);
  await fs.writeFile(path.join(dir, 'ballast'), Buffer.alloc(bavail * bsize - 100_000));
  await eventually(async () => (await system.postWebhook(JSON.stringify({ object: 'x'.repeat(400_000) }))).status === 503, 'the disk is full');
  const full = await system.convwire('doctor', '--json');
  assert.ok(full.code >= 2);
  assert.match(full.stdout, /cannot be written: the disk is full/);
});

scenario('public_url from outside: what proxies do wrong', async (system) => {
  await installed(system);
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-tls-'));
  system.cleanups.push(() => fs.rm(dir, { recursive: true }));
  const certificates = makeCertificates(dir);
  const proxy = await new TlsProxy(certificates, system).start();
  system.cleanups.push(() => proxy.stop());
  await system.configure(`public_url = ${proxy.url}`, `mqtt_public_url = wss://localhost:${proxy.port}/mqtt`);
  await system.daemon.stop();
  await system.startDaemon();
  await system.ready();
  await system.sim.behave({ app: { callback: `${proxy.url}/webhook` } });
  const look = (...args) => doctor(system, '--no-message', '--ca-file', certificates.ca, ...args);

  const good = await look();
  assert.deepEqual(good.failed, []);
  for (const check of ['public_url', 'certificate', 'verification', 'big webhook', 'websocket']) assert.equal(good.of(check)?.result, 'ok', check);

  proxy.faults = { refuseOver: 1_000_000 };
  assert.match((await look()).of('big webhook').text, /refused \(413\) by scenario-proxy/);
  assert.match((await look()).of('big webhook').next, /client_max_body_size 4m/);
  proxy.faults = { cutAfter: 1_000_000 };
  assert.match((await look()).of('big webhook').text, /changed or truncated: the signature no longer matches/);
  proxy.faults = { noUpgrade: true };
  assert.match((await look()).of('websocket').text, /no live updates/);
  proxy.faults = { noQuery: true };
  assert.match((await look()).of('verification').text, /answers 403 to the challenge/);
  proxy.faults = {};

  assert.match((await doctor(system, '--no-message')).of('public_url').text, /its certificate is not trusted/);
  await system.sim.behave({ app: { callback: 'https://old.example.com/webhook' } });
  assert.match((await look()).failed[0].text, /WhatsApp sends its webhooks to https:\/\/old\.example\.com\/webhook, not to/);
  await system.configure('public_url = https://no-such-host.invalid');
  assert.match((await look()).of('public_url').text, /its name is not in DNS/);
  await system.configure('public_url = https://localhost:9');
  assert.match((await look()).of('public_url').text, /cannot be reached/);
  await system.configure(`public_url = ${system.sim.url}`);
  assert.match((await look()).of('public_url').text, /not by Convwire/);
});
