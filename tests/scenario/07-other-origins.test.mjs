// CORS for our own pages, listed origins and all others; security headers of every answer; compression.
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import http from 'node:http';

import { scenario } from '../lib/system.mjs';

const SHOP = 'https://shop.example.com';

const preflight = (system, origin, method = 'GET') => system.http('/api/v1/sync', { method: 'OPTIONS',
  headers: { Origin: origin, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': 'authorization' } });

scenario('a listed origin is allowed, another is refused, our own needs no preflight', async (system) => {
  await system.init();
  await system.configure(`cors_origins = ${SHOP} http://localhost:5173`, 'public_url = https://chat.example.com');
  await system.start();
  const ask = (origin, options) => system.api('/sync', { headers: { Origin: origin }, ...options });

  for (const origin of [SHOP, 'http://localhost:5173']) {
    const asked = await preflight(system, origin);
    assert.equal(asked.status, 204, asked.text);
    assert.equal(asked.headers['access-control-allow-origin'], origin);
    assert.match(asked.headers['access-control-allow-methods'], /GET, POST, DELETE/);
    assert.match(asked.headers['access-control-allow-headers'], /Authorization, Content-Type/);
    assert.equal(asked.headers['access-control-allow-credentials'], undefined, 'tokens only: never our cookie');
    const answer = await ask(origin);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.match(answer.headers.vary, /Origin/);
    const refused = await system.http('/api/v1/sync', { headers: { Origin: origin } });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers['access-control-allow-origin'], origin, 'the page may read why');
  }

  for (const origin of ['https://evil.example', 'http://shop.example.com', `${SHOP}.evil.example`, 'null']) {
    for (const answer of [await preflight(system, origin), await ask(origin), await system.http('/api/v1/session',
      { method: 'POST', body: '{"login":"ann","password":"x"}', headers: { Origin: origin } })]) {
      assert.equal(answer.status, 403, origin);
      assert.equal(answer.json.title, 'origin_refused');
      assert.ok(answer.json.detail.includes(origin) && answer.json.detail.includes('cors_origins'));
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
    }
  }

  for (const origin of ['https://chat.example.com', `http://127.0.0.1:${system.httpPort}`]) {
    const answer = await ask(origin);
    assert.equal(answer.status, 200, origin);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  }
  assert.equal((await system.http('/healthz', { headers: { Origin: 'https://evil.example' } })).status, 200, 'only the API asks');
});

scenario('without a list, other origins are refused', async (system) => {
  await (await system.init()).start();
  assert.equal((await preflight(system, SHOP)).status, 403);
  assert.equal((await system.api('/sync', { headers: { Origin: SHOP } })).status, 403);
});

scenario('the daemon does not start if the list has anything but origins', async (system) => {
  await system.init();
  await system.configure('cors_origins = *');
  const done = await system.convwire('up', '--take-free-ports');
  assert.equal(done.code, 78, done.stderr);
  assert.match(done.stderr, /cors_origins: "\*" is not an origin/);
});

/** Sends a request as a browser does; returns the raw bytes. */
function raw(url, headers) {
  return new Promise((resolve, reject) => {
    http.get(url, { headers }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ headers: response.headers, bytes: Buffer.concat(parts) }));
    }).on('error', reject);
  });
}

scenario('every answer forbids sniffing, framing, scripts and caching; long ones are compressed', async (system) => {
  await (await system.init()).start();
  for (let i = 0; i < 20; i++) await system.customerWrites({ from: `92345678901${String(i).padStart(2, '0')}`, body: 'Hello again' });
  for (const where of ['/healthz', '/api/v1/sync', '/api/v1/config', '/nowhere']) {
    const { headers } = await system.http(where);
    assert.equal(headers['x-content-type-options'], 'nosniff', where);
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
  }
  const url = `http://127.0.0.1:${system.httpPort}/api/v1/sync`;
  const Authorization = `Bearer ${system.token()}`;
  const plain = await raw(url, { Authorization });
  const packed = await raw(url, { Authorization, 'Accept-Encoding': 'gzip, deflate, br' });
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.ok(packed.bytes.length < plain.bytes.length / 3, `${packed.bytes.length} of ${plain.bytes.length}`);
  assert.deepEqual(JSON.parse(gunzipSync(packed.bytes)).snapshot, JSON.parse(plain.bytes).snapshot);
});
