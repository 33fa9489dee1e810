// SIGKILL of the daemon at its N-th call of a kind, injected by strace: finds the points and runs them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

import { programPath } from '../lib/system.mjs';

/** Starts the daemon under strace; `rule` says where it dies. Returns the program, which may die before it is ready. */
export async function startTraced(system, rule, output = '/dev/null') {
  const traced = system.launch('convwired under strace', 'strace',
    ['-f', '-qq', '-o', output, ...rule, programPath('convwired'), '--dir', system.dir, '--http-port', 0,
      '--mqtt-port', system.mqttPort, '--ready-fd', 3],
    { readyFd: true, env: { ASAN_OPTIONS: 'detect_leaks=0' } }); // LeakSanitizer cannot work under ptrace
  await traced.until(() => traced.end || /^http=\d+\n/.test(traced.ready), 'convwired under strace starts or dies');
  const match = traced.ready.match(/^http=(\d+)\n/);
  if (match) system.httpPort = Number(match[1]);
  return traced;
}

/** Ends a run that was not killed, as systemd would; the kill may still happen while stopping. */
export async function finish(traced) {
  const children = traced.end ? '' : await fs.readFile(`/proc/${traced.pid}/task/${traced.pid}/children`, 'utf8').catch(() => '');
  const pid = Number(children.trim().split(' ')[0]);
  if (pid && !traced.end) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch { /* it has already ended */ }
  }
  return traced.ended();
}

/** Returns whether the daemon was killed; if it ended in another way, the test fails. */
export function wasKilled(end, traced) {
  const isKilled = end.signal === 'SIGKILL' || end.code === 137;
  assert.ok(isKilled || end.code === 0, `convwired ended by itself: ${JSON.stringify(end)}\n${traced.stderr}`);
  return isKilled;
}

/**
 * How often each call is made, by the thread that makes it most often: strace counts per thread. `load` puts load on
 * the traced daemon.
 */
async function countCalls(system, calls, load) {
  const output = path.join(system.dir, 'strace.txt');
  const traced = await startTraced(system, ['-e', `trace=${calls}`], output);
  await load(traced);
  assert.equal((await finish(traced)).code, 0, traced.stderr);
  const counts = new Map();
  for (const [, thread, call] of readFileSync(output, 'utf8').matchAll(/^(\d+) +(\w+)\(/gm)) {
    counts.set(`${call} ${thread}`, (counts.get(`${call} ${thread}`) ?? 0) + 1);
  }
  return new Map(calls.map((call) =>
    [call, Math.max(0, ...[...counts].filter(([key]) => key.startsWith(`${call} `)).map(([, count]) => count))]));
}

/**
 * Spreads the points evenly over each call's range. Each call gets a share by the square root of its count, so that no
 * rare call is left out.
 */
function choose(counts, total) {
  const weights = [...counts.values()].map(Math.sqrt);
  const sum = weights.reduce((one, other) => one + other);
  return [...counts].flatMap(([call, count], index) => {
    const n = Math.min(count, Math.max(1, Math.round((total * weights[index]) / sum)));
    return Array.from({ length: n }, (_, k) => [call, 1 + Math.floor((k * count) / n)]);
  });
}

/** N = 1, 2, … until a run is not killed. Batches differ between runs, so that must happen repeatedly. */
async function runAll(calls, runPoint) {
  const killed = new Map();
  for (const call of calls) {
    let n = 1;
    for (let unkilled = 0; unkilled < 3;) {
      unkilled = await runPoint(call, n) ? 0 : unkilled + 1;
      if (unkilled === 0) n++;
    }
    killed.set(call, n - 1);
  }
  return killed;
}

async function runSample(counts, total, runPoint) {
  const killed = new Map([...counts.keys()].map((call) => [call, 0]));
  for (const [call, n] of choose(counts, total)) {
    if (await runPoint(call, n)) killed.set(call, killed.get(call) + 1);
  }
  return killed;
}

/**
 * Runs `runOnce(call, n)`, which returns whether the daemon was killed, at `wanted` points or at `all` (fails under
 * `least`); `load(traced)` is the work of a run that is not killed. Prints the numbers.
 */
export async function runPoints(system, { calls, wanted, least, prepare, load, runOnce }) {
  const started = Date.now();
  let runs = 0;
  const runPoint = async (call, n) => {
    runs++;
    try {
      return await runOnce(call, n);
    } catch (error) {
      console.error(`FAILED at ${call} number ${n} (run ${runs}): ${error.stack}`);
      await system.dumpLogs();
      throw error;
    }
  };
  await prepare();
  const counts = await countCalls(system, calls, load);
  console.log(`calls of an unkilled run: ${[...counts].map(([call, count]) => `${call} ${count}`).join(', ')}`);
  const killed = wanted === 'all' ? await runAll(calls, runPoint) : await runSample(counts, Number(wanted), runPoint);
  const points = [...killed.values()].reduce((one, other) => one + other);
  console.log(`${points} kill points in ${runs} runs, ${Math.round((Date.now() - started) / 1000)} s: ` +
    `${[...killed].map(([call, count]) => `${call} ${count}`).join(', ')}`);
  assert.ok(points > 0 && (wanted !== 'all' || points >= least), `fewer than ${least} kill points`);
}
