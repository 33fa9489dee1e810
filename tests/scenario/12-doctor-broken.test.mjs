// convwire doctor, when something is broken or gone: the Graph API, tokens, the clock, broker and daemon, stored rows.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

import { doctor, installed } from '../lib/doctor.mjs';
import { run } from '../lib/program.mjs';
import { mosquittoPath, programPath, scenario } from '../lib/system.mjs';
import { change, newWamid, text, webhook } from '../lib/webhook.mjs';

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
  const nowhere = await run('doctor', programPath('convwire'), ['doctor', '--dir', path.join(system.dir, 'nowhere')]);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stdout, /FAIL {2}settings .*nowhere\/convwire\.conf not found[^]*next: convwire init --dir/);
});

scenario('an accepted message without its WhatsApp message id: doctor and check name it, the daemon runs', async (system) => {
  await installed(system);
  const id = await system.customer();
  const sent = await system.command(id, 'send', { kind: 'text', content: { body: 'a reply' } });
  await system.messageIs(id, sent.json.message, 'read');
  await system.daemon.stop();
  execFileSync('sqlite3', [path.join(system.dir, 'convwire.db'), "UPDATE outbound SET wamid = NULL, wamid_hash = NULL WHERE state = 'accepted'"]);
  await system.startDaemon();
  await system.ready();
  const report = await doctor(system);
  assert.match(report.of('sending').text, /accepted a message, but its WhatsApp message id \(wamid\) is missing \(1\)/);
  assert.match(report.of('sending').next, /convwire check/);
  const checked = await system.convwire('check');
  assert.equal(checked.code, 65);
  assert.match(checked.stdout, /FAULT: WhatsApp accepted a message, but its WhatsApp message id \(wamid\) is missing \(1\)/);
  const again = await system.command(id, 'send', { kind: 'text', content: { body: 'another' } });
  await system.messageIs(id, again.json.message, 'delivered', 'read');
});

scenario('a stored body that is not JSON: the daemon says so once, and goes on', async (system) => {
  await (await system.init()).start();
  const [from, wamid] = ['923450000001', newWamid()];
  const post = async (message) => assert.equal((await system.postWebhook(webhook([change(system.number, { messages: [message] })]))).status, 200);
  const edit = () => post({ from, id: newWamid(), timestamp: '1767312001', type: 'edit',
    edit: { original_message_id: wamid, message: { type: 'text', text: { body: 'edited' } } } });
  await post(text({ from, wamid }));
  await system.daemon.stop();
  execFileSync('sqlite3', [path.join(system.dir, 'convwire.db'), "UPDATE message SET body = 'broken'"]);
  await system.startDaemon();
  await system.ready();
  for (let i = 0; i < 2; i++) await edit();
  await system.customerWrites({ from: '923450000002' });
  const said = /the body of message \S+ is not a JSON object; ignored\. `convwire check` lists what is wrong/g;
  await system.daemon.says(said, 'stderr');
  await system.daemon.stop();
  assert.equal(system.daemon.stderr.match(said).length, 1);
});
