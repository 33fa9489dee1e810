// Authentication: one set of tokens, tried over MQTT and HTTP. What MQTT refuses, HTTP refuses.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';

import { scenario } from '../lib/system.mjs';
import { Inbox, mqttConnect, subscribe } from '../lib/mqtt.mjs';
import { houseClaims, makeToken } from '../lib/token.mjs';
import { eventually } from '../lib/until.mjs';

const NOT_AUTHORIZED = 135; // CONNACK 0x87 of MQTT 5
const NOT_AUTHORIZED_3 = 5; // and of MQTT 3.1.1

scenario('bad tokens are refused by MQTT and by HTTP alike', async (system, t) => {
  await (await system.init()).start();
  const { account } = system;
  const now = Math.floor(Date.now() / 1000);
  const house = await fs.readFile(path.join(system.dir, 'keys/house.pem'), 'utf8');
  const housePublic = await fs.readFile(path.join(system.dir, 'keys/public/house.pem'), 'utf8');
  const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const good = { algorithm: 'ES256', kid: 'house', key: house, claims: houseClaims({ account }) };
  const withClaims = (claims) => makeToken({ ...good, claims: { ...good.claims, ...claims } });
  const text = makeToken(good);
  const cut = text.slice(0, text.lastIndexOf('.'));

  const bad = {
    'none at all': undefined,
    'no JWT': 'letmein',
    'without signature': `${cut}.`,
    'with a signature of zeros': `${cut}.${Buffer.alloc(64).toString('base64url')}`,
    'with other claims under the same signature': [text.split('.')[0], withClaims({ role: 'admin' }).split('.')[1], text.split('.')[2]].join('.'),
    expired: withClaims({ iat: now - 1000, exp: now - 1 }),
    'not valid yet': withClaims({ nbf: now + 3600 }),
    'without exp': withClaims({ exp: undefined }),
    'with exp as text': withClaims({ exp: String(now + 900) }),
    'living longer than the key allows': withClaims({ exp: now + 400 * 86400 }),
    'of another issuer': withClaims({ iss: 'someone' }),
    'without account': withClaims({ account: undefined }),
    'with a wildcard as account': withClaims({ account: '+' }),
    'with a slash in the subject': withClaims({ sub: 'ann/reply' }),
    'of role service for a tenant': withClaims({ role: 'service' }),
    'wrong key': makeToken({ ...good, key: otherKey }),
    'unknown kid': makeToken({ ...good, kid: 'guessed' }),
    'kid that is a path': makeToken({ ...good, kid: '../house' }),
    'alg none': makeToken({ ...good, algorithm: 'none' }),
    'alg none in another spelling': makeToken({ ...good, algorithm: 'none', header: { alg: 'NoNe' } }),
    'HS256 made with the public key': makeToken({ ...good, algorithm: 'HS256', key: housePublic }),
    'HS256 made with the public key, without kid': makeToken({ ...good, algorithm: 'HS256', key: housePublic, kid: undefined }),
    'with an embedded key': makeToken({ ...good, key: otherKey, header: { jwk: otherKey.export({ format: 'jwk' }) } }),
    'longer than 8 KiB': withClaims({ padding: 'x'.repeat(9000) }),
  };
  const connect = (token, options) => mqttConnect(system.wsUrl, { account, agent: 'ann', token, ...options })
    .then((client) => client.endAsync().then(() => 'connected'), (error) => error.code ?? error.message);

  await t.test('a valid one is accepted', async () => {
    assert.equal(await connect(text), 'connected');
    assert.equal(await connect(text, { protocolVersion: 4 }), 'connected');
    assert.equal((await system.api('/sync', { token: text })).status, 200);
  });
  for (const [name, token] of Object.entries(bad)) {
    await t.test(name, async () => {
      assert.deepEqual(await Promise.all([connect(token), connect(token, { protocolVersion: 4 })]), [NOT_AUTHORIZED, NOT_AUTHORIZED_3]);
      for (const route of ['/sync', '/conversations', '/resolve?id=1', '/conversations/x/messages']) {
        const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
        const answer = await system.http(`/api/v1${route}`, { headers });
        assert.equal(answer.status, 401, route);
        assert.match(answer.headers['www-authenticate'], /^Bearer/);
      }
    });
  }
  await t.test('a valid one with another agent\'s client id', async () => {
    assert.equal(await connect(text, { clientId: `${account}:ben:tab1` }), NOT_AUTHORIZED);
    assert.equal(await connect(text, { clientId: 'other:ann:tab1' }), NOT_AUTHORIZED);
    assert.equal(await connect(text, { clientId: `${account}:ann:` }), NOT_AUTHORIZED);
  });
  await t.test('a valid one in the username, with no password', async () => {
    assert.equal(await connect(undefined, { username: text }), NOT_AUTHORIZED);
  });
  await t.test('no token and no token\'s text is in the logs', () => {
    const logs = system.broker.stderr + system.broker.stdout + system.daemon.stderr;
    assert.ok(!logs.includes(text.split('.')[2]) && !logs.includes(text.split('.')[1]));
  });
});

scenario('a token that expires while its client is connected: nothing more is delivered', async (system) => {
  await (await system.init()).start();
  const now = Math.floor(Date.now() / 1000);
  const short = await system.mqtt({ token: system.token(system.account, 'agent', 'ann', { exp: now + 2 }) });
  const inbox = new Inbox(short);
  assert.equal(await subscribe(short, `acct/${system.account}/conv/+`), 1);
  await system.customerWrites({ body: 'in time' });
  await inbox.until(() => inbox.events.length === 1, 'the first is delivered');

  const other = await system.agent({ agent: 'ben' });
  await eventually(() => Date.now() / 1000 > now + 2, 'the token has expired');
  await system.customerWrites({ body: 'too late' });
  await other.caughtUp();
  // The broker gives a message to all subscribers at once: if ben has it, ann's delivery was decided. Her ping proves
  // it.
  if (short.connected) await subscribe(short, `acct/${system.account}/agent/ann/notice`).catch(() => {});
  assert.deepEqual(inbox.events.map(({ payload }) => payload.data.message.content.body), ['in time']);
});
