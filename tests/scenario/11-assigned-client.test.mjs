// Agents limited to assigned conversations: their page is as live as any other, and other agents' traffic costs it
// nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { isLive, page as startPage, shows as bodies } from '../lib/page.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { textWebhook } from '../lib/webhook.mjs';

const N_FOREIGN = 400;

/** A page whose HTTP calls are counted by route. */
function page(system, agent) {
  const calls = { sync: 0, all: 0 };
  const client = startPage(system, {
    agent, role: 'assigned-agent',
    fetch: (url, options) => {
      calls.all++;
      calls.sync += url.includes('/sync') ? 1 : 0;
      return fetch(url.replace(/^http:\/\/127\.0\.0\.1:\d+/, `http://127.0.0.1:${system.httpPort}`), options); // a restarted daemon has another port
    },
  });
  client.calls = calls;
  return client;
}

async function assign(system, conversation, subject) {
  const answer = await system.control('assign', { account: system.account, conversation, subject });
  assert.equal(answer.status, 'ok', JSON.stringify(answer));
}

scenario('assigned, reassigned, and no other conversation\'s events', async (system) => {
  await (await system.init()).start();
  const id = (customer) => `${system.account}_${system.number}_${customer}`;
  const [MINE, THEIRS] = ['923450000001', '923450000002'];
  await system.customerWrites({ from: MINE, body: 'mine 1' });
  await system.customerWrites({ from: THEIRS, body: 'theirs 1' });
  await assign(system, id(MINE), 'ann');
  const witness = await system.agent({ agent: 'witness' });
  const ann = page(system, 'ann');
  await isLive(ann);
  assert.deepEqual([...ann.state.conversations.keys()], [id(MINE)]);

  // Live, without an HTTP request.
  const atStart = ann.calls.sync;
  await system.customerWrites({ from: MINE, body: 'mine 2' });
  await eventually(() => bodies(ann, id(MINE)).includes('mine 2'), 'the page shows the message');

  // Messages of other conversations, each sent when the previous one is acknowledged.
  for (let i = 0; i < N_FOREIGN; i++) {
    await system.postWebhook(textWebhook(system.number, { from: THEIRS, body: `theirs ${i + 2}` }));
  }
  await witness.caughtUp();
  await system.customerWrites({ from: MINE, body: 'mine 3' });
  await eventually(() => bodies(ann, id(MINE)).includes('mine 3'), 'the page shows the next message');
  await isLive(ann);
  assert.equal(ann.calls.sync, atStart, 'no sync call since the page was live');
  assert.deepEqual([...ann.state.conversations.keys()], [id(MINE)]);

  // Gained while connected: the row appears at once, and the whole thread can be fetched.
  await assign(system, id(THEIRS), 'ann');
  await eventually(() => ann.state.conversations.has(id(THEIRS)), 'the page has the conversation it was given');
  await ann.loadMessages(id(THEIRS));
  assert.ok(bodies(ann, id(THEIRS)).length >= 50);
  await system.customerWrites({ from: THEIRS, body: 'for ann' });
  await eventually(() => bodies(ann, id(THEIRS)).includes('for ann'), 'and its next message');

  // Lost while connected: from the next message on, nothing more.
  await assign(system, id(MINE), 'ben');
  await system.customerWrites({ from: MINE, body: 'for ben' });
  await eventually(() => !ann.state.conversations.has(id(MINE)), 'the page lets it go');
  assert.deepEqual(ann.lost, [id(MINE)]);
  await system.customerWrites({ from: THEIRS, body: 'after it' });
  await eventually(() => bodies(ann, id(THEIRS)).includes('after it'), 'what is left goes on');
  await isLive(ann);
  assert.equal(bodies(ann, id(MINE)).length, 0);
  const gone = await system.api(`/conversations/${id(MINE)}/messages`,
    { token: system.token(system.account, 'assigned-agent', 'ann') });
  assert.equal(gone.status, 404);
  witness.check();
});

scenario('gained and lost while the page is disconnected, one publish under way at a time', async (system) => {
  await system.init();
  await fs.appendFile(path.join(system.dir, 'convwire.conf'), 'publish_window = 1\n'); // change and event take turns
  await system.start();
  const id = (customer) => `${system.account}_${system.number}_${customer}`;
  const [ONE, TWO] = ['923450000001', '923450000002'];
  for (const from of [ONE, TWO]) await system.customerWrites({ from, body: `hello from ${from}` });
  await assign(system, id(ONE), 'ann');
  const ann = page(system, 'ann');
  await isLive(ann);

  await system.broker.stop('SIGKILL');
  await assign(system, id(ONE), null);
  await assign(system, id(TWO), 'ann');
  await system.startBroker();
  await eventually(() => ann.state.conversations.has(id(TWO)) && !ann.state.conversations.has(id(ONE)), 'sync tells both');
  await isLive(ann);
  await system.customerWrites({ from: ONE, body: 'nobody\'s' });
  await system.customerWrites({ from: TWO, body: 'for ann' });
  await eventually(() => bodies(ann, id(TWO)).includes('for ann'), 'the table came before the event');
  assert.deepEqual([...ann.state.conversations.keys()], [id(TWO)]);
});

scenario('the feed continues across a restart of the daemon', async (system) => {
  await (await system.init()).start();
  const id = `${system.account}_${system.number}_923450000001`;
  await system.customerWrites({ from: '923450000001', body: 'one' });
  await assign(system, id, 'ann');
  const ann = page(system, 'ann');
  await isLive(ann);
  const before = await eventually(async () => (await system.metrics()).plugin_loaded === 1 && 1, 'counters came');
  assert.equal(before, 1);

  await system.daemon.stop();
  await system.startDaemon();
  await system.ready();
  await system.customerWrites({ from: '923450000001', body: 'two' });
  await eventually(() => bodies(ann, id).includes('two'), 'the event arrives without a reconnect');
  await isLive(ann);
});
