// Replies: ticks, failures with reasons and a retry that works, files, quotes, templates, assignment.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, open, row, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const FROM = '923456789012';
const reply = async (page, text) => {
  await page.locator('#composer').fill(text);
  await page.keyboard.press('Enter');
};
const ticks = (page, text) => bubble(page, text).locator('.ticks .sr-only');

browserScenario('a reply’s ticks advance, also in words; the first one takes the conversation', async (browser, system) => {
  await system.customer(FROM);
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  await reply(page, 'Yes, it is.');
  await eventually(async () => await ticks(page, 'Yes, it is.').textContent() === 'read', 'read');
  assert.equal(await page.locator('#composer').inputValue(), '');
  await eventually(async () => await page.locator('.assign select').inputValue() === 'ann', 'ann has it');
  assert.equal((await system.sim.taken()).length, 1);
  await page.getByRole('button', { name: 'Mine 1' }).click();
  await row(page, 'Ayesha').waitFor();
  await shot(page, 'reply-read');
});

browserScenario('a reply that fails says why, and a retry works', async (browser, system) => {
  await system.customer(FROM);
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  const error = { code: 131009, message: 'Parameter value is not valid', error_data: { details: 'text.body: must not be so odd' } };
  await system.sim.behave({ do: 'answer', http: 400, count: 1, body: { error } });
  await reply(page, 'please arrive');
  const trouble = bubble(page, 'please arrive').locator('.trouble');
  await trouble.waitFor();
  assert.match(await trouble.textContent(), /^Not sent: A part of this message .*text\.body: must not be so odd.*Send again$/);
  assert.match(await page.locator('.row .preview').textContent(), /Not sent/, 'in the list, too');
  assert.equal(await ticks(page, 'please arrive').textContent(), 'not sent');
  await shot(page, 'reply-failed');
  await trouble.getByRole('button', { name: 'Send again' }).click();
  await eventually(async () => await ticks(page, 'please arrive').textContent() === 'read', 'read after the retry');
  assert.equal(await bubble(page, 'please arrive').count(), 1, 'the same bubble');
});

browserScenario('files by button, drop and paste; a picture opens large; a quote leads to its message', async (browser, system) => {
  await system.customer(FROM, 'Which one?');
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  await page.locator('input[type=file]').setInputFiles({ name: 'lamp.png', mimeType: 'image/png', buffer: png });
  await page.locator('.attachments').getByText('lamp.png').waitFor();
  for (const [type, name] of [['drop', 'dropped.pdf'], ['paste', 'pasted.pdf']]) {
    await page.locator('#composer').evaluate((field, { event, named }) => {
      const data = new DataTransfer();
      data.items.add(new File(['%PDF-1.4 of a test'], named, { type: 'application/pdf' }));
      field.dispatchEvent(event === 'drop' ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }) :
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    }, { event: type, named: name });
    await page.locator('.attachments').getByText(name).waitFor();
  }
  await page.getByRole('button', { name: 'Remove pasted.pdf' }).click();
  await bubble(page, 'Which one?').hover();
  await page.getByRole('button', { name: 'Reply', exact: true }).click();
  await reply(page, 'This one');
  await bubble(page, 'dropped.pdf').waitFor();
  await eventually(async () => (await system.sim.taken()).length === 2, 'both were sent');
  const picture = bubble(page, 'This one');
  await eventually(async () => picture.locator('img').evaluate((img) => img.complete && img.naturalWidth === 1), 'the picture is shown');
  assert.equal(await picture.locator('.quote').innerText(), 'Ayesha Khan\nWhich one?');
  await picture.getByRole('button', { name: 'Open Photo' }).click();
  await page.locator('dialog.viewer img').waitFor();
  await shot(page, 'viewer');
  await page.keyboard.press('Escape');
  await page.locator('dialog.viewer').waitFor({ state: 'detached' });
});

browserScenario('files being uploaded: a removed one is not sent, a failed one waits, text typed meanwhile stays', async (browser, system) => {
  await system.customer(FROM);
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route('**/api/v1/media?*one.pdf*', async (route) => { await held; await route.continue(); });
  await page.route('**/api/v1/media?*three.pdf*', (route) => route.fulfill({ status: 415, contentType: 'application/problem+json', body: JSON.stringify({ title: 'media_type', status: 415, detail: 'refused' }) }));
  const pdf = (name) => ({ name, mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4 of a test') });
  await page.locator('input[type=file]').setInputFiles(['one.pdf', 'two.pdf', 'three.pdf'].map(pdf));
  await reply(page, 'the caption');
  await page.getByText('Uploading… one.pdf').waitFor();
  await page.getByRole('button', { name: 'Remove two.pdf' }).click();
  await page.locator('#composer').fill('typed meanwhile');
  release();
  await page.getByText(/three\.pdf was not sent: /).waitFor();
  await page.unroute('**/api/v1/media?*three.pdf*');
  await page.getByRole('button', { name: 'Send again' }).click();
  const sent = await eventually(async () => { const taken = await system.sim.taken(); return taken.length === 2 && taken; }, 'two files went out');
  assert.deepEqual(sent.map(({ body }) => [body.document.filename, body.document.caption]), [['one.pdf', 'the caption'], ['three.pdf', undefined]]);
  assert.equal(await page.locator('#composer').inputValue(), 'typed meanwhile');
  await page.locator('.attachments').waitFor({ state: 'detached' });
});

browserScenario('drafts belong to their conversation; emoji; assign, done and reopen from list and thread', async (browser, system) => {
  await system.customerWrites({ from: '923450000001', name: 'One Customer', body: 'hello' });
  await system.customerWrites({ from: '923450000002', name: 'Two Customer', body: 'hello' });
  const page = await browser.inbox();
  await open(page, 'One Customer');
  await page.locator('#composer').fill('a draft ');
  await page.getByRole('button', { name: 'Emoji' }).click();
  await page.getByRole('button', { name: '👍' }).click();
  await open(page, 'Two Customer');
  assert.equal(await page.locator('#composer').inputValue(), '');
  await page.reload();
  await open(page, 'One Customer');
  assert.equal(await page.locator('#composer').inputValue(), 'a draft 👍');

  await page.locator('.assign select').selectOption({ label: 'Bob Brown' });
  await row(page, 'One Customer').getByText('Bob Brown').waitFor();
  await page.locator('.thread-head').getByRole('button', { name: 'Done', exact: true }).click();
  await row(page, 'One Customer').waitFor({ state: 'detached' });
  await page.getByLabel('Open or done').selectOption('done');
  await row(page, 'One Customer').waitFor();
  await row(page, 'One Customer').hover();
  await row(page, 'One Customer').getByRole('button', { name: 'Reopen' }).click();
  await row(page, 'One Customer').waitFor({ state: 'detached' });
  await page.getByLabel('Open or done').selectOption('open');
  await row(page, 'Two Customer').hover();
  await row(page, 'Two Customer').getByRole('button', { name: 'Assign to me' }).click();
  await page.getByRole('button', { name: 'Mine 1' }).click();
  await row(page, 'Two Customer').waitFor();
});
