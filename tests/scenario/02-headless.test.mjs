// docs/headless.md, exactly as printed there: the role, the token, and the flow in a real Node-RED.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { freePorts } from '../lib/program.mjs';
import { REPO, scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

async function page() {
  const text = await fs.readFile(path.join(REPO, 'docs/headless.md'), 'utf8');
  return { role: text.match(/```\n(# Reads[\s\S]*?)```/)[1], token: text.match(/```\nconvwire (token .*)\n```/)[1].split(' '), flow: text.match(/```json\n([\s\S]*?)```/)[1] };
}

/** Node-RED on loopback, without a palette from the internet. */
async function startNodeRed(system, token) {
  const [port] = await freePorts(1);
  const dir = path.join(system.dir, 'node-red');
  await fs.mkdir(dir);
  await fs.writeFile(path.join(dir, 'settings.js'), `module.exports = { uiHost: '127.0.0.1', uiPort: ${port}, telemetry: { enabled: false, updateNotification: false }, externalModules: { palette: { allowInstall: false } }, logging: { console: { level: 'info' } } };\n`);
  const program = system.launch('node-red', process.execPath, [path.join(REPO, 'tests/node_modules/node-red/red.js'), '--userDir', dir], { env: { CONVWIRE_TOKEN: token, HOME: dir } });
  await program.says(/Started flows/);
  return { program, url: `http://127.0.0.1:${port}` };
}

/** What "Import" and "Deploy" do. */
async function deploy({ program, url }, flow) {
  const answer = await fetch(`${url}/flows`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'Node-RED-Deployment-Type': 'full' }, body: JSON.stringify(flow) });
  assert.equal(answer.status, 204, await answer.text());
  await program.says(/Connected to broker: \S+:bot:node-red@/);
}

scenario('Node-RED reads, answers and is revoked, by docs/headless.md alone', async (system) => {
  const { role, token, flow } = await page();
  await system.init();
  await fs.appendFile(path.join(system.dir, 'roles.acl'), `\n${role}`);
  await system.startSim();
  await system.start();
  const id = await system.customer();
  const customer = id.split('_')[2];
  const made = await system.convwire(...token);
  assert.equal(made.code, 0, made.stderr);
  const nodeRed = await startNodeRed(system, made.stdout.trim());
  assert.equal(flow.match(/ACCOUNT/g).length, 4, 'as the page says');
  const ready = flow.replaceAll('ACCOUNT', system.account).replace('"port": "1883"', `"port": "${system.mqttPort}"`);
  await deploy(nodeRed, JSON.parse(ready));
  await system.customerWrites({ from: customer, body: 'Hello' });
  await system.customerWrites({ from: customer, body: 'What is the price?' });
  await eventually(async () => (await system.sim.textsTo(customer)).length > 0, 'the answer arrives');
  assert.deepEqual(await system.sim.textsTo(customer), ['It costs 5 euros.']);
  await nodeRed.program.says(/ok: true/);
  const answer = (await system.thread(id)).find(({ direction }) => direction === 'out');
  assert.equal(answer.command.subject, 'bot');

  assert.equal((await system.convwire('revoke', '--account', system.account, '--agent', 'bot')).code, 0);
  await nodeRed.program.says(/disconnected client: 152/);
  await eventually(async () => !JSON.parse((await system.convwire('clients', '--json')).stdout).clients.some(({ subject }) => subject === 'bot'), 'the bot is out');
});

scenario('the role of the page may do nothing else', async (system) => {
  const { role } = await page();
  await (await system.init()).start();
  const file = path.join(system.dir, 'bot.acl');
  await fs.writeFile(file, role);
  const may = async (action, topic) => (await system.convwire('acl', 'test', '--roles', file, '--role', 'bot', '--account', 'a1', '--agent', 'bot', action, topic)).code === 0;
  for (const [action, topic] of [['subscribe', 'acct/a1/conv/+'], ['write', 'acct/a1/conv/a1_1_2/cmd/bot'], ['subscribe', 'acct/a1/agent/bot/reply'], ['read', 'acct/a1/agent/bot/notice']]) assert.ok(await may(action, topic), `${action} ${topic}`);
  for (const [action, topic] of [['write', 'acct/a1/conv/a1_1_2/cmd/ann'], ['write', 'acct/a1/conv/a1_1_2'], ['subscribe', 'acct/a1/events'], ['write', 'acct/a1/agent/bot/presence/x'], ['subscribe', 'acct/a2/conv/+']]) assert.ok(!await may(action, topic), `${action} ${topic}`);
  assert.match((await system.convwire('acl', 'check', file)).stdout, /is valid\.$/m);
});
