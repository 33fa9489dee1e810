// No input does harm: what is not authentic is refused, everything else is kept.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { REPO, SECRET, scenario } from '../lib/system.mjs';
import { sign, textWebhook } from '../lib/webhook.mjs';

const BROKEN = path.join(REPO, 'tests/data/webhook-broken');
const REPAIRED = /^(lone-|escaped-nul|raw-|invalid-utf8|huge-integer|huge-exponent)/; // three messages survive, says its README

scenario('a missing, malformed or wrong signature: 401, and nothing is stored', async (system) => {
  await (await system.init()).start();
  const body = JSON.stringify(textWebhook(system.number));
  const good = sign(body, SECRET);

  for (const signature of [null, '', 'sha256=', 'sha256=00', good.slice(7), `sha1=${good.slice(7)}`, `${good}00`,
    good.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')), sign(body, 'another secret'), sign(`${body} `, SECRET)]) {
    assert.equal((await system.postWebhook(body, { signature })).status, 401, `signature ${signature}`);
  }
  assert.equal((await system.metrics()).signatures_refused_total, 10);
  assert.equal(await system.headOf(), 0);
  assert.equal((await system.check()).messages, 0);
});

scenario('a body over 3 MB: 413, which the client can read, whatever the framing', async (system) => {
  await (await system.init()).start();
  const large = Buffer.alloc(3.5 * 1024 * 1024, ' ');

  assert.equal((await system.postWebhook(large)).status, 413, 'with Content-Length');
  assert.equal((await system.postWebhook(large, { chunked: true })).status, 413, 'chunked');
  assert.equal((await system.postWebhook(large, { signature: null })).status, 401, 'not signed: that comes first');
  assert.equal((await system.check()).kept_changes, 0);

  const fits = textWebhook(system.number);
  fits.padding = 'x'.repeat(2.9 * 1024 * 1024);
  assert.equal((await system.postWebhook(fits)).status, 200, 'just under the limit');
  assert.equal((await system.check()).messages, 1);
});

scenario('an endless body is cut off, and the next client is served', async (system) => {
  await (await system.init()).start();
  const endless = Buffer.alloc(20 * 1024 * 1024, ' ');

  const outcome = await system.postWebhook(endless, { chunked: true }).then(({ status }) => status, () => 'closed');
  assert.ok([413, 'closed'].includes(outcome), `outcome ${outcome}`);
  await system.customerWrites();
});

scenario('authentic but not a webhook: 200, kept raw, counted, and shown by check', async (system) => {
  await (await system.init()).start();
  const files = (await fs.readdir(BROKEN)).filter((name) => name.endsWith('.raw') && !REPAIRED.test(name));
  const bodies = await Promise.all(files.map((name) => fs.readFile(path.join(BROKEN, name))));
  bodies.push('', 'null', '[]', '"text"', '{"object":7}', '{"entry":{}}', '['.repeat(100_000), '{"a":'.repeat(3000));

  for (const body of bodies) {
    assert.equal((await system.postWebhook(body)).status, 200, body.toString().slice(0, 60));
  }
  assert.equal((await system.metrics()).changes_kept_total, bodies.length);
  const { code, stdout } = await system.convwire('check', '--json');
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).kept_changes, bodies.length);
  assert.equal(JSON.parse(stdout).messages, 0);
  const warnings = system.daemon.stderr.match(/ warn .*cannot be parsed/g) ?? [];
  assert.ok(warnings.length > 0, 'the log says so');
  await system.customerWrites();
});

scenario('parts of a webhook with wrong shapes are kept, and the rest is shown', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  const body = textWebhook(system.number, { body: 'the good one' });
  body.entry.unshift(null, 5, { id: 1 }, { id: '1', changes: 'x' }, { id: '1', changes: [null, 'x', {}, { field: 'messages' }, { field: 'messages', value: [] }] });

  assert.equal((await system.postWebhook(body)).status, 200);
  await agent.caughtUp();
  assert.equal(agent.thread(`${system.account}_${system.number}_923456789012`).at(-1)?.content.body, 'the good one');
});

for (const name of (await fs.readdir(BROKEN)).filter((file) => file.endsWith('.raw') && REPAIRED.test(file))) {
  scenario(`one broken character hides nothing else in its batch: ${name}`, async (system) => {
    await (await system.init()).start();
    const agent = await system.agent();

    assert.equal((await system.postWebhook(await fs.readFile(path.join(BROKEN, name)))).status, 200);
    await agent.caughtUp();

    const [thread] = Object.values(agent.screen);
    assert.deepEqual(thread.map(({ wamid }) => wamid.slice(-2)), ['.1', '.2', '.3']);
    assert.equal(thread[0].content.body, 'Good, before.');
    assert.equal(thread[2].content.body, 'Good, after.');
    assert.equal((await system.check()).n_faults, 0);
    agent.check();
  });
}
