// Files are as safe as a draft's text: they survive another conversation, a reload and the loss of the connection.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, live, row, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';
import { change, webhook } from '../lib/webhook.mjs';

after(closeBrowser);

const pdf = (name) => ({ name, mimeType: 'application/pdf', buffer: Buffer.from(`%PDF-1.4 ${name}`) });
const attach = (page, ...names) => page.locator('input[type=file]').setInputFiles(names.map(pdf));
const attached = (page) => page.locator('.attachments bdi').allTextContents();
const reply = async (page, text) => {
  await page.locator('#composer').fill(text);
  await page.keyboard.press('Enter');
};
const said = async (system) => (await system.sim.taken()).map(({ body }) => body.text?.body ?? body.document.filename);

browserScenario('what is attached stays with its conversation, and outlives a reload', async (browser, system) => {
  await system.sim.writes({ from: '923450000001', text: 'hello' });
  await system.sim.writes({ from: '923450000002', text: 'hi' });
  const page = await browser.inbox();
  await page.locator('.row a').nth(1).click();
  await attach(page, 'one.pdf', 'two.pdf');
  await eventually(async () => (await attached(page)).length === 2, 'both are attached');
  await page.locator('.row a').nth(0).click();
  await eventually(async () => (await attached(page)).length === 0, 'not to this customer');
  await page.locator('.row a').nth(1).click();
  assert.deepEqual(await attached(page), ['one.pdf', 'two.pdf']);
  await page.reload();
  await live(page);
  await eventually(async () => (await attached(page)).length === 2, 'still there');
  await page.getByRole('button', { name: 'Remove two.pdf' }).click();
  await reply(page, 'as promised');
  await eventually(async () => (await said(system)).length === 1, 'one file went out');
  assert.deepEqual((await system.sim.taken()).map(({ body }) => [body.document.filename, body.document.caption]), [['one.pdf', 'as promised']]);
  assert.deepEqual(await attached(page), []);
});

browserScenario('offline: a file waits like a text, in order, and is sent once, even after the page was closed', async (browser, system) => {
  const id = await system.customer();
  const context = await browser.context();
  const page = await browser.inbox({ context, at: `/c/${id}` });
  await page.locator('#composer').waitFor();
  await bubble(page, 'Hello').waitFor();
  const before = Date.now();
  await context.setOffline(true);
  await page.getByText(/^Offline since/).first().waitFor();
  assert.ok(Date.now() - before < 5000, 'the browser\'s event counts at once');
  await attach(page, 'first.pdf');
  await page.locator('.attachments bdi').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#composer').focus();
  await page.keyboard.press('Enter');
  await page.getByText('first.pdf waits for the connection').waitFor();
  await reply(page, 'then this');
  await page.getByText('then this waits for the connection').waitFor();
  await shot(page, 'file-waits');
  const other = await context.newPage();
  await page.close();
  await context.setOffline(false);
  const next = await browser.inbox({ context, at: `/c/${id}` });
  const third = await browser.inbox({ context, at: `/c/${id}` });
  await eventually(async () => (await said(system)).length === 2, 'both went out', { ms: 40_000 });
  assert.deepEqual(await said(system), ['first.pdf', 'then this']);
  await third.close();
  await other.close();
  await next.locator('.attachments').waitFor({ state: 'detached' });
  await reply(next, 'and a last one');
  await eventually(async () => (await said(system)).length === 3, 'nothing was sent twice');
  assert.equal((await said(system))[2], 'and a last one');
});

browserScenario('two pages show the same attached file: it is sent once', async (browser, system) => {
  const id = await system.customer();
  const context = await browser.context();
  const page = await browser.inbox({ context, at: `/c/${id}` });
  await bubble(page, 'Hello').waitFor();
  await attach(page, 'once.pdf');
  await eventually(async () => (await attached(page)).length === 1, 'attached');
  const other = await browser.inbox({ context, at: `/c/${id}` });
  await eventually(async () => (await attached(other)).length === 1, 'here, too');
  await reply(other, 'from the other page');
  await eventually(async () => (await said(system)).length === 1, 'it is sent');
  await reply(page, 'from the first page');
  await page.locator('.attachments').waitFor({ state: 'detached' });
  await page.locator('#composer').fill('the end');
  await page.keyboard.press('Enter');
  await eventually(async () => (await said(system)).includes('the end'), 'the last one is sent');
  assert.deepEqual(await said(system), ['once.pdf', 'from the first page', 'the end']);
});

browserScenario('a conversation is merged into another one while its file is uploaded: it is sent, once', async (browser, system) => {
  const [old, now] = ['923450000001', '923450000002'];
  const id = await system.customer(now);
  const page = await browser.inbox({ at: `/c/${await system.customer(old)}` });
  await bubble(page, 'Hello').waitFor();
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route('**/api/v1/media?*', async (route) => { await held; await route.continue(); });
  await attach(page, 'kept.pdf');
  await eventually(async () => (await attached(page)).length === 1, 'attached');
  await page.locator('#composer').focus();
  await page.keyboard.press('Enter');
  await page.getByText('Uploading… kept.pdf').waitFor();
  await system.postWebhook(webhook([change(system.number, { messages: [{ from: old, id: `wamid.changed.${process.pid}`, timestamp: `${Math.floor(Date.now() / 1000)}`, type: 'system',
    system: { body: `User changed from ${old} to ${now}`, wa_id: now, type: 'user_changed_number' } }] })]));
  await eventually(async () => (await system.rows()).filter(({ merged_into }) => merged_into === null).length === 1, 'they are one');
  await eventually(() => page.evaluate((ids) => ids.some((one) => location.pathname.endsWith(one)), [id, id.replace(now, old)]), 'the page shows it');
  release();
  await eventually(async () => (await said(system)).length === 1, 'it is sent');
  await page.locator('.attachments').waitFor({ state: 'detached' });
  await reply(page, 'the end');
  await eventually(async () => (await said(system)).length === 2, 'the next one is sent');
  assert.deepEqual(await said(system), ['kept.pdf', 'the end']);
});

browserScenario('a conversation that is opened offline shows what is known, and says so', async (browser, system) => {
  await system.customer('923450000001');
  await system.customer('923450000002');
  const page = await browser.inbox();
  await row(page, 'Hello').first().waitFor();
  await system.sim.writes({ from: '923450000002', text: 'the newest' });
  await row(page, 'the newest').waitFor();
  await page.context().setOffline(true);
  await page.getByText(/^Offline since/).first().waitFor();
  await page.locator('.row', { hasText: 'Hello' }).locator('a').click();
  await page.getByText('You are offline').waitFor();
  await page.locator('.row', { hasText: 'the newest' }).locator('a').click();
  await page.getByText('Offline: only what is known here is shown').waitFor();
  await bubble(page, 'the newest').waitFor();
  await shot(page, 'opened-offline');
  await page.context().setOffline(false);
  await bubble(page, 'Hello').waitFor();
  assert.equal(await page.getByText(/You are offline|only what is known here/).count(), 0);
});
