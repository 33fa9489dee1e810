// The problem that Convwire was made for: a message is on the screen as soon as it arrives, in the selected
// conversation, another one or a new one.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, open, row, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const SELECTED = { from: '923450000001', name: 'Selected Customer' };
const OTHER = { from: '923450000002', name: 'Other Customer' };
const NEW = { from: '923450000003', name: 'New Customer' };

browserScenario('a message arrives in the selected, an unselected and a never-seen conversation', async (browser, system) => {
  await system.customerWrites({ ...SELECTED, body: 'first' });
  await system.customerWrites({ ...OTHER, body: 'of the other' });
  const page = await browser.inbox();
  await open(page, 'Selected Customer');
  await bubble(page, 'first').waitFor();

  await system.customerWrites({ ...SELECTED, body: 'arrives live' });
  await bubble(page, 'arrives live').waitFor();
  await system.customerWrites({ ...OTHER, body: 'in the list only' });
  await row(page, 'Other Customer').getByText('in the list only').waitFor();
  assert.equal(await bubble(page, 'in the list only').count(), 0, 'not in this thread');
  await eventually(async () => (await row(page, 'Other Customer').locator('.badge').innerText()).startsWith('2'), 'two unread');
  await system.customerWrites({ ...NEW, body: 'never seen before' });
  await row(page, 'New Customer').waitFor();
  assert.equal(await page.locator('.row .name').first().textContent(), 'New Customer', 'the newest is first');
  await eventually(async () => /^\(2\) /.test(await page.title()), 'the title counts conversations with unread messages');

  const events = await page.evaluate(() => window.client.debug.events.map(({ match, why, conversation, selected }) => ({ match, why, isSame: conversation === selected })));
  assert.deepEqual(events.filter(({ match }) => match !== true).map(({ why }) => why).sort(),
    Array(events.filter(({ match }) => !match).length).fill('another conversation is selected'));
  assert.ok(events.some(({ match, isSame }) => match && isSame));
});

browserScenario('debug panel: ids, match, and the time of each hop to the screen', async (browser, system) => {
  await system.customerWrites({ ...SELECTED, body: 'first' });
  const page = await browser.inbox();
  await open(page, 'Selected Customer');
  await page.keyboard.press('Control+Shift+D');
  const panel = page.getByRole('region', { name: 'Debug panel' });
  await panel.waitFor();
  await system.customerWrites({ ...SELECTED, body: 'measured' });
  await bubble(page, 'measured').waitFor();
  const id = `${system.account}_${system.number}_${SELECTED.from}`;
  const event = await eventually(() => page.evaluate(() => {
    const found = window.client.debug.events.find((one) => one.kind === 'message' && one.paintedAt !== null);
    return found && { ...found, hops: window.client.debug.hops(found) };
  }), 'painted');
  assert.deepEqual([event.conversation, event.selected, event.match, event.by], [id, id, true, 'mqtt']);
  assert.match(event.tag, /^…0001#[0-9a-f]{8}$/);
  for (const hop of ['stored_to_published', 'published_to_received', 'received_to_painted']) assert.ok(event.hops[hop] >= 0 && event.hops[hop] < 20_000, `${hop}: ${event.hops[hop]}`);
  await panel.getByRole('row').filter({ hasText: 'the same id' }).first().waitFor();
  const facts = await panel.locator('.debug-facts').innerText();
  for (const fact of ['live', `${system.account} / ann`, id]) assert.ok(facts.includes(fact), fact);
  for (const topic of ['conv/+', 'events', 'head']) await panel.getByRole('cell', { name: `acct/${system.account}/${topic}`, exact: true }).waitFor();
  await shot(page, 'debug-panel');
});

browserScenario('read only while somebody is looking and the last message is visible', async (browser, system) => {
  await system.customerWrites({ ...SELECTED, body: 'first' });
  const page = await browser.inbox();
  const id = `${system.account}_${system.number}_${SELECTED.from}`;
  const unread = async () => (await system.api(`/conversations/${id}`)).json.unread;
  await page.evaluate(() => { window.looked = 0; document.hasFocus = () => { window.looked++; return false; }; });
  await open(page, 'Selected Customer');
  await bubble(page, 'first').waitFor();
  await page.locator('.new-line').waitFor();
  await system.customerWrites({ ...SELECTED, body: 'second' });
  await bubble(page, 'second').waitFor();
  // Makes the page check once more whether it has the focus, and waits until it has checked.
  const asked = await page.evaluate(() => { const before = window.looked; window.dispatchEvent(new Event('focus')); return before; });
  await eventually(() => page.evaluate((before) => window.looked > before, asked), 'the page has looked');
  // A conversation's commands are sent one after another, so any earlier one has arrived before this.
  await page.evaluate((conversation) => window.client.command(conversation, 'reopen'), id);
  assert.equal(await unread(), 2, 'nobody looks');
  await page.evaluate(() => { document.hasFocus = () => true; window.dispatchEvent(new Event('focus')); });
  await eventually(async () => await unread() === 0, 'read');
});

browserScenario('a colleague’s screen shows who is viewing and who is replying', async (browser, system) => {
  await system.customerWrites({ ...SELECTED, body: 'hello' });
  const ann = await browser.inbox();
  const bob = await browser.inbox({ agent: 'bob' });
  await open(ann, 'Selected Customer');
  await open(bob, 'Selected Customer');
  await ann.getByText('Bob Brown is viewing this').waitFor();
  await bob.locator('#composer').pressSequentially('Let me');
  await ann.locator('.thread-head').getByText('Bob Brown is replying…').waitFor();
  await ann.locator('.row').getByText('Bob Brown is replying…').waitFor();
  await shot(ann, 'colleague-replying');
});

browserScenario('a notification for an unseen message, which leads to it; none for one on the screen', async (browser, system) => {
  await system.customerWrites({ ...SELECTED, body: 'first' });
  const context = await browser.context({ permissions: ['notifications'] });
  await context.addInitScript(() => {
    window.notes = [];
    window.Notification = class {
      static permission = 'granted';
      static requestPermission = async () => 'granted';
      constructor(title, options) { Object.assign(this, { title, ...options }); window.notes.push(this); }
      close() {}
    };
  });
  const page = await browser.inbox({ context });
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByLabel('Notifications').check();
  await page.keyboard.press('Escape');
  await open(page, 'Selected Customer');
  await page.evaluate(() => { document.hasFocus = () => true; });
  await system.customerWrites({ ...SELECTED, body: 'seen at once' });
  await bubble(page, 'seen at once').waitFor();
  await system.customerWrites({ ...OTHER, body: 'seen by nobody' });
  await eventually(() => page.evaluate(() => window.notes.length === 1), 'one notification');
  assert.deepEqual(await page.evaluate(() => [window.notes[0].title, window.notes[0].body]), ['Other Customer', 'seen by nobody']);
  await page.evaluate(() => window.notes[0].onclick());
  await page.locator('.thread-head h2', { hasText: 'Other Customer' }).waitFor();
});
