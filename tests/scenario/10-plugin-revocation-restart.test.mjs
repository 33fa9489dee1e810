// Revocations across a restart of the broker: from the state file, or by denying everything until the publisher has
// loaded.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { ACCOUNT, OTHER, conv, eachDoor, everyConv, now, scenario } from '../lib/broker.mjs';

const OLD = { iat: now() - 60 };
const rule = (subject) => ({ kind: 'subject', account: ACCOUNT, value: subject, revoked_at: now() - 5, forget_at: now() + 3600 });

const withState = async (broker) => {
  await broker.init();
  broker.options = { state: path.join(broker.dir, 'broker', 'state') };
};

scenario('with a state file: refused from the first CONNECT on, before any publisher connects', async (broker, t) => {
  await withState(broker);
  await broker.start();
  const admin = await broker.admin();
  await broker.voice.revoke(rule('ann'));
  await admin.data('revoke', { subject: 'ben', account: ACCOUNT });
  await broker.restart({ load: false });
  await eachDoor(t, async (door) => {
    for (const agent of ['ann', 'ben']) assert.equal(await broker.tries({ door, agent, claims: OLD }), door.refused, agent);
    assert.equal(await broker.tries({ door, agent: 'eve', claims: OLD }), 0);
    assert.equal(await broker.tries({ door, account: OTHER, agent: 'ann', claims: OLD }), 0);
    assert.equal(await broker.tries({ door, agent: 'ann' }), 0, 'a token issued later');
  });
  await t.test('after a kill as well', async () => {
    await broker.publisher({ revocations: [rule('carl')] });
    broker.isExpectedToEnd = true;
    await broker.broker.stop('SIGKILL');
    broker.isExpectedToEnd = false;
    await broker.start({ load: false });
    // A table removes no rule: one that an administrator just made may not be in the store yet.
    for (const agent of ['ann', 'ben', 'carl']) assert.equal(await broker.tries({ agent, claims: OLD }), 135, agent);
    assert.equal(await broker.tries({ agent: 'eve', claims: OLD }), 0);
  });
  await t.test('nobody else may read the file', async () => {
    assert.equal((await fs.stat(broker.options.state)).mode & 0o077, 0);
  });
});

scenario('with an invalid state file: logged, and all messages denied until the publisher has loaded', async (broker, t) => {
  await withState(broker);
  for (const [name, text] of Object.entries({ cut: '{"half":', empty: '', 'no JSON': 'garbage', 'another form': '[]', 'a bad rule': '{"v":1,"revocations":[{"kind":"mood"}]}' })) {
    await t.test(name, async () => {
      await fs.writeFile(broker.options.state, text);
      await broker.start({ load: false });
      assert.match(broker.broker.stderr, new RegExp(`convwire: .*${broker.options.state}`));
      const publisher = await broker.publisher(null);
      const ann = await broker.client();
      assert.equal(await ann.subscribe(everyConv()), 1);
      await publisher.say(conv(), 'closed');
      await publisher.load();
      await publisher.say(conv(), 'open');
      await ann.message(conv(), 'open');
      assert.deepEqual(ann.heard, [[conv(), 'open']]);
      await broker.stopBroker();
    });
  }
});

scenario('without a state file: admitted, but all messages denied until the publisher has loaded', async (broker, t) => {
  await (await broker.init({ options: { state: null } })).start();
  await broker.voice.revoke(rule('ann'));
  await broker.restart({ load: false });
  const publisher = await broker.publisher(null);
  const clients = [];
  await t.test('before', (inner) => eachDoor(inner, async (door) => {
    const ann = await broker.client({ door, agent: 'ann', tab: door.tag, claims: OLD });
    const eve = await broker.client({ door, agent: 'eve', tab: door.tag, claims: OLD });
    for (const client of [ann, eve]) {
      assert.equal(await client.subscribe(everyConv()), 1);
      await publisher.say(conv(), 'closed');
      await client.ping();
      assert.deepEqual(client.heard, []);
    }
    clients.push([ann, eve]);
  }));
  await t.test('after', async () => {
    await publisher.load({ revocations: [rule('ann')] });
    await publisher.say(conv(), 'open');
    for (const [ann, eve] of clients) {
      await ann.closed();
      assert.deepEqual(ann.heard, []);
      await eve.message(conv(), 'open');
      assert.deepEqual(eve.heard, [[conv(), 'open']]);
    }
    assert.equal(await broker.tries({ agent: 'ann', claims: OLD }), 135);
  });
});

scenario('an expired rule is not kept', async (broker) => {
  await withState(broker);
  await broker.start();
  await broker.voice.revoke({ ...rule('ann'), forget_at: now() + 2 });
  assert.equal(await broker.tries({ agent: 'ann', claims: OLD }), 135);
  const clock = await broker.client({ agent: 'clock', claims: { exp: now() + 3 } });
  await clock.closed();
  assert.equal(await broker.tries({ agent: 'ann', claims: OLD }), 0);
  await broker.restart();
  assert.equal(await broker.tries({ agent: 'ann', claims: OLD }), 0);
  await broker.voice.revoke(rule('ben'));
  assert.equal((await (await broker.admin()).data('stats')).revocations, 1, 'ben\'s alone');
});

scenario('an administrator\'s revocation is sent to the publisher, to be stored', async (broker, t) => {
  await (await broker.init()).start();
  const admin = await broker.admin();
  await broker.voice.assign(`${ACCOUNT}_1_2`, 'ann'); // causes no notice
  for (const [fields, expected] of [
    [{ jti: 'j-1', account: ACCOUNT }, { kind: 'jti', account: ACCOUNT, value: 'j-1' }],
    [{ subject: 'ann', account: ACCOUNT }, { kind: 'subject', account: ACCOUNT, value: 'ann' }],
    [{ account: OTHER }, { kind: 'account', account: OTHER, value: '' }],
    [{ kid: 'partner' }, { kind: 'key', account: '', value: 'partner' }],
  ]) {
    await t.test(expected.kind, async () => {
      const before = now();
      const { revocation, kicked } = await admin.data('revoke', fields);
      assert.equal(kicked, 0);
      const { revoked_at: at, forget_at: forget, ...rest } = revocation;
      assert.deepEqual(rest, expected);
      assert.ok(at >= before && at <= now(), 'now');
      assert.ok(forget > at, 'until no token that it hits can live');
      const { revocation: told } = await broker.voice.notice((notice) => notice.type === 'revoked' && notice.revocation.kind === expected.kind, 'revoked');
      assert.deepEqual(told, revocation);
    });
  }
  await t.test('sent back by the publisher, it is the same rule, reported once', async () => {
    const first = broker.voice.notices.filter(({ type }) => type === 'revoked');
    for (const { revocation } of first) await broker.voice.revoke(revocation);
    await broker.voice.client.ping();
    const last = await admin.data('stats');
    assert.equal(last.revocations, first.length);
  });
});
