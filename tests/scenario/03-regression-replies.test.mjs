// Found in a review of sending: replies that were lost, sent twice, reordered, or sent to somebody else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { TOKEN } from '../lib/sim.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, newCustomer, newWamid, textWebhook, webhook } from '../lib/webhook.mjs';

const USER_ID = 'US.13491208655302741918';

async function start(system, ...settings) {
  await system.init();
  await system.startSim();
  if (settings.length) await system.configure(...settings);
  await system.start();
  return { sim: system.sim, ann: await system.commander(), id: await system.customer() };
}

const nowS = () => String(Math.floor(Date.now() / 1000));

/** A status of an attempt, as WhatsApp reports it, with the mark that was sent. */
const report = (system, message, status, attempt = 1) => system.postWebhook(webhook([change(system.number, {
  statuses: [{ id: newWamid(), status, timestamp: nowS(), recipient_id: '1', biz_opaque_callback_data: `${message}.${attempt}` }] })]));

/** Two conversations at the scenario's number that turn out to belong to one customer. */
async function mergeable(system) {
  const from = newCustomer();
  const older = await system.customer(from);
  await system.customerWrites({ from: undefined, userId: USER_ID, body: 'hidden' });
  const younger = `${system.account}_${system.number}_${USER_ID.replace('.', '-')}`;
  return { older, younger, async merge() {
    await system.customerWrites({ from, userId: USER_ID, body: 'both' });
    await eventually(async () => (await system.api(`/conversations/${younger}`)).json.merged_into === older, 'they are merged');
  } };
}

scenario('the answer to an old request does not restore a number that the customer gave up', async (system) => {
  const { sim, ann, id } = await start(system);
  const [, , old] = id.split('_');
  const fresh = newCustomer();
  await sim.behave({ do: 'slow', ms: 1500, count: 1 });
  const { message } = await ann.say(id, 'to the old number');
  await sim.tookAtLeast(1);
  await system.postWebhook(webhook([change(system.number, { messages: [{ from: old, id: newWamid(), timestamp: nowS(), type: 'system',
    system: { body: 'x', wa_id: fresh, type: 'user_changed_number' } }] })]));
  await system.messageIs(id, message, 'accepted', 'sent', 'delivered', 'read');
  assert.equal((await system.api(`/conversations/${id}`)).json.contact.wa_id, fresh);
  assert.equal((await ann.say(id, 'private')).ok, true);
  await sim.tookAtLeast(2);
  assert.equal((await sim.taken()).at(-1).to, fresh);
});

scenario('a disk that is full at the start: what was being sent is unknown as soon as there is space', async (system) => {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dir]);
  system.cleanups.push(async () => {
    execFileSync('umount', [dir]);
    await fs.rmdir(dir);
  });
  await system.init({ dir });
  const sim = await system.startSim();
  await system.configure('media_min_free_mb = 1', 'unknown_hold_ms = 500');
  await system.start();
  const ann = await system.commander();
  const id = await system.customer();
  await sim.behave({ statuses: { words: [] } });
  await sim.behave({ do: 'slow', ms: 3000, count: 1 });
  const { message } = await ann.say(id, 'in the air');
  const behind = await ann.say(id, 'behind it');
  await sim.tookAtLeast(1);
  await system.daemon.stop('SIGKILL');
  const ballast = path.join(dir, 'ballast');
  assert.throws(() => execFileSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096'], { stdio: 'ignore' }), 'full to the last byte');
  await system.startDaemon();
  await system.daemon.says(/sending: .*; retrying/, 'stderr');
  await fs.rm(ballast);
  await system.messageIs(id, message, 'unknown');
  await system.messageIs(id, behind.message, 'accepted');
});

scenario('WhatsApp reports a status for a message it had refused: it is not sent again', async (system) => {
  const { sim, ann, id } = await start(system);
  await sim.behave({ do: 'error', code: 131016, count: 1 });
  const { message } = await ann.say(id, 'once');
  await system.messageIs(id, message, 'retrying');
  await report(system, message, 'delivered');
  await system.messageIs(id, message, 'delivered');
  const behind = await ann.say(id, 'behind it');
  await system.messageIs(id, behind.message, 'read');
  assert.deepEqual(await sim.textsTo(id.split('_')[2]), ['behind it']);
});

scenario('WhatsApp had a message that an agent discarded or retried: it is shown, and not sent twice', async (system) => {
  const { sim, ann, id } = await start(system, 'unknown_hold_ms = 600000');
  await sim.behave({ statuses: { words: [] } });
  await sim.behave({ do: 'drop-after', count: 2 });
  const discarded = (await ann.say(id, 'given up')).message;
  await system.messageIs(id, discarded, 'unknown');
  assert.equal((await ann.do(id, 'discard', { message: discarded })).ok, true);
  await report(system, discarded, 'read');
  const shown = await system.messageIs(id, discarded, 'read');
  assert.equal(shown.error, undefined);
  assert.equal((await ann.do(id, 'retry', { message: discarded })).ok, false);

  const again = (await ann.say(id, 'sent again')).message;
  await system.messageIs(id, again, 'unknown');
  await system.convwire('number', 'pause', system.number);
  assert.equal((await ann.do(id, 'retry', { message: again })).ok, true);
  await report(system, again, 'delivered');
  const settled = await system.messageIs(id, again, 'delivered');
  assert.equal(settled.attempt, 1, 'the second one is taken back');
  await system.convwire('number', 'resume', system.number);
  const behind = await ann.say(id, 'behind them');
  await system.messageIs(id, behind.message, 'accepted');
  assert.deepEqual(await sim.textsTo(id.split('_')[2]), ['given up', 'sent again', 'behind them']);
});

scenario('an upload does not reveal other agents\' customers; a bad filename stores nothing', async (system) => {
  const { id } = await start(system);
  await system.control('account.add', { account: 'another' });
  const post = (query, token) => system.api(`/media?${query}`, { method: 'POST', body: 'x', headers: { 'Content-Type': 'text/plain' }, token });
  for (const token of [system.token('another', 'agent', 'eve'), system.token(system.account, 'assigned-agent', 'lim')]) {
    const there = await post(`conversation=${id}`, token);
    const notThere = await post(`conversation=${id}9`, token);
    assert.equal(there.status, 403);
    assert.deepEqual([notThere.status, notThere.text], [there.status, there.text]);
  }
  assert.equal((await post(`conversation=${id}&filename=%FF%FEa.pdf`)).status, 400);
  const files = await fs.readdir(path.join(system.dir, 'media'), { recursive: true, withFileTypes: true }).catch(() => []);
  assert.deepEqual(files.filter((file) => file.isFile()), []);
});

scenario('a token limited to a conversation gains none by a merge, after which an id keeps its answer', async (system) => {
  const { ann } = await start(system);
  const { older, younger, merge } = await mergeable(system);
  const token = system.token(system.account, 'agent', 'bob', { acl: [
    { permission: 'allow', action: 'all', topic: `acct/${system.account}/conv/${younger}/#` }, { permission: 'deny', action: 'all', topic: '#' }] });
  const once = await ann.say(younger, 'once', 'the-same-id');
  await merge();
  for (const id of [older, younger]) assert.equal((await system.command(id, 'assign', { assignee: 'bob' }, { token })).json.ok, false);
  assert.equal((await system.api(`/conversations/${older}`)).json.assignee, null);
  const merged = await ann.do(younger, 'done');
  assert.equal(merged.problem.type, 'urn:convwire:problem:conversation_merged');
  assert.ok(merged.problem.detail.includes(older));
  for (const id of [older, younger]) {
    const repeated = await system.command(id, 'send', { kind: 'text', content: { body: 'once' } }, { id: 'the-same-id' });
    assert.equal(repeated.json.message, once.message);
  }
});

scenario('a merge joins two lanes: order is kept', async (system) => {
  const { sim, ann } = await start(system);
  const { older, younger, merge } = await mergeable(system);
  await sim.behave({ do: 'error', code: 131016, count: 1 });
  const first = await ann.say(younger, 'first');
  await system.messageIs(younger, first.message, 'retrying');
  await merge();
  const second = await ann.say(older, 'second');
  await system.messageIs(older, second.message, 'read');
  assert.deepEqual((await sim.taken()).map(({ body }) => body.text.body), ['first', 'second']);
});

scenario('a user id for another of our numbers is not used while there is one for this number', async (system) => {
  const other = '2003427786179738';
  await system.init();
  const sim = await system.startSim('--number', other);
  await system.start();
  assert.equal((await system.convwire('number', 'add', other, '--account', system.account)).code, 0);
  const ann = await system.commander();
  const from = newCustomer();
  const writes = (number, userId) => system.postWebhook(textWebhook(number, { from, userId, body: 'x' }));
  await writes(system.number, 'US.1111111111111111');
  await writes(other, 'US.2222222222222222');
  await writes(system.number, 'US.3333333333333333'); // somebody else has that phone number now
  const { message } = await ann.say(`${system.account}_${system.number}_${from}`, 'to the first one');
  assert.ok(message);
  await sim.tookAtLeast(1);
  assert.equal((await sim.taken())[0].body.recipient, 'US.1111111111111111');
});

scenario('office documents are received and sent: their types are long', async (system) => {
  const { sim, id } = await start(system);
  const type = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  const stored = await system.api(`/media?conversation=${id}`, { method: 'POST', body: 'hello', headers: { 'Content-Type': type } });
  const got = await system.api(`/media/${stored.json.id}`);
  assert.deepEqual([got.status, got.headers['content-type'], got.text], [200, type, 'hello']);
  const from = newCustomer();
  await sim.writes({ from, type: 'document', document: { filename: 'x.docx' }, file: { mime_type: type, base64: Buffer.from('hello').toString('base64') } });
  const sent = `${system.account}_${system.number}_${from}`;
  const message = await eventually(async () => {
    const answer = await system.api(`/conversations/${sent}/messages`);
    return answer.status === 200 && answer.json.messages.find(({ media }) => media?.state === 'ready');
  }, 'the document is there');
  assert.equal(message.media.mime_type, type);
});

scenario('a new token does not end a person\'s pause; over the socket, a pause needs a reason', async (system) => {
  const { sim, ann, id } = await start(system);
  await system.convwire('number', 'pause', system.number, '--reason', 'legal hold');
  const { message } = await ann.say(id, 'not yet');
  const set = await system.convwire('number', 'set-token', system.number, '--token', TOKEN);
  assert.equal(set.code, 0);
  assert.match(set.stdout, /stays paused.*number resume/);
  assert.equal((await system.control('number.pause', { phone_number_id: system.number, reason: '' })).status, 'invalid');
  assert.match((await system.convwire('number', 'list')).stdout, /legal hold/);
  assert.equal((await sim.taken()).length, 0);
  assert.equal((await system.convwire('number', 'resume', system.number)).code, 0);
  await system.messageIs(id, message, 'read');
});

scenario('a refusal is not stored: the same id may be used again, once', async (system) => {
  const { sim } = await start(system);
  const from = newCustomer();
  const id = `${system.account}_${system.number}_${from}`;
  const ask = { kind: 'text', content: { body: 'hello' } };
  const commandId = randomUUID();
  await sim.writes({ from, text: 'two days ago', at: Math.floor(Date.now() / 1000) - 172800 });
  await eventually(async () => (await system.api(`/conversations/${id}`)).status === 200, 'the customer wrote');
  assert.equal((await system.command(id, 'send', ask, { id: commandId })).json.problem.type, 'urn:convwire:problem:window_closed');
  await sim.writes({ from, text: 'and now' });
  await eventually(async () => (await system.api(`/conversations/${id}`)).json.window_ends_at > Date.now(), 'the window is open');
  const [one, two] = [await system.command(id, 'send', ask, { id: commandId }), await system.command(id, 'send', ask, { id: commandId })];
  assert.equal(one.json.ok, true);
  assert.equal(one.json.message, two.json.message);
});
