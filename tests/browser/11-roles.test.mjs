// The page offers what the token may do, whatever its role is called.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after } from 'node:test';

import { PASSWORD, browserScenario, bubble, closeBrowser, open, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

/** What the page offers that needs a command: its buttons, those in the menu, the palette's choices. */
async function actsOf(page) {
  const named = (within, role) => within.getByRole(role, { name: /^(Done|Reopen|Mark|Send|Assign|New conversation|Template)/ })
    .evaluateAll((elements) => elements.map((element) => element.ariaLabel ?? element.textContent));
  const buttons = await named(page, 'button');
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  const menu = (await named(page, 'button')).filter((name) => !buttons.includes(name));
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.getByRole('option', { name: 'Sign out' }).waitFor();
  const palette = await named(page.getByRole('listbox'), 'option');
  await page.keyboard.press('Escape');
  return { buttons, menu, palette };
}

const NOTHING = { buttons: [], menu: [], palette: [] };

browserScenario('a read-only role of an administrator’s own: everything to read, nothing to press', async (browser, system) => {
  await fs.appendFile(path.join(system.dir, 'roles.acl'), 'role auditor\npattern read acct/%a/conv/+\npattern read acct/%a/events\npattern read acct/%a/head\npattern read acct/%a/agent/%s/+\n');
  for (const program of [system.broker, system.daemon]) program.child.kill('SIGHUP');
  await eventually(async () => (await system.api('/session', { token: system.token(system.account, 'auditor', 'eve') })).json.may?.all_conversations, 'the role is loaded');
  const { may } = (await system.api('/session', { token: system.token(system.account, 'auditor', 'eve') })).json;
  assert.deepEqual(may, { command: false, live: false, presence: false, events: true, all_conversations: true });
  const file = path.join(system.dir, 'eve.password');
  await fs.writeFile(file, PASSWORD, { mode: 0o600 });
  const added = await system.convwire('agent', 'add', 'eve', '--name', 'Eve', '--role', 'auditor', '--password-file', file);
  assert.equal(added.code, 0, added.stderr);
  await system.customer('923456789012', 'Is it still there?');

  const page = await browser.inbox({ agent: 'eve' });
  await page.evaluate(() => {
    window.commands = [];
    const { client } = window;
    client.command = async (...command) => { window.commands.push(command); };
    window.looked = 0;
    document.hasFocus = () => { window.looked++; return true; };
  });
  await open(page, 'Ayesha');
  await bubble(page, 'Is it still there?').waitFor();
  assert.equal(await page.locator('.composer').count(), 0, 'no composer');
  assert.deepEqual(await actsOf(page), NOTHING, 'nothing that would be refused');
  await page.keyboard.press('a');
  await page.keyboard.press('e');
  await system.sim.writes({ from: '923456789012', text: 'Hello?' });
  await bubble(page, 'Hello?').waitFor();
  const asked = await page.evaluate(() => { const before = window.looked; window.dispatchEvent(new Event('focus')); return before; });
  await eventually(() => page.evaluate((before) => window.looked > before, asked), 'the page has looked');
  assert.deepEqual(await page.evaluate(() => window.commands), [], 'nothing was even tried, no read mark either');
  await shot(page, 'read-only');
  const row = (await system.rows()).find(({ id }) => id.endsWith('923456789012'));
  assert.equal(row.unread, 2, 'who may not write leaves no read mark');
  assert.equal(row.assignee, null);
  assert.equal(await page.locator('.toast').count(), 0, 'and no error');
});

browserScenario('an agent has all of it', async (browser, system) => {
  await system.customer('923456789012');
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  await page.locator('#composer').waitFor();
  assert.deepEqual(await actsOf(page), {
    buttons: ['Assign to me', 'Done', 'Done', 'Done and next', 'Mark as unread', 'Templates', 'Send', 'Send and next'],
    menu: ['New conversation'],
    palette: ['Assign to me', 'Done / Reopen', 'Done and next', 'Mark as unread', 'Templates', 'New conversation'],
  });
});

browserScenario('a role that roles.acl no longer has: no composer, and what is wrong is said', async (browser, system) => {
  const file = path.join(system.dir, 'fay.password');
  const roles = path.join(system.dir, 'roles.acl');
  const before = await fs.readFile(roles, 'utf8');
  await fs.writeFile(file, PASSWORD, { mode: 0o600 });
  await fs.writeFile(roles, `${before}role ghost\npattern read acct/%a/conv/+\n`);
  assert.equal((await system.convwire('agent', 'add', 'fay', '--role', 'ghost', '--password-file', file)).code, 0);
  await fs.writeFile(roles, before);
  for (const program of [system.broker, system.daemon]) program.child.kill('SIGHUP');
  const page = await browser.page(await browser.context());
  await page.goto(browser.url);
  await browser.signIn(page, 'fay');
  const stuck = page.locator('.stuck');
  await stuck.waitFor();
  assert.match(await stuck.innerText(), /convwire doctor/);
  assert.equal(await page.locator('.composer').count(), 0);
  await shot(page, 'role-is-gone');
  browser.faults.length = 0; // the server refuses what it must refuse
});
