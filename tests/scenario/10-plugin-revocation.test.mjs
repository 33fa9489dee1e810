// Revocation: the clients it hits are disconnected at once, send and receive nothing more, and are not admitted again.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';

import { ACCOUNT, DOORS, OTHER, conv, eachDoor, everyConv, lasting, now, own, scenario } from '../lib/broker.mjs';
import { makeToken } from '../lib/token.mjs';

const EVENTS = `acct/${ACCOUNT}/events`;
const FAR = 4102444800; // 2100
const rule = (kind, value, options = {}) =>
  ({ kind, account: kind === 'key' ? '' : ACCOUNT, value, revoked_at: now() - 5, forget_at: FAR, ...options });
const OLD = { iat: now() - 60 }; // a token from before every revocation here

/** A second key, so that a key other than the publisher's can be revoked. */
async function addKey(broker, kid = 'partner') {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await broker.writeKey('public', kid, pair.publicKey.export({ type: 'spki', format: 'pem' }), { algorithm: 'ES256', accounts: '*' });
  return (agent, claims = {}, account = ACCOUNT) => makeToken({
    algorithm: 'ES256', kid, key: pair.privateKey, claims: { account, sub: agent, role: 'agent', iat: now(), exp: now() + 900, ...claims },
  });
}

/** For each kind: the rule, whom it hits (account, token), and similar clients that it does not hit. */
const kinds = {
  jti: (broker, door, agent) => ({
    revocation: rule('jti', `jti-${agent}`),
    hit: [ACCOUNT, broker.token(ACCOUNT, 'agent', agent, { ...OLD, jti: `jti-${agent}` })],
    spared: [[ACCOUNT, broker.token(ACCOUNT, 'agent', agent, { ...OLD, jti: `jti-${agent}x` })], [OTHER, broker.token(OTHER, 'agent', agent, { ...OLD, jti: `jti-${agent}` })]],
  }),
  subject: (broker, door, agent) => ({
    revocation: rule('subject', agent),
    hit: [ACCOUNT, broker.token(ACCOUNT, 'agent', agent, OLD)],
    spared: [[OTHER, broker.token(OTHER, 'agent', agent, OLD)]],
  }),
  account: (broker, door, agent) => ({
    revocation: rule('account', '', { account: `firm-${door.tag}` }),
    hit: [`firm-${door.tag}`, broker.token(`firm-${door.tag}`, 'agent', agent, OLD)],
    spared: [[ACCOUNT, broker.token(ACCOUNT, 'agent', agent, OLD)], [`firm-${door.tag}x`, broker.token(`firm-${door.tag}x`, 'agent', agent, OLD)]],
  }),
  key: (broker, door, agent, sign) => ({
    revocation: rule('key', `partner-${door.tag}`),
    hit: [ACCOUNT, sign(agent, OLD)],
    spared: [[ACCOUNT, broker.token(ACCOUNT, 'agent', agent, OLD)]],
  }),
};

for (const [kind, make] of Object.entries(kinds)) {
  scenario(`by ${kind}`, async (broker, t) => {
    await broker.init();
    const signers = {};
    for (const { tag } of DOORS) signers[tag] = await addKey(broker, `partner-${tag}`);
    await broker.start();
    await eachDoor(t, async (door) => {
      const agent = `ann-${door.tag}`;
      const { revocation, hit: [account, token], spared } = make(broker, door, agent, signers[door.tag]);
      const [topic, presence] = [conv('923450000001', account), own(agent, 'presence/tab1', account)];
      const witness = await broker.client({ account, agent: `witness-${door.tag}`, claims: { iat: now() } });
      await witness.subscribe([own('+', 'presence/+', account), everyConv(account)]);
      const hit = await broker.client({ door, account, agent, token, will: { topic: presence, payload: Buffer.from('gone'), qos: 1, retain: true } });
      assert.equal(await hit.subscribe(everyConv(account)), 1);
      const others = [];
      for (const [other, good] of spared) others.push(await broker.client({ door, account: other, agent, token: good, tab: 'tab2' }));
      await broker.voice.say(topic, 'before');
      await hit.message(topic, 'before');
      const refusals = broker.audits('connect_refused').length;

      await broker.voice.revoke(revocation);
      await broker.voice.say(topic, 'after');
      await hit.closed();
      if (door.version === 5) assert.equal(hit.disconnectReason, 0x98);
      assert.deepEqual(hit.payloads(topic), ['before'], 'nothing more from the very moment');
      for (const other of others) assert.ok(await other.isAlive(), 'whom it does not name stays');

      assert.equal(await broker.tries({ door, account, agent, token, tab: 'tab3' }), door.refused, 'not let in again');
      const line = (await broker.audited('connect_refused', () => true, refusals + 1)).at(-1);
      assert.match(line.reason, /revoked/);
      for (const later of [broker.token(account, 'agent', agent), ...(kind === 'key' ? [signers[door.tag](agent)] : [])]) {
        const fresh = await broker.client({ door, account, agent, token: later });
        assert.equal(await fresh.subscribe(everyConv(account)), 1, 'a token issued later works');
        await broker.voice.say(topic, 'end');
        await fresh.message(topic, 'end');
      }
      await witness.message(topic, 'end');
      assert.deepEqual(witness.payloads(presence), [], 'no will of the revoked');
      await broker.voice.load();
      assert.equal(await broker.tries({ door, account, agent, token, tab: 'tab4' }), door.refused, 'a table takes no rule away');
    });
  });
}

scenario('a rule hits tokens up to its second, and only until it expires', async (broker, t) => {
  await broker.init();
  const sign = await addKey(broker);
  await broker.start();
  const at = now() - 20;
  await eachDoor(t, async (door) => {
    const [ann, ben, carl] = ['ann', 'ben', 'carl'].map((name) => `${name}-${door.tag}`);
    const tries = (agent, claims) => broker.tries({ door, agent, claims });
    await broker.voice.revoke(rule('subject', ann, { revoked_at: at }));
    assert.equal(await tries(ann, { iat: at - 1 }), door.refused);
    assert.equal(await tries(ann, { iat: at }), door.refused);
    assert.equal(await tries(ann, { iat: at + 1 }), 0);
    // A token without iat counts as issued as early as its key allows.
    assert.equal(await broker.tries({ door, agent: ann, token: sign(ann, { iat: undefined }) }), door.refused, 'no iat');
    assert.equal(await broker.tries({ door, agent: ben, token: sign(ben, { iat: undefined }) }), 0);
    await broker.voice.revoke(rule('subject', ben, { revoked_at: at, forget_at: now() - 1 }));
    assert.equal(await tries(ben, { iat: at - 1 }), 0, 'over and forgotten');
    // Of two rules for one subject, the one that reaches further applies, whichever came first.
    await broker.voice.revoke(rule('subject', carl, { revoked_at: at }));
    await broker.voice.revoke(rule('subject', carl, { revoked_at: at - 10 }));
    assert.equal(await tries(carl, { iat: at }), door.refused);
  });
});

// An offline client must not be kicked: mosquitto 2.0.11 would have it in its list of expiring sessions twice, and
// crash when it is freed. So its subscriptions stay, for a token that may read them.
scenario('a revoked client\'s session: the next token does not get its queue; subscriptions are removed if it was online', async (broker, t) => {
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
      assert.deepEqual(back.payloads(conv()).filter((text) => !isOffline || text !== 'new'), []);
      assert.equal(await back.subscribe(everyConv()), 1);
      await broker.voice.say(conv(), 'subscribed');
      await back.message(conv(), 'subscribed');
    }));
  }
});

scenario('a loaded table brings its rules: clients they hit are disconnected at the commit', async (broker, t) => {
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
  const before = (await admin.data('stats')).revoked;
  await broker.voice.revoke(rule('account', ''));
  await Promise.all(clients.map((client) => client.closed()));
  assert.ok(await stays.isAlive());
  assert.deepEqual(await admin.clients(), ['_system:publisher:1', '_system:root:1', stays.clientId]);
  assert.equal((await admin.data('stats')).revoked - before, 100);
});

scenario('renewal and AUTH also refuse a revoked token', async (broker, t) => {
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

scenario('a delayed will is not sent if its client is revoked meanwhile', async (broker) => {
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

// mosquitto closes a WebSocket one loop iteration after it was asked to, and must not be asked twice.
scenario('kicked for several reasons at once, online and offline: the broker and the session survive', async (broker, t) => {
  await (await broker.init()).start();
  const admin = await broker.admin();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    for (let i = 0; i < 5; i++) {
      const claims = { iat: now() - 60 + i, jti: `${agent}-${i}` };
      const client = await broker.client({ door, agent, claims, ...lasting(door) });
      assert.equal(await client.subscribe(everyConv()), 1);
      const kick = admin.ask('kick', { clientid: client.clientId });
      broker.voice.revoke(rule('subject', agent, { revoked_at: claims.iat }));
      broker.voice.revoke(rule('jti', claims.jti));
      const again = [admin.ask('kick', { account: ACCOUNT, subject: agent }), admin.ask('revoke', { jti: claims.jti, account: ACCOUNT })];
      if (i % 2) client.drop();
      await client.closed();
      await Promise.all([kick, ...again]);
      await broker.voice.client.ping();
      await admin.ask('kick', { clientid: client.clientId }); // offline by now
      await admin.ask('revoke', { jti: claims.jti, account: ACCOUNT });
    }
    const back = await broker.client({ door, agent, ...lasting(door) });
    assert.equal(await back.subscribe(everyConv()), 1);
    await broker.voice.say(conv(), door.tag);
    await back.message(conv(), door.tag);
    await back.end();
    await (await broker.client({ door, agent })).end(); // clean: the session is freed
  });
  for (let i = 0; i < 20; i++) await (await broker.client({ agent: `later${i}`, ...lasting(DOORS[i % 2]) })).drop(); // in the list of expiring sessions
});
