// What WhatsApp says about templates is true at once: status, category, quality; a new one is fetched.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { WABA, webhook } from '../lib/webhook.mjs';

const template = (name, id, extra = {}) => ({ name, id, language: 'en', status: 'APPROVED', category: 'MARKETING', components: [{ type: 'BODY', text: `Hello from ${name}` }], ...extra });
const PROMO = template('promo', '806312974732579');

async function start(system, templates = [PROMO]) {
  await system.init();
  const sim = await system.startSim();
  await sim.behave({ templates });
  await system.start();
  await system.customerWrites(); // from which the WABA is learnt
  const synced = await system.convwire('template', 'sync');
  assert.equal(synced.code, 0, synced.stderr);
  return sim;
}

const list = async (system) => (await system.api('/templates')).json.templates;
const says = async (system, field, value) => assert.equal((await system.postWebhook(webhook([{ field, value: {
  message_template_id: 806312974732579, message_template_name: 'promo', message_template_language: 'en', ...value,
} }]))).status, 200);

scenario('status, category and quality of a known template change with the webhook', async (system) => {
  const sim = await start(system);
  await sim.behave({ tokens: ['another'] }); // so that nothing is fetched: the webhooks alone count
  await says(system, 'message_template_status_update', { event: 'PAUSED', reason: 'NONE' });
  assert.deepEqual((await list(system)).map(({ name, status }) => [name, status]), [['promo', 'PAUSED']]);
  await says(system, 'template_category_update', { previous_category: 'MARKETING', new_category: 'UTILITY' });
  await says(system, 'message_template_quality_update', { previous_quality_score: 'GREEN', new_quality_score: 'YELLOW' });
  // As in Meta's own example: a quality update under the name of a status update.
  const [known] = await list(system);
  assert.deepEqual([known.category, known.quality, known.status], ['UTILITY', 'YELLOW', 'PAUSED']);
  await says(system, 'message_template_status_update', { previous_quality_score: 'YELLOW', new_quality_score: 'RED' });
  assert.deepEqual((await list(system)).map(({ status, quality }) => [status, quality]), [['PAUSED', 'RED']]);
  await says(system, 'message_template_status_update', { event: 'PAUSED', message_template_name: 'of another language', message_template_language: 'pt_BR' });
  assert.equal((await list(system)).length, 1);
  for (const [event, status] of [['REINSTATED', 'APPROVED'], ['FLAGGED', 'APPROVED'], ['LOCKED', 'APPROVED'], ['PAUSED', 'PAUSED'], ['UNLOCKED', 'PAUSED'], ['DISABLED', 'DISABLED']]) {
    await says(system, 'message_template_status_update', { event });
    assert.equal((await list(system))[0].status, status, event);
  }
});

scenario('a file in the header is uploaded, and replaced by WhatsApp\'s id; text and URL parameters go as they are', async (system) => {
  const sim = await start(system);
  const id = await system.customer();
  const ann = await system.commander();
  const upload = async (type, name) => (await system.http(`/api/v1/media?conversation=${encodeURIComponent(id)}&filename=${name}`, { method: 'POST', body: randomBytes(500), headers: { Authorization: `Bearer ${system.token()}`, 'Content-Type': type } })).json.id;
  const send = (components) => ann.do(id, 'send', { kind: 'template', content: { name: 'promo', language: { code: 'en' }, components } });
  const media = await upload('image/png', 'sale.png');
  const rest = [{ type: 'body', parameters: [{ type: 'text', text: 'Ayesha' }] }, { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'sale-7' }] }];
  const sent = await send([{ type: 'header', parameters: [{ type: 'image', image: { media } }] }, ...rest]);
  assert.ok(sent.ok, JSON.stringify(sent));
  await eventually(async () => (await sim.taken()).length === 1, 'it is sent');
  const [{ body }] = await sim.taken();
  const [header, ...others] = body.template.components;
  assert.match(header.parameters[0].image.id, /^\d+$/);
  assert.deepEqual(Object.keys(header.parameters[0].image), ['id']);
  assert.deepEqual(others, rest);
  const shown = (await system.thread(id)).find((one) => one.id === sent.message);
  assert.equal(shown.media.state, 'ready');
  const pdf = await upload('application/pdf', 'list.pdf');
  assert.ok((await send([{ type: 'header', parameters: [{ type: 'document', document: { media: pdf } }] }])).ok);
  await eventually(async () => (await sim.taken()).length === 2, 'the document is sent');
  assert.equal((await sim.taken())[1].body.template.components[0].parameters[0].document.filename, 'list.pdf');
  for (const [image, problem] of [[{ media: 'none' }, 'unknown_media'], [{ media: pdf }, 'media_type']]) {
    const refused = await send([{ type: 'header', parameters: [{ type: 'image', image }] }]);
    assert.equal(refused.problem.title, problem);
  }
});

scenario('webhooks that come late or twice do not decide: the templates are fetched again', async (system) => {
  const sim = await start(system);
  await sim.behave({ templates: [{ ...PROMO, status: 'APPROVED', quality_score: { score: 'GREEN' } }] });
  await says(system, 'message_template_status_update', { event: 'PAUSED' }); // of last week
  await eventually(async () => (await list(system)).some(({ status, quality }) => status === 'APPROVED' && quality === 'GREEN'), 'as WhatsApp lists it');
});

scenario('a WABA whose templates cannot be fetched does not hold up another', async (system) => {
  const sim = await start(system);
  assert.equal((await system.convwire('number', 'add', '2002', '--account', system.account, '--waba', '777')).code, 0);
  const file = path.join(system.dir, 'bad.token');
  await fs.writeFile(file, 'a-token-that-whatsapp-refuses\n', { mode: 0o600 });
  assert.equal((await system.convwire('number', 'set-token', '2002', '--token-file', file)).code, 0);
  const approved = (waba, name) => system.postWebhook(webhook([{ field: 'message_template_status_update', value: { event: 'APPROVED', message_template_id: 9, message_template_name: name, message_template_language: 'en' } }], { waba }));
  await approved('777', 'of another');
  await sim.behave({ templates: [PROMO, template('spring', '2')] });
  await approved(WABA, 'spring');
  await eventually(async () => (await list(system)).some(({ name }) => name === 'spring'), 'spring is listed', { ms: 90_000 });
});

scenario('a template that was approved is fetched, also if WhatsApp could not be asked at once, or the daemon was killed', async (system) => {
  const sim = await start(system);
  await sim.behave({ templates: [PROMO, template('spring', '2')] });
  await says(system, 'message_template_status_update', { event: 'APPROVED', message_template_id: 2, message_template_name: 'spring' });
  const has = (name) => eventually(async () => (await list(system)).some((row) => row.name === name && row.components.length === 1), `${name} is listed`);
  await has('spring');
  assert.equal((await list(system)).find(({ name }) => name === 'promo').status, 'APPROVED');

  await sim.behave({ templates: [PROMO, template('summer', '3')], tokens: ['another'] });
  await says(system, 'message_template_status_update', { event: 'APPROVED', message_template_id: 3, message_template_name: 'summer' });
  await system.daemon.says(/the templates of WhatsApp Business Account \d+ cannot be fetched: .*; tried again in a minute/, 'stderr');
  await system.daemon.stop('SIGKILL');
  await sim.behave({ tokens: ['the-access-token-of-the-scenarios'] });
  await system.startDaemon();
  await system.ready();
  await has('summer');
  assert.deepEqual((await list(system)).map(({ name }) => name), ['promo', 'summer'], 'what is gone from WhatsApp is gone');
});

scenario('template sync goes on past a number without a token', async (system, t) => {
  await start(system);
  await t.test('of the same WABA', async () => {
    assert.equal((await system.convwire('number', 'add', '2002', '--account', system.account, '--waba', WABA)).code, 0);
    const synced = await system.convwire('template', 'sync');
    assert.deepEqual([synced.code, synced.stderr], [0, '']);
  });
  await t.test('of another WABA', async () => {
    assert.equal((await system.convwire('number', 'add', '2003', '--account', system.account, '--waba', '777')).code, 0);
    const synced = await system.convwire('template', 'sync');
    assert.equal(synced.code, 0, synced.stderr);
    assert.match(synced.stdout, /^1 templates of WhatsApp Business Account /);
    assert.match(synced.stderr, /skipped WhatsApp Business Account 777: none of its numbers has an access token; `convwire number set-token 2003` sets one/);
  });
});
