// `convwire up`: one command runs everything. If it fails, it says why, and nothing is left running.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { mosquittoPath, programPath, scenario } from '../lib/system.mjs';
import { freePorts, listens, run } from '../lib/program.mjs';

const UNAVAILABLE = 69;
const CONFIG = 78;

/** Asserts that none of the ports has a listener. */
async function assertNothingRuns(system) {
  for (const port of [system.httpPort, system.mqttPort, system.wsPort]) {
    assert.equal(await listens(port), false, `port ${port}`);
  }
}

scenario('up runs broker and daemon, says where, and stops both on Ctrl-C', async (system) => {
  await (await system.init()).up();
  const { upProgram } = system;
  for (const line of [`http://127.0.0.1:${system.httpPort}/webhook`, `ws://127.0.0.1:${system.wsPort}`, 'watch --dir', 'simulate --rate 2 --dir', 'agent add ann', 'dashboard']) {
    assert.ok(upProgram.stdout.includes(line), line);
  }
  const children = ['mosquitto', 'convwired'].map((name) => system.childOfUp(name));
  assert.ok(children.every((pid) => pid > 0));
  await system.customerWrites();
  assert.equal((await upProgram.stop('SIGINT')).code, 0);
  for (const pid of children) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  await assertNothingRuns(system);
  assert.equal(JSON.parse((await system.convwire('check', '--json')).stdout).messages, 1, 'the directory is free again');
});

scenario('a bad setting: file, line, key and what is wrong; exit 78; nothing started', async (system, t) => {
  await system.init();
  const conf = path.join(system.dir, 'convwire.conf');
  const good = await fs.readFile(conf, 'utf8');
  const lines = good.trimEnd().split('\n').length;
  for (const [name, line, words] of [
    ['an unknown key', 'http_prot = 8080', 'http_prot'],
    ['a word for a number', 'http_threads = many', 'http_threads'],
    ['a number out of range', 'http_threads = 0', 'http_threads'],
    ['an unknown level', 'log_level = loud', 'log_level'],
    ['no value', 'http_threads', 'not of the form key = value'],
  ]) {
    await t.test(name, async () => {
      await fs.writeFile(conf, `${good}${line}\n`);
      for (const [program, args] of [['convwire', ['up']], ['convwired', []]]) {
        const { code, stdout, stderr } = await run(program, programPath(program), [...args, '--dir', system.dir]);
        assert.equal(code, CONFIG, `${program}: ${stdout}${stderr}`);
        assert.match(stderr, new RegExp(`convwire\\.conf:${lines + 1}: ${words}`));
      }
      await assertNothingRuns(system);
    });
  }
  await fs.writeFile(conf, good);

  for (const [name, file, pattern] of [
    ['the app secret', 'keys/apps/main.secret', /main\.secret/],
    ['the verify token', 'keys/verify.token', /verify\.token/],
    ['the house key', 'keys/house.pem', /house\.pem/],
    ['the tag key', 'keys/shared/tag.key', /tag\.key/],
    ['the roles', 'roles.acl', /roles\.acl/],
  ]) {
    await t.test(`${name} is missing`, async () => {
      const full = path.join(system.dir, file);
      await fs.rename(full, `${full}.away`);
      const { code, stderr } = await run('up', programPath('convwire'), ['up', '--dir', system.dir]);
      await fs.rename(`${full}.away`, full);
      assert.equal(code, CONFIG, stderr);
      assert.match(stderr, pattern);
      await assertNothingRuns(system);
    });
  }
  await t.test('a role file with an error', async () => {
    const roles = path.join(system.dir, 'roles.acl');
    const text = await fs.readFile(roles, 'utf8');
    await fs.writeFile(roles, `${text}pattern raed acct/%a/head\n`);
    const { code, stderr } = await run('up', programPath('convwire'), ['up', '--dir', system.dir]);
    await fs.writeFile(roles, text);
    assert.equal(code, CONFIG, stderr);
    assert.match(stderr, new RegExp(`roles\\.acl:${text.trimEnd().split('\n').length + 1}: .*raed`));
    await assertNothingRuns(system);
  });
  await t.test('no directory', async () => {
    const { code, stderr } = await run('up', programPath('convwire'), ['up', '--dir', path.join(system.dir, 'none')]);
    assert.equal(code, CONFIG);
    assert.match(stderr, /convwire init/);
  });
  await t.test('with everything corrected, it runs', async () => system.up());
});

scenario('a port taken by a stock mosquitto', async (system, t) => {
  await system.init();
  const [taken] = await freePorts(1);
  const stock = system.launch('stock mosquitto', mosquittoPath(), ['-p', taken]);
  await stock.says(/running/, 'stderr');

  await t.test('up says which program uses it, and exits 69', async () => {
    const { code, stderr } = await run('up', programPath('convwire'), ['up', '--dir', system.dir, '--mqtt-port', taken]);
    assert.equal(code, UNAVAILABLE);
    assert.match(stderr, new RegExp(`${taken}.*mosquitto`));
    assert.match(stderr, new RegExp(`\\b${stock.pid}\\b`));
    await assertNothingRuns(system);
  });
  await t.test('up --take-free-ports uses other ports, and commands find them', async () => {
    const program = system.launch('up', programPath('convwire'), ['up', '--dir', system.dir, '--http-port', system.httpPort,
      '--mqtt-port', taken, '--ws-port', system.wsPort, '--take-free-ports']);
    system.upProgram = program;
    await program.says(/Ctrl-C stops it/);
    assert.match(program.stdout, new RegExp(`mqtt_port: port ${taken} is taken by .*mosquitto.*; using \\d+`));
    await system.ready();
    const watch = system.launch('watch', programPath('convwire'), ['watch', '--dir', system.dir, '--json', '--count', 1]);
    await watch.says(/watching/, 'stderr');
    await system.customerWrites();
    assert.equal((await watch.ended()).code, 0);
  });
});

scenario('a second up on the same directory does not affect the first', async (system) => {
  await (await system.init()).up();
  const read = (name) => fs.readFile(path.join(system.dir, name), 'utf8');
  const before = [await read('run.json'), await read('broker/mosquitto.conf')];
  const [brokerPid, daemonPid] = ['mosquitto', 'convwired'].map((name) => system.childOfUp(name));

  const plain = await run('second up', programPath('convwire'), ['up', '--dir', system.dir]);
  assert.equal(plain.code, UNAVAILABLE);
  const elsewhere = await run('third up', programPath('convwire'), ['up', '--dir', system.dir, '--take-free-ports']);
  assert.equal(elsewhere.code, UNAVAILABLE);
  assert.match(elsewhere.stderr, /another Convwire|already|owns this directory/);

  assert.deepEqual([system.childOfUp('mosquitto'), system.childOfUp('convwired')], [brokerPid, daemonPid]);
  await (await system.agent()).caughtUp();
  await system.customerWrites();
  assert.deepEqual([await read('run.json').catch(() => 'gone'), await read('broker/mosquitto.conf')], before, 'its files are as they were');
});
