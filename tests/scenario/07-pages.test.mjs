// The dashboard's files as served by the daemon: compressed, cached forever or revalidated each time, with a strict
// policy; and nothing else.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

import { request } from '../lib/http.mjs';
import { scenario } from '../lib/system.mjs';

const SCRIPT = 'console.log("a script long enough to be packed")'.repeat(50);

/** A daemon with a small test dashboard. */
async function begin(system, ...settings) {
  await system.init();
  const folder = path.join(system.dir, 'pages');
  await fs.mkdir(path.join(folder, 'assets'), { recursive: true });
  await fs.writeFile(path.join(folder, 'index.html'), '<!doctype html><title>page</title>');
  await fs.mkdir(path.join(folder, 'static'));
  await fs.writeFile(path.join(folder, 'static/manifest.webmanifest'), '{}');
  await fs.writeFile(path.join(folder, 'assets/index-a1b2.js'), SCRIPT);
  await fs.writeFile(path.join(folder, 'assets/index-a1b2.js.gz'), gzipSync(SCRIPT));
  await fs.writeFile(path.join(folder, 'assets/.hidden.js'), 'secret');
  await fs.symlink(path.join(system.dir, 'keys/house.pem'), path.join(folder, 'assets/link.js'));
  await system.configure(`dashboard = ${folder}`, ...settings);
  await system.start();
  return folder;
}

const get = (system, where, headers = {}) => request(`http://127.0.0.1:${system.httpPort}${where}`, { headers });

/** A request with exactly this path; a library would normalise it. */
function raw(system, target) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(system.httpPort, '127.0.0.1', () => socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
    let answer = '';
    socket.on('data', (bytes) => { answer += bytes; });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

scenario('the page: its policy names the broker, its paths lead to it, it is revalidated each time', async (system) => {
  await begin(system);
  for (const where of ['/', '/c/any_1_2']) {
    const answer = await get(system, where);
    assert.equal(answer.status, 200);
    assert.match(answer.text, /<title>page/);
    assert.match(answer.headers['content-type'], /^text\/html/);
    const policy = answer.headers['content-security-policy'];
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", `connect-src 'self' ws://127.0.0.1:${system.wsPort};`, "frame-ancestors 'none'", "base-uri 'none'"]) assert.ok(policy.includes(rule), `${rule} in ${policy}`);
    assert.ok(!/unsafe/.test(policy));
    assert.deepEqual([answer.headers['cache-control'], answer.headers['x-content-type-options'], answer.headers['x-frame-options'], answer.headers['referrer-policy']],
      ['no-cache', 'nosniff', 'DENY', 'no-referrer']);
  }
  const { headers: { etag } } = await get(system, '/');
  assert.equal((await get(system, '/', { 'If-None-Match': etag })).status, 304);
  assert.equal((await get(system, '/static/manifest.webmanifest')).headers['content-type'], 'application/manifest+json');
});

scenario('a broker behind a proxy is named as browsers see it; an IPv6 host, which a policy cannot name, by scheme', async (system) => {
  await begin(system, 'mqtt_public_url = wss://chat.example.com/mqtt');
  assert.match((await get(system, '/')).headers['content-security-policy'], /connect-src 'self' wss:\/\/chat\.example\.com\/mqtt;/);
  for (const bad of ['wss://x y', "wss://x; script-src *", 'http://x']) {
    await system.daemon.stop();
    await system.configure(`mqtt_public_url = ${bad}`);
    await assert.rejects(system.startDaemon());
    assert.match(system.daemon.stderr, /mqtt_public_url: .* is not a URL that starts with ws:/);
  }
});

scenario('files with a hash in their name are cached forever, and sent compressed on request', async (system) => {
  await begin(system);
  const packed = await request(`http://127.0.0.1:${system.httpPort}/assets/index-a1b2.js`, { headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.equal(packed.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal(packed.headers.vary, 'Accept-Encoding');
  assert.equal(gunzipSync(packed.bytes).toString(), SCRIPT);
  const plain = await get(system, '/assets/index-a1b2.js', { 'Accept-Encoding': 'identity' });
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(plain.text, SCRIPT);
  assert.notEqual(plain.headers.etag, packed.headers.etag, 'other bytes, another tag');
});

scenario('no other file on the disk can be requested', async (system) => {
  await begin(system);
  for (const target of ['/assets/../index.html', '/assets/..%2findex.html', '/assets/%2e%2e/%2e%2e/keys/house.pem', '/assets/.hidden.js', '/assets/link.js', '/assets/index-a1b2.js.gz',
    '/index.html', '/../convwire.conf', '/..', '/.', '/assets/', '/assets', '/convwire.conf', '//etc/passwd', `/${'a'.repeat(250)}.js`, '/keys/house.pem', '/assets/a/b.js', '/static/../index.html', '/static/index.html', '/manifest.webmanifest']) {
    const answer = await raw(system, target);
    assert.match(answer, /^HTTP\/1\.1 40[0-9] /, `${target}: ${answer.slice(0, 200)}`);
    assert.ok(!/PRIVATE KEY|secret|http_port/.test(answer), target);
  }
});

scenario('without a dashboard the API works, and the page says what is missing', async (system) => {
  await system.init();
  await system.configure(`dashboard = ${system.dir}/nothing-here`);
  await system.start();
  const answer = await get(system, '/');
  assert.equal(answer.status, 404);
  assert.match(answer.text, /No dashboard is installed here: `make build` builds it/);
  assert.match(system.daemon.stderr, /no dashboard: .*nothing-here/);
  assert.equal((await system.api('/conversations')).status, 200);
});
