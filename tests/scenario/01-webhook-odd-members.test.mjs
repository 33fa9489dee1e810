// One bad member of a webhook costs nothing else: the message is shown under what is usable. Phone numbers are the same
// however they are written, at every door.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { scenario } from '../lib/system.mjs';
import { change, newWamid, text, webhook } from '../lib/webhook.mjs';

const DIGITS = '923456789012';
const WRITTEN = ['+923456789012', '+92 345 678-9012', '00923456789012', '(92) 345.678.9012', '+92 (0)345 6789012',
  '\u202a+92\u00a0345\u2011678\u20119012\u202c', '٩٢٣٤٥٦٧٨٩٠١٢', '９２ 345 6789012'];

const idOf = (system, customer = DIGITS) => `${system.account}_${system.number}_${customer}`;
const post = async (system, parts, field) => assert.equal((await system.postWebhook(webhook([change(system.number, parts, field)]))).status, 200);

async function importAlias(system, id, customer) {
  const file = path.join(system.dir, 'aliases.ndjson');
  await fs.writeFile(file, `${JSON.stringify({ _id: id, accountId: system.account, phoneNumberId: system.number, customerNumber: customer })}\n`);
  return system.convwire('alias', 'import', file);
}

scenario('a phone number is the same however it is written: webhook, echo, history, API, resolve, import', async (system, t) => {
  await (await system.init()).start();
  for (const [i, written] of WRITTEN.entries()) {
    await t.test(written, async () => {
      await post(system, { messages: [text({ from: written, body: `message ${i}` })] });
      await post(system, { message_echoes: [{ ...text({ from: '15550100200', body: `echo ${i}` }), to: written }] }, 'smb_message_echoes');
      await post(system, { history: [{ threads: [{ id: written, messages: [text({ from: DIGITS, body: `past ${i}`, at: 1_700_000_000 + i })] }] }] }, 'history');
      const begun = await system.api('/conversations', { method: 'POST', body: JSON.stringify({ phone_number_id: system.number, customer: written }) });
      assert.deepEqual([begun.status, begun.json.id], [200, idOf(system)]);
      const found = await system.api(`/resolve?id=${encodeURIComponent(written)}`);
      assert.deepEqual(found.json.matches.map((match) => match.conversation), [idOf(system)]);
      const imported = await importAlias(system, `old-${i}`, written);
      assert.equal(imported.code, 0, imported.stderr);
      assert.equal((await system.api(`/resolve?id=old-${i}`)).json.matches[0].conversation, idOf(system));
    });
  }
  assert.deepEqual((await system.rows()).map(({ id }) => id), [idOf(system)]);
  assert.equal((await system.thread(idOf(system))).length, 3 * WRITTEN.length);
  assert.equal((await system.thread(idOf(system))).filter((message) => message.direction === 'out').length, WRITTEN.length);
});

scenario('a user id or a phone number that is none is ignored by itself', async (system) => {
  await (await system.init()).start();
  const of = (from, name, wa_id, user_id) => ({ contacts: [{ wa_id, user_id, profile: { name } }], messages: [{ ...text({ from: wa_id }), from, from_user_id: user_id }] });
  await post(system, of('923456789012', 'Rana Malik', '923456789012', 'foo_bar'));
  await post(system, of('not a number', 'Ines', 'not a number', 'PT.123'));
  await post(system, of('551187650001', 'Bruna', '5511987650001'));
  await post(system, of('16315551181', 'Kerry', '16315551234'));
  await post(system, of('0', 'Nobody', '0', 'foo_bar'));
  const rows = (await system.rows()).map(({ id, contact }) => [id.split('_')[2], contact.name]).sort();
  assert.deepEqual(rows, [['16315551181', 'Kerry'], ['551187650001', 'Bruna'], ['923456789012', 'Rana Malik'], ['PT-123', 'Ines']]);
  assert.equal((await system.metrics()).changes_kept_total, 1, 'who is nobody is kept raw');
});

scenario('names that are too long are cut at a character; a file keeps its extension', async (system) => {
  await (await system.init()).start();
  const hindi = 'हि'.repeat(100); // 600 bytes
  const document = { id: newWamid(), from: DIGITS, timestamp: '1800000000', type: 'document', document: { id: '4711', mime_type: 'application/pdf', filename: `${hindi}.pdf` } };
  await post(system, { contacts: [{ wa_id: DIGITS, profile: { name: hindi } }], messages: [document] });
  const [message] = await system.thread(idOf(system));
  assert.equal(message.media.filename, `${'हि'.repeat(41)}.pdf`, '255 bytes at most');
  const [{ contact }] = await system.rows();
  assert.equal(contact.name, 'हि'.repeat(85), '512 bytes at most');
});

scenario('a number without its country code begins no conversation', async (system, t) => {
  await (await system.init()).start();
  for (const customer of ['01012345678', '(0)1012345678', '+0 1012345678']) {
    await t.test(customer, async () => {
      const { status, json } = await system.api('/conversations', { method: 'POST', body: JSON.stringify({ phone_number_id: system.number, customer }) });
      assert.equal(status, 400);
      assert.match(json.detail, /begins with 0: begin with the country code/);
      const imported = await importAlias(system, 'old', customer);
      assert.match(imported.stderr, /begin with the country code/);
      assert.notEqual(imported.code, 0);
    });
  }
  const { json } = await system.api('/conversations', { method: 'POST', body: JSON.stringify({ phone_number_id: system.number, customer: 'ann' }) });
  assert.equal(json.detail, 'customer "ann" is not a phone number');
  assert.deepEqual(await system.rows(), []);
});
