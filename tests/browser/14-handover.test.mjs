// A handover is told: who gets or loses a conversation learns who did it, and nobody gets one who cannot answer.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after } from 'node:test';

import { PASSWORD, browserScenario, closeBrowser, open, row, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const CUSTOMER = { from: '923456789012', name: 'Ayesha Khan' };

async function add(system, subject, name, role) {
  const file = path.join(system.dir, `${subject}.password`);
  await fs.writeFile(file, PASSWORD, { mode: 0o600 });
  const added = await system.convwire('agent', 'add', subject, '--name', name, '--role', role, '--password-file', file);
  assert.equal(added.code, 0, added.stderr);
}

const assign = (page, to) => page.locator('.assign select').selectOption(to);

browserScenario('given, taken over, moved on: both sides see who did it', async (browser, system) => {
  await add(system, 'vera', 'Vera Viewer', 'viewer');
  await system.customerWrites({ ...CUSTOMER, body: 'hello' });
  const context = await browser.context({ permissions: ['notifications'] });
  await context.addInitScript(() => {
    window.told = [];
    window.Notification = class { constructor(title, { body }) { window.told.push([title, body]); } static permission = 'granted'; };
    localStorage.setItem('convwire.notifications', 'on');
  });
  const ann = await browser.inbox();
  const bob = await browser.inbox({ agent: 'bob', context });
  await row(bob, 'Ayesha').waitFor();
  await open(ann, 'Ayesha');
  await eventually(async () => await ann.locator('.assign option').count() === 3, 'the agents are loaded');
  assert.deepEqual(await ann.locator('.assign option').allTextContents(), ['Nobody', 'Ann Ahmed (me)', 'Bob Brown'], 'Vera cannot answer');

  await assign(ann, 'bob');
  await bob.getByText('Ann Ahmed assigned Ayesha Khan to you').waitFor();
  await eventually(() => bob.evaluate(() => window.told.length === 1), 'notified');
  assert.deepEqual(await bob.evaluate(() => window.told), [['Ayesha Khan', 'Ann Ahmed assigned Ayesha Khan to you']]);
  assert.equal(await ann.locator('.toast').count(), 0, 'who did it is not told');
  await shot(bob, 'handover');
  await bob.getByRole('button', { name: 'Open', exact: true }).click();
  await bob.locator('.thread-head h2', { hasText: 'Ayesha' }).waitFor();
  await bob.locator('.details').getByText('Assigned by').waitFor();

  await assign(ann, 'ann');
  await bob.getByText('Ann Ahmed took over Ayesha Khan').waitFor();
  await assign(bob, '');
  await ann.getByText('Bob Brown took Ayesha Khan off you').waitFor();
});

browserScenario('an agent who sees only what is assigned to them is told what they get', async (browser, system) => {
  await add(system, 'lim', 'Lim Limited', 'assigned-agent');
  await system.customerWrites({ ...CUSTOMER, body: 'hello' });
  const ann = await browser.inbox();
  const lim = await browser.inbox({ agent: 'lim' });
  await open(ann, 'Ayesha');
  await ann.locator('.assign option', { hasText: 'Lim' }).waitFor({ state: 'attached' });
  await assign(ann, 'lim');
  await lim.getByText(/assigned Ayesha Khan to you/).waitFor();
  await row(lim, 'Ayesha').waitFor();
});
