// Keyboard only: sign in, choose, reply, assign, done, search, commands.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, live, PASSWORD, row, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

browserScenario('a day’s work without a pointer', async (browser, system) => {
  for (let i = 1; i <= 3; i++) await system.customerWrites({ from: `92345000000${i}`, name: `Customer ${i}`, body: `hello ${i}` });
  const page = await browser.page(await browser.context());
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  const heading = page.locator('.thread-head h2');
  const isOn = (name) => eventually(async () => await heading.textContent().catch(() => '') === name, `${name} is open`);

  await page.goto(browser.url);
  await page.locator('form.sign-in').waitFor();
  await page.keyboard.type('ann');
  await press('Tab');
  await page.keyboard.type(PASSWORD);
  await press('Enter');
  await live(page);
  await row(page, 'Customer 1').waitFor();

  await press('j');
  await isOn('Customer 3');
  await press('j');
  await isOn('Customer 2');
  await press('j');
  await isOn('Customer 1');
  await press('k');
  await isOn('Customer 2');
  await press('a');
  await eventually(async () => await page.locator('.assign select').inputValue() === 'ann', 'assigned');
  await press('r');
  await page.keyboard.type('j is a letter here');
  await press('Shift+Enter');
  await page.keyboard.type('and so is this line');
  await press('Enter');
  await bubble(page, 'and so is this line').waitFor();
  assert.match(await bubble(page, 'j is a letter').locator('.text').innerText(), /here\nand/);
  await press('Escape', 'e');
  await row(page, 'Customer 2').locator('.marks').getByText('Done').waitFor(); // it stays until the walk is over
  await press('e');
  await row(page, 'Customer 2').locator('.marks').getByText('Done').waitFor({ state: 'detached' });

  await press('/');
  await page.keyboard.type('hello 3');
  await eventually(async () => await page.locator('.row').count() === 1, 'found');
  await press('Escape');
  await eventually(async () => await page.locator('.row').count() === 3, 'all again');

  await press('Control+k');
  await page.keyboard.type('customer 3');
  await shot(page, 'palette');
  await press('Enter');
  await isOn('Customer 3');
  await press('Escape', '?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await shot(page, 'shortcuts');
  await press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  // The list is one tab stop; the arrow keys move within it.
  await page.locator('.row a[tabindex="0"]').focus();
  assert.equal(await page.locator('.rows a[tabindex="0"]').count(), 1);
  await press('Home');
  const focused = () => page.evaluate(() => document.activeElement.closest('.row')?.querySelector('.name').textContent);
  const first = await eventually(focused, 'the first row');
  await press('ArrowDown');
  await eventually(async () => await focused() !== first, 'the next row');
  const second = await focused();
  await press('Enter');
  await isOn(second);

  // Single-letter shortcuts can be switched off.
  await press('Escape', 'Escape');
  await page.getByRole('button', { name: 'Menu' }).focus();
  await press('Enter');
  await page.getByLabel('Single-letter keys').focus();
  await press('Space', 'Escape');
  await page.evaluate(() => document.activeElement.blur());
  await press('j');
  await page.getByText('No conversation selected').waitFor();
});
