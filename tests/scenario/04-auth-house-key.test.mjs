// The house key is replaced while everything runs: nobody is refused, and a pair that does not fit is not taken.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';

import { doctor } from '../lib/doctor.mjs';
import { scenario } from '../lib/system.mjs';

const keys = async (system) => Object.fromEntries(JSON.parse((await system.convwire('key', 'list', '--json')).stdout).keys.map(({ kid, house }) => [kid, house]));
const next = (kids) => Object.keys(kids).find((kid) => kid !== 'house');

/** A message goes from WhatsApp to an agent, and an answer back. */
async function works(system, agent, n) {
  await system.customerWrites({ from: '923456789012', body: `message ${n}` });
  await agent.until(() => agent.received.some(({ event }) => event.data?.message?.content?.body === `message ${n}`), `message ${n}`);
}

scenario('rotate: the broker learns the new key, then it signs; --finish removes the old one', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  await works(system, agent, 1);
  const oldToken = system.token();
  assert.deepEqual(await keys(system), { house: 'signs' });

  const rotated = await system.convwire('key', 'rotate');
  assert.equal(rotated.code, 0, rotated.stderr);
  assert.match(rotated.stdout, /^house-\d{8} signs from now on\. Tokens of house are valid until they expire\./);
  const kids = await keys(system);
  const fresh = next(kids);
  assert.deepEqual(kids, { house: 'retired', [fresh]: 'signs' });
  assert.equal((await system.api('/agents', { token: oldToken })).status, 200, 'old tokens are still good');
  const token = (await system.convwire('token')).stdout.trim();
  assert.equal(JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid, fresh);
  assert.equal((await system.api('/agents', { token })).status, 200);
  await works(system, agent, 2);
  const again = await system.convwire('key', 'rotate');
  assert.equal(again.code, 65);
  assert.match(again.stderr, /house is left from an earlier rotation.*--finish/);

  // As for a stolen key: the old one goes at once, and whoever used it is disconnected.
  const finished = await system.convwire('key', 'rotate', '--finish');
  assert.equal(finished.code, 0, finished.stderr);
  assert.deepEqual(await keys(system), { [fresh]: 'signs' });
  assert.equal((await system.api('/agents', { token: oldToken })).status, 401);
  assert.equal((await system.convwire('revoke', '--kid', 'house')).code, 0);
  const other = await system.agent({ agent: 'bob', token: (await system.convwire('token', '--agent', 'bob')).stdout.trim() });
  await works(system, other, 3);
  assert.match((await system.convwire('key', 'rotate', '--finish')).stderr, /the only one that may sign/);
  assert.equal((await doctor(system, '--no-message')).of('keys').result, 'ok');
});

scenario('a rotation that is interrupted goes on where it was; the broker may have another folder', async (system) => {
  await system.init();
  system.brokerKeys = path.join(system.dir, 'broker/keys');
  const copyKeys = () => fs.cp(path.join(system.dir, 'keys/public'), path.join(system.brokerKeys, 'public'), { recursive: true });
  await copyKeys();
  await system.start();
  const keysDir = path.join(system.dir, 'keys');
  const house = await fs.readFile(path.join(keysDir, 'house.pem'), 'utf8');
  await system.broker.stop();
  const unreachable = await system.convwire('key', 'rotate');
  assert.equal(unreachable.code, 69, unreachable.stderr);
  assert.match(unreachable.stderr, /the broker cannot be reached/);
  const kids = await keys(system);
  assert.deepEqual(kids, { house: 'signs', [next(kids)]: 'next' });
  assert.equal(await fs.readFile(path.join(keysDir, 'house.pem'), 'utf8'), house, 'nothing signs with it yet');
  await system.startBroker();
  const unknown = await system.convwire('key', 'rotate');
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.stderr, /the broker does not take tokens of house-\d{8} yet, so house still signs\.\n.*copy keys\/public\/house-\d{8}\.pem/);
  await copyKeys();
  assert.equal((await system.convwire('key', 'rotate')).code, 0, 'it makes the broker read its keys again');
  assert.deepEqual(await keys(system), { house: 'retired', [next(kids)]: 'signs' });
});

scenario('rotate is for the owner of the key, and leaves other keys alone', async (system, t) => {
  await (await system.init()).start();
  const house = path.join(system.dir, 'keys/house.pem');
  const { mode } = await fs.stat(house);
  await fs.writeFile(path.join(system.dir, 'keys/public/partner.pem'), await fs.readFile(path.join(system.dir, 'keys/public/house.pem')));
  await fs.writeFile(path.join(system.dir, 'keys/public/partner.conf'), 'algorithm = ES256\naccounts = *\nhighest_role = service\n');
  assert.match((await system.convwire('key', 'rotate', '--finish')).stderr, /the only one that may sign/);
  await fs.writeFile(path.join(system.dir, 'keys/public/partner.conf'), 'algorithm = ES256\naccounts = shop\nhighest_role = service\n');
  assert.match((await system.convwire('key', 'list')).stderr, /partner\.conf: accounts: a house key speaks for all of them/);
  await fs.rm(path.join(system.dir, 'keys/public/partner.conf'));
  assert.equal(mode & 0o777, 0o600);
  if (process.getuid() !== 0) return t.diagnostic('only root can give a file away');
  await fs.chown(house, 65534, 65534);
  const refused = await system.convwire('key', 'rotate');
  assert.equal(refused.code, 65);
  assert.match(refused.stderr, /house\.pem belongs to another user/);
  assert.deepEqual(await fs.readdir(path.join(system.dir, 'keys/public')).then((names) => names.filter((name) => name.startsWith('house-'))), []);
});

scenario('SIGHUP refuses a private key that does not fit, and keeps the pair that does', async (system) => {
  await (await system.init()).start();
  const house = path.join(system.dir, 'keys/house.pem');
  const old = await fs.readFile(house);
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', house], { stdio: 'pipe' });
  system.daemon.child.kill('SIGHUP');
  await system.daemon.says(/keys\/public does not verify what .*keys\/house\.pem signs.*; the old keys and roles remain in force/, 'stderr');
  await fs.writeFile(house, old);
  const agent = await system.agent();
  await works(system, agent, 1);
  system.daemon.child.kill('SIGHUP');
  await system.daemon.says(/keys and roles reloaded, signing with house/, 'stderr');
});

scenario('a token that its key would refuse is not made', async (system) => {
  await (await system.init()).start();
  const refused = await system.convwire('token', '--ttl', '366d');
  assert.equal(refused.code, 65);
  assert.match(refused.stderr, /a token of 31622400 s would be refused: the longest is 31536000 s \(365 days\), max_lifetime_s in keys\/public\/house\.conf/);
  const token = (await system.convwire('token', '--ttl', '365d')).stdout.trim();
  assert.equal((await system.api('/agents', { token })).status, 200);
});
