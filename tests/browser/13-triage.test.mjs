// A walk through the list by keyboard: the list keeps its order, looking is not reading, and J goes to the neighbour.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, open, row, shot, threadScroll } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const CUSTOMERS = 40;
const name = (i) => `Customer ${String(i).padStart(2, '0')}`;
const number = (i) => `9234500000${String(i).padStart(2, '0')}`;

const heading = (page) => page.locator('.thread-head h2');
const isOn = (page, who) => eventually(async () => await heading(page).textContent().catch(() => '') === who, `${who} is open`);
const names = (page) => page.locator('.row .name').allTextContents();

/** Counts the read marks that the page gives. */
const countReads = (page) => page.evaluate(() => {
  window.reads = [];
  const { client } = window;
  const command = client.command.bind(client);
  client.command = (id, type, data) => {
    if (type === 'read') window.reads.push(id);
    return command(id, type, data);
  };
});
const reads = (page) => page.evaluate(() => window.reads);

/** Customer 1 wrote last, so that the list begins with them. */
async function customersWrite(system, n) {
  const now = Math.floor(Date.now() / 1000);
  for (let i = n; i >= 1; i--) await system.customerWrites({ from: number(i), name: name(i), body: `question ${i}`, at: now - 100 - i });
}

/** Everything this page has asked for until now has been done. */
const settled = (page, id) => page.evaluate((conversation) => window.client.command(conversation, 'reopen'), id);

browserScenario('forty conversations by keyboard alone: only those that are answered are read', { configure: ['read_receipts = open'] }, async (browser, system) => {
  await customersWrite(system, CUSTOMERS);
  const page = await browser.inbox();
  await countReads(page);
  const id = (i) => `${system.account}_${system.number}_${number(i)}`;

  for (let i = 1; i <= CUSTOMERS; i++) {
    await page.keyboard.press('j');
    await isOn(page, name(i));
    await bubble(page, `question ${i}`).waitFor();
    if (i % 10 === 0) {
      await page.keyboard.press('r');
      await page.keyboard.type(`answer ${i}`);
      await page.keyboard.press('Enter');
      await page.keyboard.press('Escape');
    }
  }
  await eventually(async () => (await system.rows()).filter(({ unread }) => unread === 0).length === 4, 'the four that were answered are read');
  await settled(page, id(CUSTOMERS));
  const answered = [10, 20, 30, 40].map(id);
  assert.deepEqual((await reads(page)).filter((one) => !answered.includes(one)), [], 'looking leaves no mark');
  assert.deepEqual((await system.rows()).filter(({ unread }) => unread === 1).length, CUSTOMERS - 4);
  // Back up: nobody was skipped, and nobody moved.
  for (const i of [39, 38, 37]) {
    await page.keyboard.press('k');
    await isOn(page, name(i));
  }
});

browserScenario('the list keeps its order on a walk: the answered stay, new ones come on top', async (browser, system) => {
  await customersWrite(system, 6);
  const page = await browser.inbox();
  await page.getByRole('button', { name: /^Unassigned/ }).click();
  const before = [1, 2, 3, 4, 5, 6].map(name);
  assert.deepEqual(await names(page), before);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await isOn(page, name(2));
  await page.keyboard.press('r');
  await page.keyboard.type('yes');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await eventually(async () => (await system.rows()).some(({ assignee }) => assignee === 'ann'), 'the reply took it');
  await system.customerWrites({ from: number(5), name: name(5), body: 'again' });
  await system.customerWrites({ from: number(7), name: name(7), body: 'I am new' });
  await eventually(async () => (await names(page)).includes(name(7)), 'the new one is there');
  assert.deepEqual(await names(page), [name(7), ...before], 'a new row is on top; the others stay where they are');
  await page.keyboard.press('e');
  await row(page, name(2)).locator('.marks').getByText('Done').waitFor();
  await page.keyboard.press('j');
  await isOn(page, name(3));
  await page.keyboard.press('k');
  await isOn(page, name(2));
  await shot(page, 'triage');
  await page.keyboard.press('Escape');
  await eventually(async () => !(await names(page)).includes(name(2)), 'the walk is over');
  assert.deepEqual((await names(page)).slice(0, 2), [name(7), name(5)], 'newest first again');
});

browserScenario('J goes to the neighbour after E or a reply with the pointer, too; "and next" in one step', async (browser, system) => {
  await customersWrite(system, 6);
  const page = await browser.inbox();
  await open(page, name(3));
  await page.getByRole('button', { name: 'Done', exact: true }).last().click();
  await eventually(async () => (await system.rows()).some(({ state }) => state === 'done'), 'done');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('j');
  await isOn(page, name(4));

  await open(page, name(2));
  await page.locator('#composer').fill('here you are');
  await page.keyboard.press('Control+Enter');
  await isOn(page, name(4)); // 3 is done
  await page.locator('#composer:focus').waitFor();
  await page.keyboard.type('you, too');
  await page.getByRole('button', { name: 'Send and next' }).click();
  await isOn(page, name(5));
  await page.keyboard.press('Escape');
  await page.keyboard.press('Shift+E');
  await isOn(page, name(6));
  await page.keyboard.press('Shift+E');
  await page.getByText('No conversation selected').waitFor();
  const rows = await system.rows();
  assert.deepEqual(rows.filter(({ state }) => state === 'done').map((one) => one.contact.name).sort(), [3, 5, 6].map(name));
  assert.deepEqual(rows.filter(({ last_message: last }) => last.direction === 'out').map((one) => one.contact.name).sort(), [2, 4].map(name));
});

browserScenario('a thread opens at its first unread message, and is read when its end was looked at; U takes that back', async (browser, system) => {
  for (let i = 1; i <= 90; i++) await system.customerWrites({ from: number(1), name: name(1), body: `message ${i}` });
  const page = await browser.inbox();
  await countReads(page);
  const unread = async () => (await system.rows())[0].unread;

  await open(page, name(1));
  const line = page.locator('.new-line');
  await line.waitFor();
  await eventually(() => line.evaluate((element) => {
    const { top } = element.getBoundingClientRect();
    const view = element.closest('.thread-scroll').getBoundingClientRect();
    return top >= view.top && top < view.top + 120;
  }), 'the line is in view, near the top');
  await page.locator('.bubble .text', { hasText: /^message 1$/ }).waitFor();
  assert.deepEqual(await reads(page), [], 'its end was not seen');
  assert.equal(await unread(), 90);
  await shot(page, 'first-unread');
  await threadScroll(page).evaluate((element) => { element.scrollTop = element.scrollHeight; });
  await eventually(async () => await unread() === 0, 'read');

  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('u');
  await eventually(async () => await unread() === 1, 'the last one is unread');
  await page.locator('.row.unread').waitFor();
  await settled(page, (await system.rows())[0].id);
  assert.equal(await unread(), 1, 'it stays so, though its end is in view');
  const other = await browser.inbox({ agent: 'bob' });
  await row(other, name(1)).locator('.badge').waitFor();
});
