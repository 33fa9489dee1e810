// @convwire/client's connection: tokens renewed in place, honest about servers that do not answer, automatic
// reconnection.
import assert from 'node:assert/strict';

import { isLive, isNotLive, page, shows, SignedOut } from '../lib/page.mjs';
import { Inbox } from '../lib/mqtt.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

const ONE_HOUR_MS = 3600_000;

scenario('the page need not know its agent or the broker: the server tells it', async (system) => {
  await (await system.init()).start();
  await system.configure(`mqtt_public_url = ${system.wsUrl}`);
  await system.daemon.stop();
  await system.startDaemon();
  const client = page(system, { mqttUrl: undefined });
  await isLive(client);
  assert.deepEqual(client.identity, { account: system.account, subject: 'ann' });
  const { subscriptions, tokenEndsAt, connectedSince } = client.debug.facts();
  const qosOf = (end) => subscriptions.find(({ topic }) => topic.endsWith(end)).qos;
  assert.deepEqual([qosOf('/conv/+'), qosOf('/head')], [0, 1]);
  assert.ok(tokenEndsAt > Date.now() && connectedSince <= Date.now());
});

scenario('why a page is not live: what it tries, and what failed', async (system) => {
  await (await system.init()).start();
  await system.configure(`mqtt_public_url = ${system.wsUrl}`);
  let isSyncBroken = true;
  const client = page(system, { mqttUrl: undefined, fetch: async (url, options) => {
    if (isSyncBroken && /\/sync/.test(url)) throw new TypeError('the cable was cut');
    return fetch(url, options);
  } });
  const fails = (url) => eventually(() => client.attempt.failed !== null && client.attempt.tried === url, `${url} fails`);
  await fails(`http://127.0.0.1:${system.httpPort}/api/v1/sync`);
  assert.match(client.attempt.failed, /the cable was cut/);
  isSyncBroken = false;
  await isLive(client);
  await system.broker.stop('SIGKILL');
  await isNotLive(client);
  assert.deepEqual(client.attempt, { tried: system.wsUrl, failed: null }, 'nothing answered');
});

scenario('a token is renewed over the connection, which outlives it', async (system) => {
  await (await system.init()).start();
  let asked = 0;
  const client = page(system, { token: () => {
    asked++;
    return system.token(system.account, 'agent', 'ann', { exp: Math.floor(Date.now() / 1000) + 12 });
  } });
  await isLive(client);
  const { connectedSince } = client.debug.facts();
  const first = client.debug.facts().tokenEndsAt;
  await eventually(() => Date.now() > first + 2000, 'the first token is over');
  assert.equal(client.debug.facts().connectedSince, connectedSince, 'the same connection');
  assert.ok(asked >= 2);
  await system.customerWrites({ body: 'after the first token' });
  await eventually(() => client.events.length === 1, 'it still receives');
});

scenario('nobody is signed in: the page says so, and continues when somebody signs in', async (system) => {
  await (await system.init()).start();
  let isSignedIn = false;
  const client = page(system, { token: () => {
    if (!isSignedIn) throw new SignedOut();
    return system.token();
  } });
  await eventually(() => client.status === 'signed out', 'signed out');
  const before = client.problems.length;
  isSignedIn = true;
  client.retryNow();
  await isLive(client);
  assert.equal(client.problems.length, before);
});

scenario('an ended session is signed out, even with requests on their way', async (system) => {
  await (await system.init()).start();
  let token = system.token();
  const client = page(system, { token: () => {
    if (token === null) throw new SignedOut();
    return token;
  } });
  await isLive(client);
  token = null;
  assert.equal((await system.control('revoke', { kind: 'subject', account: system.account, value: 'ann' })).status, 'ok');
  await eventually(() => client.status === 'signed out', 'signed out');
});

scenario('who is online, viewing or replying; a page that dies is offline', async (system) => {
  await (await system.init()).start();
  await system.customerWrites({ body: 'hello' });
  const id = `${system.account}_${system.number}_923456789012`;
  const [ann, bob] = [page(system), page(system, { agent: 'bob' })];
  await isLive(ann);
  await isLive(bob);
  await eventually(() => ann.online.join() === 'ann,bob', 'both are there');
  bob.select(id);
  await eventually(() => ann.peopleAt(id).length === 1, 'bob looks at it');
  assert.deepEqual(ann.peopleAt(id), [{ subject: 'bob', isTyping: false }]);
  bob.typing(id);
  await eventually(() => ann.peopleAt(id)[0]?.isTyping, 'bob is replying');
  assert.deepEqual(bob.peopleAt(id), [], 'nobody is told of himself');
  bob.typing(id, false);
  await eventually(() => ann.peopleAt(id)[0]?.isTyping === false, 'bob stopped');
  bob.select(null);
  await eventually(() => ann.peopleAt(id).length === 0, 'bob looks elsewhere');

  await bob.stop();
  await eventually(() => ann.online.join() === 'ann', 'a good-bye clears presence');
  const retained = new Inbox(await system.mqtt({ agent: 'carol' }));
  // A connection that ends without DISCONNECT: the broker publishes the will.
  const dying = await system.mqtt({ agent: 'dave', clientId: `${system.account}:dave:t1`,
    will: { topic: `acct/${system.account}/agent/dave/presence/t1`, payload: '', qos: 1, retain: true } });
  await dying.publishAsync(`acct/${system.account}/agent/dave/presence/t1`, '{}', { qos: 1, retain: true });
  await eventually(() => ann.online.includes('dave'), 'dave is there');
  dying.stream.destroy();
  await eventually(() => !ann.online.includes('dave'), 'dave is gone');
  assert.deepEqual(retained.received, []);
});

scenario('the machine slept for an hour: the page is live again with everything, at once', async (system, t) => {
  await (await system.init()).start();
  const now = Date.now.bind(Date);
  const seconds = () => Math.floor(now() / 1000); // the server's clock has not jumped
  const client = page(system, { token: () => system.token(system.account, 'agent', 'ann', { iat: seconds(), exp: seconds() + 900 }) });
  await isLive(client);
  const { connectedSince } = client.debug.facts();
  await system.customerWrites({ body: 'before' });
  await eventually(() => client.events.length === 1, 'live');
  // What a page notices after sleep: the clock has jumped, and the connection looks open, but the other end is gone.
  t.mock.method(Date, 'now', () => now() + ONE_HOUR_MS);
  await eventually(() => client.debug.facts().connectedSince > connectedSince + ONE_HOUR_MS / 2, 'another connection');
  await isLive(client);
  await system.customerWrites({ body: 'after' });
  await eventually(() => client.events.length === 2, 'live again');
  assert.deepEqual(shows(client, client.events[0].conversation), ['before', 'after']);
});
