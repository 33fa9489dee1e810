// convwire doctor says what is wrong with an installation, and the next command to run: secrets, ids, roles.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { doctor, installed, writePorts } from '../lib/doctor.mjs';
import { brokenPath, scenario } from '../lib/system.mjs';
import { TlsProxy, makeCertificates } from '../lib/tls_proxy.mjs';

scenario('no fault: every hop has its time, and match is true', async (system) => {
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

scenario('a legacy id: the page compares an id that is never broadcast', async (system) => {
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

scenario('a certificate that expires soon', async (system) => {
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
