// What can be done with one message, without a mouse: quote, react, copy, retry, download.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const menu = (page) => page.locator('dialog.message-menu');
const reactions = async (system) => (await system.sim.taken()).filter(({ body }) => body.type === 'reaction').map(({ body }) => body.reaction.emoji);
const focused = (page) => page.evaluate(() => document.activeElement.closest('[data-message]')?.querySelector('.text')?.textContent ?? null);

async function threeMessages(browser, system, options = {}) {
  const id = await system.customer();
  const from = id.split('_')[2];
  for (const text of ['first', 'second']) await system.sim.writes({ from, text });
  await system.sim.writes({ from, type: 'document', document: { filename: 'list.pdf' }, file: { mime_type: 'application/pdf', base64: Buffer.from('%PDF-1.4').toString('base64') } });
  const context = await browser.context({ permissions: ['clipboard-read', 'clipboard-write'], ...options });
  const page = await browser.inbox({ context });
  await page.locator('.row a').click();
  await bubble(page, 'second').waitFor();
  await bubble(page, 'list.pdf').waitFor();
  return page;
}

browserScenario('by keyboard: to a message, its menu, and back', async (browser, system) => {
  const page = await threeMessages(browser, system);
  await page.locator('.thread-scroll').focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await eventually(async () => await focused(page) === 'second', 'the second text has the focus');
  await page.keyboard.press('Enter');
  await menu(page).waitFor();
  await shot(page, 'message-menu');
  await menu(page).getByRole('button', { name: 'React with ❤️' }).focus();
  await page.keyboard.press('Enter');
  await eventually(async () => (await reactions(system)).length === 1, 'the reaction is sent');
  await bubble(page, 'second').locator('.reactions', { hasText: '❤️' }).waitFor();
  await eventually(async () => await focused(page) === 'second', 'the focus is back on the message');
  await page.keyboard.press('Enter');
  await menu(page).getByRole('button', { name: 'Copy the text' }).click();
  await eventually(async () => await page.evaluate(() => navigator.clipboard.readText()) === 'second', 'copied');
  await page.keyboard.press('ArrowUp');
  await eventually(async () => await focused(page) === 'first', 'the first');
  await page.keyboard.press('r');
  await page.locator('.reply-to', { hasText: 'first' }).waitFor();
  await page.locator('#composer').fill('about the first');
  await page.keyboard.press('Enter');
  await bubble(page, 'about the first').locator('.quote', { hasText: 'first' }).waitFor();
  await page.locator('.thread-scroll').focus();
  for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Shift+F10');
  await menu(page).waitFor();
  await shot(page, 'message-menu-file');
  const [download] = await Promise.all([page.waitForEvent('download'), menu(page).getByText('Download').click()]);
  assert.equal(download.suggestedFilename(), 'list.pdf');
});

browserScenario('by touch: a long press opens the menu, a scroll does not; a failed message is sent again', async (browser, system) => {
  const page = await threeMessages(browser, system, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 800 } });
  await system.sim.behave({ do: 'error', code: 131026, count: 1 });
  await page.locator('#composer').fill('will fail');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await bubble(page, 'will fail').locator('.trouble').waitFor();
  const cdp = await page.context().newCDPSession(page);
  const press = async (body, { move = 0, until }) => {
    const box = await bubble(page, body).boundingBox();
    const at = { x: box.x + box.width / 2, y: box.y + 10 };
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] });
    if (move) await cdp.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x: at.x, y: at.y + move }] });
    await until();
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
  await press('second', { until: () => menu(page).waitFor() });
  await shot(page, 'message-menu-touch');
  await menu(page).getByRole('button', { name: 'React with 👍' }).tap();
  await eventually(async () => (await reactions(system)).length === 1, 'the reaction is sent');
  await page.clock.install();
  await press('first', { move: -60, until: () => page.clock.fastForward(700) }); // longer than a long press
  assert.equal(await menu(page).count(), 0);
  await press('will fail', { until: () => menu(page).waitFor() });
  await menu(page).getByRole('button', { name: /^Send again/ }).tap();
  await eventually(async () => (await system.sim.taken()).some(({ body }) => body.text?.body === 'will fail'), 'it went out');
});
