// SIGHUP, which Debian's logrotate sends every day: mosquitto checks every client again, with its data from CONNECT.
// Nobody is disconnected by that, rules and keys are reloaded, and bad ones change nothing.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { ACCOUNT, CONTROL, DOORS, V5_DOORS, conv, eachDoor, everyConv, lasting, now, own, scenario } from '../lib/broker.mjs';
import { makeToken } from '../lib/token.mjs';
import { eventually } from '../lib/until.mjs';

scenario('clients stay, whatever has become of the token in their CONNECT', async (broker, t) => {
  await (await broker.init()).start();
  const exp = now() + 3;
  const clients = [];
  for (const door of DOORS) {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent, claims: { exp } });
    await client.subscribe(everyConv());
    await client.publish(`${CONTROL}/renew`, broker.token(ACCOUNT, 'agent', agent));
    await client.message(own(agent, 'notice'), (text) => JSON.parse(text).type === 'renewed');
    clients.push([door.name, client]);
  }
  for (const door of V5_DOORS) {
    const agent = `enhanced-${door.tag}`;
    const client = await broker.open(door);
    assert.equal(await client.connect({
      clientId: `${ACCOUNT}:${agent}:tab1`, username: undefined,
      properties: { authenticationMethod: 'JWT', authenticationData: Buffer.from(broker.token(ACCOUNT, 'agent', agent)) },
    }), 0);
    await client.subscribe(everyConv());
    clients.push([`enhanced, ${door.name}`, client]);
  }
  await eventually(() => now() > exp, 'the tokens of the first CONNECTs have expired');
  for (let i = 0; i < 3; i++) await broker.reload();
  await broker.voice.say(conv(), 'after');
  for (const [name, client] of clients) {
    await t.test(name, async () => {
      assert.ok(await client.isAlive());
      await client.message(conv(), 'after');
    });
  }
});

scenario('sessions without a connection stay', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent, ...lasting(door) });
    await client.subscribe(everyConv());
    await client.drop();
    await broker.reload();
    const back = await broker.client({ door, agent, ...lasting(door) });
    assert.equal(back.connack.sessionPresent, true);
    await broker.voice.say(conv(), door.tag);
    await back.message(conv(), door.tag);
  });
});

scenario('a client whose token has expired is not kept because of it', async (broker) => {
  await (await broker.init()).start();
  const client = await broker.client({ claims: { exp: now() + 2 } });
  await broker.reload();
  await client.closed();
});

scenario('a role file with an error changes nothing; the log names file and line', async (broker, t) => {
  await (await broker.init()).start();
  const shipped = readFileSync(broker.rolesPath, 'utf8');
  const n = shipped.split('\n').length;
  const client = await broker.client();
  await client.subscribe(everyConv());
  let round = 0;
  for (const [name, fault] of Object.entries({
    'an unknown keyword': 'patern read acct/%a/conv/+', 'an invalid filter': 'pattern read acct/%a/#/x',
    'an empty role': 'role', 'an unknown placeholder': 'pattern read acct/%a/%z',
  })) {
    await t.test(name, async () => {
      await broker.writeRoles(`${shipped}${fault}\n`);
      const before = broker.broker.stderr.length;
      await broker.reload();
      const complaint = new RegExp(`${broker.rolesPath}:${n}: `);
      await broker.broker.until(() => complaint.test(broker.broker.stderr.slice(before)), `the log names line ${n}`);
      await broker.voice.say(conv(), `round ${++round}`);
      await client.message(conv(), `round ${round}`);
      const other = await broker.client({ agent: 'ben' });
      assert.equal(await other.subscribe(everyConv()), 1, 'the old rules are in force');
      await other.end();
    });
  }
  await t.test('once corrected, it takes effect', async () => {
    await broker.writeRoles(`${shipped}pattern deny acct/%a/events\n`.replace('role viewer', 'role guest'));
    await broker.reload();
    const guest = await broker.client({ role: 'guest', agent: 'guest' });
    assert.deepEqual(await guest.subscribe([everyConv(), `acct/${ACCOUNT}/events`]), [1, 135]);
  });
});

scenario('SIGHUP adds and removes keys; a bad one changes nothing', async (broker, t) => {
  await (await broker.init()).start();
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' });
  const settings = { algorithm: 'ES256', accounts: ACCOUNT };
  const claims = { account: ACCOUNT, sub: 'ann', role: 'agent', iat: now(), exp: now() + 900 };
  const token = makeToken({ algorithm: 'ES256', kid: 'partner', key: pair.privateKey, claims });
  const tries = (door) => broker.tries({ door, token });

  await t.test('unknown before', (inner) => eachDoor(inner, async (door) => assert.equal(await tries(door), door.refused)));
  await t.test('known after', async (inner) => {
    await broker.writeKey('public', 'partner', pem, settings);
    await broker.reload();
    await eachDoor(inner, async (door) => assert.equal(await tries(door), 0));
  });
  for (const [name, material, badSettings] of [
    ['garbage for a key', 'garbage', settings], ['an unknown setting', pem, { ...settings, colour: 'red' }],
    ['no accounts', pem, { algorithm: 'ES256' }], ['another algorithm', pem, { ...settings, algorithm: 'HS256' }],
  ]) {
    await t.test(`kept with ${name} beside it`, async () => {
      await broker.writeKey('public', 'zz-bad', material, badSettings);
      const before = broker.broker.stderr.length;
      await broker.reload();
      await broker.broker.until(() => /zz-bad\.(conf|pem)/.test(broker.broker.stderr.slice(before)), 'the log names the file');
      assert.equal(await tries(DOORS[1]), 0);
      assert.equal(await broker.tries(), 0, 'the house key');
      await broker.removeKey('public', 'zz-bad');
    });
  }
  await t.test('refused when it is removed, though the same token was accepted before', async (inner) => {
    await broker.removeKey('public', 'partner');
    await broker.reload();
    await eachDoor(inner, async (door) => assert.equal(await tries(door), door.refused));
    assert.equal(await broker.tries(), 0, 'the house key');
  });
});

scenario('forty clients, twenty SIGHUPs, messages all the while: none is lost', async (broker) => {
  await (await broker.init({ options: { max_clients_per_subject: 50 } })).start();
  const clients = await Promise.all(Array.from({ length: 40 }, (_, i) =>
    broker.client({ door: DOORS[i % 8 ? i % 2 : 2 + i % 2], agent: `ann${i}` })));
  await Promise.all(clients.map((client) => client.subscribe(everyConv())));
  const texts = Array.from({ length: 20 }, (_, i) => `message ${i}`);
  for (const text of texts) {
    await broker.reload();
    await broker.voice.say(conv(), text);
  }
  for (const client of clients) {
    await client.message(conv(), texts.at(-1));
    assert.deepEqual(client.payloads(conv()), texts);
  }
});

scenario('clients without an id of their own are admitted before and after a reload', async (broker, t) => {
  await (await broker.init()).start();
  for (const when of ['before', 'after', 'after another']) {
    await eachDoor(t, async (door) => {
      const client = await broker.client({ door, agent: `ann-${door.tag}`, clientId: '' });
      assert.equal(await client.subscribe(everyConv()), 1);
      await broker.voice.say(conv(), `${door.tag} ${when}`);
      await client.message(conv(), `${door.tag} ${when}`);
    });
    await broker.reload();
  }
  // Nor is there a way around one's own ids: what the broker does not choose must be the subject's.
  assert.notEqual(await broker.tries({ clientId: 'no-uuid-of-the-broker' }), 0);
});
