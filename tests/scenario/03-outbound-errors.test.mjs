// What errors of the Graph API cause: retry later, slow down, pause the number, or fail; each with an explanation.
import assert from 'node:assert/strict';

import { TOKEN } from '../lib/sim.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, webhook } from '../lib/webhook.mjs';

async function start(system, ...settings) {
  await system.init();
  await system.startSim();
  if (settings.length) await system.configure(...settings);
  await system.start();
  return system.sim;
}

scenario('after a temporary error a message is sent again, once, and shown as retrying meanwhile', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  for (const code of [2, 131016, 131000, 130429, 131056, 4, 133004]) {
    const id = await system.customer();
    await sim.behave({ do: 'error', code, count: 1 });
    const { message } = await ann.say(id, `after ${code}`);
    const retrying = await system.messageIs(id, message, 'retrying');
    assert.equal(retrying.error.code, code);
    assert.match(retrying.error.explanation, /\.$/);
    const read = await system.messageIs(id, message, 'read');
    assert.equal(read.error, undefined);
    assert.equal(read.attempt, 1, 'it is still the same attempt');
    assert.deepEqual(await sim.textsTo(id.split('_')[2]), [`after ${code}`]);
  }
});

scenario('a permanent error fails with Meta\'s reason and ours, and a person\'s retry is a new attempt', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  for (const code of [131026, 100, 131051, 132001, 987654]) {
    const id = await system.customer();
    await sim.behave({ do: 'error', code, count: 1 });
    const { message } = await ann.say(id, `first ${code}`);
    const next = await ann.say(id, 'the next one');
    const failed = await system.messageIs(id, message, 'failed');
    assert.equal(failed.error.code, code);
    assert.ok(failed.error.title && failed.error.explanation);
    await system.messageIs(id, next.message, 'read'); // a failure does not delay other messages
    const retried = await ann.do(id, 'retry', { message });
    assert.equal(retried.ok, true, JSON.stringify(retried));
    const read = await system.messageIs(id, message, 'read');
    assert.equal(read.attempt, 2);
    assert.equal(read.error, undefined);
    const taken = (await sim.taken()).filter(({ to }) => to === id.split('_')[2]);
    assert.deepEqual(taken.map(({ body }) => body.text.body), ['the next one', `first ${code}`]);
    assert.equal(taken[1].mark, `${message}.2`);
    assert.equal((await ann.do(id, 'retry', { message })).problem.type, 'urn:convwire:problem:not_possible');
  }
});

const graphError = (error, http = 400) => ({ do: 'answer', count: 1, http, body: { error: { message: 'as WhatsApp says it', type: 'OAuthException', ...error } } });

scenario('WhatsApp’s own trouble is not blamed on the message: it is sent again', async (system, t) => {
  const sim = await start(system);
  const ann = await system.commander();
  for (const [name, rule, code] of [
    ['code 1 with HTTP 500', graphError({ code: 1, is_transient: true }, 500), 1],
    ['code 1, is_transient', graphError({ code: 1, is_transient: true }), 1],
    ['an unknown code with HTTP 503', graphError({ code: 987654, is_transient: true }, 503), 987654],
    ['a code as a text', graphError({ code: '131016' }), 131016],
    ['HTTP 429 without JSON', { do: 'answer', count: 1, http: 429, body: '<html>Too many requests' }, 130429],
  ]) {
    await t.test(name, async () => {
      const id = await system.customer();
      await sim.behave(rule);
      const { message } = await ann.say(id, name);
      const retrying = await system.messageIs(id, message, 'retrying');
      assert.equal(retrying.error.code, code);
      assert.doesNotMatch(retrying.error.explanation, /refuses this message|cannot read this message/);
      await system.messageIs(id, message, 'read');
      assert.deepEqual(await sim.textsTo(id.split('_')[2]), [name]);
    });
  }
});

scenario('a phone_number_id that the token cannot see pauses the number: what waits is kept, and the reason says what to check', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  const id = await system.customer();
  await sim.behave({ ...graphError({ code: 100, error_subcode: 33, type: 'GraphMethodException' }) });
  const { message } = await ann.say(id, 'hello');
  const waiting = await system.messageIs(id, message, 'retrying');
  assert.match(waiting.error.explanation, /does not know this phone_number_id, or the access token may not use it/);
  const [number] = (await system.api('/numbers')).json.numbers;
  assert.deepEqual([number.paused, number.code], [true, 100]);
  assert.match(number.reason, /phone_number_id/);
  assert.equal((await system.convwire('number', 'resume', system.number)).code, 0);
  await system.messageIs(id, message, 'read');
});

scenario('the reason has Meta’s details in one place, whichever shape they came in', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  const id = await system.customer();
  await sim.behave(graphError({ code: 131009, error_data: { details: 'Parameter text has more than 4096 characters' } }));
  const answered = await system.messageIs(id, (await ann.say(id, 'one')).message, 'failed');
  await sim.behave({ statuses: { words: [] } });
  const two = await ann.say(id, 'two');
  await system.messageIs(id, two.message, 'accepted');
  const { wamid } = (await sim.taken()).at(-1);
  const report = { id: wamid, status: 'failed', timestamp: String(Math.floor(Date.now() / 1000)), recipient_id: id.split('_')[2], errors: [{ code: 131053, title: 'Media upload error', error_data: { details: 'Unsupported Audio mime type' } }] };
  await system.postWebhook(webhook([change(system.number, { statuses: [report] })]));
  const reported = await system.messageIs(id, two.message, 'failed');
  assert.deepEqual([answered.error.details, reported.error.details], ['Parameter text has more than 4096 characters', 'Unsupported Audio mime type']);
});

scenario('131000 is tried a few times, then fails', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  const id = await system.customer();
  await sim.behave({ do: 'error', code: 131000 });
  const { message } = await ann.say(id, 'x');
  const failed = await system.messageIs(id, message, 'failed');
  assert.equal(failed.error.code, 131000);
  assert.equal((await sim.ledger()).requests, 4);
});

scenario('an expired token pauses the number, agents are told why, and a new token resumes the queue in order', async (system) => {
  const sim = await start(system);
  const bob = await system.agent({ agent: 'bob' });
  const ann = await system.commander();
  const id = await system.customer();
  await sim.behave({ tokens: ['another'] });
  const sent = [];
  for (const n of [1, 2, 3]) sent.push((await ann.say(id, `text ${n}`)).message);
  const { event } = await bob.until(() => bob.received.find(({ event: { kind, data } }) => kind === 'number' && data.number.value.paused),
    'bob hears that the number is paused');
  assert.equal(event.data.number.field, 'sending');
  assert.equal(event.data.number.value.code, 190);
  assert.match(event.data.number.value.reason, /access token.*set-token/);
  const waiting = await system.messageIs(id, sent[0], 'retrying');
  assert.equal(waiting.error.code, 190);
  assert.equal((await system.message(id, sent[1])).status, 'queued');
  const { requests } = await sim.ledger();
  const listed = await system.convwire('number', 'list');
  assert.match(listed.stdout, /paused/);

  await sim.behave({ tokens: [TOKEN, 'a-new-one'] });
  const set = await system.convwire('number', 'set-token', system.number, '--token', 'a-new-one');
  assert.equal(set.code, 0, set.stderr);
  for (const message of sent) await system.messageIs(id, message, 'read');
  assert.deepEqual(await sim.textsTo(id.split('_')[2]), ['text 1', 'text 2', 'text 3']);
  assert.ok(requests <= 2, `a paused number asks nothing: ${requests}`);
  await bob.until(() => bob.received.find(({ event: { kind, data } }) => kind === 'number' && !data.number.value.paused), 'and that it is not');
});

scenario('a number without a token is paused when it has something to send, and says what to do', async (system) => {
  const sim = await start(system);
  await system.setToken('');
  const ann = await system.commander();
  const id = await system.customer();
  const { message } = await ann.say(id, 'x');
  await eventually(async () => /no access token/.test((await system.convwire('number', 'list')).stdout), 'number list says it');
  assert.equal((await sim.ledger()).requests, 0);
  assert.equal((await system.convwire('number', 'set-token', system.number, '--token', TOKEN)).code, 0);
  await system.messageIs(id, message, 'read');
});

scenario('a person pauses and resumes a number', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  const id = await system.customer();
  assert.equal((await system.convwire('number', 'pause', system.number, '--reason', 'Christmas')).code, 0);
  const { message } = await ann.say(id, 'x');
  assert.match((await system.convwire('number', 'list')).stdout, /Christmas/);
  assert.match((await system.convwire('outbox', 'list')).stdout, /queued/);
  assert.equal((await sim.ledger()).requests, 0);
  assert.equal((await system.convwire('number', 'resume', system.number)).code, 0);
  await system.messageIs(id, message, 'read');
  assert.notEqual((await system.convwire('number', 'resume', system.number)).code, 0);
  assert.notEqual((await system.convwire('number', 'pause', '4711')).code, 0);
});

scenario('24 hours after the customer\'s last message only templates are sent, also if queued earlier', async (system) => {
  const sim = await start(system);
  const ann = await system.commander();
  const id = await system.customer();
  const [{ sent_at: at }] = await system.thread(id);
  assert.equal((await system.api(`/conversations/${id}`)).json.window_ends_at, at + 86_400_000);
  const from = '923450001111';
  const old = `${system.account}_${system.number}_${from}`;
  await sim.writes({ from, text: 'two days ago', at: Math.floor(Date.now() / 1000) - 172_800 });
  await eventually(async () => (await system.api(`/conversations/${old}`)).status === 200, 'the old message arrives');
  for (const door of [(await ann.say(old, 'x')), (await system.command(old, 'send', { kind: 'text', content: { body: 'x' } })).json]) {
    assert.equal(door.problem.type, 'urn:convwire:problem:window_closed');
    assert.equal(door.problem.status, 409);
    assert.match(door.problem.detail, /24 hours.*template/);
  }
  const template = await ann.do(old, 'send', { kind: 'template', content: { name: 'hello', language: { code: 'en' } } });
  await system.messageIs(old, template.message, 'read');

  // A message that was queued while the window was open, but is due after it has closed.
  const late = '923450002222';
  const closing = `${system.account}_${system.number}_${late}`;
  await sim.writes({ from: late, text: 'nearly a day ago', at: Math.floor(Date.now() / 1000) - 86_397 });
  await eventually(async () => (await system.api(`/conversations/${closing}`)).status === 200, 'it arrives');
  await system.control('number.pause', { phone_number_id: system.number, reason: 'a moment' });
  const queued = await ann.say(closing, 'too late');
  assert.equal(queued.ok, true, JSON.stringify(queued));
  const { requests } = await sim.ledger();
  await eventually(async () => (await ann.say(closing, 'x')).ok === false, 'the window closes');
  await system.control('number.resume', { phone_number_id: system.number });
  const failed = await system.messageIs(closing, queued.message, 'failed');
  assert.equal(failed.error.code, 131047);
  assert.match(failed.error.explanation, /template/);
  assert.equal((await sim.ledger()).requests, requests, 'nothing was asked of WhatsApp');
});

scenario('more than 80 a second from a number and 45 to a customer wait here, not at WhatsApp', async (system) => {
  const sim = await start(system, 'send_rate = 80');
  await sim.behave({ statuses: { words: [] } });
  const ann = await system.commander();
  const chatty = await system.customer();
  const others = await Promise.all(Array.from({ length: 20 }, () => system.customer()));
  const sends = Array.from({ length: 47 }, (_, n) => ann.say(chatty, `to one ${n}`));
  for (let n = 0; n < 100; n++) sends.push(ann.say(others[n % 20], `to many ${n}`));
  await Promise.all(sends);
  const taken = await sim.tookAtLeast(145);
  const first = taken[0].at;
  const span = taken.at(144).at - first;
  assert.ok(span >= 1500, `145 messages at 80 per second took ${span} ms`);
  assert.equal((await system.metrics()).outbound_retried_total, 0, 'WhatsApp never had to say no');
  assert.equal(taken.filter(({ to }) => to === chatty.split('_')[2]).length, 45);
  const all = await sim.tookAtLeast(146);
  assert.ok(all.at(-1).at - first >= 5000, 'the 46th came six seconds after the first');
  assert.deepEqual(await sim.textsTo(chatty.split('_')[2]), Array.from({ length: 46 }, (_, n) => `to one ${n}`));
});
