// Refusals: a problem code, an error text, and nothing stored; the same over MQTT and HTTP.
import assert from 'node:assert/strict';

import { mqttConnect } from '../lib/mqtt.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { newCustomer } from '../lib/webhook.mjs';

const NOBODY = '01a20462-5846-7192-9aed-5ab1d5b5eeb2';
const text = (body) => ({ kind: 'text', content: { body } });

scenario('bad commands are answered with a problem, alike over MQTT and HTTP, and store nothing', async (system) => {
  await system.init();
  await system.startSim();
  await system.start();
  const id = await system.customer();
  const other = await system.customer();
  const [foreign] = await system.thread(other);
  const ann = await system.commander();
  const old = ann311(system);
  const file = (type, bytes) => system.api(`/media?conversation=${id}`, { method: 'POST', body: bytes, headers: { 'Content-Type': type } });
  const webp = (await file('image/webp', 'RIFF')).json;
  const video = (await file('video/mp4', Buffer.alloc(17 * 1024 * 1024))).json;
  const head = await system.headOf();
  const rows = [
    // conversation, body, problem, status
    [id, 'nonsense', 'bad_command', 400],
    [id, '[]', 'bad_command', 400],
    [id, { type: 'done' }, 'bad_command', 400],
    [id, { id: '1', type: 'explode' }, 'unknown_command', 400],
    [id, { id: '2', type: 'send' }, 'bad_command', 400],
    [id, { id: '3', type: 'send', data: { kind: 'text', content: { body: 7 } } }, 'bad_command', 400],
    [id, { id: '4', type: 'send', data: text('x'.repeat(4097)) }, 'bad_command', 400],
    [id, { id: '5', type: 'send', data: text('x'), subject: 'bob' }, 'bad_command', 400],
    [id, { id: '6', type: 'send', data: { ...text('x'), reply_to: NOBODY } }, 'unknown_message', 404],
    [id, { id: '7', type: 'send', data: { ...text('x'), reply_to: foreign.id } }, 'unknown_message', 404],
    [id, { id: '8', type: 'send', data: { kind: 'reaction', content: { message: NOBODY, emoji: 'x' } } }, 'unknown_message', 404],
    [id, { id: '9', type: 'send', data: { kind: 'image', content: { media: NOBODY } } }, 'unknown_media', 404],
    [id, { id: '10', type: 'send', data: { kind: 'image', content: { media: webp.id } } }, 'media_type', 415],
    [id, { id: '11', type: 'send', data: { kind: 'video', content: { media: video.id } } }, 'media_too_large', 413],
    [other, { id: '12', type: 'send', data: { kind: 'sticker', content: { media: webp.id } } }, 'unknown_media', 404],
    [id, { id: '13', type: 'read', data: { message: foreign.id } }, 'unknown_message', 404],
    [id, { id: '14', type: 'retry', data: { message: foreign.id } }, 'unknown_message', 404],
    [id, { id: '15', type: 'assign', data: { assignee: 'ann@example.com' } }, 'bad_command', 400],
    [`${system.account}_${system.number}_1`, { id: '16', type: 'done' }, 'unknown_conversation', 404],
    [id, JSON.stringify({ id: '17', type: 'send', data: text('x') }).padEnd(70_000), 'too_large', 413],
  ];
  const commander311 = await old;
  for (const [conversation, body, problem, status] of rows) {
    const label = typeof body === 'string' ? body.slice(0, 40) : JSON.stringify(body).slice(0, 90);
    const http = await system.api(`/conversations/${conversation}/commands`,
      { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
    assert.equal(http.status, status, `${label}: ${http.text}`);
    const answers = [];
    if (problem !== 'too_large') answers.push(http.json); // over HTTP, the listener already refuses such a body
    for (const door of [ann, commander311]) {
      const n = door.replies.length;
      await door.publish(conversation, body);
      answers.push(await door.until(() => door.replies[n], `an answer to ${label}`));
    }
    for (const answer of answers) {
      assert.equal(answer.ok, false);
      assert.equal(answer.problem.type, `urn:convwire:problem:${problem}`, `${label}: ${JSON.stringify(answer)}`);
      assert.equal(answer.problem.status, status);
      assert.match(answer.problem.detail, /^.{10,}\.$/s);
    }
  }
  assert.equal(await system.headOf(), head, 'nothing was stored');
  assert.deepEqual(await system.sim.taken(), []);
});

const ann311 = (system) => system.commander({ agent: 'ann3', protocolVersion: 4 });

scenario('an id belongs to one command: a repeat gets the stored answer, another body a refusal', async (system) => {
  await system.init();
  const sim = await system.startSim();
  await system.start();
  const id = await system.customer();
  const other = await system.customer();
  for (const protocolVersion of [4, 5]) {
    const agent = `agent${protocolVersion}`;
    const door = await system.commander({ agent, protocolVersion });
    const first = await door.say(id, 'Once', 'the-id');
    assert.equal(first.ok, true);
    door.replies.length = 0;
    const again = await door.say(id, 'Once', 'the-id');
    assert.deepEqual(again, first);
    const token = system.token(system.account, 'agent', agent);
    const byHttp = await system.command(id, 'send', text('Once'), { id: 'the-id', token });
    assert.equal(byHttp.status, 200);
    assert.equal(byHttp.json.message, first.message);
    for (const [conversation, body] of [[id, 'Twice'], [other, 'Once']]) {
      const refused = await system.command(conversation, 'send', text(body), { id: 'the-id', token });
      assert.equal(refused.status, 409);
      assert.equal(refused.json.problem.type, 'urn:convwire:problem:id_reused');
    }
    await system.messageIs(id, first.message, 'read');
  }
  const taken = await sim.taken();
  assert.equal(taken.length, 2, 'one each');
});

scenario('a command\'s sender is the topic\'s, whatever body, properties or response topic say', async (system) => {
  await system.init();
  await system.startSim();
  await system.start();
  const id = await system.customer();
  const ann = await system.commander({ agent: 'ann' });
  const bob = await system.commander({ agent: 'bob' });
  await ann.publish(id, { id: 'as-bob', type: 'assign', data: { assignee: 'me' } }, {
    properties: { responseTopic: `acct/${system.account}/agent/bob/reply`, correlationData: Buffer.from('c-1'),
      userProperties: { subject: 'bob' } },
  });
  const answer = await ann.answerTo('as-bob');
  assert.equal(answer.ok, true);
  assert.equal(answer.correlation, 'c-1', 'correlation data comes back');
  assert.equal((await system.api(`/conversations/${id}`)).json.assignee, 'ann');
  const { message } = await ann.say(id, 'from ann');
  assert.deepEqual((await system.message(id, message)).command.subject, 'ann');
  assert.deepEqual(bob.replies, []);

  // Another agent's cmd topic is denied: MQTT 5 reports it, 3.1.1 does not, and HTTP tells both.
  const topic = (agent) => `acct/${system.account}/conv/${id}/cmd/${agent}`;
  const denied = await new Promise((resolve) => ann.client.publish(topic('bob'), '{"id":"x","type":"done"}', { qos: 1 },
    (error, packet) => resolve(error?.code ?? packet?.reasonCode)));
  assert.equal(denied, 0x87);
  const retained = await new Promise((resolve) => ann.client.publish(topic('ann'), '{"id":"y","type":"done"}', { qos: 1, retain: true },
    (error, packet) => resolve(error?.code ?? packet?.reasonCode)));
  assert.equal(retained, 0x87);
  assert.equal((await system.api(`/conversations/${id}`)).json.state, 'open');
  // A will on a cmd topic: the broker does not publish it, or refuses the client.
  const token = system.token(system.account, 'agent', 'eve');
  const eve = await mqttConnect(system.wsUrl, { account: system.account, agent: 'eve', token,
    will: { topic: topic('eve'), payload: '{"id":"w","type":"done"}', qos: 1 } }).catch(() => null);
  eve?.stream.destroy();
  await ann.say(id, 'after the will');
  assert.equal((await system.api(`/conversations/${id}`)).json.state, 'open');
});

scenario('what the role does not allow: silence over 3.1.1, 0x87 over 5, 403 over HTTP', async (system) => {
  await system.init();
  await system.startSim();
  await system.start();
  const mine = await system.customer();
  const theirs = await system.customer();
  await system.control('assign', { account: system.account, conversation: mine, subject: 'lim' });
  const limited = system.token(system.account, 'assigned-agent', 'lim');
  const viewer = system.token(system.account, 'viewer', 'vic');
  const unknown = `${system.account}_${system.number}_${newCustomer()}`;
  assert.equal((await system.command(mine, 'send', text('mine'), { token: limited })).status, 200);
  for (const [token, conversation] of [[limited, theirs], [limited, unknown], [viewer, mine], [viewer, unknown]]) {
    const answer = await system.command(conversation, 'send', text('no'), { token });
    assert.equal(answer.status, 403, answer.text);
    assert.equal(answer.json.problem.type, 'urn:convwire:problem:denied');
  }
  const over5 = await eventually(() => system.commander({ agent: 'lim', role: 'assigned-agent' }), 'lim connects');
  const code = await new Promise((resolve) => over5.client.publish(`acct/${system.account}/conv/${theirs}/cmd/lim`, '{"id":"1","type":"done"}',
    { qos: 1 }, (error, packet) => resolve(error?.code ?? packet?.reasonCode)));
  assert.equal(code, 0x87);
  // HTTP asks the store, which knows the assignment at once; the broker's plugin is told soon after.
  await eventually(async () => await over5.publish(mine, { id: '3', type: 'done' }) === 0, 'the plugin knows the assignment');
  await over5.answerTo('3');
  const over4 = await system.commander({ agent: 'lim', role: 'assigned-agent', protocolVersion: 4 });
  await over4.publish(theirs, { id: '2', type: 'done' }); // PUBACK arrives, and nothing else
  assert.equal((await over4.do(mine, 'done')).ok, true); // answered later than the first one would have been
  assert.equal(over4.replies.length, 1);
  const begin = (token, customer) => system.api('/conversations', { token, method: 'POST',
    body: JSON.stringify({ phone_number_id: system.number, customer }) });
  assert.equal((await begin(viewer, newCustomer())).status, 403);
  const fresh = await begin(limited, newCustomer());
  assert.equal(fresh.status, 201);
  assert.equal(fresh.json.assignee, 'lim', 'who sees only their own gets the new one');
  assert.equal((await begin(limited, theirs.split('_')[2])).status, 403);
});
