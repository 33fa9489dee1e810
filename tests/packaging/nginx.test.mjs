// packaging/nginx.conf unchanged except for our certificate and the scenario's ports: doctor finds nothing wrong with
// it from outside.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

import { freePorts, listens } from '../lib/program.mjs';
import { REPO, scenario } from '../lib/system.mjs';
import { makeCertificates } from '../lib/tls_proxy.mjs';
import { eventually } from '../lib/until.mjs';
import { newCustomer } from '../lib/webhook.mjs';

/** Starts nginx with everything that the example leaves to the user. */
async function startNginx(system, ports = freePorts(2)) {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-nginx-'));
  system.cleanups.push(() => fs.rm(dir, { recursive: true }));
  const certificates = makeCertificates(dir);
  const [port, plainPort] = await ports;
  const example = (await fs.readFile(path.join(REPO, 'packaging/nginx.conf'), 'utf8'))
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${system.httpPort}`).replaceAll('127.0.0.1:9001', `127.0.0.1:${system.wsPort}`)
    .replaceAll('chat.example.com', 'localhost').replaceAll('/var/log/nginx', dir).replace(/^\s*listen \[::\].*\n/gm, '')
    .replace('listen 443', `listen 127.0.0.1:${port}`).replace('listen 80', `listen 127.0.0.1:${plainPort}`)
    .replace(/ssl_certificate .*;/, `ssl_certificate ${certificates.cert};`).replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${certificates.key};`);
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ');
  const conf = path.join(dir, 'nginx.conf');
  await fs.writeFile(conf, `${process.getuid() === 0 ? 'user root;' : ''} pid ${dir}/nginx.pid; error_log ${dir}/error.log; daemon off; worker_processes 1; events {}
http { access_log ${dir}/access.log; ${places}\n${example}\n}\n`);
  system.launch('nginx', 'nginx', ['-e', path.join(dir, 'error.log'), '-c', conf, '-p', dir]);
  await eventually(() => listens(port), 'nginx listens');
  return { url: `https://localhost:${port}`, port, plainPort, dir, ca: certificates.ca };
}

scenario('the nginx example: TLS, /mqtt, 4 MB bodies, the redirect; doctor finds no fault', async (system) => {
  await system.init();
  await system.startSim();
  const ports = await freePorts(2);
  await system.configure(`public_url = https://localhost:${ports[0]}`, `mqtt_public_url = wss://localhost:${ports[0]}/mqtt`);
  await system.start();
  const proxy = await startNginx(system, ports);
  await system.customer();
  await fs.writeFile(path.join(system.dir, 'run.json'), JSON.stringify({ http_port: system.httpPort, mqtt_port: system.mqttPort, ws_port: system.wsPort }));
  const { code, stdout } = await system.convwire('doctor', '--ca-file', proxy.ca);
  assert.equal(code, 0, stdout);
  for (const check of ['public_url', 'certificate', 'verification', 'big webhook', 'websocket', 'road']) assert.match(stdout, new RegExp(`^ok    ${check} `, 'm'));
});

scenario('the nginx example: its logs contain no phone number, no search text and no secret', async (system) => {
  await (await system.init()).start();
  const proxy = await startNginx(system);
  const from = newCustomer();
  const id = `${system.account}_${system.number}_${from}`;
  await system.customerWrites({ from });
  const ca = await fs.readFile(proxy.ca);
  const get = (where, headers = {}) => new Promise((resolve, reject) => {
    https.get(`${proxy.url}${where}`, { ca, headers }, (response) => response.resume().on('end', () => resolve(response.statusCode))).on('error', reject);
  });
  const headers = { Authorization: `Bearer ${system.token()}` };
  assert.equal(await get(`/api/v1/conversations/${id}/messages`, headers), 200);
  assert.equal(await get('/api/v1/search?q=quetzalcoatl', headers), 200);
  assert.equal(await get('/webhook?hub.mode=subscribe&hub.verify_token=a-secret-word&hub.challenge=1'), 403);
  await system.daemon.stop();
  assert.equal(await get(`/api/v1/conversations/${id}/messages?q=quetzalcoatl`, headers), 502);
  for (const name of (await fs.readdir(proxy.dir)).filter((file) => file.endsWith('.log'))) {
    assert.doesNotMatch(await fs.readFile(path.join(proxy.dir, name), 'utf8'), new RegExp(`${id}|quetzalcoatl|a-secret-word`), name);
  }
});

scenario('the nginx example: slow clients are cut off, oversized bodies are refused', async (system) => {
  await (await system.init()).start();
  const proxy = await startNginx(system);
  const ca = await fs.readFile(proxy.ca);
  const talk = (text) => new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', servername: 'localhost', port: proxy.port, ca, ALPNProtocols: ['http/1.1'] }, () => socket.write(text));
    let heard = '';
    socket.setEncoding('utf8').on('data', (part) => { heard += part; });
    socket.on('close', () => resolve(heard));
    socket.on('error', reject);
  });
  assert.match(await talk('POST /webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n'), /^HTTP\/1\.1 413 /);
  const began = process.hrtime.bigint();
  assert.match(await talk('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '), /^(HTTP\/1\.1 408 |$)/);
  assert.ok(Number(process.hrtime.bigint() - began) < 60e9, 'a header that never ends is not waited for');
});
