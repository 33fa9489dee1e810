// Tokens that a library would accept and we do not: each is refused at every door, with its reason in one log line and
// none of its text. libjwt 1.10 accepts HS256 made with an RSA public key, any token with an empty key, junk in base64,
// a crit header, an exp of 1e10.
import assert from 'node:assert/strict';
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { ACCOUNT, DOORS, OTHER, eachDoor, now, scenario } from '../lib/broker.mjs';
import { houseClaims, makeToken } from '../lib/token.mjs';

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const SECRET = 'a secret of more than sixteen bytes';

/** A token with exactly this header and these claims. */
const hs256 = (header, claims, key = SECRET) => {
  const text = `${b64(header)}.${b64(claims)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
};

scenario('every trick, at every door', async (broker, t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const rsaPem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  await broker.init();
  await broker.writeKey('shared', 'shared', SECRET, { algorithm: 'HS256', accounts: ACCOUNT, without_kid: 'yes', highest_role: 'agent' });
  await broker.writeKey('public', 'rsa', rsaPem, { algorithm: 'RS256', accounts: ACCOUNT, without_kid: 'yes' });
  await broker.start();

  const time = now();
  const house = readFileSync(path.join(broker.dir, 'keys/house.pem'), 'utf8');
  const housePublic = readFileSync(path.join(broker.dir, 'keys/public/house.pem'), 'utf8');
  const claims = houseClaims({ account: ACCOUNT });
  const good = makeToken({ algorithm: 'ES256', kid: 'house', key: house, claims });
  const [header, body, signature] = good.split('.');
  const withClaims = (more) => makeToken({ algorithm: 'ES256', kid: 'house', key: house, claims: { ...claims, ...more } });
  const sharedClaims = { account: ACCOUNT, sub: 'ann', iat: time, exp: time + 900 };
  const head = { alg: 'HS256', typ: 'JWT', kid: 'shared' };
  const shared = (headerPart = {}, claimsPart = {}) => hs256({ ...head, ...headerPart }, { ...sharedClaims, ...claimsPart });
  const rs256 = () => {
    const text = `${b64({ alg: 'RS256', typ: 'JWT', kid: 'rsa' })}.${b64(sharedClaims)}`;
    return `${text}.${createSign('sha256').update(text).sign(rsa.privateKey, 'base64url')}`;
  };
  const claimsText = JSON.stringify(sharedClaims);
  const size = (bytes) => hs256(head, { ...sharedClaims, pad: 'x'.repeat(Math.ceil((bytes - shared().length) * 3 / 4) - 9) });

  const taken = { 'of the house': good, 'with a shared secret': shared(), 'with RSA': rs256(), 'without kid': shared({ kid: undefined }), 'just under 8 KiB': size(8100) };
  const SIGNATURE = /signature|alg/;
  const FORM = /base64url|JWT|signed|three parts/;
  const bad = {
    'no password': [undefined, /password|token/],
    'an empty password': ['', /password|token/],
    'alg confusion: HS256 with the RSA key\'s PEM': [hs256({ ...head, kid: 'rsa' }, sharedClaims, rsaPem), SIGNATURE],
    'alg confusion: the PEM without its last newline': [hs256({ ...head, kid: 'rsa' }, sharedClaims, rsaPem.trimEnd()), SIGNATURE],
    'alg confusion: with the house key\'s PEM': [hs256({ ...head, kid: 'house' }, claims, housePublic), SIGNATURE],
    'alg confusion without kid': [hs256({ alg: 'HS256', typ: 'JWT' }, sharedClaims, rsaPem), SIGNATURE],
    'alg none': [`${b64({ alg: 'none', typ: 'JWT', kid: 'house' })}.${b64(claims)}.`, FORM],
    'alg none with a signature': [`${b64({ alg: 'none', typ: 'JWT', kid: 'house' })}.${b64(claims)}.${signature}`, SIGNATURE],
    'alg in lower case': [shared({ alg: 'hs256' }), /alg/],
    'alg HS384': [shared({ alg: 'HS384' }), /alg/],
    'alg as a number': [shared({ alg: 256 }), /alg/],
    'no alg': [shared({ alg: undefined }), /alg/],
    'an empty key': [hs256(head, sharedClaims, ''), SIGNATURE],
    'exp as a float': [hs256(head, claimsText.replace(/"exp":\d+/, `"exp":${time + 900}.5`)), /whole number/],
    'exp as a float that is whole': [hs256(head, claimsText.replace(/"exp":\d+/, '"exp":1e10')), /whole number/],
    'exp as text': [shared({}, { exp: `${time + 900}` }), /whole number/],
    'exp null': [shared({}, { exp: null }), /exp/],
    'exp true': [shared({}, { exp: true }), /whole number/],
    'exp negative': [shared({}, { exp: -1, iat: undefined }), /expired|longer/],
    'exp past 64 bits': [hs256(head, claimsText.replace(/"exp":\d+/, '"exp":99999999999999999999')), /base64url|JSON|whole|claims|longer/],
    'no exp': [shared({}, { exp: undefined }), /no exp/],
    'expired': [shared({}, { iat: time - 900, exp: time - 1 }), /expired/],
    'from the future': [shared({}, { iat: time + 600 }), /not valid yet/],
    'nbf in the future': [shared({}, { nbf: time + 600 }), /not valid yet/],
    'nbf as text': [shared({}, { nbf: 'now' }), /whole number/],
    'a longer life than the key allows': [shared({}, { exp: time + 100_000 }), /longer/],
    'junk after the signature': [`${good}!`, FORM],
    'padding after the signature': [`${good}==`, FORM],
    'a newline after it': [`${good}\n`, FORM],
    'a space before it': [` ${good}`, FORM],
    'a space in it': [`${header}. ${body}.${signature}`, FORM],
    'base64, not base64url': [[header, body, Buffer.from(signature, 'base64url').toString('base64')].join('.').replace(/=+$/, '') + '+', FORM],
    'a part too many': [`${good}.${signature}`, FORM],
    'a part too few': [`${header}.${body}`, FORM],
    'no signature': [`${header}.${body}.`, FORM],
    'more than 8 KiB': [size(8300), /8 KiB|long/],
    'thirty KiB': [size(30_000), /8 KiB|long/],
    'a claim twice': [hs256(head, claimsText.replace('"sub":"ann"', '"sub":"ben","sub":"ann"')), /repeated|twice/],
    'exp twice': [hs256(head, claimsText.replace('"exp"', `"exp":${time - 5},"exp"`)), /repeated|twice/],
    'a header member twice': [hs256(JSON.stringify(head).replace('"alg":', '"alg":"none","alg":'), sharedClaims), /repeated|twice/],
    crit: [shared({ crit: ['exp'] }), /crit/],
    'an unknown kid': [shared({ kid: 'guessed' }), /kid/],
    'a kid that is a path': [shared({ kid: '../shared/shared' }), /kid/],
    'a kid in other letters': [shared({ kid: 'Shared' }), /kid/],
    'a kid that is a number': [shared({ kid: 1 }), /kid/],
    'claims that are a list': [hs256(head, [sharedClaims]), /claims/],
    'claims that are no JSON': [hs256(head, '{"account":'), /claims/],
    'an embedded key': [makeToken({ algorithm: 'ES256', kid: 'house', claims, ...(({ privateKey }) =>
      ({ key: privateKey, header: { jwk: privateKey.export({ format: 'jwk' }) } }))(generateKeyPairSync('ec', { namedCurve: 'P-256' })) }), SIGNATURE],
    'another issuer': [withClaims({ iss: 'someone' }), /iss/],
    'role service of a tenant': [withClaims({ role: 'service' }), /service/],
    'a foreign key, role service': [shared({}, { role: 'service' }), /service|role/],
    'a foreign key, a higher role': [shared({}, { role: 'admin' }), /role/],
    'a foreign key, a role that is none': [shared({}, { role: 'agent ' }), /role/],
    'a foreign key, another account': [shared({}, { account: OTHER }), /account/],
    'a foreign key, _system': [shared({}, { account: '_system', sub: 'publisher' }), /house|account/],
    'an account with a wildcard': [shared({}, { account: '+' }), /account/],
    'a subject with a slash': [shared({}, { sub: 'ann/notice' }), /subject/],
    'a subject that is a number': [shared({}, { sub: 5 }), /subject/],
    'a jti that is an object': [shared({}, { jti: {} }), /jti/],
    'a NUL in the subject': [hs256(head, claimsText.replace('"ann"', '"ann\\u0000x"')), /claims|subject/],
  };

  for (const [name, token] of Object.entries(taken)) {
    await t.test(`taken: ${name}`, (inner) => eachDoor(inner, async (door) => assert.equal(await broker.tries({ door, token }), 0)));
  }
  for (const [i, [name, [token, reason]]] of Object.entries(bad).entries()) {
    if (i % 40 === 39) await broker.restart(); // after a burst of 200 lines, only 20 a second are logged
    await t.test(`refused: ${name}`, async () => {
      const before = broker.audits('connect_refused').length;
      const codes = await Promise.all(DOORS.map((door) => broker.tries({ door, token })));
      // The broker may hang up on a password that is not UTF-8 or too long for a CONNECT; either way it is not
      // admitted.
      assert.deepEqual(codes, DOORS.map((door) => door.refused));
      const lines = (await broker.audited('connect_refused', () => true, before + DOORS.length)).slice(before);
      assert.equal(lines.length, DOORS.length, 'one line each');
      for (const line of lines) {
        assert.match(line.reason, reason);
        assert.match(line.address, /127\.0\.0\.1$/);
        assert.equal(line.clientid, `${ACCOUNT}:ann:tab1`);
      }
    });
  }
  await t.test('the log contains no part of any token', () => {
    for (const token of [...Object.values(taken), ...Object.values(bad).map(([text]) => text)]) {
      for (const part of (token ?? '').split('.').filter((text) => text.length >= 16)) {
        assert.ok(!broker.log.includes(part.trim().slice(0, 40).slice(-24)), part.slice(0, 60));
      }
    }
  });
});

scenario('a token in the username does not count, and is not logged', async (broker, t) => {
  await (await broker.init()).start();
  const token = broker.token();
  await eachDoor(t, async (door) => {
    assert.equal(await broker.tries({ door, token: undefined, username: token }), door.refused);
    assert.equal(await broker.tries({ door, token: 'x', username: token }), door.refused);
    assert.equal(await broker.tries({ door, username: 'anyone at all' }), 0, 'the username is not looked at');
  });
  for (const part of token.split('.').slice(1)) assert.ok(!broker.log.includes(part));
});

scenario('the username that mosquitto keeps is the token\'s', async (broker, t) => {
  await (await broker.init()).start();
  const admin = await broker.admin();
  await eachDoor(t, async (door) => {
    const client = await broker.client({ door, username: `${OTHER}/admin` });
    assert.equal((await admin.data('getClient', { clientid: client.clientId })).client.username, `${ACCOUNT}/ann`);
  });
});
