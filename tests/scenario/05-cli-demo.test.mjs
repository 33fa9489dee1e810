// `convwire up --demo`: a conversation without a Meta account, in its own directory.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { freePorts } from '../lib/program.mjs';
import { System, programPath, scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import os from 'node:os';

/** `up` uses the plugin next to it; if the programs are instrumented, that plugin does not fit the broker. */
async function usePlugin(system, plugin) {
  const made = await system.convwire('init', '--demo');
  assert.equal(made.code, 0, made.stderr);
  await fs.appendFile(path.join(system.dir, 'convwire.conf'), `plugin = ${plugin}\n`);
}

scenario('a newcomer runs the demo, gets a message, answers, and gets an answer', async (system) => {
  const home = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-demo-'));
  system.cleanups.push(() => fs.rm(home, { recursive: true, force: true }));
  system.dir = path.join(home, 'var-demo');
  if (process.env.CONVWIRE_PLUGIN) await usePlugin(system, process.env.CONVWIRE_PLUGIN);
  const [http, mqtt, ws] = await freePorts(3);
  const up = system.launch('up --demo', programPath('convwire'), ['up', '--demo', '--dir', system.dir, '--http-port', http,
    '--mqtt-port', mqtt, '--ws-port', ws, '--take-free-ports']);
  await up.says(/Ctrl-C stops it/);
  assert.match(up.stdout, /WhatsApp +simulated/);
  const [, password] = up.stdout.match(/sign in +as demo, password (\S+)/);
  assert.doesNotMatch(up.stdout, /Next:/);
  const numbers = JSON.parse((await system.convwire('number', 'list', '--json')).stdout);
  assert.equal(numbers.length, 1);
  assert.equal(numbers[0].simulated, true);
  system.account = numbers[0].account;
  system.httpPort = Number(up.stdout.match(/127\.0\.0\.1:(\d+)\/webhook/)[1]);
  const session = await system.http('/api/v1/session', { method: 'POST', body: JSON.stringify({ login: 'demo', password }) });
  assert.equal(session.status, 200, 'who runs the demo can sign in');
  const id = `${system.account}_${numbers[0].phone_number_id}_923456789012`;
  await eventually(async () => (await system.api(`/conversations/${id}`)).status === 200, 'a customer writes');
  const sent = await system.convwire('send', '923456789012', 'Yes, it is', '--json');
  assert.equal(sent.code, 0, sent.stderr);
  const { message } = JSON.parse(sent.stdout);
  await system.messageIs(id, message, 'read');
  await eventually(async () => (await system.thread(id)).length === 3, 'the customer answers');
  const synced = await system.convwire('template', 'sync');
  assert.equal(synced.code, 0, synced.stderr);

  // A demo only uses demo directories, and nothing else may run on one.
  assert.match((await system.convwire('up')).stderr, /is a demo directory; convwire up --demo/);
  const real = await new System().init();
  system.cleanups.push(() => real.stop());
  assert.match((await real.convwire('up', '--demo')).stderr, /is not a demo directory/);
  const refused = await system.convwire('init', '--demo', '--number', '4711');
  assert.notEqual(refused.code, 0);
  const files = await fs.readdir(path.join(system.dir, 'log'));
  assert.ok(files.includes('convwire-sim.log'));
  await up.stop('SIGINT');
  assert.equal(up.end.code, 0);
});

scenario('send, outbox, number and template without a daemon: queued on disk, sent when it starts', async (system) => {
  await system.init();
  const sim = await system.startSim('--template', 'hello_world', '--template', 'order_update');
  await system.start();
  const id = await system.customer();
  await system.daemon.stop();
  const customer = id.split('_')[2];
  const queued = await system.convwire('send', customer, 'while it sleeps', '--json');
  assert.equal(queued.code, 0, queued.stderr);
  const { message, ok } = JSON.parse(queued.stdout);
  assert.equal(ok, true);
  const list = await system.convwire('outbox', 'list');
  assert.match(list.stdout, new RegExp(`${message}  queued `));
  assert.match(list.stdout, /1 queued, 0 sending, 0 retrying, 0 unknown/);
  const other = JSON.parse((await system.convwire('send', customer, 'not this', '--json')).stdout);
  assert.equal((await system.convwire('outbox', 'discard', other.message)).code, 0);
  assert.notEqual((await system.convwire('outbox', 'discard', other.message)).code, 0);
  assert.notEqual((await system.convwire('outbox', 'retry', '01a20462-5846-7192-9aed-5ab1d5b5eeb2')).code, 0);
  assert.match((await system.convwire('outbox', 'list', '--failed')).stdout, new RegExp(other.message));
  const asTemplate = await system.convwire('send', customer, '--template', 'hello_world');
  assert.equal(asTemplate.code, 0, asTemplate.stderr);
  const place = await system.convwire('send', customer, '--kind', 'location', '--content', '{"latitude":1,"longitude":2}');
  assert.equal(place.code, 0, place.stderr);
  assert.notEqual((await system.convwire('send', customer, '--kind', 'location', '--content', '{"latitude":1}')).code, 0);
  assert.equal((await system.convwire('send', customer)).code, 64);
  const twice = [await system.convwire('send', customer, 'once', '--id', 'x1'), await system.convwire('send', customer, 'once', '--id', 'x1')];
  assert.deepEqual(twice.map(({ code }) => code), [0, 0]);
  assert.equal(twice[0].stdout, twice[1].stdout);

  const sync = await system.convwire('template', 'sync');
  assert.match(sync.stdout, /^2 templates/, sync.stderr);
  assert.match((await system.convwire('template', 'list')).stdout, /hello_world +en_US +APPROVED/);
  await system.setToken('wrong');
  assert.match((await system.convwire('template', 'sync')).stderr, /access token/);
  assert.equal((await system.convwire('number', 'set-token', system.number, '--token', 'with space')).code, 65);
  assert.equal((await system.convwire('number', 'set-token', '4711', '--token', 'x')).code, 66);
  assert.equal((await system.convwire('number', 'set-token', system.number, '--token', 'the-access-token-of-the-scenarios')).code, 0);
  await system.startDaemon();
  await sim.tookAtLeast(4);
  assert.deepEqual((await sim.taken()).map(({ type, body }) => body.text?.body ?? type), ['while it sleeps', 'template', 'location', 'once']);
});
