// A search leads to the message itself: around it the thread is loaded both ways, and back to its end.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, isAtThreadEnd, open, shot, threadScroll } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const FROM = '923456789012';
const TOTAL = 400;
const found = (page) => page.locator('.thread-row.found .bubble');
const isFound = (page, body) => eventually(async () => (await found(page).locator('.text').textContent().catch(() => '')) === body, `${body} is marked`);
const isInView = (page, locator) => eventually(() => locator.evaluate((element) => {
  const { top, bottom } = element.getBoundingClientRect();
  const view = element.closest('.thread-scroll').getBoundingClientRect();
  return top >= view.top && bottom <= view.bottom;
}).catch(() => false), 'it is in view');

/** A thread of 400, with two needles near its beginning and one near its end. */
async function needles(system) {
  await system.customerWritesMany({ from: FROM, total: TOTAL });
  const start = Math.floor(Date.now() / 1000) - TOTAL * 30;
  for (const [at, body] of [[60, 'needle one'], [62, 'needle two'], [395, 'needle three']]) {
    await system.customerWrites({ from: FROM, name: 'Ayesha', body, at: start + at * 30 + 1 });
  }
  await system.readAll(FROM);
  await eventually(async () => (await system.api('/search?q=needle')).json.messages.length === 3, 'the index has them');
}

async function searchFor(page, text) {
  await page.locator('#search').fill(text);
  await eventually(async () => await page.locator('.row .preview', { hasText: text }).count() > 0, 'rows');
}

browserScenario('a found message is opened where it stands; both ways are loaded, and back to the newest', async (browser, system) => {
  await needles(system);
  const page = await browser.inbox();
  await searchFor(page, 'needle one');
  await page.locator('.row', { hasText: 'needle one' }).locator('a').click();
  await isFound(page, 'needle one');
  await isInView(page, found(page));
  assert.match(page.url(), /\?message=/);
  await shot(page, 'search-found');
  await eventually(() => threadScroll(page).evaluate((element) => {
    const isThere = element.scrollTop === 0 && element.querySelector('.bubble .text')?.textContent === 'message 0';
    element.scrollTop = 0;
    return isThere;
  }), 'the beginning');
  // Down again, page by page, to the very end: nothing is left out.
  const seen = new Set();
  await eventually(async () => {
    const bodies = await threadScroll(page).evaluate(async (element) => {
      element.scrollTop += 500;
      await new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
      return [...element.querySelectorAll('.bubble .text')].map((one) => one.textContent);
    });
    for (const body of bodies) seen.add(body.split(' with')[0]);
    return seen.has(`message ${TOTAL - 1}`) && isAtThreadEnd(page);
  }, 'the end');
  const missing = Array.from({ length: TOTAL }, (_, i) => `message ${i}`).filter((one) => !seen.has(one));
  assert.deepEqual(missing, []);
  assert.equal(await page.getByText('Back to the newest messages').count(), 0);

  await page.locator('.row', { hasText: 'needle one' }).locator('a').click();
  await isFound(page, 'needle one');
  await isInView(page, found(page));
  await page.reload();
  await isFound(page, 'needle one');
  await page.getByText('Back to the newest messages').click();
  await bubble(page, `message ${TOTAL - 1}`).waitFor();
  await eventually(() => isAtThreadEnd(page), 'at the end');
  assert.doesNotMatch(page.url(), /message=/);
  assert.equal(await found(page).count(), 0);
});

browserScenario('J and K go from match to match; a reload shows the same one; a reply leads back to the end', async (browser, system) => {
  await needles(system);
  const page = await browser.inbox();
  await searchFor(page, 'needle');
  await page.locator('#search').blur();
  for (const [key, body] of [['j', 'needle three'], ['j', 'needle two'], ['j', 'needle one'], ['k', 'needle two']]) {
    await page.keyboard.press(key);
    await isFound(page, body);
    await isInView(page, found(page));
  }
  await page.reload();
  await isFound(page, 'needle two');
  await system.customerWrites({ from: FROM, body: 'a new one, far below' });
  await page.locator('.row .preview', { hasText: 'a new one' }).waitFor();
  assert.equal(await bubble(page, 'a new one').count(), 0, 'the thread does not pretend to be at its end');
  await page.locator('#composer').fill('an answer');
  await page.keyboard.press('Enter');
  await bubble(page, 'an answer').waitFor();
  await bubble(page, 'a new one, far below').waitFor();
  await eventually(() => isAtThreadEnd(page), 'at the end');
});

browserScenario('Ctrl F searches the open conversation, Ctrl F again the page', async (browser, system) => {
  await needles(system);
  await system.customerWrites({ from: '923456789999', name: 'Bilal', body: 'needle of somebody else' });
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  await bubble(page, 'needle three').waitFor();
  await page.keyboard.press('Control+f');
  await page.keyboard.type('needle');
  await isFound(page, 'needle three');
  const count = page.locator('.find-count');
  assert.equal(await count.textContent(), '1 of 3');
  await page.keyboard.press('Enter');
  await isFound(page, 'needle two');
  await isInView(page, found(page));
  await page.keyboard.press('Enter');
  await isFound(page, 'needle one');
  assert.equal(await count.textContent(), '3 of 3');
  assert.ok(await page.getByRole('button', { name: 'Earlier match' }).isDisabled());
  await shot(page, 'search-inside');
  await page.keyboard.press('Shift+Enter');
  await isFound(page, 'needle two');
  assert.equal(await page.evaluate(() => {
    const event = new KeyboardEvent('keydown', { key: 'f', ctrlKey: true, bubbles: true, cancelable: true });
    document.activeElement.dispatchEvent(event);
    return event.defaultPrevented;
  }), false, 'the browser may search, too');
  await page.locator('#find').fill('nothing like this');
  await eventually(async () => await count.textContent() === 'Nothing found', 'it says so');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.find').count(), 0);
});
