// A newcomer's first minutes: `make run` on a machine where other programs use the default ports; a broker that cannot
// be reached. Runs in its own network namespace (see CMakeLists.txt), where the default ports can be occupied.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';

import { Browser, PASSWORD, browserScenario, closeBrowser, launch, live, row, shot } from '../lib/browser.mjs';
import { run } from '../lib/program.mjs';
import { REPO, programPath, scenario } from '../lib/system.mjs';

after(closeBrowser);

/** Another program on a port: it accepts connections and records what it receives. */
async function take(system, port) {
  const heard = [];
  const server = createServer((socket) => socket.on('data', (bytes) => heard.push(bytes.toString('latin1'))).on('error', () => {}));
  await new Promise((resolve, reject) => { server.on('error', reject).listen(port, '127.0.0.1', resolve); });
  system.cleanups.push(() => server.close());
  return heard;
}

scenario('make run with 1883, 8080 and 9001 taken shows a live dashboard', { timeout: 180_000 }, async (system) => {
  const home = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-newcomer-'));
  system.cleanups.push(() => fs.rm(home, { recursive: true, force: true }));
  system.dir = path.join(home, 'var');
  const heard = await Promise.all([1883, 8080, 9001].map((port) => take(system, port)));
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
    const simulated = await run('simulate', programPath('convwire'), ['simulate', '--count', '1', '--dir', system.dir]);
    assert.equal(simulated.code, 0, simulated.stderr);
    await page.locator('.row a').first().waitFor();
    await shot(page, 'newcomer');
    assert.deepEqual(browser.faults, []);
  } finally {
    await chromium.close();
  }
  assert.deepEqual(heard, [[], [], []], 'nothing was sent to who holds the default ports, tokens least of all');
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
  for (const words of ['ws://127.0.0.1:9/', 'convwire doctor', 'New messages are not arriving']) {
    assert.ok(text.includes(words), `${words} in ${text}`);
  }
  await shot(page, 'stuck');
});

browserScenario('the notice goes when the page is live, and returns when the broker is away for long', async (browser, system) => {
  const page = await browser.inbox();
  await system.broker.stop('SIGKILL');
  await page.locator('.stuck').waitFor();
  await page.context().setOffline(true); // someone who is offline sees it next to the rows
  await page.context().setOffline(false);
  await system.startBroker();
  await live(page, { timeout: 60_000 });
  await page.locator('.stuck').waitFor({ state: 'detached' });
  await system.customer('923456789012');
  await row(page, 'Ayesha').waitFor();
});
