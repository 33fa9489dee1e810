// @convwire/client as a page uses it, with checks for scenarios: its state equals the server's, nothing twice, in
// order.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';

import { REPO } from './system.mjs';
import { eventually } from './until.mjs';

assert.ok(existsSync(`${REPO}/client/dist/index.js`), 'client/ is built (npm run build)');
export const { Client, MemoryOutbox, SignedOut } = await import('../../client/dist/index.js');
export const { default: mqtt } = await import('../../client/node_modules/mqtt/build/index.js');

/**
 * A started client, stopped with the system. What it emits is recorded. loadsThreads: all threads are loaded at the
 * start and after a reset.
 */
export function page(system, { agent = 'ann', role = 'agent', loadsThreads = false, ...options } = {}) {
  const client = new Client({
    url: `http://${system.host}:${system.httpPort}`, mqttUrl: system.wsUrl,
    token: () => system.token(system.account, role, agent), connect: (url, all) => mqtt.connect(url, all), ...options,
  });
  client.events = [];
  client.problems = [];
  client.statuses = [];
  client.lost = [];
  client.gained = [];
  client.resets = 0;
  client.on('event', (event) => client.events.push(event));
  client.on('problem', (error) => client.problems.push(error));
  client.on('status', (status) => client.statuses.push(status));
  client.on('lost', (id) => client.lost.push(id));
  client.on('gained', (id) => client.gained.push(id));
  client.on('reset', () => {
    client.resets++;
    if (loadsThreads) client.loading = reload(client).catch((error) => client.problems.push(error));
  });
  client.start();
  system.cleanups.push(() => client.stop());
  return client;
}

const KEPT = 200; // the least number of a thread's messages that a client keeps (client/src/state.ts)

async function reload(client) {
  for (const { id } of client.state.list()) {
    for (let before; before !== null;) {
      const from = before;
      before = await eventually(async () => [await client.loadMessages(id, from)], `messages of ${id}`).then(([next]) => next);
    }
  }
}

export const isLive = (client, options) => eventually(() => client.status === 'live', 'the page is live', options);
export const isNotLive = (client, options) => eventually(() => client.status !== 'live', 'the page is not live', options);
export const shows = (client, id) => client.state.messages(id).map((message) => message.content?.body);

/** Waits until the client is live at the server's head, and compares its state with the server's. */
export async function sameAsServer(system, client) {
  const head = await system.headOf();
  await eventually(() => client.status === 'live' && client.position.cursor >= head, `live at ${head}`, { ms: 60_000 });
  await client.loading;
  const rows = await system.rows();
  const byId = (all) => Object.fromEntries(all.map((row) => [row.id, row]));
  assert.deepEqual(byId([...client.state.conversations.values()]), byId(rows), 'the list is the server’s');
  for (const { id } of rows.filter((row) => row.merged_into === null)) {
    const shown = client.state.messages(id);
    const positions = shown.map((message) => message.position);
    const stored = (await system.messages(id, { atLeast: Math.max(shown.length, KEPT) })).sort((one, other) => one.position - other.position);
    assert.ok(shown.length >= Math.min(stored.length, KEPT), `the thread ${id} has ${shown.length} messages`);
    assert.deepEqual(shown, stored.slice(-shown.length), `the thread ${id} is the server’s`);
    assert.deepEqual(positions, [...positions].sort((one, other) => one - other), `the thread ${id} is in order`);
  }
}
