// read, typing, assign, done, reopen; and when WhatsApp is told about reading.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { NUMBER, scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { newCustomer } from '../lib/webhook.mjs';

const row = async (system, id) => (await system.api(`/conversations/${id}`)).json;

async function start(system, receipts) {
  await system.init();
  await system.startSim();
  if (receipts) await system.configure(`read_receipts = ${receipts}`);
  await system.start();
}

scenario('read names the last message seen: the team shares the unread count, and WhatsApp is told', async (system) => {
  await start(system, 'open');
  const from = newCustomer();
  const id = await system.customer(from, 'one');
  await system.customer(from, 'two');
  await system.customer(from, 'three');
  const [one, two, three] = await system.thread(id);
  const ann = await system.commander();
  assert.equal((await row(system, id)).unread, 3);
  assert.equal((await ann.do(id, 'read', { message: two.id })).ok, true);
  assert.equal((await row(system, id)).unread, 1);
  const calls = (n) => eventually(async () => {
    const ledger = await system.sim.ledger();
    return ledger.calls.length >= n && ledger.calls;
  }, `WhatsApp hears ${n} calls`);
  assert.deepEqual(await calls(1), [{ status: 'read', message_id: two.wamid, typing: false }]);
  assert.equal((await ann.do(id, 'read', { message: one.id })).ok, true, 'an older one changes nothing');
  assert.equal((await row(system, id)).unread, 1);
  await ann.do(id, 'typing');
  assert.deepEqual((await calls(2))[1], { status: 'read', message_id: three.wamid, typing: true });
  const head = await system.headOf();
  assert.equal((await ann.do(id, 'typing')).ok, true);
  assert.equal(await system.headOf(), head, 'typing is answered, not stored');
  assert.equal((await ann.say(id, 'yes')).ok, true);
  assert.equal((await row(system, id)).unread, 0, 'a reply has read what was before it');
});

scenario('unread: the team has not read the customer\'s last message, or those from a given one on; WhatsApp hears nothing', async (system) => {
  await start(system, 'open');
  const from = newCustomer();
  const id = await system.customer(from, 'one');
  await system.customer(from, 'two');
  const [one, two] = await system.thread(id);
  const ann = await system.commander();
  const unread = async () => (await row(system, id)).unread;
  await ann.do(id, 'read', { message: two.id });
  const heard = await eventually(async () => {
    const ledger = await system.sim.ledger();
    return ledger.calls.length > 0 && ledger.calls;
  }, 'WhatsApp hears of the read mark');
  assert.equal((await ann.do(id, 'unread')).ok, true);
  assert.equal(await unread(), 1);
  assert.equal((await ann.do(id, 'unread', { message: one.id })).ok, true);
  assert.equal(await unread(), 2);
  const head = await system.headOf();
  assert.equal((await ann.do(id, 'unread', { message: two.id })).ok, true, 'it is unread already');
  assert.equal(await system.headOf(), head, 'that tells nobody anything');
  assert.equal((await ann.do(id, 'unread', { message: '00000000-0000-7000-8000-000000000000' })).problem.status, 404);
  assert.equal((await ann.do(id, 'unread', { message: 7 })).problem.status, 400);
  assert.equal((await ann.say(id, 'yes')).ok, true);
  assert.equal(await unread(), 0);
  assert.equal((await ann.do(id, 'unread')).ok, true, 'also after a reply');
  assert.equal(await unread(), 1);
  assert.deepEqual((await system.sim.ledger()).calls, heard);

  const begun = await system.api('/conversations', { method: 'POST',
    headers: { 'content-type': 'application/json' }, body: JSON.stringify({ phone_number_id: NUMBER, customer: newCustomer() }) });
  const nothing = await ann.do(begun.json.id, 'unread');
  assert.equal(nothing.problem.status, 409);
  assert.match(nothing.problem.detail, /has not written/);
});

scenario('read_receipts = reply: WhatsApp is told when a reply was sent, and not before', async (system) => {
  await start(system, 'reply');
  const id = await system.customer();
  const [question] = await system.thread(id);
  const ann = await system.commander();
  await ann.do(id, 'read', { message: question.id });
  await ann.do(id, 'typing');
  const { message } = await ann.say(id, 'Here you are');
  await system.messageIs(id, message, 'read');
  const { calls } = await eventually(async () => {
    const ledger = await system.sim.ledger();
    return ledger.calls.length > 0 && ledger;
  }, 'WhatsApp hears it');
  assert.deepEqual(calls, [{ status: 'read', message_id: question.wamid, typing: false }]);
});

scenario('read_receipts = never: WhatsApp is told nothing', async (system) => {
  await start(system, 'never');
  const id = await system.customer();
  const [question] = await system.thread(id);
  const ann = await system.commander();
  await ann.do(id, 'read', { message: question.id });
  await ann.do(id, 'typing');
  const { message } = await ann.say(id, 'Here you are');
  await system.messageIs(id, message, 'read');
  assert.deepEqual((await system.sim.ledger()).calls, []);
});

scenario('assign, done, reopen; a customer\'s message reopens it', async (system) => {
  await start(system);
  const from = newCustomer();
  const id = await system.customer(from);
  const ann = await system.commander();
  const bob = await system.agent({ agent: 'bob' });
  for (const [assignee, expected] of [['me', 'ann'], ['bob', 'bob'], ['bob', 'bob'], [null, null]]) {
    assert.equal((await ann.do(id, 'assign', { assignee })).ok, true);
    assert.equal((await row(system, id)).assignee, expected);
  }
  assert.equal((await ann.do(id, 'done')).ok, true);
  await bob.until(() => bob.conversations.get(id)?.state === 'done', 'bob sees that it is done');
  assert.equal((await ann.do(id, 'reopen')).ok, true);
  await bob.until(() => bob.conversations.get(id)?.state === 'open', 'bob sees that it is open');
  await ann.do(id, 'done');
  await system.customer(from, 'One more thing');
  await bob.until(() => bob.conversations.get(id)?.state === 'open', 'the customer opens it again');
  bob.check();
});

scenario('a conversation is not assigned to one who cannot answer it', async (system) => {
  await start(system);
  const id = await system.customer();
  const ann = await system.commander();
  const add = async (subject, role) => {
    const file = path.join(system.dir, 'password');
    await fs.writeFile(file, 'a password that nobody guesses', { mode: 0o600 });
    const added = await system.convwire('agent', 'add', subject, '--name', subject, '--role', role, '--password-file', file);
    assert.equal(added.code, 0, added.stderr);
  };
  await add('vera', 'viewer');
  await add('bob', 'agent');
  await add('dora', 'agent');
  assert.equal((await system.convwire('agent', 'disable', 'dora')).code, 0);
  const { agents } = (await system.api('/agents')).json;
  assert.deepEqual(agents.map((agent) => [agent.subject, agent.may_answer]), [['bob', true], ['dora', false], ['vera', false]]);
  for (const [subject, why] of [['vera', /role does not allow/], ['dora', /disabled/]]) {
    const { problem } = await ann.do(id, 'assign', { assignee: subject });
    assert.equal(problem.status, 409);
    assert.equal(problem.title, 'cannot_answer');
    assert.match(problem.detail, why);
    const told = await system.convwire('assign', id, subject);
    assert.notEqual(told.code, 0);
    assert.match(told.stderr, why);
  }
  assert.equal((await row(system, id)).assignee, null);
  assert.equal((await ann.do(id, 'assign', { assignee: 'bob' })).ok, true);
  assert.deepEqual([(await row(system, id)).assignee, (await row(system, id)).assigned_by], ['bob', 'ann']);
  assert.equal((await ann.do(id, 'assign', { assignee: 'elsewhere' })).ok, true, 'whose tokens come from elsewhere');
  assert.equal((await system.convwire('assign', id, 'nobody')).code, 0);
  assert.deepEqual([(await row(system, id)).assignee, (await row(system, id)).assigned_by], [null, null], 'an operator has no name');
});
