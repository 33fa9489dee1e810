// A thread of ten thousand messages: only those near the viewport are in the document, older ones load without a jump.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, isAtThreadEnd, open, shot, threadScroll } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const FROM = '923456789012';

const MANY = 10_000;

/** The position of a bubble's top in the viewport, as it is painted: between two frames rows may be half placed. */
const topOf = (page, body) => page.evaluate(async (wanted) => {
  await new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
  const found = [...document.querySelectorAll('.bubble')].find((one) => one.querySelector('.text')?.textContent.startsWith(wanted));
  return found && Math.round(found.getBoundingClientRect().top);
}, body);

browserScenario(`${MANY} messages: opened at the end, scrolled to the beginning, few in the document`, async (browser, system) => {
  await system.customerWritesMany({ from: FROM, total: MANY });
  await system.readAll(FROM);
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  await bubble(page, `message ${MANY - 1}`).waitFor();
  await eventually(() => isAtThreadEnd(page), 'at the end');
  let most = 0;
  for (let rounds = 0; ; rounds++) {
    assert.ok(rounds < 2000, 'the beginning comes');
    const [n, first] = await threadScroll(page).evaluate((element) => {
      element.scrollTop = Math.max(0, element.scrollTop - 1500);
      return [element.querySelectorAll('.bubble').length, element.scrollTop === 0 && element.querySelector('.bubble .text')?.textContent];
    });
    most = Math.max(most, n);
    if (first && /^message 0( |$)/.test(first)) break;
    await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
  }
  assert.ok(most < 120, `at most ${most} bubbles in the document`);
  await shot(page, 'thread-beginning');
});

for (const place of [300, 0]) browserScenario(`older messages load without a jump, ${place} px from the top`, async (browser, system) => {
  await system.customerWritesMany({ from: FROM, total: 300 });
  await system.readAll(FROM);
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  await bubble(page, 'message 299').waitFor();
  await eventually(() => isAtThreadEnd(page), 'at the end');
  // Scrolls up far enough that a page is fetched, and stays there until it has arrived.
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route('**/messages?before=*', async (route) => { await held; await route.continue(); });
  await threadScroll(page).evaluate((element, to) => { element.scrollTop = to; }, place);
  await page.getByText('Loading older messages…').waitFor();
  const seen = await page.evaluate(() => {
    const view = document.querySelector('.thread-scroll').getBoundingClientRect();
    const first = [...document.querySelectorAll('.bubble')].find((one) => one.getBoundingClientRect().top > view.top + 50);
    return first.querySelector('.text').textContent.split(' with')[0];
  });
  const before = await topOf(page, seen);
  release();
  await page.getByText('Loading older messages…').waitFor({ state: 'detached' });
  await eventually(() => threadScroll(page).evaluate((element) => element.scrollTop > 1000), 'the older ones stand above');
  const after_ = await topOf(page, seen);
  assert.ok(Math.abs(after_ - before) <= 3, `${seen} was at ${before}, and is at ${after_}`);
});
