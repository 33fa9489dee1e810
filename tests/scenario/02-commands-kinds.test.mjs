// Every kind that an agent may send, as the Graph API receives it.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { newCustomer } from '../lib/webhook.mjs';

// The smallest files of their types; their content is never read.
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

async function start(system) {
  await system.init();
  await system.startSim('--template', 'hello_world');
  await system.start();
}

async function upload(system, conversation, type, bytes, filename) {
  const answer = await system.api(`/media?conversation=${conversation}${filename ? `&filename=${encodeURIComponent(filename)}` : ''}`,
    { method: 'POST', body: bytes, headers: { 'Content-Type': type } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

scenario('texts, locations, contacts, choices and templates', async (system) => {
  await start(system);
  const { sim } = system;
  const id = await system.customer();
  const [question] = await system.thread(id);
  const ann = await system.commander();
  const kinds = [
    ['text', { body: 'See https://example.com', preview_url: true }],
    ['location', { latitude: 33.6844, longitude: 73.0479, name: 'Blue Area', address: 'Islamabad' }],
    ['contacts', { contacts: [{ name: { formatted_name: 'Sana Malik' }, phones: [{ phone: '+92 300 1234567', type: 'CELL' }] }] }],
    ['interactive', { type: 'button', body: { text: 'Which?' }, action: { buttons: [
      { type: 'reply', reply: { id: 'y', title: 'Yes' } }, { type: 'reply', reply: { id: 'n', title: 'No' } }] } }],
    ['interactive', { type: 'list', body: { text: 'Which?' }, action: { button: 'Open', sections: [
      { title: 'Colours', rows: [{ id: 'b', title: 'Blue', description: 'as the sky' }] }] } }],
    ['interactive', { type: 'cta_url', body: { text: 'Look' }, action: { name: 'cta_url',
      parameters: { display_text: 'Open', url: 'https://example.com' } } }],
    ['template', { name: 'hello_world', language: { code: 'en_US' }, components: [
      { type: 'body', parameters: [{ type: 'text', text: 'Ayesha' }] }] }],
    ['image', { link: 'https://example.com/a.jpg', caption: 'this one' }],
  ];
  for (const [kind, content] of kinds) {
    const answer = await ann.do(id, 'send', { kind, content });
    assert.equal(answer.ok, true, `${kind}: ${JSON.stringify(answer)}`);
    const message = await system.messageIs(id, answer.message, 'read');
    assert.equal(message.kind, kind);
    assert.deepEqual(message.content, content);
  }
  const taken = await sim.taken();
  assert.equal(taken.length, kinds.length);
  kinds.forEach(([kind, content], index) => {
    assert.equal(taken[index].type, kind);
    assert.deepEqual(taken[index].body[kind], kind === 'contacts' ? content.contacts : content);
  });

  // A reaction has no bubble of its own: it is a row with a target, and its removal is another.
  for (const emoji of ['👍', '']) {
    const answer = await ann.do(id, 'send', { kind: 'reaction', content: { message: question.id, emoji } });
    const reaction = await system.messageIs(id, answer.message, 'read');
    assert.deepEqual(reaction.target, { message: question.id, wamid: question.wamid });
    assert.deepEqual(reaction.content, emoji ? { emoji } : {});
    const { body } = (await sim.taken()).at(-1);
    assert.deepEqual(body.reaction, { message_id: question.wamid, emoji });
  }
  const { last_message: last } = (await system.api(`/conversations/${id}`)).json;
  assert.equal(last.kind, 'image', 'a reaction is never the last message');
});

scenario('files are uploaded first, then sent, and once for two messages', async (system) => {
  await start(system);
  const { sim } = system;
  const id = await system.customer();
  const ann = await system.commander();
  const image = await upload(system, id, 'image/png', PNG);
  const pdf = await upload(system, id, 'application/pdf', Buffer.from('%PDF-1.4 not much'), 'Reçu n° 12.pdf');
  const voice = await upload(system, id, 'audio/ogg', Buffer.from('OggS'));
  assert.equal(image.size, PNG.length);
  const sends = [
    ['image', { media: image.id, caption: 'look' }],
    ['image', { media: image.id }],
    ['document', { media: pdf.id, filename: 'Reçu.pdf' }],
    ['voice', { media: voice.id }],
    ['audio', { media: voice.id }],
  ];
  for (const [kind, content] of sends) {
    const answer = await ann.do(id, 'send', { kind, content });
    assert.equal(answer.ok, true, JSON.stringify(answer));
    const message = await system.messageIs(id, answer.message, 'read');
    assert.equal(message.media.id, content.media);
    assert.equal(message.media.state, 'ready');
    const got = await system.api(`/media/${message.media.id}`);
    assert.equal(got.status, 200);
    assert.equal(got.headers['x-content-type-options'], 'nosniff');
  }
  const taken = (await sim.taken()).map(({ body }) => body);
  assert.equal(taken[0].image.caption, 'look');
  assert.equal(taken[0].image.id, taken[1].image.id, 'uploaded once');
  assert.equal(taken[0].image.media, undefined);
  assert.equal(taken[2].document.filename, 'Reçu.pdf');
  assert.equal(taken[3].type, 'audio');
  assert.equal(taken[3].audio.voice, true);
  assert.equal(taken[4].audio.voice, undefined);
});

scenario('a template to a new customer, whose answer arrives in the same conversation', async (system) => {
  await start(system);
  const { sim } = system;
  const ann = await system.commander();
  const customer = newCustomer();
  const begin = (body) => system.api('/conversations', { method: 'POST', body: JSON.stringify(body) });
  const made = await begin({ phone_number_id: system.number, customer: `+${customer.slice(0, 2)} ${customer.slice(2)}` });
  assert.equal(made.status, 201, made.text);
  const { id } = made.json;
  assert.equal(id, `${system.account}_${system.number}_${customer}`);
  assert.equal((await begin({ phone_number_id: system.number, customer })).status, 200);

  const refused = await ann.say(id, 'Hello?');
  assert.equal(refused.problem.type, 'urn:convwire:problem:window_closed');
  assert.match(refused.problem.detail, /has not written yet/);
  const sent = await ann.do(id, 'send', { kind: 'template', content: { name: 'hello_world', language: { code: 'en_US' } } });
  await system.messageIs(id, sent.message, 'read');

  await sim.writes({ from: customer, text: 'Who is this?' });
  const thread = await eventually(async () => {
    const rows = await system.thread(id);
    return rows.length === 2 && rows;
  }, 'the answer arrives');
  assert.equal(thread[1].content.body, 'Who is this?');
  assert.equal((await ann.say(id, 'The shop.')).ok, true, 'the window is open now');

  assert.equal((await begin({ phone_number_id: '999', customer })).status, 404);
  assert.equal((await begin({ phone_number_id: system.number, customer: 'nobody' })).status, 400);
  assert.equal((await begin({ phone_number_id: system.number })).status, 400);
  assert.equal((await begin({ phone_number_id: system.number, customer, subject: 'bob' })).status, 400);
});

scenario('a hidden phone number is answered by business-scoped user id', async (system) => {
  await start(system);
  const { sim } = system;
  const ann = await system.commander();
  const userId = 'US.13491208655302741918';
  await sim.writes({ from: userId, text: 'no phone' });
  const id = `${system.account}_${system.number}_${userId.replace('.', '-')}`;
  await eventually(async () => (await system.api(`/conversations/${id}`)).status === 200, 'the message arrives');
  const answer = await ann.say(id, 'Hello you');
  await system.messageIs(id, answer.message, 'read');
  const { body } = (await sim.taken()).at(-1);
  assert.equal(body.recipient, userId);
  assert.equal(body.to, undefined);
});

scenario('a message in a group is answered to the group', async (system) => {
  await start(system);
  const { sim } = system;
  const ann = await system.commander();
  const group = 'Z29sZGVuX2dyb3VwOmxhbXBmYW5zMDAy';
  await sim.writes({ from: newCustomer(), group, text: 'Who can bring a ladder?' });
  const id = `${system.account}_${system.number}_${group}`;
  await eventually(async () => (await system.api(`/conversations/${id}`)).status === 200, 'the message arrives');
  const [question] = await system.thread(id);
  const answer = await ann.do(id, 'send', { kind: 'text', content: { body: 'We can.' }, reply_to: question.id });
  assert.equal(answer.ok, true, JSON.stringify(answer));
  await system.messageIs(id, answer.message, 'read');
  const { body } = (await sim.taken()).at(-1);
  assert.equal(body.recipient_type, 'group');
  assert.equal(body.to, group);
  assert.deepEqual(body.context, { message_id: question.wamid });
});
