// A broker whose plugin cannot work does not start, and says why: the file and line, or the option.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

import { ACCOUNT, PLUGIN, scenario } from '../lib/broker.mjs';

const pem = (kind, options) => generateKeyPairSync(kind, options).publicKey.export({ type: 'spki', format: 'pem' });
const ES256 = { algorithm: 'ES256', accounts: ACCOUNT };
const HS256 = { algorithm: 'HS256', accounts: ACCOUNT };
const SECRET = 'a secret of more than sixteen bytes';
const P256 = () => pem('ec', { namedCurve: 'P-256' });

/** Each one breaks a good configuration; the log must then match. */
const faults = {
  'an unknown option': [(broker) => { broker.options.colour = 'red'; }, /plugin_opt_colour/],
  'a misspelt option': [(broker) => { broker.options.max_client_per_account = '5'; }, /plugin_opt_max_client_per_account/],
  'foreign neither deny nor defer': [(broker) => { broker.options.foreign = 'allow'; }, /plugin_opt_foreign.*deny.*defer/],
  'a limit that is a word': [(broker) => { broker.options.max_clients_per_account = 'many'; }, /plugin_opt_max_clients_per_account/],
  'a negative limit': [(broker) => { broker.options.max_clients_per_account = '-1'; }, /plugin_opt_max_clients_per_account/],
  'a limit with a tail': [(broker) => { broker.options.max_clients_per_subject = '10x'; }, /plugin_opt_max_clients_per_subject/],
  'a limit past all numbers': [(broker) => { broker.options.max_clients_per_subject = '99999999999999999999'; }, /plugin_opt_max_clients_per_subject/],
  'a state file in a missing folder': [(broker) => { broker.options.state = '/nowhere/at/all/state'; }, /\/nowhere\/at\/all\/state/],
  'no role file': [(broker) => fs.rm(broker.rolesPath), /roles\.acl/],
  'an empty role file': [(broker) => broker.writeRoles(''), /roles\.acl:1: /],
  'a role file of comments': [(broker) => broker.writeRoles('# nothing\n\n# here\n'), /roles\.acl:\d+: /],
  'a rule before any role': [(broker) => broker.writeRoles('pattern read acct/%a/events\n'), /roles\.acl:1: /],
  'an unknown keyword': [(broker) => broker.writeRoles('role agent\npattern read acct/%a/events\nallow acct/%a/head\n'), /roles\.acl:3: /],
  'an invalid access': [(broker) => broker.writeRoles('role agent\n\npattern reed acct/%a/events\n'), /roles\.acl:3: /],
  'an invalid filter': [(broker) => broker.writeRoles('role agent\npattern read acct/%a/x#\n'), /roles\.acl:2: /],
  'a filter for everything': [(broker) => broker.writeRoles('role agent\ntopic read #\n'), /roles\.acl:2: /],
  'a filter outside acct/': [(broker) => broker.writeRoles('role agent\ntopic write $CONTROL/#\n'), /roles\.acl:2: /],
  'an unknown placeholder': [(broker) => broker.writeRoles('role agent\npattern read acct/%x/events\n'), /roles\.acl:2: /],
  'an invalid qos': [(broker) => broker.writeRoles('role agent\npattern write acct/%a/x qos 3\n'), /roles\.acl:2: /],
  'a word after a rule': [(broker) => broker.writeRoles('role agent\npattern read acct/%a/x retian\n'), /roles\.acl:2: /],
  'mosquitto\'s own word user': [(broker) => broker.writeRoles('user ann\ntopic read acct/x\n'), /roles\.acl:1: /],
  'no keys': [(broker) => fs.rm(path.join(broker.dir, 'keys'), { recursive: true }), /keys/],
  'a key that is garbage': [(broker) => broker.writeKey('public', 'bad', 'garbage\n', ES256), /public\/bad\.pem/],
  'a private key instead of a public one': [async (broker) =>
    broker.writeKey('public', 'bad', await fs.readFile(path.join(broker.dir, 'keys/house.pem')), ES256), /public\/bad\.pem/],
  'ES256 with curve P-384': [(broker) => broker.writeKey('public', 'bad', pem('ec', { namedCurve: 'P-384' }), ES256), /public\/bad\.pem.*P-256/],
  'ES256 with curve secp256k1': [(broker) => broker.writeKey('public', 'bad', pem('ec', { namedCurve: 'secp256k1' }), ES256), /public\/bad\.pem.*P-256/],
  'ES256 with an RSA key': [(broker) => broker.writeKey('public', 'bad', pem('rsa', { modulusLength: 2048 }), ES256), /public\/bad\.pem/],
  'RS256 with 1024 bits': [(broker) => broker.writeKey('public', 'bad', pem('rsa', { modulusLength: 1024 }), { ...ES256, algorithm: 'RS256' }), /public\/bad\.pem/],
  'HS256 with a public key': [(broker) => broker.writeKey('public', 'bad', P256(), HS256), /public\/bad\.pem/],
  'an empty secret': [(broker) => broker.writeKey('shared', 'bad', '', HS256), /shared\/bad\.secret/],
  'a short secret': [(broker) => broker.writeKey('shared', 'bad', 'fifteen letters', HS256), /shared\/bad\.secret/],
  'a secret with ES256': [(broker) => broker.writeKey('shared', 'bad', SECRET, ES256), /shared\/bad\.secret/],
  'an unknown setting of a key': [(broker) => broker.writeKey('shared', 'bad', SECRET, { ...HS256, colour: 'red' }), /shared\/bad\.conf:3: /],
  'a setting of the wrong kind': [(broker) => broker.writeKey('shared', 'bad', SECRET, { ...HS256, max_lifetime_s: 'long' }), /shared\/bad\.conf:3: /],
  'a key without accounts': [(broker) => broker.writeKey('shared', 'bad', SECRET, { algorithm: 'HS256' }), /shared\/bad\.conf.*accounts/],
  'an unknown algorithm': [(broker) => broker.writeKey('shared', 'bad', SECRET, { ...HS256, algorithm: 'none' }), /shared\/bad/],
  'a foreign key that speaks as service': [(broker) => broker.writeKey('shared', 'bad', SECRET, { ...HS256, highest_role: 'service' }), /shared\/bad\.conf.*service/],
  'two keys of one name': [(broker) => broker.writeKey('shared', 'house', SECRET, HS256), /shared\/house/],
  'settings without a key': [async (broker) => {
    await broker.writeKey('shared', 'bad', SECRET, HS256);
    await fs.rm(path.join(broker.dir, 'keys/shared/bad.secret'));
  }, /shared\/bad\.secret/],
};

scenario('no start with a bad configuration', async (broker, t) => {
  await broker.init();
  const [dir, roles] = [broker.dir, readFileSync(broker.rolesPath)];
  for (const [name, [spoil, expected]] of Object.entries(faults)) {
    await t.test(name, async () => {
      broker.dir = await fs.mkdtemp(path.join(dir, '..', 'spoilt-'));
      await fs.cp(path.join(dir, 'keys'), path.join(broker.dir, 'keys'), { recursive: true });
      await fs.mkdir(path.join(broker.dir, 'broker'));
      await fs.writeFile(broker.rolesPath, roles);
      broker.options = {};
      await spoil(broker);
      const { code, log } = await broker.startFails();
      assert.notEqual(code, 0);
      assert.match(log, /^\d+: convwire: /m);
      const line = log.split('\n').find((text) => text.includes('convwire: '));
      assert.match(line, expected);
      assert.doesNotMatch(log, /version \S+ running/);
      assert.ok(!log.includes(SECRET));
    });
  }
  await t.test('the same without the error starts', async () => {
    broker.dir = dir;
    broker.options = { foreign: 'deny', max_clients_per_account: '10', max_clients_per_subject: '0', state: path.join(dir, 'broker', 'state') };
    await broker.start();
    assert.equal(await broker.tries(), 0);
  });
});

/** Security settings per listener, as many existing mosquitto configurations have them. */
const perListener = (broker, copies) => [
  'per_listener_settings true', `listener ${broker.mqttPort} 127.0.0.1`, 'allow_anonymous false',
  ...Array.from({ length: copies }, () => [`plugin ${PLUGIN}`, `plugin_opt_keys ${broker.dir}/keys`, `plugin_opt_roles ${broker.rolesPath}`]).flat(),
  ...(process.getuid() === 0 ? ['user root'] : []), 'log_dest stderr', '',
].join('\n');

scenario('per_listener_settings true: mosquitto 2.0.11 then has no timer, so nobody is admitted; the log says so', async (broker, t) => {
  await broker.init();
  broker.brokerConf = () => perListener(broker, 1);
  await broker.start({ load: false });
  const [, patch] = broker.log.match(/mosquitto version 2\.0\.(\d+)/);
  const hasTimer = Number(patch) > 11; // Debian 13's 2.0.21 calls it
  for (const version of [4, 5]) {
    await t.test(`MQTT ${version}`, async () => {
      for (const options of [{}, { account: '_system', agent: 'publisher', role: 'service' }, { account: '_system', agent: 'root', role: 'admin' }]) {
        const code = await broker.tries({ door: { transport: 'tcp', version }, ...options });
        assert.equal(code, hasTimer ? 0 : version === 5 ? 135 : 5);
      }
    });
  }
  assert.equal(broker.log.match(/convwire: (?!audit).*per_listener_settings/g)?.length, hasTimer ? undefined : 1, 'said once');
});

scenario('the plugin loaded twice in one broker: no start', async (broker) => {
  await broker.init();
  broker.brokerConf = () => perListener(broker, 2);
  const { code, log } = await broker.startFails();
  assert.notEqual(code, 0);
  assert.match(log, /convwire: /);
});
