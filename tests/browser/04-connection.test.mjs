// The page is honest about the connection; what is written while offline is kept, and sent once.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, live, open, row, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const FROM = '923456789012';
const indicator = (page) => page.locator('.indicator').first();

browserScenario('offline and back: nothing is missing, a reply waits with a clock, is sent once', async (browser, system) => {
  await system.customer(FROM);
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  await page.context().setOffline(true);
  await system.broker.stop('SIGKILL');
  await eventually(async () => /^Offline since \d\d:\d\d$/.test(await indicator(page).innerText()), 'offline is said');
  await page.locator('#composer').fill('written while away');
  await page.keyboard.press('Enter');
  assert.equal(await bubble(page, 'written while away').locator('.ticks .sr-only').textContent(), 'waiting to be sent');
  await shot(page, 'offline');
  await system.sim.writes({ from: FROM, text: 'meanwhile' });
  await system.startBroker();
  await page.context().setOffline(false);
  await live(page, { timeout: 60_000 });
  await bubble(page, 'meanwhile').waitFor();
  await eventually(async () => await bubble(page, 'written while away').locator('.ticks .sr-only').textContent() === 'read', 'sent and read', { ms: 60_000 });
  assert.equal((await system.sim.taken()).length, 1);
  assert.equal(await page.locator('.bubble').count(), 3);
});

browserScenario('a reply survives when its page is closed before it was sent', async (browser, system) => {
  const id = await system.customer(FROM);
  const context = await browser.context();
  const page = await browser.inbox({ context });
  await open(page, 'Ayesha');
  await context.setOffline(true);
  await system.broker.stop('SIGKILL');
  await page.locator('#composer').fill('left in the outbox');
  await page.keyboard.press('Enter');
  await eventually(() => page.evaluate(async () => {
    const db = await new Promise((resolve) => { const opening = indexedDB.open('convwire'); opening.onsuccess = () => resolve(opening.result); });
    return new Promise((resolve) => { const counting = db.transaction('outbox').objectStore('outbox').count(); counting.onsuccess = () => resolve(counting.result > 0); });
  }), 'it is on the disk');
  await page.close();
  await system.startBroker();
  await context.setOffline(false);
  const next = await browser.inbox({ context, at: `/c/${id}` });
  await bubble(next, 'left in the outbox').waitFor();
  await eventually(async () => (await system.sim.taken()).length === 1, 'sent by the next page');
});

browserScenario('another form of the id in the address leads to the conversation', async (browser, system) => {
  const id = await system.customer(FROM);
  const page = await browser.inbox({ at: `/c/+${FROM}` });
  await page.waitForURL(`**/c/${id}`);
  await page.locator('.thread-head h2').waitFor();
  await page.goto(`${browser.url}/c/nobody`);
  await page.getByText('Conversation not found').waitFor();
});

browserScenario('a conversation that is taken away closes with the reason; the draft is kept', async (browser, system) => {
  const id = await system.customer(FROM);
  // Carl sees only conversations assigned to him.
  await system.convwire('agent', 'add', 'carl', '--name', 'Carl', '--role', 'assigned-agent', '--password-file', `${system.dir}/bob.password`);
  await system.control('assign', { account: system.account, conversation: id, subject: 'carl' });
  const page = await browser.inbox({ agent: 'carl' });
  await open(page, 'Ayesha');
  await page.locator('#composer').fill('not sent yet');
  await system.control('assign', { account: system.account, conversation: id, subject: 'ann' });
  await page.getByText('This conversation is no longer yours').waitFor();
  await row(page, 'Ayesha').waitFor({ state: 'detached' });
  await shot(page, 'lost');
  await page.getByRole('button', { name: 'Close' }).click();
  await system.control('assign', { account: system.account, conversation: id, subject: 'carl' });
  await open(page, 'Ayesha');
  assert.equal(await page.locator('#composer').inputValue(), 'not sent yet');
});

browserScenario('two tabs of one agent, and a colleague: all show the same, a reply once', async (browser, system) => {
  await system.customer(FROM);
  const context = await browser.context();
  const one = await browser.inbox({ context });
  const two = await browser.inbox({ context });
  const bob = await browser.inbox({ agent: 'bob' });
  for (const page of [one, two, bob]) await open(page, 'Ayesha');
  await one.locator('#composer').fill('from the first tab');
  await one.keyboard.press('Enter');
  await system.sim.writes({ from: FROM, text: 'and an answer' });
  for (const page of [one, two, bob]) {
    await bubble(page, 'and an answer').waitFor();
    await eventually(async () => await bubble(page, 'from the first tab').locator('.ticks .sr-only').textContent() === 'read', 'read');
    assert.equal(await page.locator('.bubble').count(), 3);
  }
  assert.equal(await bubble(bob, 'from the first tab').locator('.author').textContent(), 'Ann Ahmed');
});
