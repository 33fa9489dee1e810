// Every control is reachable and readable: at 320 px, at 200 % zoom, on a tablet, in forced colours, in right-to-left
// pages, and with counts of four digits.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';
import { change, contact, text, webhook } from '../lib/webhook.mjs';

after(closeBrowser);

const COUNT = 1234;

/** That many customers in few webhooks; the last one has written most recently. */
async function manyCustomers(system) {
  const now = Math.floor(Date.now() / 1000);
  for (let from = 0; from < COUNT; from += 200) {
    const numbers = Array.from({ length: Math.min(200, COUNT - from) }, (_, i) => `92345${String(from + i).padStart(7, '0')}`);
    await system.postWebhook(webhook([change(system.number, {
      contacts: numbers.map((one) => contact({ from: one, name: `Customer ${one.slice(-4)} with a rather long name` })),
      messages: numbers.map((one, i) => text({ from: one, body: 'A message that is longer than its row', at: now - 2000 + from + i })),
    })]));
  }
}

/** Controls of the page that reach out of the window, or cover each other's middle. */
const hidden = (page) => page.evaluate(() => [...document.querySelectorAll('button, a[href], input:not([type=file]), select, textarea')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !one.closest('.rows, .thread-scroll, .bubble-actions, .row-actions, .debug'))
  .filter((one) => {
    const box = one.getBoundingClientRect();
    const onTop = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return box.width > 0 && (box.left < -0.5 || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5 || !(one.contains(onTop) || onTop?.contains(one)));
  })
  .map((one) => `${one.className} ${one.getAttribute('aria-label') ?? one.textContent}`));
const scrollsSideways = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth || [...document.querySelectorAll('.pane')].some((pane) => pane.checkVisibility() && pane.scrollWidth > pane.clientWidth + 1));

const KINDS = {
  'at 320 px': { viewport: { width: 320, height: 640 }, hasTouch: true },
  'at 200 % zoom': { viewport: { width: 680, height: 430 }, deviceScaleFactor: 2 },
  'on a tablet': { viewport: { width: 820, height: 1180 }, hasTouch: true },
  'in forced colours': { forcedColors: 'active' },
  'in forced colours, dark': { forcedColors: 'active', colorScheme: 'dark' },
  'in a right-to-left page': { locale: 'ar-EG' },
  'in a right-to-left page, dark': { locale: 'he-IL', colorScheme: 'dark' },
};

for (const [name, options] of Object.entries(KINDS)) browserScenario(`every control, ${name}`, async (browser, system) => {
  await manyCustomers(system);
  const page = await browser.inbox({ context: await browser.context(options) });
  const picture = `sizes ${name}`.replaceAll(/[^a-z0-9]+/g, '-');
  await eventually(async () => /1,?234|١٬?٢٣٤/.test(await page.locator('.tabs').innerText()), 'the count');
  assert.deepEqual(await hidden(page), [], 'list');
  assert.equal(await scrollsSideways(page), false, 'list');
  await shot(page, `${picture}-list`);
  await page.locator('.row a').first().click();
  await bubble(page, 'A message').first().waitFor();
  assert.deepEqual(await hidden(page), [], 'thread');
  assert.equal(await scrollsSideways(page), false, 'thread');
  if (options.locale) assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.panes')).direction), 'rtl');
  await shot(page, `${picture}-thread`);
});
