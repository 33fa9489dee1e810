// Administrators' commands for the rules and the running broker: acl, clients, kick, assign.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { scenario } from '../lib/system.mjs';
import { page } from '../lib/page.mjs';
import { eventually } from '../lib/until.mjs';
import { newCustomer } from '../lib/webhook.mjs';

const [OK, USAGE, DATAERR, NOINPUT, NOPERM] = [0, 64, 65, 66, 77];

scenario('acl: is a role file valid, and what does it decide?', async (system) => {
  await system.init();
  const acl = (...args) => system.convwire('acl', ...args);
  const test = (role, access, topic, ...more) => acl('test', '--role', role, '--account', system.account, '--agent', 'ann', access, topic, ...more);
  const conversation = `acct/${system.account}/conv/${system.account}_${system.number}_923456789012`;

  const allowed = await test('agent', 'read', conversation);
  assert.equal(allowed.code, OK, allowed.stderr);
  assert.match(allowed.stdout, /allowed[^]*roles\.acl:\d+/);
  const foreign = await test('agent', 'read', 'acct/other/conv/other_1_2');
  assert.equal(foreign.code, NOPERM);
  assert.match(foreign.stdout, /denied/);
  assert.equal((await test('assigned-agent', 'read', conversation)).code, NOPERM);
  assert.equal((await test('assigned-agent', 'read', conversation, '--assigned')).code, OK);
  assert.equal((await test('agent', 'write', conversation)).code, NOPERM);
  assert.equal((await test('agent', 'write', `${conversation}/cmd/ann`)).code, OK);
  assert.equal((await test('agent', 'write', `${conversation}/cmd/bob`)).code, NOPERM);
  assert.equal((await test('agent', 'subscribe', `acct/${system.account}/conv/+`)).code, OK);
  assert.equal((await test('agent', 'subscribe', '#')).code, NOPERM);
  const told = JSON.parse((await test('agent', 'read', conversation, '--json')).stdout);
  assert.equal(told.allowed, true);

  const broken = path.join(system.dir, 'broken.acl');
  await fs.writeFile(broken, 'role agent\npattern raed acct/%a/conv/+\n');
  const unsound = await acl('check', broken);
  assert.equal(unsound.code, DATAERR);
  assert.match(unsound.stderr, /broken\.acl:2: /);
  assert.equal((await test('agent', 'read', conversation, '--roles', broken)).code, DATAERR);
  assert.notEqual((await test('nobody-has-this-role', 'read', conversation)).code, OK);
  for (const wrong of [['test'], ['why', 'one'], ['what'], ['check', 'a', 'b', 'c'], ['test', '--role', 'agent', 'look', conversation]]) {
    const { code, stderr } = await acl(...wrong);
    assert.equal(code, USAGE, wrong.join(' '));
    assert.ok(stderr.length > 10, wrong.join(' '));
  }
});

scenario('clients, acl why, kick: requests to the running broker', async (system) => {
  await (await system.init()).start();
  const topic = `acct/${system.account}/conv/${system.account}_${system.number}_923456789012`;
  const ann = page(system);
  await eventually(() => ann.status === 'live', 'ann is live');

  const listed = await system.convwire('clients');
  assert.equal(listed.code, OK, listed.stderr);
  const [clientId] = listed.stdout.match(new RegExp(`${system.account}:ann:\\S+`)) ?? assert.fail(listed.stdout);
  const all = JSON.parse((await system.convwire('clients', '--json', '--agent', 'ann')).stdout);
  assert.equal(all.clients.length, 1);
  assert.equal(JSON.parse((await system.convwire('clients', '--json', '--agent', 'nobody')).stdout).clients.length, 0);

  const why = await system.convwire('acl', 'why', clientId, topic);
  assert.equal(why.code, OK, why.stderr);
  assert.match(why.stdout, /read +allowed[^]*write +denied[^]*subscribe +/);
  assert.deepEqual(Object.keys(JSON.parse((await system.convwire('acl', 'why', clientId, topic, '--json')).stdout)), ['read', 'write', 'subscribe']);
  const nobody = await system.convwire('acl', 'why', `${system.account}:nobody:1`, topic);
  assert.equal(nobody.code, DATAERR, nobody.stderr);

  const statuses = [];
  ann.on('status', (status) => statuses.push(status));
  const kicked = await system.convwire('kick', clientId);
  assert.equal(kicked.code, OK, kicked.stderr);
  await eventually(() => statuses.length > 0 && ann.status === 'live', 'she was thrown out, and came back');
  const gone = await system.convwire('kick', `${system.account}:nobody:1`);
  assert.equal(gone.code, DATAERR);
  assert.match(gone.stderr, /no client with this clientid is connected/);
  assert.equal((await system.convwire('kick')).code, USAGE);

  await system.broker.stop();
  const silent = await system.convwire('clients');
  assert.notEqual(silent.code, OK);
  assert.match(silent.stderr, /cannot be reached[^]*convwire up/);
});

scenario('assign: who a conversation is assigned to', async (system) => {
  await (await system.init()).start();
  const from = newCustomer();
  const id = `${system.account}_${system.number}_${from}`;
  await system.customerWrites({ from });
  const assignee = async () => (await system.api(`/conversations/${id}`)).json.assignee;

  const given = await system.convwire('assign', from, 'ann');
  assert.equal(given.code, OK, given.stderr);
  assert.equal(await assignee(), 'ann');
  assert.equal((await system.convwire('assign', id, 'nobody')).code, OK);
  assert.equal(await assignee(), null);
  assert.equal(JSON.parse((await system.convwire('assign', id, 'bob', '--json')).stdout).conversation, id);
  assert.equal((await system.convwire('assign', '15550001111', 'ann')).code, NOINPUT);
  assert.equal((await system.convwire('assign', id)).code, USAGE);
});

scenario('revoke says how many clients it ended, whoever told the broker first', async (system) => {
  await (await system.init()).start();
  for (const clientId of ['1', '2', '3']) await system.mqtt({ agent: 'ann', tab: clientId, reconnectPeriod: 0 });
  const bob = await system.mqtt({ agent: 'bob' });
  const { code, stdout, stderr } = await system.convwire('revoke', '--account', system.account, '--agent', 'ann');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^3 clients disconnected\.$/m);
  assert.equal(bob.connected, true);
  const again = await system.convwire('revoke', '--account', system.account, '--agent', 'ann');
  assert.match(again.stdout, /^0 clients disconnected\.$/m);
});
