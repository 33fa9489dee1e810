// The tokens of an existing Node back end, as made by the library jsonwebtoken, against the broker alone.
import assert from 'node:assert/strict';

import jsonwebtoken from 'jsonwebtoken';

import { ACCOUNT, OTHER, conv, eachDoor, everyConv, own, scenario } from '../lib/broker.mjs';

const SECRET = 'the JWT_SECRET of the old backend';
const USER = '64f0c0ffee64f0c0ffee0001';
const SETTINGS = { algorithm: 'HS256', accounts: ACCOUNT, account_claim: 'accountId', subject_claim: 'userId', without_kid: 'yes' };
const sign = (claims, options = { expiresIn: '15m' }) => jsonwebtoken.sign({ accountId: ACCOUNT, userId: USER, ...claims }, SECRET, options);

scenario('a token with expiresIn works unchanged', async (broker, t) => {
  await broker.init();
  await broker.writeKey('shared', 'backend', `${SECRET}\n`, SETTINGS);
  await broker.start();
  const witness = await broker.client({ agent: 'witness' });
  await witness.subscribe(`${everyConv()}/live/+`);
  await eachDoor(t, async (door) => {
    const client = await broker.client({ door, agent: USER, token: sign() });
    assert.deepEqual(await client.subscribe([everyConv(), own(USER, 'notice'), everyConv(OTHER)]), [1, 1, door.denied]);
    await broker.voice.say(conv(), door.tag);
    await client.message(conv(), door.tag);
    await client.publish(`${conv()}/live/${USER}`, `typing ${door.tag}`, { qos: 0 });
    await witness.message(`${conv()}/live/${USER}`, `typing ${door.tag}`);
  });
});

scenario('what it may not do', async (broker, t) => {
  await broker.init();
  await broker.writeKey('shared', 'backend', `${SECRET}\n`, SETTINGS);
  await broker.start();
  for (const [name, token, reason] of [
    ['without expiresIn', sign({}, {}), /no exp; with jsonwebtoken, sign with expiresIn/],
    ['role admin', sign({ role: 'admin' }), /role/],
    ['role supervisor', sign({ role: 'supervisor' }), /role/],
    ['role service', sign({ role: 'service' }), /service|role/],
    ['another account', sign({ accountId: OTHER }), /account/],
    ['account _system', sign({ accountId: '_system', userId: 'publisher' }), /house|_system|account/],
    ['a life of a year', sign({}, { expiresIn: '365d' }), /longer/],
    ['not before an hour', sign({}, { expiresIn: '2h', notBefore: '1h' }), /not valid yet/],
    ['HS512', sign({}, { expiresIn: '15m', algorithm: 'HS512' }), /alg/],
    ['the house key\'s kid', sign({}, { expiresIn: '15m', keyid: 'house' }), /signature|alg/],
    ['another secret', jsonwebtoken.sign({ accountId: ACCOUNT, userId: USER }, 'x'.repeat(32), { expiresIn: '15m' }), /signature/],
    ['the claims of the house', jsonwebtoken.sign({ account: ACCOUNT, sub: USER }, SECRET, { expiresIn: '15m' }), /account/],
  ]) {
    await t.test(name, (inner) => eachDoor(inner, async (door) => {
      const before = broker.audits('connect_refused').length;
      assert.equal(await broker.tries({ door, agent: USER, token }), door.refused);
      const line = (await broker.audited('connect_refused', () => true, before + 1)).at(-1);
      assert.match(line.reason, reason);
    }));
  }
});

scenario('key settings: the highest role, the issuer and the audience come from the key\'s file', async (broker, t) => {
  await broker.init();
  await broker.writeKey('shared', 'backend', SECRET, { ...SETTINGS, highest_role: 'supervisor', issuer: 'crm', audience: 'chat', role_claim: 'userRole' });
  await broker.start();
  const options = { expiresIn: '15m', issuer: 'crm', audience: ['web', 'chat'] };
  await eachDoor(t, async (door) => {
    const tries = (claims, more = {}) => broker.tries({ door, agent: USER, token: sign(claims, { ...options, ...more }) });
    assert.equal(await tries({ userRole: 'supervisor' }), 0);
    assert.equal(await tries({ role: 'admin' }), 0, 'a claim of that name means nothing here');
    assert.equal(await tries({ userRole: 'admin' }), door.refused);
    assert.equal(await tries({}, { issuer: 'other' }), door.refused);
    assert.equal(await tries({}, { audience: 'web' }), door.refused);
  });
});
