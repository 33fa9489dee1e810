// GET /api/v1/search: the index is filled after the commit, so each search is repeated until it finds the result.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, contact, newWamid, text, webhook } from '../lib/webhook.mjs';

const search = (system, q, query = '', options) => system.api(`/search?q=${encodeURIComponent(q)}${query}`, options);
const bodies = (answer) => answer.json.messages.map(({ message }) => message.content?.body ?? message.content?.caption);

/** Waits until a search finds n messages. */
const finds = (system, q, n) => eventually(async () => {
  const answer = await search(system, q);
  return answer.json.messages.length === n && answer;
}, `${n} messages with ${q}`);

scenario('messages by word, the last one by prefix, case-insensitively and without accents', async (system) => {
  await (await system.init()).start();
  await system.customerWrites({ from: '923456789012', body: 'The red bicycle is broken' });
  await system.customerWrites({ from: '923456789013', body: 'Un vélo ROUGE, s’il vous plaît' });
  await system.customerWrites({ from: '923456789013', body: 'سلام، کیسے ہیں' });

  assert.deepEqual(bodies(await finds(system, 'کیسے', 1)), ['سلام، کیسے ہیں']); // the last one indexed
  assert.deepEqual(bodies(await search(system, 'bicycle')), ['The red bicycle is broken']);
  assert.deepEqual(bodies(await search(system, 'BICY')), ['The red bicycle is broken']);
  assert.deepEqual(bodies(await search(system, 'velo rou')), ['Un vélo ROUGE, s’il vous plaît']);
  const { json } = await search(system, 'red bicycle');
  assert.equal(json.messages[0].conversation.id, `${system.account}_${system.number}_923456789012`);
  assert.deepEqual(bodies(await search(system, 'red velo')), [], 'all words must be there');
});

scenario('customers by name and by number in any format; only the newest name is found', async (system) => {
  await (await system.init()).start();
  const post = (name) => system.postWebhook(webhook([change(system.number, {
    contacts: [contact({ from: '923456789012', name })], messages: [text({ from: '923456789012', body: 'x' })],
  })]));
  await post('Ayesha Khan');
  const names = (answer) => answer.json.conversations.map((row) => row.contact.name);
  const finds = (q, expected) => eventually(async () => {
    const found = names(await search(system, q));
    return JSON.stringify(found) === JSON.stringify(expected);
  }, `${q} finds ${expected}`);

  await finds('ayesha', ['Ayesha Khan']);
  await finds('kha', ['Ayesha Khan']);
  await finds('92345', ['Ayesha Khan']);
  await finds('+92 345 678-9012', ['Ayesha Khan']);
  await post('Zainab Khan');
  await finds('zainab', ['Zainab Khan']);
  await finds('ayesha', []);
});

scenario('an edit is found by its new words only, a revoked message not at all', async (system) => {
  await (await system.init()).start();
  const from = '923456789012';
  const wamid = newWamid();
  const post = (message) => system.postWebhook(webhook([change(system.number, { contacts: [contact({ from })], messages: [message] })]));
  await system.customerWrites({ from, body: 'umbrella', wamid });
  await finds(system, 'umbrella', 1);
  await post({ from, id: newWamid(), timestamp: String(Math.floor(Date.now() / 1000)), type: 'edit',
    edit: { original_message_id: wamid, message: { type: 'text', text: { body: 'raincoat' } } } });
  await finds(system, 'raincoat', 1);
  await finds(system, 'umbrella', 0);
  await post({ from, id: newWamid(), timestamp: String(Math.floor(Date.now() / 1000)), type: 'revoke',
    revoke: { original_message_id: wamid } });
  await finds(system, 'raincoat', 0);
});

scenario('pages are complete, and contain no other account’s messages', async (system) => {
  await (await system.init()).start();
  assert.equal((await system.convwire('account', 'add', 'other')).code, 0);
  assert.equal((await system.convwire('number', 'add', '2002', '--account', 'other')).code, 0);
  const message = (number, body) => change(number, { contacts: [contact({ from: '923456789012' })], messages: [text({ from: '923456789012', body })] });
  for (let i = 0; i < 25; i++) {
    const answer = await system.postWebhook(webhook([message(system.number, `apple ${i}`), message('2002', `apple other ${i}`)]));
    assert.equal(answer.status, 200);
  }
  await finds(system, 'apple', 25);
  const seen = [];
  for (let before = ''; before !== null;) {
    const { json } = await search(system, 'apple', `&limit=10${before && `&before=${before}`}`);
    assert.ok(json.messages.length <= 10);
    seen.push(...json.messages.map(({ message }) => message.content.body));
    before = json.next;
  }
  assert.deepEqual(seen, Array.from({ length: 25 }, (_, i) => `apple ${24 - i}`), 'newest first, each once');
});

scenario('search text is never interpreted as a query language', async (system) => {
  await (await system.init()).start();
  await system.customerWrites({ body: 'fish AND chips' });
  await finds(system, 'fish', 1);
  for (const q of ['"', '""', '*', 'a*b', 'NEAR(fish chips)', 'account:a2', 'text : fish', '-fish', '^fish', '(', '{fish}', "'; DROP TABLE message; --", '!!!', '\u202e', '😀', 'a'.repeat(200), 'w '.repeat(100)]) {
    const answer = await search(system, q);
    assert.equal(answer.status, 200, `${q}: ${answer.text}`);
    assert.ok(answer.json.messages.length <= 1, q);
  }
  assert.deepEqual(bodies(await search(system, 'fish AND chips')), ['fish AND chips'], '"and" is a word of it');
  assert.equal((await search(system, 'fish OR cake')).json.messages.length, 0);
  assert.equal((await search(system, '')).status, 400);
  assert.equal((await search(system, 'a'.repeat(201))).status, 400);
  assert.equal((await search(system, 'fish', '&limit=0')).status, 400);
  assert.equal((await search(system, 'fish', '', { token: 'none' })).status, 401);
});

scenario('a database from before the index gets indexed, and a kill -9 leaves nothing out', async (system) => {
  await (await system.init()).start();
  for (let i = 0; i < 300; i++) await system.customerWrites({ from: `92345${String(i).padStart(7, '0')}`, body: `walnut ${i}` });
  await system.daemon.stop('SIGKILL');
  await system.startDaemon();
  await eventually(async () => (await search(system, 'walnut', '&limit=100')).json.next !== null, 'more than a page');
  let n = 0;
  await eventually(async () => {
    n = 0;
    for (let before = ''; before !== null;) {
      const { json } = await search(system, 'walnut', `&limit=100${before && `&before=${before}`}`);
      n += json.messages.length;
      before = json.next;
    }
    return n === 300;
  }, 'all 300');
});
