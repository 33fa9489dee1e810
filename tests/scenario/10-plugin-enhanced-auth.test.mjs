// MQTT 5 enhanced authentication, method JWT: at CONNECT, and again on the open connection (AUTH 0x19).
import assert from 'node:assert/strict';

import { ACCOUNT, OTHER, V5_DOORS, conv, eachDoor, everyConv, lasting, now, own, scenario } from '../lib/broker.mjs';

const METHOD = 'JWT';
const REFUSED = 0x87;
const REAUTHENTICATE = 0x19;
const auth = (token, method = METHOD) => ({ authenticationMethod: method, ...(token != null && { authenticationData: Buffer.from(token) }) });

async function enhanced(broker, door, agent, { token = broker.token(ACCOUNT, 'agent', agent), method, clientId = `${ACCOUNT}:${agent}:tab1`, properties, ...options } = {}) {
  const client = await broker.open(door);
  const code = await client.connect({ clientId, username: undefined, ...options, properties: { ...properties, ...auth(token, method) } });
  return [code, client];
}

/** The answer to AUTH, or 'closed'. */
async function reauthenticate(client, token, method) {
  try {
    const answer = await client.ask({ cmd: 'auth', reasonCode: REAUTHENTICATE, properties: auth(token, method) },
      ({ cmd }) => ['auth', 'connack', 'disconnect'].includes(cmd), 'the answer to AUTH');
    return answer.cmd === 'auth' ? answer.reasonCode : answer.cmd;
  } catch (error) {
    if (error.isClosed) return 'closed';
    throw error;
  }
}

scenario('connected by AUTH: the same rights as by password', async (broker, t) => {
  await (await broker.init()).start();
  const admin = await broker.admin();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const [code, client] = await enhanced(broker, door, agent, { username: `${OTHER}/boss` });
    assert.equal(code, 0);
    assert.equal(client.connack.properties.authenticationMethod, METHOD);
    assert.deepEqual(await client.subscribe([everyConv(), everyConv(OTHER), '#']), [1, 135, 135]);
    await broker.voice.say(conv(), door.tag);
    await client.message(conv(), door.tag);
    assert.equal((await admin.data('getClient', { clientid: client.clientId })).client.username, `${ACCOUNT}/${agent}`);
    assert.equal(await broker.tries({ door, agent: 'ben', clientId: client.clientId }), REFUSED, 'its id is its own');
    assert.ok(await client.isAlive());
  }, { doors: V5_DOORS });
});

scenario('refused, as by password', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door, inner) => {
    for (const [name, options, codes = [REFUSED]] of [
      ['no token', { token: null }], ['an empty one', { token: '' }], ['no JWT', { token: 'letmein' }],
      ['expired', { token: broker.token(ACCOUNT, 'agent', 'ann', { iat: now() - 100, exp: now() - 1 }) }],
      ['too long', { token: broker.token(ACCOUNT, 'agent', 'ann', { pad: 'x'.repeat(9000) }) }],
      ['a good one and a NUL', { token: `${broker.token(ACCOUNT, 'agent', 'ann')}\u0000x` }],
      ['another\'s client id', { clientId: `${ACCOUNT}:ben:tab1` }],
      ['another method', { method: 'SCRAM-SHA-256' }, [REFUSED, 0x8c, 'closed']], ['the method in small letters', { method: 'jwt' }, [REFUSED, 0x8c, 'closed']],
      ['another method and a good password', { method: 'PLAIN', username: 'x', password: Buffer.from(broker.token()) }, [REFUSED, 0x8c, 'closed']],
      ['a bad one and a good password', { token: 'x', username: 'x', password: Buffer.from(broker.token()) }],
    ]) {
      await inner.test(name, async () => {
        const [code] = await enhanced(broker, door, 'ann', options);
        assert.ok(codes.includes(code), `CONNACK ${code}`);
      });
    }
  }, { doors: V5_DOORS });
  assert.deepEqual(await (await broker.admin()).clients({ account: ACCOUNT }), []);
  assert.doesNotMatch(broker.log, /eyJ/);
});

scenario('a second AUTH renews: past the first token\'s end, with the new role', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const first = now() + 3;
    const [, client] = await enhanced(broker, door, agent, { token: broker.token(ACCOUNT, 'agent', agent, { exp: first }) });
    await client.subscribe(everyConv());
    assert.equal(await reauthenticate(client, broker.token(ACCOUNT, 'agent', agent)), 0);
    const clock = await broker.client({ door, agent: `clock-${door.tag}`, claims: { exp: first } });
    await clock.closed();
    await broker.voice.say(conv(), `past ${door.tag}`);
    await client.message(conv(), `past ${door.tag}`);
    assert.equal(await reauthenticate(client, broker.token(ACCOUNT, 'assigned-agent', agent)), 0);
    await broker.voice.say(conv(), `limited ${door.tag}`);
    await client.ping();
    assert.deepEqual(client.payloads(conv()).filter((text) => text.endsWith(door.tag)), [`past ${door.tag}`]);
    assert.equal(await reauthenticate(client, broker.token(ACCOUNT, 'agent', agent, { exp: now() + 2 })), 0);
    await client.closed();
  }, { doors: V5_DOORS, together: true });
});

scenario('a refused second AUTH ends the connection, and changes nothing else', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door, inner) => {
    for (const [name, tokenOf, method] of [
      ['another subject', () => broker.token(ACCOUNT, 'agent', 'ben')], ['another account', (agent) => broker.token(OTHER, 'agent', agent)],
      ['the system', () => broker.token('_system', 'service', 'publisher')], ['expired', (agent) => broker.token(ACCOUNT, 'agent', agent, { iat: now() - 9, exp: now() - 1 })],
      ['no token', () => null], ['junk', () => 'junk'], ['another method', (agent) => broker.token(ACCOUNT, 'agent', agent), 'PLAIN'],
    ]) {
      await inner.test(name, async () => {
        const agent = `ann-${door.tag}`;
        const [code, client] = await enhanced(broker, door, agent, { properties: lasting(door).properties });
        assert.equal(code, 0);
        await client.subscribe(everyConv());
        assert.notEqual(await reauthenticate(client, tokenOf(agent), method), 0);
        await client.closed();
        await broker.voice.say(conv(), name);
        assert.deepEqual(client.payloads(conv()), []);
        assert.equal(await broker.tries({ door, agent }), 0, 'its owner comes back with a good token');
      });
    }
  }, { doors: V5_DOORS });
});

scenario('AUTH where it does not belong', async (broker, t) => {
  await (await broker.init()).start();
  const steady = await broker.client({ agent: 'steady' });
  await eachDoor(t, async (door) => {
    const byPassword = await broker.client({ door });
    byPassword.send({ cmd: 'auth', reasonCode: REAUTHENTICATE, properties: auth(broker.token()) });
    await byPassword.closed();
    const [, client] = await enhanced(broker, door, 'ben');
    client.send({ cmd: 'auth', reasonCode: 0x18, properties: auth(broker.token(ACCOUNT, 'agent', 'ben')) });
    await client.closed();
    const early = await broker.open(door);
    early.send({ cmd: 'auth', reasonCode: REAUTHENTICATE, properties: auth(broker.token()) });
    await early.closed();
  }, { doors: V5_DOORS });
  assert.ok(await steady.isAlive());
});

scenario('a client connected by AUTH can renew by a publish, too, is warned of expiry, and keeps its session', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const exp = now() + 62;
    const [, client] = await enhanced(broker, door, agent, { token: broker.token(ACCOUNT, 'agent', agent, { exp }) });
    await client.message(own(agent, 'notice'), (text) => text.includes('"expiring"'));
    await client.publish('$CONTROL/convwire/v1/renew', broker.token(ACCOUNT, 'agent', agent));
    await client.message(own(agent, 'notice'), (text) => text.includes('"renewed"'));
    const [code, second] = await enhanced(broker, door, agent);
    assert.equal(code, 0, 'a take-over');
    await client.closed();
    assert.equal(await second.subscribe(everyConv()), 1);
  }, { doors: V5_DOORS, together: true });
});
