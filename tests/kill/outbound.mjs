// Kills the daemon (SIGKILL) at its N-th send, receive, write and fsync while it sends replies. After each kill it is
// restarted, and the simulated WhatsApp's ledger is compared with the store: each reply must be there exactly once, or
// be reported unknown and not be there. KILL_POINTS: how many points, evenly chosen, or `all` (fails under 200).
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';

import { System } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { newCustomer } from '../lib/webhook.mjs';
import { finish, runPoints, startTraced, wasKilled } from './points.mjs';

// Send and receive of libcurl and microhttpd, write and sync of SQLite, and Paho's calls.
const CALLS = ['sendto', 'recvfrom', 'pwrite64', 'fdatasync', 'sendmsg', 'writev', 'write'];
const CONVERSATIONS = 3;
const EACH = 3;
const LEAST_POINTS = 200;

const system = new System();
let template; // a directory in which the customers have written
let ids;
let ann;
let commands; // in this run

async function freshDirectory() {
  for (const name of await fs.readdir(system.dir)) {
    if (/^convwire\.db|^control\.sock|^run\.lock/.test(name)) await fs.rm(path.join(system.dir, name));
  }
  await fs.copyFile(template, path.join(system.dir, 'convwire.db'));
  ann.replies.length = 0;
  commands = ids.flatMap((id) => Array.from({ length: EACH }, (_, n) => (
    { id, body: { id: randomUUID(), type: 'send', data: { kind: 'text', content: { body: `${n} ${randomUUID()}` } } } })));
}

const answerTo = ({ body }) => ann.replies.find(({ id }) => id === body.id);

/** As every client does: commands without an answer are sent again with the same id. */
async function sendUnanswered(until) {
  await eventually(async () => {
    if (until?.end) return true;
    for (const command of commands) {
      if (!answerTo(command)) await ann.publish(command.id, command.body);
    }
    return commands.every(answerTo);
  }, 'every command is answered');
}

const isSettled = async () => {
  const { queued, sending, retrying } = await system.control('outbox.list');
  return queued + sending + retrying === 0 && (await system.sim.ledger()).webhooks_waiting === 0;
};

async function load(traced) {
  const unlessKilled = (attempt, what) => eventually(async () => traced.end || attempt(), what);
  await unlessKilled(async () => (await system.metrics()).commands_listening === 1, 'the traced daemon listens');
  if (traced.end) return;
  await system.sim.behave({ webhook: `http://127.0.0.1:${system.httpPort}/webhook` });
  await sendUnanswered(traced);
  await unlessKilled(isSettled, 'everything is sent');
}

/** Compares the ledger with the store. */
async function checkLedger() {
  const taken = await system.sim.taken();
  for (const command of commands) {
    const { ok, message } = answerTo(command);
    assert.equal(ok, true);
    const times = taken.filter(({ body }) => body.text.body === command.body.data.content.body);
    const { status } = await system.message(command.id, message);
    assert.ok(times.length <= 1, `sent ${times.length} times`);
    if (times.length === 1) assert.ok(['sent', 'delivered', 'read'].includes(status), `${status}, but WhatsApp has it`);
    else assert.equal(status, 'unknown', `${status}, but WhatsApp does not have it`);
  }
  for (const id of ids) {
    const order = commands.filter((command) => command.id === id).map(({ body }) => body.data.content.body);
    const seen = taken.map(({ body }) => body.text.body).filter((text) => order.includes(text));
    assert.deepEqual(seen, order.filter((text) => seen.includes(text)), 'order');
  }
  assert.deepEqual((await system.check()).faults, []);
}

async function runOnce(call, n) {
  await freshDirectory();
  const traced = await startTraced(system, ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${n}`]);
  await load(traced);
  const isKilled = wasKilled(await finish(traced), traced);
  await system.startDaemon();
  await eventually(async () => (await system.metrics()).commands_listening === 1, 'the daemon listens again');
  await sendUnanswered();
  await eventually(isSettled, 'everything is sent, or unknown');
  await checkLedger();
  await system.daemon.stop();
  assert.equal(system.daemon.end.code, 0);
  system.programs = system.programs.filter(({ end }) => !end);
  return isKilled;
}

try {
  await system.init();
  await system.startSim();
  await system.configure('unknown_hold_ms = 500');
  await system.sim.behave({ statuses: { words: ['sent'], delay_ms: 10 } });
  await system.sim.behave({ rate: 1000, pair: 100_000 });
  await system.start();
  const customers = Array.from({ length: CONVERSATIONS }, newCustomer);
  ids = [];
  for (const customer of customers) ids.push(await system.customer(customer));
  await system.daemon.stop();
  template = path.join(system.dir, 'template.db');
  await fs.copyFile(path.join(system.dir, 'convwire.db'), template);
  ann = await system.commander();
  await runPoints(system, { calls: CALLS, wanted: process.env.KILL_POINTS ?? '40', least: LEAST_POINTS, prepare: freshDirectory, load, runOnce });
} finally {
  await system.stop();
}
