// An existing front end: a page of another origin, with its own back end's HS256 token, lists, syncs, subscribes and
// sends with the client library; a page of an unlisted origin is refused.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { after } from 'node:test';

import jsonwebtoken from 'jsonwebtoken';

import { browserScenario, closeBrowser } from '../lib/browser.mjs';
import { REPO } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const SECRET = 'the JWT_SECRET of the old backend';
const types = { '.js': 'text/javascript', '.html': 'text/html' };

/** Serves the built library, mqtt.js and an empty page from its own origin. */
async function frontEnd() {
  const folders = { '/client/': path.join(REPO, 'client/dist/'), '/mqtt/': path.join(REPO, 'client/node_modules/mqtt/dist/') };
  const server = http.createServer(async (request, response) => {
    const [prefix, folder] = Object.entries(folders).find(([start]) => request.url.startsWith(start)) ?? [];
    const file = folder && path.join(folder, path.basename(request.url));
    response.setHeader('Content-Type', types[file ? path.extname(file) : '.html']);
    response.end(prefix ? await fs.readFile(file) : '<!doctype html><title>another front end</title>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const start = (page, url, token) => page.evaluate(async ({ url: where, token: bearer }) => {
  const { Client } = await import('/client/index.js');
  const { default: mqtt } = await import('/mqtt/mqtt.esm.js');
  window.problems = [];
  window.client = new Client({ url: where, token: () => bearer, connect: mqtt.connect });
  window.client.on('problem', (error) => window.problems.push(String(error)));
  window.client.start();
}, { url, token });

browserScenario('a page of a listed origin does everything; one of another is refused', async (browser, system) => {
  const listed = await frontEnd();
  const other = await frontEnd();
  try {
    await fs.writeFile(path.join(system.dir, 'keys/shared/backend.secret'), `${SECRET}\n`, { mode: 0o600 });
    await fs.writeFile(path.join(system.dir, 'keys/shared/backend.conf'),
      `algorithm = HS256\naccounts = ${system.account}\naccount_claim = accountId\nsubject_claim = userId\nwithout_kid = yes\n`);
    await system.configure(`cors_origins = ${listed.url}`);
    await system.daemon.stop();
    await system.broker.stop();
    await system.startBroker();
    await system.configure(`mqtt_public_url = ws://127.0.0.1:${system.wsPort}`);
    await system.startDaemon();
    await system.ready();
    const id = await system.customer('923456789012', 'from the customer');
    const token = jsonwebtoken.sign({ accountId: system.account, userId: '64f0c0ffee' }, SECRET, { expiresIn: '15m' });
    const url = `http://127.0.0.1:${system.httpPort}`;

    const page = await browser.page(await browser.context());
    await page.goto(listed.url);
    await start(page, url, token);
    await eventually(() => page.evaluate(() => window.client.status === 'live'), 'live');
    assert.deepEqual(await page.evaluate(() => window.client.identity), { account: system.account, subject: '64f0c0ffee' });
    assert.deepEqual(await page.evaluate(() => window.client.state.list().map((row) => row.id)), [id]);
    await system.sim.writes({ from: '923456789012', text: 'live across origins' });
    await eventually(() => page.evaluate((conversation) => window.client.state.messages(conversation).some((message) => message.content.body === 'live across origins'), id), 'it arrives');
    await page.evaluate((conversation) => window.client.send(conversation, { kind: 'text', content: { body: 'sent across origins' } }), id);
    const [sent] = await eventually(async () => { const taken = await system.sim.taken(); return taken.length && taken; }, 'it is sent');
    assert.equal(sent.body.text.body, 'sent across origins');

    const refused = await browser.page(await browser.context());
    await refused.goto(other.url);
    await start(refused, url, token);
    await eventually(() => refused.evaluate(() => window.problems.length > 0), 'it is told');
    assert.equal(await refused.evaluate(() => window.client.position.cursor), -1, 'nothing was read');
    assert.notEqual(await refused.evaluate(() => window.client.status), 'live');
    browser.faults = browser.faults.filter((fault) => !/blocked by CORS policy/.test(fault));
  } finally {
    listed.close();
    other.close();
  }
});
