// An open thread: new messages do not move it, and a closed window offers templates.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, isAtThreadEnd, open, shot, threadScroll } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const FROM = '923456789012';

browserScenario('new messages do not move a thread scrolled up; the button counts them, leads there', async (browser, system) => {
  await system.customerWritesMany({ from: FROM, total: 100 });
  await system.readAll(FROM);
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  await bubble(page, 'message 99').waitFor();
  await eventually(() => isAtThreadEnd(page), 'at the end');
  await threadScroll(page).evaluate((element) => { element.scrollTop = element.scrollHeight / 2; });
  await page.getByRole('button', { name: 'Go to the newest message' }).waitFor();
  const before = await threadScroll(page).evaluate((element) => element.scrollTop);
  for (const body of ['new one', 'new two']) await system.customerWrites({ from: FROM, body });
  const button = page.getByRole('button', { name: '2 new messages' });
  await button.waitFor();
  assert.equal(await threadScroll(page).evaluate((element) => element.scrollTop), before);
  await shot(page, 'new-messages-below');
  await button.click();
  await bubble(page, 'new two').waitFor();
  await eventually(() => isAtThreadEnd(page), 'at the end');
  await button.waitFor({ state: 'detached' });
  // At the end of the thread, new messages are shown at once.
  await system.customerWrites({ from: FROM, body: 'new three' });
  await eventually(() => isAtThreadEnd(page), 'still at the end');
  await bubble(page, 'new three').waitFor();

  // A message from half an hour ago is placed where it belongs, and announced.
  await system.customerWrites({ from: FROM, body: 'late one', at: Math.floor(Date.now() / 1000) - 1500 });
  await page.getByRole('button', { name: '1 earlier message arrived' }).click();
  await bubble(page, 'late one').waitFor();
});

browserScenario('the window is closed: templates replace the composer, and are sent', async (browser, system) => {
  await system.customerWrites({ from: FROM, body: 'Hello', at: Math.floor(Date.now() / 1000) - 25 * 3600 });
  const page = await browser.inbox();
  await page.route('**/api/v1/templates', (route) => route.fulfill({ json: { templates: [{ waba_id: '1', name: 'order_shipped', language: 'en', status: 'APPROVED', category: 'UTILITY', synced_at: 1,
    components: [{ type: 'BODY', text: 'Hello {{1}}, your order {{2}} is on its way.' }] }, { waba_id: '1', name: 'rejected', language: 'en', status: 'REJECTED', category: 'UTILITY', synced_at: 1, components: [] }] } }));
  await open(page, 'Ayesha');
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByText('Over 24 hours since').waitFor();
  assert.equal(await page.locator('#composer').count(), 0);
  await shot(page, 'window-closed');
  await page.getByRole('button', { name: 'Choose a template' }).click();
  const dialog = page.getByRole('dialog', { name: 'Templates' });
  await dialog.getByRole('button', { name: /order_shipped/ }).waitFor();
  assert.equal(await dialog.locator('.choices li').count(), 1, 'approved ones only');
  await dialog.getByRole('button', { name: /order_shipped/ }).click();
  await dialog.getByLabel('Value of {{1}}').fill('Ayesha');
  await dialog.getByLabel('Value of {{2}}').fill('4711');
  await dialog.getByText('Hello Ayesha, your order 4711 is on its way.').waitFor();
  await shot(page, 'template');
  // The agent switches conversations before sending: the template must not go to the other customer.
  await page.evaluate(() => history.back());
  await dialog.waitFor({ state: 'detached' });
  await page.goForward();
  await page.getByRole('button', { name: 'Choose a template' }).click();
  await dialog.getByRole('button', { name: /order_shipped/ }).click();
  await dialog.getByLabel('Value of {{1}}').fill('Ayesha');
  await dialog.getByLabel('Value of {{2}}').fill('4711');
  await dialog.getByRole('button', { name: 'Send template' }).click();
  await bubble(page, 'your order 4711').waitFor();
  const [sent] = await eventually(async () => { const taken = await system.sim.taken(); return taken.length && taken; }, 'sent');
  assert.equal(sent.type, 'template');
});
