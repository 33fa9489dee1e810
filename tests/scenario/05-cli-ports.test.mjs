// Wherever the broker listens, all report the same ports: /config, the page's policy, `up`, doctor. Runs in its own
// network namespace (see CMakeLists.txt), where the default ports are free.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { mqttConnect } from '../lib/mqtt.mjs';
import { listens, occupy, run } from '../lib/program.mjs';
import { PLUGIN, programPath, scenario } from '../lib/system.mjs';

const DATAERR = 65;
const UNAVAILABLE = 69;
const IOERR = 74;
const NOPERM = 77;
const CONFIG = 78;
const DEFAULTS = { http: 8080, mqtt: 1883, ws: 9001 };

/** A directory with the default ports, or others. */
async function make(system, ...options) {
  const home = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-ports-'));
  system.cleanups.push(() => fs.rm(home, { recursive: true, force: true }));
  system.dir = path.join(home, 'var');
  const made = await system.convwire('init', '--account', system.account, '--number', system.number, ...options);
  assert.equal(made.code, 0, made.stderr);
  await system.configure(`plugin = ${PLUGIN}`);
  return system;
}

async function up(system, ...options) {
  system.upProgram = system.launch('up', programPath('convwire'), ['up', '--dir', system.dir, ...options]);
  await system.upProgram.says(/Ctrl-C stops it/);
}

async function take(system, ...ports) {
  const { free } = await occupy(...ports);
  system.cleanups.push(free);
  return free;
}

/** Each of them is asked, and compared with the actual listener. */
async function assertAllAgree(system, { http, mqtt, ws, url = `ws://127.0.0.1:${ws}` }) {
  Object.assign(system, { httpPort: http, mqttPort: mqtt, wsPort: ws });
  await system.ready();
  // The listeners themselves: both admit a token of this directory.
  const client = await mqttConnect(`ws://127.0.0.1:${ws}`, { account: system.account, agent: 'ann', token: system.token() });
  await client.endAsync(true);

  assert.equal((await system.http('/api/v1/config')).json.mqtt_url, url);
  const { headers } = await system.http('/');
  assert.match(headers['content-security-policy'], new RegExp(`connect-src 'self' ${url.replaceAll('.', '\\.')};`));
  const said = system.upProgram.stdout;
  for (const line of [`dashboard  http://127.0.0.1:${http}/`, `webhook    http://127.0.0.1:${http}/webhook`, `MQTT       127.0.0.1:${mqtt} `, `WebSocket  ${url}\n`]) {
    assert.ok(said.includes(line), `${line} in ${said}`);
  }
  const doctor = await system.convwire('doctor', '--json', '--no-message');
  const results = JSON.parse(doctor.stdout).results;
  const result = (name) => results.find((row) => row.check === name);
  assert.equal(result('mqtt_url')?.result, 'ok', doctor.stdout);
  assert.ok(result('mqtt_url').text.includes(url), result('mqtt_url').text);
  assert.ok(result('http port').text.includes(`127.0.0.1:${http} `), result('http port').text);
  assert.ok(result('broker').text.includes(`tcp://127.0.0.1:${mqtt} `), result('broker').text);
}

scenario('the defaults', async (system) => {
  await make(system);
  await up(system);
  await assertAllAgree(system, DEFAULTS);
});

scenario('ports of convwire.conf', async (system) => {
  await make(system, '--http-port', 18080, '--mqtt-port', 11883, '--ws-port', 19001);
  await up(system);
  await assertAllAgree(system, { http: 18080, mqtt: 11883, ws: 19001 });
});

for (const which of ['http', 'mqtt', 'ws']) {
  scenario(`up --${which}-port`, async (system) => {
    await make(system);
    await up(system, `--${which}-port`, '18184');
    await assertAllAgree(system, { ...DEFAULTS, [which]: 18184 });
  });
}

scenario('all three given, and the daemon restarted by up', async (system) => {
  await make(system);
  await up(system, '--http-port', '18185', '--mqtt-port', '18186', '--ws-port', '18187');
  const ports = { http: 18185, mqtt: 18186, ws: 18187 };
  await assertAllAgree(system, ports);
  process.kill(system.childOfUp('convwired'), 'SIGKILL');
  await system.upProgram.says(/convwired was killed by signal 9/, 'stderr');
  await assertAllAgree(system, ports);
});

scenario('--take-free-ports with all three taken, and none is given twice', async (system) => {
  await make(system, '--http-port', 9001, '--mqtt-port', 9000, '--ws-port', 9001);
  await take(system, 9000, 9001);
  await up(system, '--take-free-ports');
  await assertAllAgree(system, { http: 9002, mqtt: 9003, ws: 9004 });
  for (const line of ['http_port: port 9001 is taken by node (pid ', 'mqtt_port: port 9000 is taken by ', '; using 9004']) {
    assert.ok(system.upProgram.stdout.includes(line), `${line} in ${system.upProgram.stdout}`);
  }
});

scenario('--take-free-ports with the default ports taken', async (system) => {
  await make(system);
  await take(system, ...Object.values(DEFAULTS));
  await up(system, '--take-free-ports');
  await assertAllAgree(system, { http: 8081, mqtt: 1884, ws: 9002 });
});

scenario('all report mqtt_public_url', async (system) => {
  await make(system);
  await system.configure('mqtt_public_url = wss://chat.example.com/mqtt');
  await up(system, '--ws-port', '18188');
  await assertAllAgree(system, { ...DEFAULTS, ws: 18188, url: 'wss://chat.example.com/mqtt' });
});

scenario('doctor reports a convwire.conf that was changed under a running daemon', async (system) => {
  await make(system);
  await up(system);
  await assertAllAgree(system, DEFAULTS);
  await fs.rm(path.join(system.dir, 'run.json')); // as under systemd, where it is not written
  await system.configure('ws_port = 9999');
  const { results } = JSON.parse((await system.convwire('doctor', '--json', '--no-message')).stdout);
  const told = results.find((row) => row.check === 'mqtt_url');
  assert.equal(told.result, 'failure');
  assert.match(told.text, /ws:\/\/127\.0\.0\.1:9001.*ws:\/\/127\.0\.0\.1:9999/);
  assert.match(told.next, /restart/);
});

scenario('a port that cannot be used: an error message, and nothing is started', async (system, t) => {
  await make(system);
  const before = await fs.readdir(system.dir);
  // Runs a program without privileges, in a network where ports below 1024 require them.
  const asNobody = (program, args) => run(program, 'setpriv', ['--bounding-set=-all', '--inh-caps=-all', '--securebits=+noroot,+noroot_locked', programPath(program), ...args]);
  for (const [option, port] of ['--http-port', '--mqtt-port', '--ws-port'].flatMap((option) => ['-1', '65536', 'eighty', '', '99999999999999999999', '80.5'].map((port) => [option, port]))) {
    await t.test(`up ${option} "${port}"`, async () => {
      const { code, stderr } = await run('up', programPath('convwire'), ['up', '--dir', system.dir, `${option}=${port}`]);
      assert.equal(code, CONFIG, stderr);
      assert.match(stderr, new RegExp(`^convwire: ${option}: "${port}" is not a whole number from ${option === '--http-port' ? 0 : 1} to 65535\n$`));
    });
    await t.test(`init ${option} "${port}" makes nothing`, async () => {
      const dir = `${system.dir}-new`;
      const { code, stderr } = await run('init', programPath('convwire'), ['init', '--dir', dir, `${option}=${port}`]);
      assert.equal(code, DATAERR, stderr);
      assert.match(stderr, new RegExp(`^convwire: ${option}: "${port}" is not a whole number`));
      await assert.rejects(fs.stat(dir), { code: 'ENOENT' });
    });
  }
  for (const [option, key] of [['--http-port', 'http_port'], ['--mqtt-port', 'mqtt_port'], ['--ws-port', 'ws_port']]) {
    await t.test(`up ${option} with a privileged port`, async () => {
      await fs.writeFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', '1024'); // only in this namespace
      const { code, stderr } = await asNobody('convwire', ['up', '--dir', system.dir, option, '80']);
      assert.equal(code, NOPERM, stderr);
      assert.match(stderr, new RegExp(`^convwire: ${key}: port 80 is privileged: .*; choose another with ${option}\n$`));
    });
    await t.test(`up ${option} with a taken port`, async () => {
      const free = await take(system, 18190);
      const { code, stderr } = await run('up', programPath('convwire'), ['up', '--dir', system.dir, option, '18190']);
      assert.equal(code, UNAVAILABLE, stderr);
      assert.match(stderr, new RegExp(`^convwire: ${key}: port 18190 is taken by node \\(pid ${process.pid}\\); choose another with ${option}\n$`));
      await free();
    });
  }
  await t.test('one port for two listeners', async () => {
    const { code, stderr } = await run('up', programPath('convwire'), ['up', '--dir', system.dir, '--mqtt-port', '8080']);
    assert.equal(code, UNAVAILABLE);
    assert.match(stderr, /^convwire: mqtt_port: port 8080 is already this run's http_port; choose another with --mqtt-port\n$/);
  });
  await t.test('an address that this machine does not have', async () => {
    await system.configure('http_address = 192.0.2.1');
    const { code, stderr } = await run('up', programPath('convwire'), ['up', '--dir', system.dir]);
    assert.equal(code, IOERR, stderr);
    assert.match(stderr, /^convwire: http_port: 192\.0\.2\.1 port 8080: Cannot assign requested address; /);
  });
  assert.deepEqual((await fs.readdir(system.dir)).filter((name) => !name.endsWith('.lock')), before.filter((name) => !name.endsWith('.lock')));
  for (const port of Object.values(DEFAULTS)) assert.equal(await listens(port), false, `nobody listens on ${port}`);
  await t.test('the daemon with a privileged port', async () => {
    await system.configure('http_address = 127.0.0.1', 'http_port = 80');
    const { code, stderr } = await asNobody('convwired', ['--dir', system.dir]);
    assert.equal(code, CONFIG, stderr);
    assert.match(stderr, /not started: port 80 is privileged/);
  });
});
