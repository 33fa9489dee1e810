// What a day in the dashboard showed: small untruths about numbers, names, times and drafts.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, live, open, row, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';
import { change, contact, text, webhook } from '../lib/webhook.mjs';

after(closeBrowser);

browserScenario('phones are grouped as their country does; a group has a name; our numbers are not ids', async (browser, system) => {
  for (const from of ['923456789012', '4915112345678', '5511987654321']) await system.customerWrites({ from, name: '', body: `from ${from}` });
  await system.postWebhook(webhook([change(system.number, { contacts: [contact({ from: '923331230009', name: 'Gina' })], messages: [{ ...text({ from: '923331230009', body: 'hi all' }), group_id: 'Y2FwaV9ncm91cDoxMjM0' }] })]));
  const page = await browser.inbox();
  for (const name of ['+92 345 6789012', '+49 1511 2345678', '+55 11 98765 4321']) await row(page, name).waitFor();
  await row(page, 'Group').waitFor();
  await row(page, 'Gina: hi all').waitFor();
  await open(page, 'Group');
  assert.equal(await page.locator('.thread-head p').first().textContent().then((said) => said.includes('+')), false);
  assert.match(await page.locator('.fact', { hasText: 'Writes to' }).textContent(), /Writes to\+1 555 010 0200/);
  await shot(page, 'numbers-and-groups');
});

browserScenario('a new conversation: the number as it was typed, in Mine, and no word of 24 hours', async (browser, system) => {
  const page = await browser.inbox();
  const problems = [];
  page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
  const begin = async (customer) => {
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('Go to a conversation').fill('New conversation');
    await page.keyboard.press('Enter');
    await page.getByLabel('Customer\'s phone number').fill(customer);
    await page.getByRole('button', { name: 'Begin' }).click();
  };
  await begin('01012345678');
  await page.locator('dialog .problem', { hasText: 'country code' }).waitFor();
  await page.keyboard.press('Escape');
  await begin('+92 (0)345 678-9012');
  await page.locator('.thread-head h2', { hasText: '+92 345 6789012' }).waitFor();
  await page.getByText('The customer has not written yet').waitFor();
  assert.equal(await page.getByText('24 hours').count(), 0);
  await page.getByRole('button', { name: /^Mine 1/ }).click();
  await row(page, '+92 345 6789012').waitFor();
  assert.deepEqual(problems.filter((one) => !/400/.test(one)), []);
  await shot(page, 'begun');
});

browserScenario('drafts are marked, the title counts what is open, nothing is refused before signing in', async (browser, system) => {
  for (const [from, name] of [['923456789012', 'Ayesha'], ['923456789013', 'Bilal'], ['923456789014', 'Chand']]) await system.customerWrites({ from, name, body: `I am ${name}` });
  const refused = [];
  const page = await browser.page(await browser.context());
  page.on('response', (response) => { if (response.status() === 401) refused.push(response.url()); });
  await page.goto(browser.url);
  await browser.signIn(page);
  await live(page);
  assert.deepEqual(refused, []);
  await eventually(async () => await page.title() === '(3) Convwire', 'three are unread');
  const id = `${system.account}_${system.number}_923456789013`;
  await page.evaluate((conversation) => window.client.command(conversation, 'done'), id);
  await eventually(async () => await page.title() === '(2) Convwire', 'done is not open');
  await open(page, 'Ayesha');
  await page.locator('#composer').fill('half an answer');
  await open(page, 'Chand');
  await row(page, 'Draft: half an answer').waitFor();
  await shot(page, 'draft-in-the-list');
  await open(page, 'Ayesha');
  assert.equal(await page.locator('#composer').inputValue(), 'half an answer');
});

browserScenario('times and sums as the language writes them; a customer is as old as their first message', async (browser, system) => {
  const at = Math.floor(Date.UTC(2026, 0, 5, 5, 29) / 1000);
  await system.customerWrites({ from: '923456789012', name: 'Ayesha', body: 'long ago', at });
  await system.postWebhook(webhook([change(system.number, { contacts: [contact({ from: '923456789012', name: 'Ayesha' })], messages: [{ ...text({ from: '923456789012', body: '', at: at + 60 }), type: 'order', order: { catalog_id: '1', product_items: [{ product_retailer_id: 'tea', quantity: 2, item_price: 1234.5, currency: 'EUR' }] } }] })]));
  const page = await browser.inbox({ locale: 'en-US' });
  await open(page, 'Ayesha');
  await bubble(page, 'long ago').getByText('6:29 AM', { exact: true }).waitFor();
  await bubble(page, '€1,234.50').waitFor();
  assert.match(await page.locator('.fact', { hasText: 'Customer since' }).textContent(), /Jan 5, 2026/);
});
