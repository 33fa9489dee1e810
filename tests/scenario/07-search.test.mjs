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

scenario('words inside runs of Chinese, Japanese and Thai are found; so are a number\'s last digits and its local form', async (system) => {
  await (await system.init()).start();
  const post = (from, name, body) => system.postWebhook(webhook([change(system.number, { contacts: [contact({ from, name })], messages: [text({ from, body })] })]));
  const sentences = { chinese: '我想退货，订单已经付款了', japanese: 'ラーメンを二つお願いします', thai: 'สินค้ายังไม่ถึงครับ', mixed: 'order ok東京駅で' };
  await post('923456789012', '王小明', sentences.chinese);
  for (const body of Object.values(sentences).slice(1)) await post('201012345678', 'Mona', body);
  assert.deepEqual(bodies(await finds(system, '東京駅', 1)), [sentences.mixed]);
  for (const [q, body] of [['退货', sentences.chinese], ['付款', sentences.chinese], ['订单 退货', sentences.chinese], ['お願い', sentences.japanese], ['ーメン', sentences.japanese],
    ['ยังไม่', sentences.thai], ['ถึง', sentences.thai], ['ok東京', sentences.mixed], ['order 京駅', sentences.mixed]]) {
    assert.deepEqual(bodies(await search(system, q)), [body], q);
  }
  assert.deepEqual(bodies(await search(system, '货退')), [], 'the order of letters counts');
  const names = async (q) => (await search(system, q)).json.conversations.map((one) => one.contact.name);
  for (const q of ['小明', '9012', '789012', '0345 678 9012', '0092 345 6789012', '+92 345', '٠٣٤٥٦٧٨٩٠١٢']) assert.deepEqual(await names(q), ['王小明'], q);
  assert.deepEqual(await names('010 1234 5678'), ['Mona']);
  assert.deepEqual(await names('6789'), ['王小明'], 'the beginning of an ending, too');
});

scenario('a conversation is searched by itself, with what was merged into it; a stranger\'s is not there', async (system) => {
  await (await system.init()).start();
  const id = (from) => `${system.account}_${system.number}_${from}`;
  for (const from of ['923456789012', '923456789013']) for (let i = 0; i < 3; i++) await system.customerWrites({ from, body: `apple ${from} ${i}` });
  await finds(system, 'apple', 6);
  const inside = await search(system, 'apple', `&conversation=${id('923456789013')}`);
  assert.deepEqual(bodies(inside), [2, 1, 0].map((i) => `apple 923456789013 ${i}`));
  assert.deepEqual(inside.json.conversations, []);
  const page = await search(system, 'apple', `&conversation=${id('923456789013')}&limit=2`);
  const rest = await search(system, 'apple', `&conversation=${id('923456789013')}&limit=2&before=${page.json.next}`);
  assert.deepEqual([...bodies(page), ...bodies(rest)], bodies(inside));
  assert.equal((await search(system, 'apple', `&conversation=${id('1')}`)).status, 404);
  assert.equal((await search(system, 'apple', '&conversation=%00')).status, 404);
  assert.equal((await system.convwire('account', 'add', 'other')).code, 0);
  assert.equal((await search(system, 'apple', `&conversation=${id('923456789013')}`, { token: system.token('other') })).status, 404, 'not even that it exists');
  const limited = system.token(system.account, 'assigned-agent', 'lim');
  assert.equal((await search(system, 'apple', `&conversation=${id('923456789013')}`, { token: limited })).status, 404);
});

scenario('the messages around one, and on in both directions', async (system) => {
  await (await system.init()).start();
  const from = '923456789012';
  const id = `${system.account}_${system.number}_${from}`;
  await system.customerWritesMany({ from, total: 100 });
  const all = (await system.thread(id)).map((message) => message.id);
  const page = async (query) => (await system.api(`/conversations/${id}/messages?${query}`)).json;
  const ids = ({ messages }) => messages.map((message) => message.id).reverse();

  const middle = await page(`around=${all[50]}&limit=20`);
  assert.deepEqual(ids(middle), all.slice(40, 60));
  const newer = await page(`after=${middle.newer}&limit=30`);
  assert.deepEqual(ids(newer), all.slice(60, 90));
  const newest = await page(`after=${newer.newer}&limit=30`);
  assert.deepEqual(ids(newest), all.slice(90));
  assert.equal(newest.newer, null);
  assert.deepEqual(ids(await page(`before=${middle.next}&limit=30`)), all.slice(10, 40));
  const two = await page(`around=${all[50]}&limit=2`);
  assert.deepEqual(ids(two), all.slice(49, 51));
  assert.deepEqual(ids(await page(`after=${two.newer}&limit=2`)), all.slice(51, 53));
  const first = await page(`around=${all[0]}&limit=20`);
  assert.equal(first.next, null);
  assert.deepEqual(ids(first)[0], all[0]);
  const last = await page(`around=${all[99]}&limit=20`);
  assert.equal(last.newer, null);
  for (const [query, status] of [['around=none', 404], ['around=00000000-0000-7000-8000-000000000000', 404], ['after=-2', 400], ['after=1&before=2', 400], [`around=${all[0]}&after=1`, 400]]) {
    assert.equal((await system.api(`/conversations/${id}/messages?${query}`)).status, status, query);
  }
});
