// Follows docs/moving-from-socketio.md literally: its commands, its Express handler, its page; from nothing to `match:
// true`, and how long it took.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import jsonwebtoken from 'jsonwebtoken';

import '../lib/page.mjs';
import { request } from '../lib/http.mjs';
import { freePorts } from '../lib/program.mjs';
import { PLUGIN, programPath, REPO, scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { sign, textWebhook } from '../lib/webhook.mjs';

const CONTACT = '64f0c0ffee64f0c0ffee0001';
const MINUTES = 25;

async function blocks() {
  const text = await fs.readFile(path.join(REPO, 'docs/moving-from-socketio.md'), 'utf8');
  const all = [...text.matchAll(/```(sh|js)\n([\s\S]*?)```/g)].map(([, language, body]) => ({ language, body }));
  const shell = all.filter(({ language }) => language === 'sh').map(({ body }) => body);
  const script = all.filter(({ language }) => language === 'js').map(({ body }) => body);
  assert.deepEqual([shell.length, script.length], [3, 3], 'the walk knows every block');
  return { shell, script };
}

/** Just enough of Express for the document's handler: raw bodies, get, sendStatus. */
async function oldBackEnd(handlerText, port, target) {
  const { default: http } = await import('node:http');
  const seen = [];
  const app = { post: (_, __, handler) => { app.handler = handler; } };
  const express = { raw: () => null };
  new Function('app', 'express', 'oldHandler', 'fetch', handlerText.replaceAll('http://127.0.0.1:8080', target))(app, express, (body) => seen.push(body), fetch);
  const server = http.createServer(async (incoming, outgoing) => {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    await app.handler({ body: Buffer.concat(chunks), get: (name) => incoming.headers[name.toLowerCase()] },
      { sendStatus: (code) => { outgoing.writeHead(code); outgoing.end(); } });
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { seen, port: server.address().port, close: () => server.close() };
}

scenario(`following the document takes well under ${MINUTES} minutes`, async (system, t) => {
  const started = Date.now();
  const { shell, script } = await blocks();
  const dir = await fs.mkdtemp('/tmp/convwire-walk-');
  t.after(() => fs.rm(dir, { recursive: true, force: true }));
  const [httpPort, mqttPort, wsPort] = await freePorts(3);
  const env = { ...process.env, PATH: `${path.dirname(programPath('convwire'))}:${process.env.PATH}` };
  const ports = `--http-port ${httpPort} --mqtt-port ${mqttPort} --ws-port ${wsPort}`;
  const sh = (name, text) => {
    const program = system.launch(name, 'sh', ['-ec', `cd ${dir}\n${text}`], { env });
    return program;
  };
  const plain = async (name, text) => {
    const program = sh(name, text);
    await program.ended();
    assert.equal(program.end.code, 0, `${name}: ${program.stderr}`);
    return program;
  };

  // 1. Its commands, except for the ports and the plugin of this build.
  await plain('init', shell[0].replace('convwire init', `convwire init ${ports}`));
  await plain('keys', shell[1].replace('convwire up\n', ''));
  await fs.appendFile(path.join(dir, 'var/convwire.conf'), `plugin = ${PLUGIN}\n`);
  const up = sh('up', 'exec convwire up');
  await up.says(/Ctrl-C stops it/);
  // 2. The old back end, forwarding.
  const backEnd = await oldBackEnd(script[0], 0, `http://127.0.0.1:${httpPort}`);
  t.after(() => backEnd.close());
  // 3. The ids that the page knows.
  await fs.writeFile(path.join(dir, 'contacts.json'), `${JSON.stringify({ _id: { $oid: CONTACT }, accountId: '695a15a5c526dbe7c085ece2', phoneNumberId: '1003427786179738', customerNumber: '923456789012' })}\n`);
  assert.match((await plain('alias', shell[2])).stdout, /1 imported/);

  // 4. The page, in its own process, next to the library.
  const token = jsonwebtoken.sign({ accountId: '695a15a5c526dbe7c085ece2', userId: '64f0beef' }, 'the JWT secret of the old back end', { expiresIn: '1h' });
  const page = path.join(REPO, 'client', `walk-${process.pid}.mjs`);
  t.after(() => fs.rm(page, { force: true }));
  await fs.writeFile(page, [
    `const token = ${JSON.stringify(token)};`,
    script[1].replace("'@convwire/client/socketio'", "'./dist/socketio.js'").replace('http://127.0.0.1:8080', `http://127.0.0.1:${httpPort}`),
    "const show = (message) => { console.log('shown:', message.text); " + script[2].trim() + " process.exit(0); };",
    `socket.on('connect', () => { select({ id: '${CONTACT}' }); console.log('ready'); });`,
    "socket.on('join_error', (error) => { console.error(error); process.exit(1); });",
  ].join('\n'));
  const running = system.launch('page', process.execPath, [page], { env });
  await running.says(/ready/);
  const body = JSON.stringify(textWebhook('1003427786179738', { from: '923456789012', body: 'it matches' }));
  await eventually(async () => {
    const answer = await request(`http://127.0.0.1:${backEnd.port}/webhook`, { method: 'POST', body, headers: { 'Content-Type': 'application/json', 'X-Hub-Signature-256': sign(body, "the Meta app's secret") } });
    return answer.status === 200;
  }, 'the old handler forwards');
  await running.ended();
  assert.equal(running.end.code, 0, running.stderr);
  assert.match(running.stdout, /shown: it matches/);
  // 5. The page's console output.
  assert.match(running.stdout, /│ true\s+│/);
  assert.match(running.stdout, new RegExp(`"${CONTACT}" was resolved to it`));
  assert.equal(backEnd.seen.length, 1, 'the old system got it, too');
  const took = (Date.now() - started) / 1000;
  console.log(`from init to match: true in ${took.toFixed(1)} s`);
  assert.ok(took < MINUTES * 60);
});
