// "Any MQTT client" in docs/protocol.md, exactly as printed there: mosquitto's clients, and the program below them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

import { REPO, programPath, scenario } from '../lib/system.mjs';
import { newCustomer } from '../lib/webhook.mjs';

async function section() {
  const text = await fs.readFile(path.join(REPO, 'docs/protocol.md'), 'utf8');
  const from = text.indexOf('### Any MQTT client');
  assert.ok(from > 0);
  const own = text.slice(from);
  return { shell: own.match(/```sh\n([\s\S]*?)```/)[1], program: own.match(/```js\n([\s\S]*?)```/)[1] };
}

async function start(system) {
  await system.init();
  await system.startSim();
  await system.start();
  return system.customer();
}

scenario('mosquitto_pub and mosquitto_sub send a reply and receive the answer and its ticks', async (system) => {
  const id = await start(system);
  const { shell } = await section();
  const lines = shell.replaceAll('-h 127.0.0.1', `-h 127.0.0.1 -p ${system.mqttPort}`).replaceAll('\\\n', ' ').trim().split('\n');
  const [token, names, replies, events, command] = lines;
  const env = { ACCOUNT: system.account, CONVERSATION: id };
  const where = `${path.dirname(programPath('convwire'))}:${process.env.PATH}`;
  const set = token.replace('convwire token', `convwire token --dir ${system.dir}`);
  const sh = (name, line) => system.launch(name, 'sh', ['-c', `${set}\nexec stdbuf -oL ${line}`], { env: { ...env, PATH: where } });
  assert.match(names, /^ACCOUNT=…/);
  const subs = [replies, events].map((line) => sh('mosquitto_sub', `${line.replace(/ &$/, '')} -d`));
  for (const sub of subs) await sub.says(/Subscribed/);
  assert.equal((await sh('mosquitto_pub', command).ended()).code, 0);
  await subs[0].says(/"ok":true/);
  await subs[1].says(/"status":"read"/);
  assert.deepEqual(await system.sim.textsTo(id.split('_')[2]), ['Hello']);
});

scenario('the program in 120 lines sends, is answered, follows the ticks, and learns of refusals', async (system, t) => {
  const id = await start(system);
  const { program } = await section();
  assert.ok(program.split('\n').length <= 135);
  // Next to node_modules, so that it finds mqtt.
  const file = path.join(REPO, 'tests', `any-client-${process.pid}.mjs`);
  await fs.writeFile(file, program);
  t.after(() => fs.rm(file));
  const tokenFile = path.join(system.dir, 'token');
  const env = (token) => {
    writeFileSync(tokenFile, `${token}\n`);
    return ({ CONVWIRE_TOKEN_FILE: tokenFile, CONVWIRE_MQTT: `mqtt://127.0.0.1:${system.mqttPort}`, CONVWIRE_HTTP: `http://127.0.0.1:${system.httpPort}` });
  };
  const good = system.launch('any client', process.execPath, [file, id, 'From any client'], { env: env(system.token()) });
  await good.ended();
  assert.equal(good.end.code, 0, good.stderr);
  assert.match(good.stdout, /queued/);
  assert.match(good.stdout, /read/);
  assert.deepEqual(await system.sim.textsTo(id.split('_')[2]), ['From any client']);

  // A token that ends before the last tick: the program takes the fresh one from the file.
  await system.sim.behave({ statuses: { words: ['sent', 'delivered', 'read'], delay_ms: 2500 } });
  const iat = Math.floor(Date.now() / 1000);
  const renewing = system.launch('a client that renews', process.execPath, [file, id, 'Renewed'], { env: env(system.token(system.account, 'agent', 'ann', { iat, exp: iat + 6 })) });
  await renewing.says(/queued/);
  writeFileSync(tokenFile, system.token());
  await renewing.ended();
  assert.equal(renewing.end.code, 0, renewing.stderr);
  await system.sim.behave({ statuses: { words: ['sent', 'delivered', 'read'], delay_ms: 50 } });

  // Over 3.1.1 the broker refuses silently; the program learns it over HTTP after ten seconds.
  const denied = system.launch('a viewer', process.execPath, [file, id, 'no'], { env: env(system.token(system.account, 'viewer', 'vic')) });
  await denied.ended();
  assert.equal(denied.end.code, 1);
  assert.match(denied.stderr, /may not send commands/);
  const nobody = `${system.account}_${system.number}_${newCustomer()}`;
  const unknown = system.launch('to nobody', process.execPath, [file, nobody, 'no'], { env: env(system.token()) });
  await unknown.ended();
  assert.match(unknown.stderr, /no such conversation/);
});
