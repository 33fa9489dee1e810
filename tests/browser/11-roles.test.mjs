// The page offers what the token may do, whatever its role is called.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after } from 'node:test';

import { PASSWORD, browserScenario, bubble, closeBrowser, open, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

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
  await open(page, 'Ayesha');
  await bubble(page, 'Is it still there?').waitFor();
  assert.equal(await page.locator('.composer').count(), 0, 'no composer');
  assert.equal(await page.getByRole('button', { name: /Done|Reply|Take/ }).count(), 0, 'nothing that would be refused');
  await page.keyboard.press('a');
  await page.keyboard.press('e');
  await system.sim.writes({ from: '923456789012', text: 'Hello?' });
  await bubble(page, 'Hello?').waitFor();
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
  assert.ok(await page.getByRole('button', { name: 'Done' }).count() >= 1);
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
