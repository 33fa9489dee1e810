// What a token may read and write. Denied publishes are reported, and reach nobody.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { Inbox, publish, subscribe } from '../lib/mqtt.mjs';
import { qualityWebhook, textWebhook } from '../lib/webhook.mjs';

const DENIED = 135; // 0x87, in SUBACK and PUBACK
const OTHER = 'b-tenant';

scenario('subscriptions: only filters that lie wholly within the role\'s rules', async (system, t) => {
  await (await system.init()).start();
  await system.convwire('account', 'add', OTHER);
  const { account } = system;
  const granted = [`acct/${account}/conv/+`, `acct/${account}/conv/${account}_1_2`, `acct/${account}/events`,
    `acct/${account}/head`, `acct/${account}/agent/ann/reply`, `acct/${account}/agent/ann/+`];
  const denied = ['#', '+/#', '+/+/conv/+', 'acct/#', 'acct/+/#', 'acct/+/conv/+', 'acct/+/events', `acct/${account}/#`,
    `acct/${account}/+/#`, `acct/${account}/conv/#`, `acct/${account}/conv/+/#`, `acct/${account}/conv/+/cmd/+`,
    `acct/${account}/agent/+/+`, `acct/${account}/agent/ben/reply`, `acct/${account}/agent/ben/notice`,
    `acct/${OTHER}/conv/+`, `acct/${OTHER}/events`, `acct/${OTHER}/head`, `acct/${OTHER}/agent/ann/reply`,
    'acct/_system/agent/publisher/notice', '$SYS/#', '$SYS/broker/version', '$CONTROL/#', '$CONTROL/convwire/v1/response',
    `$share/g/acct/${account}/conv/+`, `$share/g/acct/${OTHER}/conv/+`, '$share/g/#', `/acct/${account}/conv/+`,
    `acct/${account}x/conv/+`, `acct/${account}`, `acct//conv/+`];
  const client = await system.mqtt();
  // mosquitto disconnects clients for some malformed filters, so each gets its own connection.
  for (const filter of granted) await t.test(`agent: ${filter}`, async () => assert.equal(await subscribe(client, filter), 1));
  for (const role of ['agent', 'supervisor', 'admin', 'viewer', 'assigned-agent']) {
    await t.test(`denied to ${role}`, async () => {
      const one = await system.mqtt({ role });
      for (const filter of denied) assert.ok(await subscribe(one, filter) >= 128, filter);
    });
  }
  await t.test('an unknown role may do nothing', async () => {
    const nobody = await system.mqtt({ role: 'janitor' }).catch(() => null);
    if (nobody) for (const filter of granted) assert.equal(await subscribe(nobody, filter), DENIED, filter);
  });
});

scenario('publishes: one\'s own commands and live signals, nothing on the publisher\'s topics', async (system, t) => {
  await (await system.init()).start();
  const { account } = system;
  const conversation = `${account}_${system.number}_923450000001`;
  await system.customerWrites({ from: '923450000001' });
  const witness = await system.agent({ agent: 'witness' });
  const before = witness.received.length;
  const agent = await system.mqtt();

  await t.test('an agent sends commands and typing signals under its own name', async () => {
    assert.equal(await publish(agent, `acct/${account}/conv/${conversation}/cmd/ann`, '{}'), 0);
    assert.equal(await publish(agent, `acct/${account}/agent/ann/presence/tab1`, '{}', { retain: true }), 0);
    assert.equal(await publish(agent, `acct/${account}/agent/ann/presence/tab1`, '', { retain: true }), 0);
  });
  const forged = JSON.stringify({ v: 1, epoch: witness.epoch, seq: witness.cursor + 1, prev: 1, kind: 'message', account, conversation, at: 1, data: {} });
  const denied = [`acct/${account}/conv/${conversation}`, `acct/${account}/events`, `acct/${account}/head`,
    `acct/${account}/conv/${conversation}/cmd/ben`, `acct/${account}/conv/${conversation}/live/ben`,
    `acct/${account}/agent/ann/reply`, `acct/${account}/agent/ben/reply`, `acct/${account}/agent/ann/notice`,
    `acct/${account}/agent/ann/feed`, `acct/${account}/agent/ben/presence/tab1`, `acct/${OTHER}/conv/${OTHER}_1_2/cmd/ann`,
    `acct/${OTHER}/head`, '$CONTROL/convwire/v1/assign', '$CONTROL/dynamic-security/v1', '$SYS/broker/x', 'anything'];
  for (const topic of denied) {
    await t.test(`an agent may not publish on ${topic}`, async () => {
      for (const retain of [false, true]) assert.equal(await publish(agent, topic, forged, { retain }), DENIED);
    });
  }
  await t.test('a command is never retained', async () => {
    assert.equal(await publish(agent, `acct/${account}/conv/${conversation}/cmd/ann`, '{}', { retain: true }), DENIED);
  });
  await t.test('a viewer publishes nothing at all', async () => {
    const viewer = await system.mqtt({ role: 'viewer', agent: 'vic' });
    for (const topic of [...denied, `acct/${account}/conv/${conversation}/cmd/vic`, `acct/${account}/conv/${conversation}/live/vic`,
      `acct/${account}/agent/vic/presence/tab1`]) {
      assert.equal(await publish(viewer, topic, '{}'), DENIED, topic);
    }
  });
  await t.test('none of it reached anyone', async () => {
    await system.customerWrites({ from: '923450000001', body: 'a true one' });
    await witness.caughtUp();
    assert.deepEqual(witness.received.slice(before).map(({ event }) => event.data.message.content.body), ['a true one']);
    witness.check();
  });
});

scenario('two accounts on one broker never hear of each other', async (system) => {
  await system.init();
  await system.addSecret('other', 'the secret of the other app', OTHER);
  await system.convwire('account', 'add', OTHER);
  await system.convwire('number', 'add', '2002', '--account', OTHER);
  await system.start();
  const [mine, theirs] = [await system.agent(), await system.agent({ account: OTHER })];

  for (let i = 0; i < 20; i++) {
    await system.customerWrites({ from: '923450000001', body: `mine ${i}` });
    await system.postWebhook(textWebhook('2002', { from: '923450000001', body: `theirs ${i}` }), { secret: 'the secret of the other app' });
  }
  await Promise.all([mine.caughtUp(), theirs.caughtUp()]);
  assert.equal(mine.received.length, 20);
  assert.equal(theirs.received.length, 20);
  mine.check();
  theirs.check();

  const id = `${OTHER}_2002_923450000001`;
  for (const route of [`/conversations/${id}`, `/conversations/${id}/messages`]) {
    assert.equal((await system.api(route)).status, 404, `${route} with a token of another account`);
    assert.equal((await system.api(route, { token: system.token(OTHER) })).status, 200);
  }
  assert.deepEqual((await system.api(`/resolve?id=${id}`)).json.matches, []);
  const { conversations } = (await system.api('/conversations')).json;
  assert.deepEqual(conversations.map((row) => row.id), [`${system.account}_${system.number}_923450000001`]);
});

scenario('whoever takes over a client id gets nothing from the subscriptions of its former owner', async (system) => {
  await (await system.init()).start();
  const ann = await system.mqtt({ clean: false, clientId: `${system.account}:ann:desk`, properties: { sessionExpiryInterval: 300 } });
  await subscribe(ann, `acct/${system.account}/conv/+`);
  await ann.endAsync(true);
  await assert.rejects(system.mqtt({ agent: 'ben', clean: false, clientId: `${system.account}:ann:desk` }), { code: DENIED });

  // The same person takes over the session with a narrower role: READ is checked on every delivery.
  const narrowed = await system.mqtt({ role: 'assigned-agent', clean: false, clientId: `${system.account}:ann:desk` });
  const inbox = new Inbox(narrowed);
  assert.equal(await subscribe(narrowed, `acct/${system.account}/events`), 1);
  await system.customerWrites();
  await system.postWebhook(qualityWebhook());
  await inbox.until(() => inbox.received.some(({ topic }) => topic.endsWith('/events')), 'the event after it');
  assert.deepEqual(inbox.events, []);
});
