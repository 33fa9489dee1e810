// A Convwire in a network namespace, run by `convwire up`, with WhatsApp and the agents outside, each behind a cable
// that can be unplugged; on a small disk that can be filled, and with a clock that can be moved. Needs root.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { ACCOUNT, NUMBER, SECRET, System, VERIFY_TOKEN, programPath } from '../lib/system.mjs';
import { Sim, TOKEN } from '../lib/sim.mjs';
import { eventually } from '../lib/until.mjs';

const run = promisify(execFile);
const DISK_MB = 600;
const FAKETIME = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`).find(existsSync);
const ip = (...args) => run('ip', args.map(String));

/** A server behind a cable that may be unplugged: no request waits forever. */
export class Reached extends System {
  http(where, options = {}) {
    return super.http(where, { timeoutMs: 3000, ...options });
  }
}

export class World extends Reached {
  constructor() {
    super();
    this.space = `cw${process.pid}`;
    const n = (process.pid % 250) + 1;
    // Two cables: the agents' and WhatsApp's. `.1` is the outside end, `.2` the server's.
    this.cables = { agents: { outside: `cwa${process.pid}`, inside: 'agents', net: `10.77.${n}` }, whatsapp: { outside: `cww${process.pid}`, inside: 'whatsapp', net: `10.78.${n}` } };
    this.host = `${this.cables.agents.net}.2`;
    [this.httpPort, this.mqttPort, this.wsPort] = [8080, 1883, 9001]; // nothing else uses ports in the namespace
  }

  get webhookUrl() {
    return `http://${this.cables.whatsapp.net}.2:${this.httpPort}/webhook`;
  }

  /** Creates and starts everything. */
  async begin(dir) {
    this.base = dir;
    if (!FAKETIME) throw new Error('libfaketimeMT.so.1 is missing: scripts/install-packages.sh test');
    await run('strace', ['-V']); // fails here if strace is missing
    await this.#network();
    await this.#disk();
    this.dir = path.join(this.base, 'disk', 'var');
    this.clockFile = path.join(this.base, 'clock');
    await this.setClock(0);
    const made = await this.convwire('init', '--account', ACCOUNT, '--number', NUMBER, '--app-secret', SECRET, '--verify-token', VERIFY_TOKEN);
    if (made.code !== 0) throw new Error(`convwire init: ${made.stderr}`);
    await this.configure('http_address = 0.0.0.0', 'mqtt_address = 0.0.0.0', `mqtt_public_url = ws://${this.host}:${this.wsPort}`, 'media_min_free_mb = 1',
      'request_timeout_ms = 2000', 'unknown_hold_ms = 500', 'send_rate = 500');
    await this.#whatsapp();
    await this.startUp();
    return this;
  }

  async #network() {
    execFileSync('ip', ['netns', 'add', this.space]);
    this.cleanups.push(() => run('ip', ['netns', 'del', this.space]));
    await this.#within('ip', 'link', 'set', 'lo', 'up');
    for (const { outside, inside, net } of Object.values(this.cables)) {
      await ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', this.space);
      await ip('addr', 'add', `${net}.1/24`, 'dev', outside);
      await ip('link', 'set', outside, 'up');
      // While the cable is unplugged, packets must not leave by this machine's default route, where someone might
      // answer.
      await ip('route', 'add', 'unreachable', `${net}.0/24`, 'metric', 1_000_000);
      this.cleanups.push(() => ip('route', 'del', 'unreachable', `${net}.0/24`, 'metric', 1_000_000));
      await this.#within('ip', 'addr', 'add', `${net}.2/24`, 'dev', inside);
      await this.#within('ip', 'link', 'set', inside, 'up');
    }
  }

  /** For nsenter(1); `ip netns exec` would remount /, which is not a mount point in a chroot. */
  get #inside() {
    return [`--net=/run/netns/${this.space}`];
  }

  #within(...command) {
    return run('nsenter', [...this.#inside, ...command.map(String)]);
  }

  async #disk() {
    const disk = path.join(this.base, 'disk');
    await fs.mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk]);
    this.cleanups.push(() => run('umount', ['-l', disk]));
  }

  async #whatsapp() {
    const { net } = this.cables.whatsapp;
    const program = this.launch('convwire-sim', programPath('convwire-sim'), ['--address', `${net}.1`, '--number', NUMBER, '--app-secret', SECRET, '--token', TOKEN,
      '--webhook', this.webhookUrl, '--ready-fd', 3], { readyFd: true });
    const port = Number((await program.says(/^http=(\d+)\n/, 'ready'))[1]);
    this.sim = new Sim(program, port);
    this.sim.url = `http://${net}.1:${port}`;
    await this.sim.behave({ rate: 10_000, pair: 1_000 });
    await this.sim.behave({ statuses: { delay_ms: 20 } });
    await this.configure(`graph_url = ${this.sim.url}/v24.0`);
    await this.setToken(TOKEN);
  }

  // ---- the server's machine ----

  /** Starts `convwire up` in the namespace, with a clock set by a file. It restarts programs that die. */
  async startUp() {
    const env = { LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: this.clockFile, FAKETIME_CACHE_DURATION: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_FORCE_MONOTONIC_FIX: '0' };
    this.upProgram = this.launch('up', 'nsenter', [...this.#inside, 'env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      programPath('convwire'), 'up', '--dir', this.dir]);
    await this.upProgram.says(/Ctrl-C stops it/);
    await this.well();
  }

  /** Waits until agents and webhooks are served, and the broker has all events. */
  async well(ms = 120_000) {
    await eventually(async () => {
      const { status } = await this.http('/readyz');
      return status === 200;
    }, '/readyz answers 200', { ms });
    await eventually(async () => (await this.metrics()).commands_listening === 1, 'commands are heard', { ms });
  }

  /** The current pid of mosquitto or convwired; null while it is down. */
  pidOf(name) {
    try {
      return this.childOfUp(name) || null;
    } catch {
      return null;
    }
  }

  kill(name, signal) {
    const pid = this.pidOf(name);
    try {
      if (pid) process.kill(pid, signal);
    } catch { /* it has already ended */ }
    return pid;
  }

  // ---- controls for the nemesis ----

  setCable(name, isUp) {
    return ip('link', 'set', this.cables[name].outside, isUp ? 'up' : 'down');
  }

  /** Drops answers to that side: packets arrive, but nothing comes back. */
  setBlackhole(name, isOn) {
    return this.#within('ip', 'route', isOn ? 'add' : 'del', 'blackhole', `${this.cables[name].net}.1/32`);
  }

  /** Makes the link as slow as a bad mobile connection, in both directions. */
  async setSlow(name, kbit) {
    const { outside, inside } = this.cables[name];
    const change = (device) => (kbit
      ? ['qdisc', 'add', 'dev', device, 'root', 'tbf', 'rate', `${kbit}kbit`, 'burst', '16k', 'latency', '800ms']
      : ['qdisc', 'del', 'dev', device, 'root']);
    await run('tc', change(outside));
    await this.#within('tc', ...change(inside));
  }

  get ballast() {
    return path.join(this.base, 'disk', 'ballast');
  }

  async fillDisk() {
    const { bavail, bsize } = await fs.statfs(path.join(this.base, 'disk'));
    await run('fallocate', ['-l', String(Math.max(4096, bavail * bsize - 64 * 1024)), this.ballast]).catch(() => {}); // full is what we want
  }

  freeDisk() {
    return fs.rm(this.ballast, { force: true });
  }

  /** Sets the offset of the server's clock, in seconds; it is read once a second. */
  setClock(seconds) {
    return fs.writeFile(this.clockFile, `${seconds >= 0 ? '+' : '-'}${Math.abs(seconds)}s\n`);
  }

  /** A program's current memory and file descriptors. */
  usage(name) {
    const pid = this.pidOf(name);
    if (!pid) return null;
    try {
      const rss = Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
      const fds = execFileSync('ls', [`/proc/${pid}/fd`], { encoding: 'utf8' }).split('\n').length - 1;
      return { pid, rss, fds };
    } catch {
      return null; // it has ended in the meantime
    }
  }
}
