// Clients that are not ours on the same broker. By default there are none; with `foreign defer` mosquitto's own
// password_file and acl_file decide about them, but never about acct/… and $CONTROL/….
import assert from 'node:assert/strict';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

import { ACCOUNT, CONTROL, DOORS, OTHER, conv, conversation, eachDoor, everyConv, own, scenario } from '../lib/broker.mjs';

const PASSWORD = 'the sensor\'s own password';
const DYNSEC = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib', '/usr/local/lib'].map((dir) => `${dir}/mosquitto_dynamic_security.so`).find(existsSync);

/** A line as mosquitto_passwd writes it. */
function passwordLine(user) {
  const salt = randomBytes(12);
  return `${user}:$7$101$${salt.toString('base64')}$${pbkdf2Sync(PASSWORD, salt, 101, 64, 'sha512').toString('base64')}\n`;
}

/** `decoy` may do everything, according to mosquitto's file; `sensor` has its own topics. */
async function shared(broker, { foreign, ...settings } = {}) {
  await broker.init();
  const file = (name) => path.join(broker.dir, 'broker', name);
  await fs.writeFile(file('passwords'), ['sensor', 'decoy'].map(passwordLine).join(''), { mode: 0o600 });
  await fs.writeFile(file('acl'), 'user sensor\ntopic readwrite sensors/#\n\nuser decoy\ntopic readwrite #\ntopic readwrite $SYS/#\ntopic readwrite $CONTROL/#\npattern readwrite acct/#\n', { mode: 0o600 });
  broker.settings = { password_file: file('passwords'), acl_file: file('acl'), ...settings };
  if (foreign) broker.options = { foreign };
  return broker.start();
}

const asForeign = (user, more) => ({ username: user, token: PASSWORD, clientId: `${user}-1`, ...more });

scenario('by default a foreign client is refused, whatever the password file says', async (broker, t) => {
  await shared(broker);
  await eachDoor(t, async (door) => {
    assert.equal(await broker.tries({ door, ...asForeign('sensor') }), door.refused);
    assert.equal(await broker.tries({ door, ...asForeign('decoy', { clientId: '' }) }), door.refused);
    assert.equal(await broker.tries({ door }), 0);
  });
});

scenario('the same with an explicit deny, and for anonymous clients if mosquitto allows them', async (broker, t) => {
  await shared(broker, { foreign: 'deny', allow_anonymous: true });
  await eachDoor(t, async (door) => {
    assert.equal(await broker.tries({ door, ...asForeign('sensor') }), door.refused);
    assert.equal(await broker.tries({ door, username: undefined, token: undefined, clientId: 'nobody' }), door.refused);
    assert.equal(await broker.tries({ door, username: undefined, token: undefined, clientId: '' }), door.refused);
  });
});

scenario('with defer a foreign client works on its own topics', async (broker, t) => {
  await shared(broker, { foreign: 'defer' });
  await eachDoor(t, async (door) => {
    const sensor = await broker.client({ door, ...asForeign('sensor') });
    const topic = `sensors/${door.tag}`;
    assert.equal(await sensor.subscribe('sensors/#'), 1);
    await sensor.publish(topic, 'warm');
    await sensor.message(topic, 'warm');
    await sensor.publish('elsewhere', 'x');
    await sensor.publish(topic, 'warmer', { retain: true });
    const late = await broker.client({ door, ...asForeign('sensor', { clientId: 'sensor-2', will: { topic: 'sensors/will', payload: Buffer.from(door.tag), qos: 0, retain: false } }) });
    await late.subscribe('sensors/+');
    assert.equal((await late.message(topic, 'warmer')).retain, true);
    await late.drop();
    await sensor.message('sensors/will', door.tag);
    assert.equal(await broker.tries({ door, ...asForeign('sensor', { token: 'wrong' }) }), door.refused, 'a wrong password');
    assert.equal(await broker.tries({ door, ...asForeign('stranger') }), door.refused, 'an unknown user');
    assert.equal(await broker.tries({ door, claims: { exp: 1 } }), door.refused, 'a bad token is not passed on');
    await sensor.drop();
  });
});

scenario('a decoy among them receives nothing of ours and changes nothing, while traffic flows', async (broker, t) => {
  await shared(broker, { foreign: 'defer' });
  const ann = await broker.client({ role: 'assigned-agent' });
  const ben = await broker.client({ agent: 'ben' });
  for (const client of [ann, ben]) assert.deepEqual(await client.subscribe([everyConv(), `acct/${ACCOUNT}/events`, own('+', 'presence/+')]), [1, 1, 1]);
  await broker.voice.assign(conversation('923450000001'), 'ann');
  await broker.voice.say(`acct/${ACCOUNT}/head`, 'retained', { retain: true });
  await ben.subscribe(`acct/${ACCOUNT}/head`);
  await ben.message(`acct/${ACCOUNT}/head`, 'retained');
  const bridge = await broker.bridge();
  const admin = await broker.admin();
  const before = await admin.data('stats');
  const heard = [];

  await eachDoor(t, async (door) => {
    const decoy = await broker.client({ door, ...asForeign('decoy', { clientId: `decoy-${door.tag}` }) });
    // mosquitto's acl_file grants any SUBSCRIBE; what counts is what is delivered.
    for (const filter of ['#', '+/#', 'acct/#', `acct/${ACCOUNT}/#`, `acct/${ACCOUNT}/conv/+`, `acct/+/conv/+`, `acct/+/conv/+/cmd/+`, own('+', '#'), 'acct/_system/#',
      '$CONTROL/#', `${CONTROL}/response`, '$share/g/#', `$share/g/acct/${ACCOUNT}/#`, '$share/g/$CONTROL/#', conv()]) {
      await decoy.subscribe(filter);
    }
    const forged = [conv(), `acct/${ACCOUNT}/events`, `acct/${ACCOUNT}/head`, `${conv()}/cmd/ann`, `${conv()}/live/ann`, own('ann', 'presence/tab1'), own('ann', 'notice'), own('ann', 'reply'),
      'acct', 'acct/', 'acct/x', `acct/${OTHER}/head`, 'acct/_system/agent/publisher/notice'];
    for (const topic of forged) for (const retain of [false, true]) await decoy.publish(topic, 'forged', { retain });
    await decoy.publish(`${CONTROL}/assign`, JSON.stringify({ type: 'assign', conversation: conversation('923450000002'), subject: 'ann' }));
    await decoy.publish(`${CONTROL}/assign`, JSON.stringify({ type: 'begin', generation: 'forged' }));
    await decoy.publish(`${CONTROL}/assign`, JSON.stringify({ type: 'commit', generation: 'forged', n_assignments: 0, n_revocations: 0 }));
    await decoy.publish(CONTROL, JSON.stringify({ commands: [{ command: 'kick', account: ACCOUNT }, { command: 'revoke', account: ACCOUNT }] }));
    await decoy.publish(`${CONTROL}/renew`, broker.token());
    const withWill = await broker.client({ door, ...asForeign('decoy', { clientId: `will-${door.tag}`, will: { topic: conv(), payload: Buffer.from('forged'), qos: 1, retain: true } }) });
    await withWill.drop();

    for (let i = 0; i < 20; i++) {
      for (const customer of ['923450000001', '923450000002']) await broker.voice.say(conv(customer), `${door.tag} ${i}`);
      heard.push([conv('923450000001'), `${door.tag} ${i}`], [conv('923450000002'), `${door.tag} ${i}`]);
    }
    await ben.publish(`${conv()}/cmd/ben`, door.tag);
    await broker.voice.say(own('ann', 'notice'), '{}');
    await admin.data('stats');
    await decoy.publish('own/topic', 'end');
    await decoy.message('own/topic', 'end');
    assert.deepEqual(decoy.heard.filter(([topic]) => /^(acct|\$CONTROL)/.test(topic)), []);
    await decoy.drop();
  });
  await Promise.all([ann, ben, bridge].map((client) => client.ping()));
  const live = (client) => client.messages.filter(({ retain }) => !retain).map(({ topic, payload }) => [topic, payload]);
  assert.deepEqual(live(ben), heard, 'ben hears each event once, and nothing else');
  assert.deepEqual(live(ann), heard.filter(([topic]) => topic === conv('923450000001')), 'ann\'s assignments are what they were');
  assert.deepEqual(bridge.heard, DOORS.map((door) => [`${conv()}/cmd/ben`, door.tag]));
  const after = await admin.data('stats');
  for (const name of ['revocations', 'assignments', 'revoked', 'renewed']) assert.equal(after[name], before[name], name);
  const late = await broker.client({ agent: 'late' });
  await late.subscribe([`acct/${ACCOUNT}/head`, everyConv(), own('+', 'presence/+')]);
  await late.ping();
  assert.deepEqual(late.heard, [[`acct/${ACCOUNT}/head`, 'retained']], 'what is retained is ours');
});

scenario('a foreign client cannot use one of our client ids', async (broker, t) => {
  await shared(broker, { foreign: 'defer' });
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const ann = await broker.client({ door, agent });
    await ann.subscribe(everyConv());
    for (const clientId of [ann.clientId, `${ACCOUNT}:${agent}:other`, '_system:publisher:1', '_system:root:1']) {
      assert.equal(await broker.tries({ door, ...asForeign('decoy', { clientId, clean: true }) }), door.refused, clientId);
    }
    await broker.voice.say(conv(), door.tag);
    await ann.message(conv(), door.tag);
  });
});

scenario('our clients with defer: denied stays denied, mosquitto\'s files allow nothing', async (broker, t) => {
  await shared(broker, { foreign: 'defer' });
  await eachDoor(t, async (door) => {
    const ann = await broker.client({ door, username: 'decoy' });
    assert.deepEqual(await ann.subscribe(['sensors/#', '#', everyConv(OTHER), everyConv()]), [door.denied, door.denied, door.denied, 1]);
    const sensor = await broker.client({ ...asForeign('sensor') });
    await sensor.subscribe('sensors/#');
    if (door.version === 5) assert.equal(await ann.publish('sensors/x', 'forged'), 135);
    else await ann.publish('sensors/x', 'forged');
    await sensor.publish('sensors/x', 'true');
    await sensor.message('sensors/x', 'true');
    assert.deepEqual(sensor.heard, [['sensors/x', 'true']]);
  });
});

scenario('loaded after another plugin: the broker does not start, or says so', { skip: DYNSEC ? false : 'mosquitto_dynamic_security.so is not installed' }, async (broker, t) => {
  await broker.init();
  const file = path.join(broker.dir, 'broker', 'dynsec.json');
  await fs.writeFile(file, JSON.stringify({ defaultACLAccess: { publishClientSend: false, publishClientReceive: false, subscribe: false, unsubscribe: true }, clients: [], groups: [], roles: [] }));
  broker.linesBeforePlugin = [`plugin ${DYNSEC}`, `plugin_opt_config_file ${file}`];
  await t.test('after', async () => {
    assert.match((await broker.startFails()).log, /convwire: .*dynamic_security\.so was loaded before this plugin.*plugin_opt_must_be_first off/);
  });
  await t.test('after, with the option off', async () => {
    const from = broker.log.length;
    broker.options = { ...broker.options, must_be_first: 'off' };
    await broker.start({ load: false });
    assert.match(broker.log.slice(from), /convwire: .*was loaded before this plugin/);
    await broker.stopBroker();
  });
  await t.test('first', async () => {
    const from = broker.log.length;
    broker.linesBeforePlugin = [];
    await broker.start();
    assert.doesNotMatch(broker.log.slice(from), /loaded before/);
  });
});
