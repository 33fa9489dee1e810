// One permission function, for the broker and HTTP: with random roles, claims and assignments, in 200 states, the
// conversations that arrive over MQTT are exactly those that every route returns.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { scenario } from '../lib/system.mjs';
import { Inbox, publish, subscribe } from '../lib/mqtt.mjs';
import { eventually } from '../lib/until.mjs';

const AGENTS = 10;
const ROUNDS = 20;
const CUSTOMERS = 8;
const SEED = Number(process.env.CONVWIRE_SEED ?? 7);

/** xorshift32, so that a failure can be reproduced with its seed. */
function randomOf(seed) {
  let state = seed || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

function makeRole(random, name, account, ids) {
  const lines = [`role ${name}`];
  const one = () => ids[random(ids.length)];
  if (random(2)) lines.push('assigned');
  if (random(4)) lines.push('pattern read acct/%a/conv/+');
  else for (let i = 0; i < 3; i++) lines.push(`topic read acct/${account}/conv/${one()}`);
  if (random(3) === 0) lines.push(`topic deny acct/${account}/conv/${one()}`);
  if (random(3) === 0) lines.push(`pattern deny acct/%a/conv/${one()}`);
  if (random(2)) lines.push('pattern read acct/%a/events');
  if (random(2)) lines.push('pattern read acct/%a/head');
  lines.push('pattern read acct/%a/agent/%s/+');
  return `${lines.join('\n')}\n`;
}

function makeClaim(random, account, ids) {
  const topic = () => `acct/${account}/conv/${random(3) ? ids[random(ids.length)] : '+'}`;
  return Array.from({ length: 1 + random(3) }, () => ({
    permission: random(3) ? 'allow' : 'deny', action: random(2) ? 'sub' : 'all', topics: [topic(), topic()],
  }));
}

scenario(`for ${AGENTS * ROUNDS} random states, the ids over MQTT are the ids over HTTP (seed ${SEED})`, async (system) => {
  const random = randomOf(SEED);
  await system.init();
  const { account } = system;
  const customers = Array.from({ length: CUSTOMERS }, (_, i) => `92345000000${i}`);
  const ids = customers.map((customer) => `${account}_${system.number}_${customer}`);
  const agents = Array.from({ length: AGENTS }, (_, i) => ({ name: `agent-${i}`, role: `role-${i}` }));
  const file = path.join(system.dir, 'roles.acl');
  await fs.appendFile(file, `\n${agents.map(({ role }) => makeRole(random, role, account, ids)).join('\n')}`);
  await system.start();
  for (const from of customers) await system.customerWrites({ from, body: 'round 0' });
  const admin = system.token(account, 'admin', 'boss');
  const files = new Map(); // conversation → the id of one of its files
  for (const id of ids) {
    const stored = await system.api(`/media?conversation=${id}`, { token: admin, method: 'POST', body: 'x', headers: { 'Content-Type': 'text/plain' } });
    files.set(id, stored.json.id);
  }
  await eventually(async () => (await system.api('/search?q=round', { token: admin })).json.messages.length === CUSTOMERS, 'search has them');
  const witness = await system.agent({ agent: 'witness' });

  for (const agent of agents) {
    const claims = random(2) ? { acl: makeClaim(random, account, ids) } : {};
    agent.claims = claims;
    agent.token = system.token(account, agent.role, agent.name, claims);
    agent.client = await system.mqtt({ agent: agent.name, token: agent.token });
    agent.inbox = new Inbox(agent.client);
    // If all at once is refused, subscribes one by one.
    if (await subscribe(agent.client, `acct/${account}/conv/+`) > 2) {
      for (const id of ids) await subscribe(agent.client, `acct/${account}/conv/${id}`);
    }
  }
  const seen = new Set();
  for (let round = 1; round <= ROUNDS; round++) {
    for (const conversation of ids) {
      const subject = random(4) ? agents[random(AGENTS)].name : null;
      const answer = await system.control('assign', { account, conversation, subject });
      assert.equal(answer.status, 'ok', JSON.stringify(answer));
    }
    await witness.caughtUp();
    const since = witness.cursor;
    for (const agent of agents) agent.inbox.received.length = 0;
    for (const from of customers) await system.customerWrites({ from, body: `round ${round}` });
    await witness.caughtUp();

    for (const agent of agents) {
      // The answer to this arrives after everything that the broker had for the client.
      await publish(agent.client, 'nothing/of/ours', '');
      const get = async (route) => (await system.api(route, { token: agent.token })).json;
      const over = agent.inbox.conversations;
      const what = `round ${round}, ${agent.name}: ${JSON.stringify(agent.claims)}\n${await fs.readFile(file, 'utf8').then((text) => text.slice(text.indexOf(`role ${agent.role}\n`)).split('\n\n')[0])}`;
      const page = await get(`/sync?epoch=${witness.epoch}&since=${since}`);
      const synced = [...new Set(page.events.map((event) => event.conversation).filter(Boolean))].sort();
      const listed = (await get('/conversations')).conversations.map((row) => row.id).sort();
      const snapshot = (await get('/sync')).snapshot.conversations.map((row) => row.id).sort();

      assert.deepEqual(listed, over, `/conversations; ${what}`);
      assert.deepEqual(snapshot, over, `/sync, snapshot; ${what}`);
      assert.deepEqual(synced, over, `/sync, events; ${what}`);
      const found = (await get('/search?q=92345&limit=100')).conversations.map((row) => row.id).sort();
      const matched = (await get('/search?q=round%200&limit=100')).messages.map(({ message }) => message.conversation).sort();
      assert.deepEqual(found, over, `/search, customers; ${what}`);
      assert.deepEqual(matched, over, `/search, messages; ${what}`);
      for (const id of [ids[random(ids.length)], ids[random(ids.length)]]) {
        const status = over.includes(id) ? 200 : 404;
        assert.equal((await system.api(`/conversations/${id}`, { token: agent.token })).status, status, what);
        assert.equal((await system.api(`/conversations/${id}/messages`, { token: agent.token })).status, status, what);
        assert.equal((await system.api(`/media/${files.get(id)}`, { token: agent.token })).status, status, `/media; ${what}`);
        assert.equal((await get(`/resolve?id=${id}`)).matches.length, over.includes(id) ? 1 : 0, `/resolve; ${what}`);
      }
      seen.add(over.length);
    }
  }
  assert.ok(seen.size > 3, 'the states differ'); // from no conversation to all
  witness.check();
});
