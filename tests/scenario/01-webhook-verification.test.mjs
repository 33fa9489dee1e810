// Meta's verification request when the webhook is set up; other methods and paths.
import assert from 'node:assert/strict';

import { VERIFY_TOKEN, scenario } from '../lib/system.mjs';

scenario('GET /webhook echoes the challenge for the right token; other paths answer with errors', async (system, t) => {
  await (await system.init()).start();
  const verify = (mode, token) => system.http(`/webhook?${new URLSearchParams({
    'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': '1158201444' })}`);

  await t.test('right token', async () => {
    const answer = await verify('subscribe', VERIFY_TOKEN);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, '1158201444');
  });
  await t.test('wrong token, wrong mode, nothing at all: 403', async () => {
    assert.equal((await verify('subscribe', 'guessed')).status, 403);
    assert.equal((await verify('subscribe', '')).status, 403);
    assert.equal((await verify('unsubscribe', VERIFY_TOKEN)).status, 403);
    assert.equal((await system.http('/webhook')).status, 403);
  });
  await t.test('another method: 405 with Allow', async () => {
    const answer = await system.http('/webhook', { method: 'DELETE' });
    assert.equal(answer.status, 405);
    assert.deepEqual(answer.headers.allow.split(', ').sort(), ['GET', 'POST']);
  });
  await t.test('another path: 404, as a problem document', async () => {
    const answer = await system.http('/nothing-here', { method: 'POST', body: '{}' });
    assert.equal(answer.status, 404);
    assert.match(answer.headers['content-type'], /^application\/problem\+json/);
    assert.equal(answer.json.status, 404);
  });
  await t.test('health needs no token', async () => {
    assert.equal((await system.http('/healthz')).status, 200);
    assert.equal((await system.http('/readyz')).json.ready, true);
  });
});
