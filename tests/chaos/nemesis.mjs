// Injects faults: windows of random length, each with a random mix of faults, a quarter of them without any. Every
// fault is healed at the end of its window.
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';

import { eventually } from '../lib/until.mjs';

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const PROGRAMS = { daemon: 'convwired', broker: 'mosquitto' };

/** Kills a program, and again if the window is long. */
const killed = (program) => async (world, random, ms) => {
  world.kill(PROGRAMS[program], 'SIGKILL');
  const again = setTimeout(() => world.kill(PROGRAMS[program], 'SIGKILL'), ms / 2 + random.next() * 1000);
  return () => clearTimeout(again);
};

const frozen = (program) => async (world) => {
  const pid = world.kill(PROGRAMS[program], 'SIGSTOP');
  return () => {
    try {
      if (pid) process.kill(pid, 'SIGCONT');
    } catch { /* it was killed in the meantime */ }
  };
};

const cut = (cable) => async (world) => {
  await world.setCable(cable, false);
  return () => world.setCable(cable, true);
};

/** strace makes the daemon's n-th call of a kind fail. The daemon must then end itself. */
const failing = (call, error) => async (world, random) => {
  const pid = world.pidOf(PROGRAMS.daemon);
  if (!pid) return () => {};
  const tracer = spawn('strace', ['-f', '-qq', '-o', '/dev/null', '-p', String(pid), '-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=${random.whole(1, 5)}`], { stdio: 'ignore' });
  const ended = new Promise((resolve) => { tracer.on('close', resolve); tracer.on('error', resolve); });
  return async () => {
    tracer.kill('SIGINT'); // detaches from the processes that are left
    await ended;
  };
};

async function restored(world) {
  const folder = path.join(world.base, 'backup');
  const backedUpAt = Date.now();
  const made = await world.convwire('backup', folder);
  if (made.code !== 0) throw new Error(`backup: ${made.stderr}`);
  return async () => {
    await world.upProgram.stop();
    const back = await world.convwire('restore', folder);
    if (back.code !== 0) throw new Error(`restore: ${back.stderr}`);
    world.restores.push({ from: backedUpAt, to: Date.now() });
    await world.startUp();
  };
}

/**
 * name → begin(world, random, ms), which returns the function that heals the fault. `alone`: not together with others.
 */
export const FAULTS = {
  'daemon killed': { begin: killed('daemon') },
  'broker killed': { begin: killed('broker') },
  'daemon stopped': { begin: frozen('daemon') },
  'broker stopped': { begin: frozen('broker') },
  'agents cut off': { begin: cut('agents') },
  'WhatsApp cut off': { begin: cut('whatsapp') },
  'agents’ answers lost': { begin: async (world) => { await world.setBlackhole('agents', true); return () => world.setBlackhole('agents', false); } },
  'agents’ link slow': { begin: async (world, random) => { await world.setSlow('agents', random.pick([128, 512, 2048])); return () => world.setSlow('agents', 0); } },
  'disk full': { begin: async (world) => { await world.fillDisk(); return () => world.freeDisk(); } },
  'fsync fails': { begin: failing('fdatasync,fsync', 'EIO'), needs: 'daemon' },
  'write fails': { begin: failing('pwrite64', 'EIO'), needs: 'daemon' },
  'no space at a write': { begin: failing('pwrite64', 'ENOSPC'), needs: 'daemon' },
  'clock jumps': { begin: async (world, random) => { await world.setClock(random.pick([-3600, -120, -20, 20, 120, 3600])); return () => world.setClock(0); } },
  'broker’s state wiped': {
    begin: async (world) => {
      const pid = world.kill(PROGRAMS.broker, 'SIGSTOP');
      await fs.rm(path.join(world.dir, 'broker/revocations.json'), { force: true });
      if (pid) process.kill(pid, 'SIGKILL');
      return () => {};
    },
  },
  'tokens revoked': {
    begin: async (world, random) => {
      // Another fault may have stopped the daemon; it answers once that is healed.
      const asked = Array.from({ length: 3 }, () => world.convwire('revoke', '--account', world.account, '--agent', `agent-${random.whole(4, 40)}`));
      const answered = Promise.allSettled(asked);
      return () => { world.afterwards.push(answered); };
    },
  },
  SIGHUP: { begin: async (world) => { world.kill(PROGRAMS.broker, 'SIGHUP'); world.kill(PROGRAMS.daemon, 'SIGHUP'); return () => {}; } },
  'WhatsApp misbehaves': {
    begin: async (world, random) => {
      for (const what of random.some(['drop-before', 'drop-after', 'slow', 'bad-json', 'gateway', 'rate-limit'], 3)) await world.sim.behave({ do: what, on: 'message', share: 0.3, ms: 3000 });
      return () => world.sim.behaveWell();
    },
  },
  'backup restored': { begin: restored, alone: true },
};

/** All faults, or only those selected: CHAOS_FAULTS="backup restored,broker killed". */
const NAMES = process.env.CHAOS_FAULTS?.split(',') ?? Object.keys(FAULTS);

export class Nemesis {
  windows = []; // { from, to, faults }

  constructor(world, random, { shortest = 4000, longest = 12_000, rest = 2000 } = {}) {
    Object.assign(this, { world, random, shortest, longest, rest });
    world.restores = [];
    world.afterwards = []; // work that was begun in a window and may end after it
    this.left = []; // every fault is used before any is repeated
  }

  /** Runs windows until the time is over; then everything is healed. */
  async haunt(ms, onWindow = () => {}) {
    const end = Date.now() + ms;
    while (Date.now() < end) {
      const length = Math.min(this.random.whole(this.shortest, this.longest), end - Date.now());
      const window = { from: Date.now(), to: 0, faults: this.random.next() < 0.25 ? [] : this.#choose() };
      this.windows.push(window);
      onWindow(window);
      const heal = [];
      for (const name of window.faults) heal.push([name, await this.#begin(name, length)]);
      await pause(Math.max(0, window.from + length - Date.now()));
      for (const [name, end] of heal.reverse()) {
        try {
          await end();
        } catch (error) {
          throw new Error(`${name} cannot be healed`, { cause: error });
        }
      }
      window.to = Date.now();
      await this.world.well();
      await Promise.all(this.world.afterwards.splice(0));
      await pause(this.rest);
    }
  }

  #choose() {
    const names = [];
    for (let n = this.random.whole(1, 3); n > 0; n--) {
      if (this.left.length === 0) this.left = this.random.some(NAMES, NAMES.length);
      const next = this.left.pop();
      if (FAULTS[next].alone && names.length > 0) {
        this.left.unshift(next);
        continue;
      }
      names.push(next);
      if (FAULTS[next].alone) break;
    }
    return [...new Set(names)];
  }

  async #begin(name, length) {
    const { begin, needs } = FAULTS[name];
    try {
      if (needs) await eventually(() => this.world.pidOf(PROGRAMS[needs]), `the ${needs} runs`, { ms: 5000 });
      return await begin(this.world, this.random, length);
    } catch (error) {
      throw new Error(`${name} cannot begin`, { cause: error });
    }
  }
}
