// Revocation: the clients it hits are out at once, with nothing more said by them or to them, and not let in again.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';

import { ACCOUNT, DOORS, OTHER, conv, eachDoor, everyConv, lasting, now, own, scenario } from '../lib/broker.mjs';
import { makeToken } from '../lib/token.mjs';

const EVENTS = `acct/${ACCOUNT}/events`;
const FAR = 4102444800; // 2100
const rule = (kind, value, options = {}) =>
  ({ kind, account: kind === 'key' ? '' : ACCOUNT, value, revoked_at: now() - 5, forget_at: FAR, ...options });
const OLD = { iat: now() - 60 }; // a token from before every revocation here

/** A second key, so that a key can be revoked without the publisher's own. */
async function addPartner(broker) {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await broker.writeKey('public', 'partner', pair.publicKey.export({ type: 'spki', format: 'pem' }), { algorithm: 'ES256', accounts: '*' });
  return (agent, claims = {}, account = ACCOUNT) => makeToken({
    algorithm: 'ES256', kid: 'partner', key: pair.privateKey, claims: { account, sub: agent, role: 'agent', iat: now(), exp: now() + 900, ...claims },
  });
}

/** Which tokens each kind hits: [what is revoked, an old token it hits, an old one that it does not]. */
const kinds = (broker, partner) => ({
  jti: (agent) => [rule('jti', `jti-${agent}`),
    broker.token(ACCOUNT, 'agent', agent, { ...OLD, jti: `jti-${agent}` }), broker.token(ACCOUNT, 'agent', agent, { ...OLD, jti: `jti-${agent}x` }), ACCOUNT],
  subject: (agent) => [rule('subject', agent),
    broker.token(ACCOUNT, 'agent', agent, OLD), broker.token(OTHER, 'agent', agent, OLD), OTHER],
  account: (agent) => [rule('account', ''),
    broker.token(ACCOUNT, 'agent', agent, OLD), broker.token(OTHER, 'agent', agent, OLD), OTHER],
  key: (agent) => [rule('key', 'partner'),
    partner(agent, OLD), broker.token(ACCOUNT, 'agent', agent, { ...OLD }), ACCOUNT],
});

for (const kind of ['jti', 'subject', 'account', 'key']) {
  scenario(`by ${kind}`, async (broker, t) => {
    await broker.init();
    const of = kinds(broker, await addPartner(broker))[kind];
    await broker.start();
    const witness = await broker.client({ agent: 'witness', claims: { iat: now() } });
    await witness.subscribe([own('+', 'presence/+'), everyConv()]);
    await eachDoor(t, async (door) => {
      const agent = `ann-${door.tag}`;
      const [revocation, token, spared, sparedAccount] = of(agent);
      const presence = own(agent, 'presence/tab1');
      const hit = await broker.client({ door, agent, token, will: { topic: presence, payload: Buffer.from('gone'), qos: 1, retain: true } });
      assert.equal(await hit.subscribe(everyConv()), 1);
      const other = await broker.client({ door, account: sparedAccount, agent, token: spared, tab: 'tab2' });
      await broker.voice.say(conv(), `before ${door.tag}`);
      await hit.message(conv(), `before ${door.tag}`);
      const refusals = broker.audits('connect_refused').length;

      await broker.voice.revoke(revocation);
      await broker.voice.say(conv(), `after ${door.tag}`);
      await hit.closed();
      if (door.version === 5) assert.equal(hit.disconnectReason, 0x98);
      assert.deepEqual(hit.payloads(conv()), [`before ${door.tag}`], 'nothing more from the very moment');
      assert.ok(await other.isAlive(), 'whom it does not name stays');

      assert.equal(await broker.tries({ door, agent, token, tab: 'tab3' }), door.refused, 'not let in again');
      const line = (await broker.audited('connect_refused', () => true, refusals + 1)).at(-1);
      assert.match(line.reason, /revoked/);
      const freshToken = kind === 'key' ? undefined : broker.token(ACCOUNT, 'agent', agent);
      const fresh = await broker.client({ door, agent, ...(freshToken && { token: freshToken }) });
      assert.equal(await fresh.subscribe(everyConv()), 1, 'a token issued later works');
      await broker.voice.say(conv(), `end ${door.tag}`);
      await fresh.message(conv(), `end ${door.tag}`);
      await witness.message(conv(), `end ${door.tag}`);
      assert.deepEqual(witness.payloads(presence), [], 'no will of the revoked');
      await broker.voice.load(); // the next door begins anew
      assert.equal(await broker.tries({ door, agent, token, tab: 'tab4' }), 0, 'a table without the rule lifts it');
    });
  });
}

scenario('a rule reaches tokens up to its second, and not past its time', async (broker, t) => {
  await broker.init();
  const partner = await addPartner(broker);
  await broker.start();
  const at = now() - 20;
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const tries = (claims) => broker.tries({ door, agent, claims });
    await broker.voice.load();
    await broker.voice.revoke(rule('subject', agent, { revoked_at: at }));
    assert.equal(await tries({ iat: at - 1 }), door.refused);
    assert.equal(await tries({ iat: at }), door.refused);
    assert.equal(await tries({ iat: at + 1 }), 0);
    // Without iat a token counts as issued as early as its key allows (a day before its end, unless the key says otherwise).
    assert.equal(await broker.tries({ door, agent, token: partner(agent, { iat: undefined, exp: now() + 900 }) }), door.refused, 'no iat');
    await broker.voice.load();
    await broker.voice.revoke(rule('subject', agent, { revoked_at: at, forget_at: now() - 1 }));
    assert.equal(await tries({ iat: at - 1 }), 0, 'over and forgotten');
  });
});

scenario('a revoked client\'s session: nothing that waited is delivered to its next token, and it is subscribed to nothing', async (broker, t) => {
  await (await broker.init()).start();
  for (const [name, isOffline] of [['connected', false], ['away', true]]) {
    await t.test(name, (inner) => eachDoor(inner, async (door) => {
      const agent = `ann-${door.tag}-${name}`;
      const client = await broker.client({ door, agent, claims: OLD, ...lasting(door) });
      client.acks = false; // so that the messages wait in the session
      assert.equal(await client.subscribe(everyConv()), 1);
      for (let i = 0; i < 3; i++) await broker.voice.say(conv(), `waiting ${i}`);
      await client.message(conv(), 'waiting 2');
      if (isOffline) await client.drop();
      await broker.voice.revoke(rule('subject', agent));
      await client.closed();
      await broker.voice.say(conv(), 'after');

      const back = await broker.client({ door, agent, ...lasting(door) });
      assert.equal(await back.subscribe(EVENTS), 1);
      await broker.voice.say(conv(), 'new');
      await broker.voice.say(EVENTS, 'end');
      await back.message(EVENTS, 'end');
      assert.deepEqual(back.payloads(conv()), []);
      assert.equal(await back.subscribe(everyConv()), 1);
      await broker.voice.say(conv(), 'subscribed');
      await back.message(conv(), 'subscribed');
    }));
  }
});

scenario('a table that is loaded brings its rules: who is hit is out at the commit', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const [ann, ben] = [`ann-${door.tag}`, `ben-${door.tag}`];
    const hit = await broker.client({ door, agent: ann, claims: OLD });
    const spared = await broker.client({ door, agent: ben, claims: OLD });
    await Promise.all([hit, spared].map((client) => client.subscribe(everyConv())));
    const answer = await broker.voice.load({ revocations: [rule('subject', ann), rule('jti', 'no such')] });
    assert.deepEqual([answer.type, answer.n_revocations], ['loaded', 2]);
    await hit.closed();
    await broker.voice.say(conv(), door.tag);
    await spared.message(conv(), door.tag);
    assert.equal(await broker.tries({ door, agent: ann, claims: OLD }), door.refused);
    assert.deepEqual(hit.payloads(conv()), []);
  });
});

scenario('a hundred clients of one account at once; another account\'s stay', async (broker) => {
  await (await broker.init()).start();
  const clients = await Promise.all(Array.from({ length: 100 }, (_, i) => broker.client({ door: DOORS[i % 2], agent: `ann${i}`, claims: OLD })));
  const stays = await broker.client({ account: OTHER, claims: OLD });
  const admin = await broker.admin();
  const before = (await admin.data('stats')).revoked_total;
  await broker.voice.revoke(rule('account', ''));
  await Promise.all(clients.map((client) => client.closed()));
  assert.ok(await stays.isAlive());
  assert.deepEqual(await admin.clients(), ['_system:publisher:1', '_system:root:1', stays.clientId]);
  assert.equal((await admin.data('stats')).revoked_total - before, 100);
});

scenario('renewal and AUTH refuse a revoked token too', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent });
    await broker.voice.revoke(rule('jti', `stolen-${door.tag}`));
    await client.publish('$CONTROL/convwire/v1/renew', broker.token(ACCOUNT, 'agent', agent, { ...OLD, jti: `stolen-${door.tag}` }));
    const { payload } = await client.message(own(agent, 'notice'));
    assert.equal(JSON.parse(payload).type, 'renew_refused');
    assert.match(JSON.parse(payload).reason, /revoked/);
    assert.ok(await client.isAlive());
    if (door.version === 5) {
      const enhanced = await broker.open(door);
      assert.equal(await enhanced.connect({ clientId: `${ACCOUNT}:${agent}:t2`, username: undefined, properties: {
        authenticationMethod: 'JWT', authenticationData: Buffer.from(broker.token(ACCOUNT, 'agent', agent, { ...OLD, jti: `stolen-${door.tag}` })) } }), 135);
    }
  });
});

scenario('a delayed will of one who is revoked meanwhile is not sent', async (broker) => {
  await (await broker.init()).start();
  const witness = await broker.client({ agent: 'witness' });
  await witness.subscribe(own('+', 'presence/+'));
  const [, door] = DOORS;
  const delayed = (agent, seconds) => broker.client({ door, agent, claims: OLD, ...lasting(door),
    will: { topic: own(agent, 'presence/tab1'), payload: Buffer.from('gone'), qos: 1, retain: true, properties: { willDelayInterval: seconds } } });
  await (await delayed('ann', 1)).drop();
  await (await delayed('ben', 2)).drop();
  await broker.voice.revoke(rule('subject', 'ann'));
  await witness.message(own('ben', 'presence/tab1'), 'gone'); // due a second after ann's
  assert.deepEqual(witness.payloads(own('ann', 'presence/tab1')), []);
});
