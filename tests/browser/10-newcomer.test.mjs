// A newcomer's first minutes: `make run` on a machine where other programs use the default ports; a broker that cannot
// be reached. Runs in its own network namespace (see CMakeLists.txt), where the default ports can be occupied.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';

import { Browser, PASSWORD, browserScenario, closeBrowser, launch, live, row, shot } from '../lib/browser.mjs';
import { occupy, run } from '../lib/program.mjs';
import { REPO, programPath, scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

scenario('make run with 1883, 8080 and 9001 taken shows a live dashboard', { timeout: 180_000 }, async (system) => {
  const home = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-newcomer-'));
  system.cleanups.push(() => fs.rm(home, { recursive: true, force: true }));
  system.dir = path.join(home, 'var');
  const { heard, free } = await occupy(1883, 8080, 9001);
  system.cleanups.push(free);
  const make = system.launch('make run', 'make', ['--no-print-directory', '-C', REPO, 'run', `DIR=${system.dir}`]);
  await make.says(/Ctrl-C stops it/);
  const [, url] = make.stdout.match(/dashboard +(http:\S+)/);
  const file = path.join(home, 'ann.password');
  await fs.writeFile(file, PASSWORD, { mode: 0o600 });
  const added = await run('agent add', programPath('convwire'), ['agent', 'add', 'ann', '--name', 'Ann Ahmed', '--password-file', file, '--dir', system.dir]);
  assert.equal(added.code, 0, added.stderr);
  system.httpPort = new URL(url).port;
  const chromium = await launch();
  const browser = new Browser(system, chromium);
  try {
    const page = await browser.inbox();
    const simulated = await run('simulate', programPath('convwire'), ['simulate', '--count', '1', '--kind', 'text', '--dir', system.dir]);
    assert.equal(simulated.code, 0, simulated.stderr);
    await page.locator('.row a').first().waitFor();
    await shot(page, 'newcomer');
    assert.deepEqual(browser.faults, []);
  } finally {
    await chromium.close();
  }
  assert.deepEqual(heard, [], 'nothing was sent to who holds the default ports, tokens least of all');
});

browserScenario('a broker that cannot be reached: what was tried, what failed, what to run', { configure: ['mqtt_public_url = ws://127.0.0.1:9'] }, async (browser, system) => {
  await system.customer('923456789012');
  const page = await browser.page(await browser.context());
  await page.goto(browser.url);
  await browser.signIn(page);
  const stuck = page.locator('.stuck');
  await stuck.waitFor();
  assert.equal(await page.locator('.skeleton').count(), 0, 'no bones beside it');
  const text = await stuck.innerText();
  for (const words of ['ws://127.0.0.1:9/', 'Nothing answers there, or it closed the connection.', 'convwire doctor', 'New messages are not arriving']) {
    assert.ok(text.includes(words), `${words} in ${text}`);
  }
  await shot(page, 'stuck');
});

browserScenario('the notice goes when the page is live, and returns when the broker is away for long', async (browser, system) => {
  await system.customer('923456789012', 'before');
  const page = await browser.inbox();
  await row(page, 'Ayesha').waitFor();
  await system.broker.stop('SIGKILL');
  await page.locator('.stuck').waitFor();
  assert.equal(await row(page, 'Ayesha').count(), 1, 'the rows stay beside it');
  await system.startBroker();
  await live(page, { timeout: 60_000 });
  await page.locator('.stuck').waitFor({ state: 'detached' });
  await system.sim.writes({ from: '923456789012', text: 'after' });
  await row(page, 'Ayesha').getByText('after').waitFor();
});

browserScenario('a page that is catching up is not stuck while events arrive', async (browser, system) => {
  const page = await browser.inbox();
  const held = [];
  let isHolding = true;
  await page.route('**/api/v1/sync?*', (route) => (isHolding ? held.push(route) : route.continue()));
  const giveOne = async () => {
    await eventually(() => held.length > 0, 'the page asks');
    const route = held.shift();
    await route.continue({ url: route.request().url().replace(/limit=\d+/, 'limit=1') });
    await eventually(() => held.length > 0, 'the page asks for the next one');
  };
  await page.clock.install();
  await system.broker.stop('SIGKILL');
  for (let i = 0; i < 6; i++) await system.customerWrites();
  await system.startBroker();
  await eventually(() => held.length > 0, 'the page asks');
  for (let i = 0; i < 3; i++) {
    await page.clock.fastForward(5000);
    await giveOne();
  }
  assert.equal(await page.locator('.stuck').count(), 0, 'it comes nearer');
  await page.clock.fastForward(8000);
  await page.locator('.stuck').waitFor();
  isHolding = false;
  for (const route of held) await route.continue();
  await live(page);
  await page.locator('.stuck').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => window.client.state.list()[0].unread), 6);
});
