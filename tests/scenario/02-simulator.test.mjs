// The simulated WhatsApp refuses what Meta refuses, and answers as Meta does.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import http from 'node:http';

import { TOKEN, Sim } from '../lib/sim.mjs';
import { NUMBER, SECRET, programPath, scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

const TO = '+923456789012';
const base = { messaging_product: 'whatsapp', to: TO };
const text = (body, rest = {}) => ({ ...base, type: 'text', text: { body, ...rest } });
const interactive = (value) => ({ ...base, type: 'interactive', interactive: value });
const button = (id, title = 'Yes') => ({ type: 'reply', reply: { id, title } });
const buttons = (list) => interactive({ type: 'button', body: { text: 'Which?' }, action: { buttons: list } });
const list = (sections, button = 'Open') => interactive({ type: 'list', body: { text: 'Which?' }, action: { button, sections } });
const rows = (n, rest = {}) => Array.from({ length: n }, (_, index) => ({ id: `${index}`, title: 'row', ...rest }));
const location = (value) => ({ ...base, type: 'location', location: value });
const image = (value) => ({ ...base, type: 'image', image: value });

const REFUSED = [
  ['no JSON', 'nonsense', 100],
  ['a list', [], 100],
  ['no product', { to: TO, type: 'text', text: { body: 'x' } }, 100],
  ['another product', { ...text('x'), messaging_product: 'sms' }, 100],
  ['no recipient', { messaging_product: 'whatsapp', type: 'text', text: { body: 'x' } }, 131008],
  ['a recipient of letters', { ...text('x'), to: 'nobody' }, 131009],
  ['a user id without a country', { messaging_product: 'whatsapp', recipient: '1349', type: 'text', text: { body: 'x' } }, 131009],
  ['an unknown recipient_type', { ...text('x'), recipient_type: 'crowd' }, 100],
  ['no type', { ...base, text: { body: 'x' } }, 131008],
  ['an unknown type', { ...base, type: 'poll', poll: {} }, 131051],
  ['a type without its object', { ...base, type: 'text' }, 131008],
  ['an unknown member', { ...text('x'), priority: 'high' }, 100],
  ['another type\'s object beside', { ...text('x'), image: { id: '1' } }, 100],
  ['callback data too long', { ...text('x'), biz_opaque_callback_data: 'x'.repeat(513) }, 100],
  ['text without body', { ...base, type: 'text', text: {} }, 131008],
  ['an empty text', text(''), 100],
  ['a text that is a number', text(7), 100],
  ['a text too long', text('x'.repeat(4097)), 100],
  ['an unknown member of text', text('x', { bold: true }), 100],
  ['a preview that is no boolean', text('x', { preview_url: 'yes' }), 100],
  ['an image of nothing', image({}), 100],
  ['an image by id and link', image({ id: '1', link: 'https://a.b' }), 100],
  ['a link that is none', image({ link: 'ftp://a.b' }), 131009],
  ['a caption too long', image({ link: 'https://a.b', caption: 'x'.repeat(1025) }), 100],
  ['an image with a filename', image({ link: 'https://a.b', filename: 'x' }), 100],
  ['an image that was not uploaded', image({ id: '4711' }), 131009],
  ['a caption on audio', { ...base, type: 'audio', audio: { link: 'https://a.b', caption: 'x' } }, 100],
  ['a caption on a sticker', { ...base, type: 'sticker', sticker: { link: 'https://a.b', caption: 'x' } }, 100],
  ['voice that is no boolean', { ...base, type: 'audio', audio: { link: 'https://a.b', voice: 1 } }, 100],
  ['a place without latitude', location({ longitude: 1 }), 131008],
  ['a place outside the world', location({ latitude: 91, longitude: 0 }), 131009],
  ['an unknown member of a place', location({ latitude: 1, longitude: 1, zoom: 3 }), 100],
  ['no contacts', { ...base, type: 'contacts', contacts: [] }, 100],
  ['a contact without a name', { ...base, type: 'contacts', contacts: [{ phones: [] }] }, 131008],
  ['a reaction to nothing', { ...base, type: 'reaction', reaction: { emoji: 'x' } }, 131008],
  ['a reaction without emoji', { ...base, type: 'reaction', reaction: { message_id: 'w' } }, 131008],
  ['a reaction with a context', { ...base, type: 'reaction', reaction: { message_id: 'w', emoji: 'x' }, context: { message_id: 'w' } }, 100],
  ['a context by its webhook name', { ...text('x'), context: { id: 'w' } }, 100],
  ['no interactive body', interactive({ type: 'button', action: { buttons: [button('1')] } }), 131008],
  ['an unknown interactive type', interactive({ type: 'poll', body: { text: 'x' }, action: {} }), 131009],
  ['no buttons', buttons([]), 131009],
  ['four buttons', buttons(['1', '2', '3', '4'].map((id) => button(id))), 131009],
  ['a button title too long', buttons([button('1', 'x'.repeat(21))]), 100],
  ['a button id too long', buttons([button('x'.repeat(257))]), 100],
  ['a button body too long', interactive({ type: 'button', body: { text: 'x'.repeat(1025) }, action: { buttons: [button('1')] } }), 100],
  ['a footer too long', interactive({ type: 'button', body: { text: 'x' }, footer: { text: 'x'.repeat(61) }, action: { buttons: [button('1')] } }), 100],
  ['a list without sections', list([]), 131009],
  ['eleven sections', list(Array.from({ length: 11 }, () => ({ rows: rows(1) }))), 131009],
  ['eleven rows in all', list([{ rows: rows(6) }, { rows: rows(5) }]), 131009],
  ['a row title too long', list([{ rows: rows(1, { title: 'x'.repeat(25) }) }]), 100],
  ['a row description too long', list([{ rows: rows(1, { description: 'x'.repeat(73) }) }]), 100],
  ['a row id too long', list([{ rows: rows(1, { id: 'x'.repeat(201) }) }]), 100],
  ['a list\'s button too long', list([{ rows: rows(1) }], 'x'.repeat(21)), 100],
  ['a cta_url without url', interactive({ type: 'cta_url', body: { text: 'x' }, action: { name: 'cta_url', parameters: { display_text: 'x' } } }), 131008],
  ['a template without language', { ...base, type: 'template', template: { name: 'hello_world' } }, 131008],
  ['a template that does not exist', { ...base, type: 'template', template: { name: 'nope', language: { code: 'en' } } }, 132001],
  ['components that are no list', { ...base, type: 'template', template: { name: 'hello_world', language: { code: 'en' }, components: {} } }, 100],
];

async function start(system, ...options) {
  const program = system.launch('convwire-sim', programPath('convwire-sim'), ['--number', NUMBER, '--app-secret', SECRET, '--token', TOKEN,
    '--template', 'hello_world', '--ready-fd', 3, ...options], { readyFd: true });
  return new Sim(program, Number((await program.says(/^http=(\d+)\n/, 'ready'))[1]));
}

const post = (sim, body, options = {}) => sim.graph(`/${NUMBER}/messages`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), ...options });

scenario(`${REFUSED.length} malformed bodies are refused with Meta’s code`, async (system) => {
  assert.ok(REFUSED.length >= 40);
  const sim = await start(system);
  for (const [label, body, code] of REFUSED) {
    const answer = await post(sim, body);
    assert.ok(answer.status >= 400, `${label}: ${answer.text}`);
    assert.equal(answer.json.error.code, code, `${label}: ${answer.text}`);
    assert.ok(answer.json.error.error_data.details);
  }
  assert.deepEqual(await sim.taken(), []);
});

scenario('tokens, numbers, versions, and the limits of a number and a pair', async (system) => {
  const sim = await start(system);
  assert.equal((await post(sim, text('x'), { token: 'wrong' })).json.error.code, 190);
  assert.equal((await sim.graph('/4711/messages', { method: 'POST', body: JSON.stringify(text('x')) })).json.error.code, 33);
  await sim.behave({ rate: 1000 });
  const codes = [];
  for (let n = 0; n < 46; n++) codes.push((await post(sim, text(`${n}`))).json.error?.code);
  assert.deepEqual(codes, [...Array(45).fill(undefined), 131056]);
  await sim.behave({ rate: 1 });
  const burst = await Promise.all(Array.from({ length: 10 }, (_, n) => post(sim, { ...text('x'), to: `+92345000000${n}` })));
  assert.ok(burst.some(({ json }) => json.error?.code === 130429));
});

scenario('webhooks are signed over the escaped text that Meta writes', async (system) => {
  const bodies = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (part) => { body += part; }).on('end', () => {
      bodies.push({ body, signature: request.headers['x-hub-signature-256'] });
      response.statusCode = bodies.length === 1 ? 503 : 200; // an unacknowledged webhook is sent again
      response.end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  system.cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const sim = await start(system, '--webhook', `http://127.0.0.1:${server.address().port}/webhook`);
  await sim.writes({ from: '923456789012', text: 'ä 😀 a/b 50% <x> me@x.co "q" \\' });
  await eventually(() => bodies.length >= 2, 'the webhook comes again');
  assert.equal(bodies[0].body, bodies[1].body);
  const { body, signature } = bodies[1];
  assert.equal(signature, `sha256=${createHmac('sha256', SECRET).update(body, 'latin1').digest('hex')}`);
  assert.match(body, /\\u00e4 \\ud83d\\ude00 a\\\/b 50\\u0025 \\u003Cx> me\\u0040x\.co \\"q\\" \\\\/);
  assert.equal(JSON.parse(body).entry[0].changes[0].value.messages[0].text.body, 'ä 😀 a/b 50% <x> me@x.co "q" \\');
});
