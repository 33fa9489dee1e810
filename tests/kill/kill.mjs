// SIGKILL of the daemon at its N-th write, fsync and send under load, by strace injection. After each kill it is
// restarted and must have kept every promise: acknowledged is stored, nothing twice, order, seq, prev, and every
// client ends at what the server has. KILL_POINTS: how many points, evenly chosen, or `all` (fails under 200).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

import { System, programPath } from '../lib/system.mjs';
import { eventually, within } from '../lib/until.mjs';
import { newCustomer, newWamid, textWebhook } from '../lib/webhook.mjs';

const CALLS = ['pwrite64', 'fdatasync', 'sendto', 'sendmsg', 'writev']; // SQLite's, SQLite's, microhttpd's, Paho's two
const CONVERSATIONS = 6;
const MESSAGES = 5; // of each conversation in one run
const RUNS_PER_DIRECTORY = 5; // the next run meets what the last kill left behind
const LEAST_POINTS = 200;
const wanted = process.env.KILL_POINTS ?? '40';

const system = new System();
let template; // a directory as `convwire init` made it
let runs = 0;
let veteran = null; // a client that lives through the kills of one directory
let sent; // of the directory: conversation id → [{ wamid, acked }], in order
let customers;

// ---- one run ----

async function freshDirectory() {
  await veteran?.stop();
  veteran = null;
  for (const name of await fs.readdir(system.dir)) {
    if (/^convwire\.db|^control\.sock|^run\.lock/.test(name)) await fs.rm(path.join(system.dir, name));
  }
  await fs.copyFile(template, path.join(system.dir, 'convwire.db'));
  customers = Array.from({ length: CONVERSATIONS }, newCustomer);
  sent = new Map(customers.map((customer) => [`${system.account}_${system.number}_${customer}`, []]));
}

/** The daemon under strace; `rule` says where it dies. Gives the program; it may be dead before it is ready. */
async function startTraced(rule, output = '/dev/null') {
  const traced = system.launch('convwired under strace', 'strace',
    ['-f', '-qq', '-o', output, ...rule, programPath('convwired'), '--dir', system.dir, '--http-port', 0,
      '--mqtt-port', system.mqttPort, '--ready-fd', 3],
    { readyFd: true, env: { ASAN_OPTIONS: 'detect_leaks=0' } }); // LeakSanitizer cannot work under ptrace
  await traced.until(() => traced.end || /^http=\d+\n/.test(traced.ready), 'convwired under strace starts or dies');
  const match = traced.ready.match(/^http=(\d+)\n/);
  if (match) system.httpPort = Number(match[1]);
  return traced;
}

/** One conversation: each message after the one before was acknowledged, until the daemon is gone. */
async function writeMessages(id, customer, traced) {
  for (let n = 0; n < MESSAGES && !traced.end; n++) {
    const message = { wamid: newWamid(), from: customer, body: `message ${sent.get(id).length}`, acked: false };
    sent.get(id).push(message);
    try {
      const post = system.postWebhook(textWebhook(system.number, message));
      message.acked = (await within(post, 'an answer', { ms: 5000 })).status === 200;
    } catch {
      return; // the kill
    }
    if (!message.acked) return;
  }
}

/** From the first connection to the broker to the last publish, or to the kill. */
async function load(traced) {
  const unlessKilled = (attempt, what) => eventually(async () => traced.end || attempt(), what);
  await unlessKilled(async () => (await system.http('/readyz')).status === 200, 'the traced daemon is ready');
  if (traced.end) return;
  await Promise.all([...sent.keys()].map((id, index) => writeMessages(id, customers[index], traced)));
  await unlessKilled(async () => (await system.control('check')).lag_events === 0, 'everything is published');
}

/** Ends a run that was not killed as systemd would; the kill may still come on the way. */
async function finish(traced) {
  const children = traced.end ? '' : await fs.readFile(`/proc/${traced.pid}/task/${traced.pid}/children`, 'utf8').catch(() => '');
  const pid = Number(children.trim().split(' ')[0]);
  if (pid && !traced.end) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch { /* it was quicker */ }
  }
  return traced.ended();
}

// ---- what must hold ----

/** Posted again, as WhatsApp does with what was not acknowledged. */
async function retry() {
  for (const messages of sent.values()) {
    for (const message of messages.filter(({ acked }) => !acked)) {
      assert.equal((await system.postWebhook(textWebhook(system.number, message))).status, 200);
      message.acked = true;
    }
  }
}

async function checkStored(isComplete) {
  const events = await system.log();
  const last = new Map();
  events.forEach((event, index) => {
    assert.equal(event.seq, index + 1, 'seq is contiguous');
    assert.equal(event.prev, last.get(event.conversation) ?? 0, `prev of seq ${event.seq}`);
    last.set(event.conversation, event.seq);
  });
  const check = await system.check();
  assert.deepEqual(check.faults, [], 'convwire check');
  for (const [id, messages] of sent) {
    if (messages.length === 0) continue;
    const answer = await system.api(`/conversations/${id}/messages?limit=200`);
    const rows = answer.status === 200 ? answer.json.messages.sort((one, other) => one.position - other.position) : [];
    const stored = rows.map(({ wamid }) => wamid);
    const expected = messages.filter(({ wamid, acked }) => acked || (!isComplete && stored.includes(wamid)));
    assert.deepEqual(stored, expected.map(({ wamid }) => wamid), 'acknowledged ⊆ stored, once, in order');
    assert.deepEqual(rows.map(({ content }) => content.body), expected.map(({ body }) => body), 'whole');
  }
}

async function checkClients() {
  const fresh = await system.agent({ agent: 'fresh' });
  veteran ??= await system.agent({ agent: 'veteran' });
  for (const client of [fresh, veteran]) {
    await client.caughtUp();
    client.check();
  }
  assert.deepEqual(veteran.screen, fresh.screen, 'a client that lived through it shows what a new one shows');
  assert.equal(fresh.wamids.length, [...sent.values()].flat().length, 'and that is everything');
  await fresh.stop();
}

function forget() {
  system.programs = system.programs.filter(({ end }) => !end);
  system.agents = system.agents.filter((agent) => agent === veteran);
}

/** Whether the kill came. */
async function runOnce(call, n) {
  if (runs++ % RUNS_PER_DIRECTORY === 0) await freshDirectory();
  const traced = await startTraced(['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${n}`]);
  await load(traced);
  const end = await finish(traced);
  const isKilled = end.signal === 'SIGKILL' || end.code === 137;
  assert.ok(isKilled || end.code === 0, `convwired ended by itself: ${JSON.stringify(end)}\n${traced.stderr}`);
  await system.startDaemon();
  await system.ready();
  await checkStored(false);
  await retry();
  await checkStored(true);
  await checkClients();
  await system.daemon.stop();
  assert.equal(system.daemon.end.code, 0);
  forget();
  return isKilled;
}

// ---- which points ----

/** How often each call is made by the thread that makes it most: strace counts per thread. */
async function countCalls() {
  const output = path.join(system.dir, 'strace.txt');
  await freshDirectory();
  const traced = await startTraced(['-e', `trace=${CALLS}`], output);
  await load(traced);
  assert.equal((await finish(traced)).code, 0, traced.stderr);
  const counts = new Map();
  for (const [, thread, call] of readFileSync(output, 'utf8').matchAll(/^(\d+) +(\w+)\(/gm)) {
    counts.set(`${call} ${thread}`, (counts.get(`${call} ${thread}`) ?? 0) + 1);
  }
  return new Map(CALLS.map((call) =>
    [call, Math.max(0, ...[...counts].filter(([key]) => key.startsWith(`${call} `)).map(([, count]) => count))]));
}

/** Evenly over each call's range; the calls share them by the root of their counts, so that no rare one is left out. */
function choose(counts, total) {
  const weights = CALLS.map((call) => Math.sqrt(counts.get(call)));
  const sum = weights.reduce((one, other) => one + other);
  return CALLS.flatMap((call, index) => {
    const count = counts.get(call);
    const n = Math.min(count, Math.max(1, Math.round((total * weights[index]) / sum)));
    return Array.from({ length: n }, (_, k) => [call, 1 + Math.floor((k * count) / n)]);
  });
}

async function runPoint(call, n) {
  try {
    return await runOnce(call, n);
  } catch (error) {
    console.error(`FAILED at ${call} number ${n} (run ${runs}): ${error.stack}`);
    await system.dumpLogs();
    throw error;
  }
}

/** N = 1, 2, … until a run ends unkilled. Batches differ from run to run, so such an end must repeat itself. */
async function runAll() {
  const killed = new Map();
  for (const call of CALLS) {
    let n = 1;
    for (let unkilled = 0; unkilled < 3;) {
      unkilled = await runPoint(call, n) ? 0 : unkilled + 1;
      if (unkilled === 0) n++;
    }
    killed.set(call, n - 1);
  }
  return killed;
}

async function runSample(counts) {
  const killed = new Map(CALLS.map((call) => [call, 0]));
  for (const [call, n] of choose(counts, Number(wanted))) {
    if (await runPoint(call, n)) killed.set(call, killed.get(call) + 1);
  }
  return killed;
}

const started = Date.now();
try {
  await system.init();
  await system.startBroker();
  template = path.join(system.dir, 'template.db');
  await fs.copyFile(path.join(system.dir, 'convwire.db'), template);
  const counts = await countCalls();
  console.log(`calls of an unkilled run: ${[...counts].map(([call, count]) => `${call} ${count}`).join(', ')}`);
  const killed = wanted === 'all' ? await runAll() : await runSample(counts);
  const points = [...killed.values()].reduce((one, other) => one + other);
  console.log(`${points} kill points in ${runs} runs, ${Math.round((Date.now() - started) / 1000)} s: ` +
    `${[...killed].map(([call, count]) => `${call} ${count}`).join(', ')}`);
  assert.ok(points > 0 && (wanted !== 'all' || points >= LEAST_POINTS), `fewer than ${LEAST_POINTS} kill points`);
} finally {
  await system.stop();
}
