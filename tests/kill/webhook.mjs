// SIGKILL of the daemon at its N-th write, fsync and send under load, injected by strace. After each kill it is
// restarted and must have kept every promise: what was acknowledged is stored, nothing twice, order, seq and prev are
// right, and every client ends up with what the server has. KILL_POINTS: how many points, evenly chosen, or `all`
// (fails under 200).
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { System } from '../lib/system.mjs';
import { eventually, within } from '../lib/until.mjs';
import { newCustomer, newWamid, textWebhook } from '../lib/webhook.mjs';
import { finish, runPoints, startTraced, wasKilled } from './points.mjs';

const CALLS = ['pwrite64', 'fdatasync', 'sendto', 'sendmsg', 'writev']; // SQLite's two, microhttpd's, Paho's two
const CONVERSATIONS = 6;
const MESSAGES = 5; // per conversation in one run
const RUNS_PER_DIRECTORY = 5; // the next run starts from what the last kill left behind
const LEAST_POINTS = 200;
const wanted = process.env.KILL_POINTS ?? '40';

const system = new System();
let template; // a directory made by `convwire init`
let runs = 0;
let veteran = null; // a client that survives the kills in one directory
let sent; // for the directory: conversation id → [{ wamid, acked }], in order
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

/** Writes to one conversation: each message once the previous one was acknowledged, until the daemon is gone. */
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

/** The load from the first connection to the broker to the last publish, or to the kill. */
async function load(traced) {
  const unlessKilled = (attempt, what) => eventually(async () => traced.end || attempt(), what);
  await unlessKilled(async () => (await system.http('/readyz')).status === 200, 'the traced daemon is ready');
  if (traced.end) return;
  await Promise.all([...sent.keys()].map((id, index) => writeMessages(id, customers[index], traced)));
  await unlessKilled(async () => (await system.control('check')).lag_events === 0, 'everything is published');
}

// ---- invariants ----

/** Posts again what was not acknowledged, as WhatsApp does. */
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

/** Returns whether the daemon was killed. */
async function runOnce(call, n) {
  if (runs++ % RUNS_PER_DIRECTORY === 0) await freshDirectory();
  const traced = await startTraced(system, ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${n}`]);
  await load(traced);
  const isKilled = wasKilled(await finish(traced), traced);
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

try {
  await system.init();
  await system.startBroker();
  template = path.join(system.dir, 'template.db');
  await fs.copyFile(path.join(system.dir, 'convwire.db'), template);
  await runPoints(system, { calls: CALLS, wanted, least: LEAST_POINTS, prepare: freshDirectory, load, runOnce });
} finally {
  await system.stop();
}
