// make chaos: customers write, agents follow and reply, a page watches, and everything that can go wrong does, in a mix
// that depends on a seed. Then all faults are healed, and a checker counts broken promises. Options: CHAOS_SECONDS,
// CHAOS_SEED, CHAOS_AGENTS, CHAOS_FAULTS.
import { fork } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Browser, PASSWORD, launch } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';
import { check } from './checker.mjs';
import { Generator } from './generator.mjs';
import { Nemesis } from './nemesis.mjs';
import { Random } from './random.mjs';
import { longest, reasons, table } from './report.mjs';
import { World } from './world.mjs';

const SECONDS = Number(process.env.CHAOS_SECONDS ?? 1800);
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);
const AGENTS = Number(process.env.CHAOS_AGENTS ?? 50);
const MAX_RSS_MB = 150;
const MAX_FDS = 400;

const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

/** The other process: ask(what, options) calls its method and returns the answer. */
class Workers {
  #waiting = new Map();

  constructor() {
    this.child = fork(fileURLToPath(new URL('agents.mjs', import.meta.url)));
    this.child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(result);
    });
    this.child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the agents' process ended (${code})`));
    });
  }

  ask(what, options = {}) {
    const id = Math.random();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.child.send({ id, what, ...options });
    });
  }
}

/** An agent's page, in a browser. */
async function openPage(world) {
  const file = path.join(world.base, 'password');
  await fs.writeFile(file, PASSWORD, { mode: 0o600 });
  const added = await world.convwire('agent', 'add', 'ann', '--name', 'Ann Ahmed', '--password-file', file);
  if (added.code !== 0) throw new Error(added.stderr);
  const browser = new Browser(world, await launch());
  browser.url = `http://${world.host}:${world.httpPort}`;
  world.cleanups.push(() => browser.chromium.close());
  return { browser, page: await browser.inbox() };
}

/** Waits until the page shows what the server has. */
async function pageConverges(world, { browser, page }) {
  // Backups contain no sessions, so the agent has to sign in again.
  const form = page.locator('form.sign-in');
  await eventually(async () => await form.isVisible() || page.locator('.indicator.live').first().isVisible(), 'the page is live, or asks to sign in', { ms: 90_000 });
  if (await form.isVisible()) {
    await browser.signIn(page);
    await page.locator('.indicator.live').first().waitFor({ timeout: 60_000 });
  }
  await eventually(async () => {
    const shown = await page.evaluate(() => Object.fromEntries([...window.client.state.conversations.values()].map((row) => [row.id, row])));
    const { json } = await world.api('/conversations?limit=500');
    return JSON.stringify(Object.entries(shown).sort()) === JSON.stringify(Object.entries(Object.fromEntries(json.conversations.map((row) => [row.id, row]))).sort());
  }, 'the page converges', { ms: 60_000 });
  return browser.faults;
}

/** Reassigns conversations all the time. */
function moveAssignments(world, random, state) {
  const move = async () => {
    const { json } = await world.api('/conversations?limit=100');
    const { id } = random.pick(json.conversations);
    const to = random.pick([0, 1, 2, 3, null]);
    await world.control('assign', { account: world.account, conversation: id, subject: to === null ? null : `limited-${to}` });
    state.assignments++;
  };
  const timer = setInterval(() => move().catch(() => {}), 500); // the daemon may be down
  return () => clearInterval(timer);
}

/**
 * Each part has its own random numbers, so that a seed gives the same mix of faults, however fast the other parts are.
 */
async function haunt(world) {
  const workers = new Workers();
  world.cleanups.push(() => workers.child.kill());
  const generator = new Generator(world, new Random(SEED + 1));
  const state = { assignments: 0 };
  generator.start();
  await workers.ask('start', { dir: world.dir, host: world.host, ports: [world.httpPort, world.mqttPort, world.wsPort], n: AGENTS, seed: SEED });
  const person = await openPage(world);
  say(`${AGENTS} agents and a page are live`);
  const stopMoving = moveAssignments(world, new Random(SEED + 2), state);
  const nemesis = new Nemesis(world, new Random(SEED), SECONDS < 120 ? { shortest: 2000, longest: 4000, rest: 500 } : {});
  const before = { daemon: world.usage('convwired'), broker: world.usage('mosquitto') };

  await nemesis.haunt(SECONDS * 1000, ({ faults }) => say(faults.join(', ') || 'quiet'));
  stopMoving();
  await generator.stop();
  say('healed; waiting for everybody');
  const quiet = await workers.ask('quiet');
  await world.well();
  const pageFaults = await pageConverges(world, person).catch((error) => [error.message]);
  const compared = await workers.ask('compare');
  const found = await check(world, { generator, quiet, compared });
  const after = { daemon: world.usage('convwired'), broker: world.usage('mosquitto') };
  return { generator, nemesis, state, quiet, compared, pageFaults, found, before, after };
}

function judge({ found: { broken }, pageFaults, after }) {
  const counts = Object.entries({ ...broken, page: pageFaults });
  const failed = counts.filter(([, list]) => list.length > 0);
  for (const [name, list] of failed) console.log(`\n${list.length} ${name}:\n${list.slice(0, 10).map((item) => `  ${typeof item === 'string' ? item : JSON.stringify(item)}`).join('\n')}`);
  for (const [name, usage] of Object.entries(after)) {
    if (!usage || usage.rss > MAX_RSS_MB || usage.fds > MAX_FDS) failed.push([`${name} has grown: ${JSON.stringify(usage)}`]);
  }
  return failed.length === 0;
}

function print({ generator, nemesis, state, quiet, compared, found, before, after }) {
  const acked = generator.sent.filter(({ ackedAt }) => ackedAt).length;
  const { broken, told, stored, ledger } = found;
  console.log(`\n${table({ windows: nemesis.windows, generator, broken, worst: compared.worst })}\n`);
  console.log(`${acked} acknowledged of ${generator.sent.length} messages sent, ${stored} stored; ${broken.lost.length} lost, ${broken.duplicated.length} duplicated, ${broken.reordered.length} reordered`);
  console.log(`${quiet.replies.length} replies: ${ledger} at WhatsApp, ${told.told} unknown, ${told.refused} refused with a reason; ${broken.repliesLost.length} lost, ${broken.repliesDuplicated.length} duplicated`);
  console.log(reasons(quiet.refused).join('\n'));
  console.log(`longest staleness:\n${longest(compared.worst, nemesis.windows).join('\n')}`);
  console.log(`${AGENTS} agents and a page: ${broken.differing.length} differ from the server, ${broken.outOfOrder.length} saw an event twice or out of order; snapshots per agent: ${Math.max(...compared.resets)} at most`);
  console.log(`${state.assignments} assignments, ${nemesis.world.restores.length} restores; check: ${broken.store.length} faults`);
  const usage = (one) => (one ? `${one.rss.toFixed(0)} MB, ${one.fds} descriptors` : 'not running');
  console.log(`daemon ${usage(before.daemon)} → ${usage(after.daemon)}; broker ${usage(before.broker)} → ${usage(after.broker)}`);
}

/** Ends the run even if something hangs: it has its time, and as long again for healing, at least ten minutes. */
const watchdog = setTimeout(() => {
  console.error('nothing ends any more');
  process.exit(2);
}, SECONDS * 1000 + Math.max(600_000, SECONDS * 1000));
watchdog.unref();

if (process.getuid() !== 0) {
  console.log('skipped: network namespaces and mounts need root');
  process.exit(77);
}
const world = new World();
const base = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-chaos-'));
world.cleanups.push(() => fs.rm(base, { recursive: true, force: true }));
let isWell = false;
say(`chaos for ${SECONDS} s, CHAOS_SEED=${SEED}`);
try {
  await world.begin(base);
  const result = await haunt(world);
  print(result);
  isWell = judge(result);
} catch (error) {
  await world.dumpLogs();
  console.error(error);
} finally {
  await world.stop();
}
console.log(isWell ? '\nEverything was kept.' : `\nNot everything was kept. CHAOS_SEED=${SEED} makes the same mix again.`);
process.exit(isWell ? 0 : 1);
