// Files: the message is shown first; its file follows, complete, or with the reason why not.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';

import { request } from '../lib/http.mjs';
import { TOKEN } from '../lib/sim.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { newCustomer } from '../lib/webhook.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function start(system, ...settings) {
  await system.init();
  await system.startSim();
  if (settings.length) await system.configure(...settings);
  await system.start();
  return system.sim;
}

/** Uploads an agent's file for a conversation; returns its id. */
async function uploads(system, id, bytes = randomBytes(1000), type = 'image/png') {
  const answer = await system.api(`/media?conversation=${id}`, { method: 'POST', body: bytes, headers: { 'Content-Type': type } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.id;
}

/** A customer sends a file; returns the conversation's id and the message as it is first shown. */
async function sends(system, type, mimeType, bytes, { from = newCustomer(), object = {}, ...file } = {}) {
  const id = `${system.account}_${system.number}_${from}`;
  const wamid = await system.sim.writes({ from, type, [type]: object, file: { mime_type: mimeType, base64: bytes.toString('base64'), ...file } });
  const message = await eventually(async () => {
    const answer = await system.api(`/conversations/${id}/messages`);
    return answer.status === 200 && answer.json.messages.find((row) => row.wamid === wamid);
  }, 'the message arrives');
  return { id, message };
}

const mediaIs = (system, id, message, state) => eventually(async () => {
  const now = await system.message(id, message.id);
  return now.media.state === state && now;
}, `the file of ${message.id} is ${state}`);

scenario('a file follows its message, must match its SHA-256, and needs access to the conversation', async (system) => {
  const sim = await start(system);
  const bob = await system.agent({ agent: 'bob' });
  await sim.behave({ do: 'slow', on: 'ask', ms: 500 });
  const bytes = randomBytes(300_000);
  const { id, message } = await sends(system, 'image', 'image/jpeg', bytes, { object: { caption: 'look' } });
  assert.equal(message.media.state, 'pending');
  assert.equal((await system.api(`/media/${message.media.id}`)).status, 409);
  const ready = await mediaIs(system, id, message, 'ready');
  assert.equal(ready.media.size, bytes.length);
  assert.ok(ready.version > message.version, 'an upsert');
  await bob.until(() => bob.received.some(({ event }) => event.kind === 'media' && event.data.message.id === message.id), 'bob is told');
  const got = await system.api(`/media/${message.media.id}`);
  assert.equal(got.status, 200);
  assert.equal(got.headers['content-type'], 'image/jpeg');
  assert.equal(Number(got.headers['content-length']), bytes.length);
  const stored = await fs.readFile(path.join(system.dir, 'media', sha256(bytes).slice(0, 2), sha256(bytes)));
  assert.deepEqual(stored, bytes);

  const other = system.token('another');
  await system.control('account.add', { account: 'another' });
  assert.equal((await system.api(`/media/${message.media.id}`, { token: other })).status, 404);
  const limited = system.token(system.account, 'assigned-agent', 'lim');
  assert.equal((await system.api(`/media/${message.media.id}`, { token: limited })).status, 404);
  await system.control('assign', { account: system.account, conversation: id, subject: 'lim' });
  assert.equal((await system.api(`/media/${message.media.id}`, { token: limited })).status, 200);
  assert.equal((await system.http(`/api/v1/media/${message.media.id}`)).status, 401);
  assert.equal((await system.api('/media/nonsense')).status, 404);
  await bob.caughtUp();
  bob.check();
});

scenario('a redirected download is followed, three times at most, and no other host gets the token', async (system, t) => {
  const sim = await start(system);
  const bytes = randomBytes(5000);
  const asked = [];
  const other = createServer((request, response) => {
    asked.push(request.headers);
    response.end(bytes);
  });
  await new Promise((resolve) => { other.listen(0, '127.0.0.1', resolve); });
  system.cleanups.push(() => other.close());
  await t.test('to another path of the same host', async () => {
    await sim.behave({ do: 'redirect', on: 'download', to: '?again', count: 3 });
    const { id, message } = await sends(system, 'image', 'image/jpeg', bytes);
    assert.equal((await mediaIs(system, id, message, 'ready')).media.size, bytes.length);
  });
  await t.test('to another host', async () => {
    await sim.behave({ do: 'redirect', on: 'download', to: `http://127.0.0.1:${other.address().port}/file`, count: 1 });
    const { id, message } = await sends(system, 'image', 'image/jpeg', bytes);
    await mediaIs(system, id, message, 'ready');
    assert.deepEqual(asked.map(({ authorization }) => authorization), [undefined]);
  });
  for (const [name, to] of [['for ever', '?again'], ['to a file of this machine', 'file:///etc/passwd'], ['to another protocol', 'ftp://127.0.0.1/x']]) {
    await t.test(name, async () => {
      await sim.behave({ do: 'redirect', on: 'download', to });
      const { id, message } = await sends(system, 'image', 'image/jpeg', bytes);
      const waiting = await eventually(async () => {
        const now = await system.message(id, message.id);
        return now.media.error && now;
      }, 'a reason');
      assert.equal(waiting.media.state, 'pending');
      await sim.behaveWell();
    });
  }
});

scenario('a file is served in ranges, with 304, and by cookie or signed URL without a token', async (system) => {
  await start(system);
  const bytes = randomBytes(10_000);
  const { id, message } = await sends(system, 'image', 'image/jpeg', bytes);
  await mediaIs(system, id, message, 'ready');
  const where = `/media/${message.media.id}`;
  const whole = await system.api(where);
  const { etag } = whole.headers;
  assert.equal(etag, `"${sha256(bytes)}"`);
  assert.equal(whole.headers['accept-ranges'], 'bytes');
  const known = await system.api(where, { headers: { 'If-None-Match': etag } });
  assert.equal(known.status, 304);
  assert.equal(known.headers.etag, etag);
  assert.equal(known.headers['content-type'], undefined);
  assert.notEqual(known.headers['content-length'], '0', 'it is the length of what the client has');
  assert.equal(whole.headers['cache-control'], 'private, no-cache');
  const head = await system.api(where, { method: 'HEAD', headers: { Range: 'bytes=0-9' } });
  assert.equal(head.status, 200);
  assert.equal(head.headers['content-length'], '10000');
  assert.equal(known.text, '');

  const part = (Range, headers) => system.api(where, { headers: { Range, ...headers } });
  const tail = await part('bytes=-100');
  assert.equal(tail.status, 206);
  assert.equal(tail.headers['content-range'], 'bytes 9900-9999/10000');
  assert.equal(Number(tail.headers['content-length']), 100);
  const first = await part('bytes=0-0', { 'If-Range': etag });
  assert.equal(first.status, 206);
  assert.equal(first.headers['content-length'], '1');
  assert.equal((await part('bytes=0-0', { 'If-Range': '"other"' })).status, 200);
  const outside = await part('bytes=10000-');
  assert.equal(outside.status, 416);
  assert.equal(outside.headers['content-range'], 'bytes */10000');
  assert.equal(outside.headers['cache-control'], 'no-store');
  assert.equal(outside.headers['content-disposition'], undefined);

  const byCookie = (token) => system.http(`/api/v1${where}`, { headers: { Cookie: `convwire_media=${token}` } });
  assert.equal((await byCookie(system.token())).status, 200);
  assert.equal((await byCookie('nonsense')).status, 401);
  assert.equal((await byCookie(system.token(system.account, 'assigned-agent', 'lim'))).status, 404);
  const other = await system.http('/api/v1/sync', { headers: { Cookie: `convwire_media=${system.token()}` } });
  assert.equal(other.status, 401, 'the cookie is for files only');

  const asked = await system.api(`${where}/url`);
  assert.equal(asked.status, 200, asked.text);
  const { url, expires_at: expiresAt } = asked.json;
  assert.ok(expiresAt > Date.now() && expiresAt < Date.now() + 301_000);
  assert.equal((await system.http(url)).status, 200);
  assert.equal((await system.api(`${where}/url`, { token: system.token(system.account, 'assigned-agent', 'lim') })).status, 404);
  assert.equal((await system.http(`/api/v1${where}/url`)).status, 401);
  const later = new URL(url, 'http://convwire');
  later.searchParams.set('expires', String(Number(later.searchParams.get('expires')) + 1000));
  for (const bad of [`${later.pathname}${later.search}`, url.replace(/.$/, (last) => (last === '0' ? '1' : '0')), url.replace(/expires=\d+&/, ''),
    url.replace(message.media.id, message.id)]) {
    const answer = await system.http(bad);
    assert.equal(answer.status, 401, bad);
    assert.equal(answer.json.title, 'bad_signature');
  }
});

scenario('an expired URL, an interrupted transfer, an error: retried until the file is complete', async (system) => {
  const sim = await start(system);
  await sim.behave({ do: 'over', on: 'ask', url_ms: -1, count: 1 });
  await sim.behave({ do: 'truncate', on: 'download', count: 1 });
  const bytes = randomBytes(100_000);
  const { id, message } = await sends(system, 'video', 'video/mp4', bytes);
  const ready = await eventually(async () => {
    const now = await system.message(id, message.id);
    return now.media.state === 'ready' && now;
  }, 'it comes in the end', { ms: 60_000 });
  assert.equal(ready.media.size, bytes.length);
});

scenario('a file with a wrong SHA-256 is not shown, one that is too large fails with a reason and a retry', async (system) => {
  await start(system, 'media_max_mb = 1');
  const { id, message } = await sends(system, 'document', 'application/pdf', Buffer.alloc(1_100_000), { object: { filename: '../../x.pdf' } });
  const failed = await mediaIs(system, id, message, 'failed');
  assert.match(failed.media.error, /larger than this server accepts/);
  assert.equal((await system.api(`/media/${message.media.id}`)).status, 409);
  const ann = await system.commander();
  assert.equal((await ann.do(id, 'retry', { message: message.id })).ok, true);
  await mediaIs(system, id, message, 'failed');

  const wrong = await sends(system, 'image', 'image/png', Buffer.from('not what was announced'), { wrong_sha256: 'ab'.repeat(32) });
  await eventually(async () => (await system.metrics()).media_waiting === 1, 'it waits for another try');
  assert.equal((await system.message(wrong.id, wrong.message.id)).media.state, 'pending');
  const after = await sends(system, 'image', 'image/png', randomBytes(1000));
  await mediaIs(system, after.id, after.message, 'ready'); // it does not delay other files
});

scenario('a disk that is nearly full: files wait and say so, messages still arrive', async (system) => {
  await start(system, 'media_min_free_mb = 1000000');
  const { id, message } = await sends(system, 'image', 'image/png', randomBytes(1000));
  await eventually(async () => (await system.metrics()).media_disk_full === 1, '/metrics says it');
  await system.daemon.says(/the disk is nearly full/, 'stderr');
  const ann = await system.commander();
  const { message: sent } = await ann.say(id, 'still here');
  await system.messageIs(id, sent, 'read');
  const answer = await system.api(`/media?conversation=${id}`, { method: 'POST', body: 'x', headers: { 'Content-Type': 'text/plain' } });
  assert.equal(answer.status, 507);
  assert.equal(answer.json.type, 'urn:convwire:problem:disk_full');
  await eventually(async () => /disk is nearly full/.test((await system.message(id, message.id)).media.error), 'agents see why');
  assert.equal((await system.message(id, message.id)).media.state, 'pending');
});

scenario('a disk that fills up does not delay a file that an agent had already stored', async (system) => {
  const sim = await start(system);
  const id = await system.customer();
  const file = await uploads(system, id);
  await system.daemon.stop();
  await system.configure('media_min_free_mb = 1000000');
  await system.startDaemon();
  await system.ready();
  const ann = await system.commander();
  const { message } = await ann.do(id, 'send', { kind: 'image', content: { media: file } });
  await system.messageIs(id, message, 'read');
  assert.equal((await sim.taken()).length, 1);
});

scenario('an upload finds the token expired: the number is paused, the file waits, set-token sends it', async (system) => {
  const sim = await start(system);
  const id = await system.customer();
  const bob = await system.agent({ agent: 'bob' });
  const ann = await system.commander();
  await sim.behave({ tokens: ['the-new-token'] });
  const { message } = await ann.do(id, 'send', { kind: 'image', content: { media: await uploads(system, id) } });
  const paused = await eventually(async () => {
    const [row] = JSON.parse((await system.convwire('number', 'list', '--json')).stdout);
    return row.paused;
  }, 'the number is paused');
  assert.match(paused, /access token/);
  await bob.until(() => bob.received.some(({ event }) => event.kind === 'number'), 'agents are told');
  assert.equal((await system.message(id, message)).status, 'queued');
  assert.equal((await system.convwire('number', 'set-token', system.number, '--token', 'the-new-token')).code, 0);
  await system.messageIs(id, message, 'read');
});

scenario('an agent\'s upload is checked first', async (system) => {
  await start(system);
  const id = await system.customer();
  const post = (query, body, headers, token) => system.api(`/media?${query}`, { method: 'POST', body, headers, token });
  const pdf = { 'Content-Type': 'application/pdf' };
  assert.equal((await post('', 'x', pdf)).status, 400);
  assert.equal((await post(`conversation=${id}`, 'x', {})).status, 400);
  assert.equal((await post(`conversation=${id}`, 'x', { 'Content-Type': 'nonsense' })).status, 400);
  assert.equal((await post(`conversation=${id}`, '', pdf)).status, 400);
  assert.equal((await post(`conversation=${id}9`, 'x', pdf)).status, 404);
  assert.equal((await post(`conversation=${id}`, 'x', pdf, system.token(system.account, 'viewer', 'vic'))).status, 403);
  assert.equal((await post(`conversation=${id}`, 'x', pdf, 'nonsense')).status, 401);
  const stored = await post(`conversation=${id}&filename=${encodeURIComponent('a"b\r\nc.pdf')}`, 'x', { 'Content-Type': 'Application/PDF; charset=x' });
  assert.equal(stored.status, 201, stored.text);
  assert.equal(stored.json.mime_type, 'application/pdf');
  const got = await system.api(`/media/${stored.json.id}`);
  assert.equal(got.headers['content-disposition'], 'attachment; filename="abc.pdf"');
  assert.match(got.headers['content-security-policy'], /sandbox/);
  assert.deepEqual(await fs.readdir(path.join(system.dir, 'media/unfinished')), []);
});

scenario('an upload that WhatsApp refuses fails the message with the reason; a temporary failure is retried', async (system) => {
  const sim = await start(system);
  const id = await system.customer();
  const ann = await system.commander();
  const file = await uploads(system, id);
  await sim.behave({ do: 'error', on: 'upload', code: 131053, count: 1 });
  const { message } = await ann.do(id, 'send', { kind: 'image', content: { media: file } });
  const failed = await system.messageIs(id, message, 'failed');
  assert.equal(failed.error.code, 131053);
  await ann.do(id, 'retry', { message });
  await system.messageIs(id, message, 'read');
  const other = await uploads(system, id);
  await sim.behave({ do: 'gateway', on: 'upload', count: 1 });
  const again = await ann.do(id, 'send', { kind: 'image', content: { media: other } });
  const behind = await ann.say(id, 'after the picture');
  await system.messageIs(id, behind.message, 'read');
  assert.equal((await system.message(id, again.message)).status, 'read');
  assert.deepEqual((await sim.taken()).map(({ type }) => type), ['image', 'image', 'text']);
});

scenario('a retry by a person uploads again what WhatsApp no longer knows', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  const id = await system.customer();
  const media = await uploads(system, id, Buffer.from('%PDF-1.4'), 'application/pdf');
  await sim.behave({ do: 'answer', http: 400, count: 1, body: { error: { code: 100, message: 'Invalid parameter', error_data: { details: 'Media ID not found' } } } });
  const { message } = await ann.do(id, 'send', { kind: 'document', content: { media } });
  const failed = await system.messageIs(id, message, 'failed');
  assert.equal(failed.error.details, 'Media ID not found');
  assert.equal((await ann.do(id, 'retry', { message })).ok, true);
  await system.messageIs(id, message, 'read');
  const uploadsSeen = (await system.metrics()).media_uploaded_total;
  assert.equal(uploadsSeen, 2);
});

scenario('a document has its file’s name by itself; files are known by their usual types, and voice is uploaded as Opus', async (system, t) => {
  const sim = await start(system);
  const ann = await system.commander();
  const id = await system.customer();
  const post = async (type, filename) => {
    const answer = await system.api(`/media?conversation=${id}&filename=${encodeURIComponent(filename)}`, { method: 'POST', body: 'bytes', headers: { 'Content-Type': type } });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
  };
  const send = async (kind, content) => {
    const { message } = await ann.do(id, 'send', { kind, content });
    await system.messageIs(id, message, 'read');
    return (await sim.taken()).at(-1).body[kind === 'voice' ? 'audio' : kind];
  };
  const pdf = await post('application/pdf', 'invoice 7.pdf');
  assert.equal((await send('document', { media: pdf.id })).filename, 'invoice 7.pdf');
  assert.equal((await send('document', { media: pdf.id, filename: 'other.pdf' })).filename, 'other.pdf');
  for (const [type, name, kind] of [['audio/x-m4a', 'audio/mp4', 'audio'], ['audio/mp3', 'audio/mpeg', 'audio'], ['image/jpg', 'image/jpeg', 'image'], ['Audio/Ogg; codecs=opus', 'audio/ogg', 'voice']]) {
    await t.test(type, async () => {
      const stored = await post(type, 'x');
      assert.equal(stored.mime_type, name);
      const { id: file } = await send(kind, { media: stored.id });
      const { json } = await request(`${sim.url}/v24.0/${file}`, { headers: { Authorization: `Bearer ${TOKEN}` } });
      assert.equal(json.mime_type, kind === 'voice' ? 'audio/ogg; codecs=opus' : name);
    });
  }
});

scenario('a file that WhatsApp no longer has says nothing about the number', async (system) => {
  const sim = await start(system);
  await sim.behave({ do: 'answer', on: 'ask', http: 400, body: { error: { code: 100, error_subcode: 33, message: 'Object does not exist' } } });
  const { id, message } = await sends(system, 'image', 'image/jpeg', randomBytes(100));
  await eventually(async () => (await system.message(id, message.id)).media.error, 'a reason');
  assert.equal((await system.api('/numbers')).json.numbers[0].paused, false);
});
