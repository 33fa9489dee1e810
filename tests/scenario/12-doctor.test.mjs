// convwire doctor names what is wrong with an installation, and the next thing to type.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

import { Program } from '../lib/program.mjs';
import { brokenPath, mosquittoPath, scenario } from '../lib/system.mjs';
import { TlsProxy, makeCertificates } from '../lib/tls_proxy.mjs';
import { eventually } from '../lib/until.mjs';

/** Where the command line finds what runs: the ports of a scenario are the kernel's. */
const writePorts = (system) =>
  fs.writeFile(path.join(system.dir, 'run.json'), JSON.stringify({ http_port: system.httpPort, mqtt_port: system.mqttPort, ws_port: system.wsPort }));

/** Runs it: the exit code, its text, and a finding by the name of its check. */
async function doctor(system, ...args) {
  await writePorts(system);
  const told = await system.convwire('doctor', ...args, '--json');
  const report = JSON.parse(told.stdout);
  const failed = report.results.filter(({ result }) => result === 'failure');
  assert.equal(told.code, failed.length, 'the exit code counts the failures');
  assert.equal(report.failures, failed.length);
  for (const finding of failed) assert.ok(finding.next?.length > 10, `what next? ${JSON.stringify(finding)}`);
  return { ...report, failed, of: (check) => report.results.find((finding) => finding.check === check), failedNames: failed.map(({ check }) => check) };
}

/** An installation with a number, as WhatsApp knows it, whose webhooks have come. */
async function installed(system, { start = true } = {}) {
  await system.init();
  await system.startSim();
  if (start) {
    await system.start();
    await system.customer();
  }
  return system;
}

scenario('all is well: every hop has its time, and match is true', async (system) => {
  await installed(system);
  const report = await doctor(system);
  assert.deepEqual(report.failed, []);
  for (const check of ['settings', 'roles', 'keys', 'secrets', 'disk', 'daemon', 'database', 'http port', 'broker', 'plugin', 'publisher', 'clock',
    `number ${system.number.slice(-4)}`, 'app secret', 'app', 'webhooks', 'road']) assert.equal(report.of(check)?.result, 'ok', `${check}: ${JSON.stringify(report.of(check))}`);
  assert.deepEqual(report.road.hops.map(({ hop }) => hop), ['received', 'verified', 'stored', 'published', 'by MQTT', 'by WebSocket', 'resolved']);
  assert.match(report.road.hops[2].detail, /conv=…0199#[0-9a-f]{8} seq=\d+/);
  assert.equal(report.road.match, true);
  assert.equal(report.road.broadcast, report.road.resolved);
  const { json } = await system.api(`/conversations/${report.road.resolved}`);
  assert.equal(json.state, 'done', 'nobody has to do anything about it');

  const text = await system.convwire('doctor');
  assert.equal(text.code, 0);
  assert.match(text.stdout, /ok {4}settings .*\n[^]*by WebSocket +\+\d+\.\d ms[^]*match: true\n[^]*checks: 0 failed, 1 warning\./);
  assert.equal((await doctor(system, '--no-message')).road, null);
});

scenario('wrong secret: not that of Meta’s app; and one that was changed under a running daemon', async (system) => {
  await installed(system);
  await system.sim.behave({ app: { secret: 'another secret' } });
  const theirs = await doctor(system);
  assert.deepEqual(theirs.failedNames, ['app secret']);
  assert.match(theirs.of('app secret').text, /keys\/apps\/main\.secret is not the secret of the app/);
  await fs.writeFile(path.join(system.dir, 'keys/apps/main.secret'), 'changed since\n');
  const changed = await doctor(system);
  assert.match(changed.of('verified').text, /refuses what keys\/apps\/main\.secret signs \(401\)/);
  assert.match(changed.of('verified').next, /restart the daemon/);
});

scenario('webhooks that all have a wrong signature', async (system) => {
  await system.init();
  await system.startSim();
  await system.start();
  await writePorts(system);
  const simulated = await system.convwire('simulate', '--count', '3', '--number', system.number);
  assert.equal(simulated.code, 0, simulated.stderr);
  await doctor(system);
  assert.equal((await system.metrics()).last_webhook_timestamp_seconds, 0, 'simulate and doctor are not WhatsApp');
  await system.postWebhook('{}', { secret: 'what Meta signs with' });
  const report = await doctor(system, '--no-message');
  assert.match(report.of('webhooks').text,
    /1 came since the daemon started, all with a signature that no secret here produces/);
});

scenario('a publisher that uses another id: match is false, with both values', async (system) => {
  await installed(system, { start: false });
  await system.startBroker();
  await system.startDaemon({ file: brokenPath('convwired-other-id') });
  await system.ready();
  const report = await doctor(system);
  assert.deepEqual([report.road.match, report.road.broadcast], [false, '664f00aa11bb22cc33dd44ee']);
  assert.equal(report.road.resolved, `${system.account}_${system.number}_15550100199`);
  assert.match(report.of('match').text, /broadcasts under another id/);
  const text = (await system.convwire('doctor')).stdout;
  assert.match(text, new RegExp(`match: false\n +broadcast +664f00aa11bb22cc33dd44ee\n +resolved +${report.road.resolved}\n`));
});

scenario('a legacy id: the page compares what is never broadcast', async (system) => {
  await installed(system);
  const unknown = await doctor(system, '--selected', '664f00aa11bb22cc33dd44ee');
  assert.deepEqual([unknown.road.match, unknown.road.selected], [false, '664f00aa11bb22cc33dd44ee']);
  assert.match(unknown.of('match').text, /no conversation is known by that name/);
  assert.match(unknown.of('match').next, /convwire alias import/);
  const file = path.join(system.dir, 'old.jsonl');
  await fs.writeFile(file, JSON.stringify({ _id: '664f00aa11bb22cc33dd44ee', accountId: system.account, phoneNumberId: system.number, customerNumber: '15550100199' }));
  assert.equal((await system.convwire('alias', 'import', file)).code, 0);
  const legacy = await doctor(system, '--selected', '664f00aa11bb22cc33dd44ee');
  assert.equal(legacy.road.match, false);
  assert.match(legacy.of('match').text, new RegExp(`it is another name of ${system.account}_`));
  assert.equal((await doctor(system, '--selected', legacy.road.broadcast)).road.match, true);
});

scenario('a denied role: the line that refuses it', async (system) => {
  await installed(system, { start: false });
  await fs.appendFile(path.join(system.dir, 'roles.acl'), '\nrole blind\npattern read acct/%a/events\n\nrole deaf\npattern read acct/%a/conv/+\npattern deny acct/%a/conv/+\n');
  await system.start();
  await system.customer();
  const blind = await doctor(system, '--role', 'blind');
  assert.deepEqual(blind.failedNames, ['subscribed']);
  assert.match(blind.of('subscribed').text, /role "blind" may not subscribe to acct\/.*\/conv\/\+: no rule/);
  const deaf = await doctor(system, '--role', 'deaf');
  assert.match(deaf.of('subscribed').text, /roles\.acl:\d+: pattern deny/);
  const limited = await doctor(system, '--role', 'assigned-agent');
  assert.match(limited.of('delivered').text, /role "assigned-agent" may not read .*assigned.*roles\.acl:\d+/);
  assert.match((await doctor(system, '--role', 'ghost')).of('roles').text, /has no role "ghost"/);
});

scenario('the Graph API cannot be reached', async (system) => {
  await installed(system);
  await system.sim.program.stop();
  const report = await doctor(system);
  assert.deepEqual(report.failedNames, [`number ${system.number.slice(-4)}`]);
  assert.match(report.failed[0].text, /the Graph API at http:\/\/127\.0\.0\.1:\d+\/v24\.0 cannot be reached/);
});

scenario('a revoked token, a missing token, a paused number, an app that is not subscribed', async (system) => {
  await installed(system);
  const name = `number ${system.number.slice(-4)}`;
  await system.sim.behave({ app: { subscribed: false } });
  const unsubscribed = await doctor(system);
  assert.deepEqual(unsubscribed.failedNames, ['app']);
  assert.match(unsubscribed.of('app').next, /curl -X POST .*\/subscribed_apps/);
  await system.sim.behave({ app: { subscribed: true }, tokens: ['another'] });
  const revoked = await doctor(system);
  assert.deepEqual(revoked.failedNames, [name]);
  assert.match(revoked.of(name).text, /refuses its access token \(190\)/);
  assert.match(revoked.of(name).next, new RegExp(`convwire number set-token ${system.number}`));
  assert.equal((await system.convwire('number', 'pause', system.number, '--reason', 'we moved')).code, 0);
  const paused = await doctor(system);
  assert.match(paused.of(name).text, /is paused, nothing is sent: we moved/);
  assert.match(paused.of(name).next, new RegExp(`convwire number resume ${system.number}`));
  await fs.rm(path.join(system.dir, 'keys/numbers', `${system.number}.token`));
  const none = await doctor(system, '--no-message');
  assert.match(none.failed.map(({ text }) => text).join('\n'), /has no access token/);
});

scenario('a skewed clock', async (system) => {
  await installed(system);
  const ahead = http.createServer((request, response) => {
    response.writeHead(200, { Date: new Date(Date.now() + 600_000).toUTCString(), 'Content-Type': 'application/json' });
    response.end('{"id":"1","data":[{}]}');
  });
  await new Promise((resolve) => ahead.listen(0, '127.0.0.1', resolve));
  system.cleanups.push(() => ahead.close());
  await system.configure(`graph_url = http://127.0.0.1:${ahead.address().port}/v24.0`);
  const report = await doctor(system);
  assert.deepEqual(report.failedNames, ['clock']);
  assert.match(report.of('clock').text, /this machine's is (59\d|60\d) s behind WhatsApp's/);
  assert.match(report.of('clock').next, /timedatectl/);
});

scenario('a stock broker on the port; no broker; no daemon; nothing at all', async (system) => {
  await installed(system);
  await system.broker.stop();
  const gone = await doctor(system, '--no-message');
  assert.deepEqual(gone.failedNames, ['broker', 'publisher']);
  assert.match(gone.of('broker').text, /cannot be reached/);
  const conf = path.join(system.dir, 'stock.conf');
  await fs.writeFile(conf, `listener ${system.mqttPort} 127.0.0.1\nallow_anonymous true\n${process.getuid() === 0 ? 'user root\n' : ''}`);
  const stock = system.launch('mosquitto', mosquittoPath(), ['-c', conf]);
  await stock.says(/mosquitto version \S+ running/, 'stderr');
  const report = await doctor(system, '--no-message');
  assert.match(report.of('broker').text,
    /accepts anyone: it is not the broker with Convwire's plugin, but mosquitto \(pid \d+\)/);
  assert.match(report.of('broker').next, /systemctl disable --now mosquitto/);
  await stock.stop();
  await system.daemon.stop();
  const down = await doctor(system);
  assert.ok(down.failedNames.includes('daemon'));
  assert.match(down.of('daemon').next, /convwire up/);
  const nowhere = new Program('doctor', path.join(path.dirname(brokenPath('x')), '../../bin/convwire'), ['doctor', '--dir', path.join(system.dir, 'nowhere')]);
  assert.equal((await nowhere.ended()).code, 1);
  assert.match(nowhere.stdout, /FAIL {2}settings .*nowhere\/convwire\.conf not found[^]*next: convwire init --dir/);
});

scenario('keys that cannot be read, or by everybody, or of two pairs', async (system) => {
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
  assert.match((await doctor(system, '--no-message')).of('keys').text, /keys\/public does not verify what keys\/house\.pem signs/);
  await fs.appendFile(path.join(system.dir, 'convwire.conf'), 'http_prot = 1\n');
  assert.match((await doctor(system)).of('settings').text, /convwire\.conf:\d+: .*http_prot/);
});

const noRoot = process.getuid() === 0 ? false : 'needs root to mount a tmpfs';

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

scenario('a certificate that ends soon', async (system) => {
  await installed(system);
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-tls-'));
  system.cleanups.push(() => fs.rm(dir, { recursive: true }));
  const certificates = makeCertificates(dir, { days: 3 });
  const proxy = await new TlsProxy(certificates, system).start();
  system.cleanups.push(() => proxy.stop());
  await system.configure(`public_url = ${proxy.url}`, `mqtt_public_url = wss://localhost:${proxy.port}/mqtt`);
  const report = await doctor(system, '--no-message', '--ca-file', certificates.ca);
  assert.equal(report.of('certificate').result, 'warning');
  assert.match(report.of('certificate').text, /^expires in [23] days$/);
});
