// One permission function: for every role, the broker delivers exactly the conversations that HTTP returns.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { Inbox, subscribe } from '../lib/mqtt.mjs';
import { eventually } from '../lib/until.mjs';
import { qualityWebhook } from '../lib/webhook.mjs';

const ROLES = { agent: 'all', supervisor: 'all', admin: 'all', viewer: 'all', 'assigned-agent': 'none' };

scenario('for every role, the ids over MQTT are the ids over HTTP', async (system, t) => {
  await system.init();
  await system.startSim();
  await system.start();
  const customers = Array.from({ length: 12 }, (_, i) => `9234500000${String(i).padStart(2, '0')}`);
  const all = customers.map((customer) => `${system.account}_${system.number}_${customer}`);
  const inboxes = {};
  for (const role of Object.keys(ROLES)) {
    const client = await system.mqtt({ role, agent: `the-${role}` });
    inboxes[role] = new Inbox(client);
    assert.equal(await subscribe(client, `acct/${system.account}/conv/+`), 1);
    assert.equal(await subscribe(client, `acct/${system.account}/events`), 1);
  }
  const file = { mime_type: 'image/png', base64: Buffer.from('a picture').toString('base64') };
  for (const from of customers) {
    await system.sim.writes({ from, text: 'A picture follows' });
    await system.sim.writes({ from, type: 'image', file });
  }
  const files = new Map(); // conversation → its file's id
  for (const id of all) {
    const [message] = await eventually(async () => {
      const answer = await system.api(`/conversations/${id}/messages`);
      return answer.status === 200 && answer.json.messages[0].media.state === 'ready' && answer.json.messages;
    }, `the file of ${id} is there`);
    files.set(id, message.media.id);
  }
  await eventually(async () => (await system.api('/search?q=follows&limit=100')).json.messages.length === all.length, 'search has them all');
  await system.postWebhook(qualityWebhook()); // every role sees this one, which arrives after all others

  for (const [role, sees] of Object.entries(ROLES)) {
    await t.test(`${role} sees ${sees}`, async () => {
      const inbox = inboxes[role];
      await inbox.until(() => inbox.received.some(({ topic }) => topic.endsWith('/events')), 'the last event');
      const token = system.token(system.account, role, `the-${role}`);
      const get = async (route) => (await system.api(route, { token })).json;
      const snapshot = await get('/sync');
      const { events } = await get(`/sync?epoch=${snapshot.epoch}&since=0`);
      const ids = (rows, key) => [...new Set(rows.map((row) => row[key]).filter(Boolean))].sort();
      const expected = sees === 'all' ? all : [];

      assert.deepEqual(inbox.conversations, expected, 'over MQTT');
      assert.deepEqual(ids((await get('/conversations')).conversations, 'id'), expected, '/conversations');
      assert.deepEqual(ids(snapshot.snapshot.conversations, 'id'), expected, '/sync, snapshot');
      assert.deepEqual(ids(events, 'conversation'), expected, '/sync, events');
      const found = await get('/search?q=92345000&limit=100');
      assert.deepEqual(ids(found.conversations, 'id'), expected, '/search, customers');
      const matched = await get('/search?q=follows&limit=100');
      assert.deepEqual([...new Set(matched.messages.map(({ message }) => message.conversation))].sort(), expected, '/search, messages');
      for (const id of all) {
        const status = expected.includes(id) ? 200 : 404;
        assert.equal((await system.api(`/conversations/${id}`, { token })).status, status, id);
        assert.equal((await system.api(`/conversations/${id}/messages`, { token })).status, status, id);
        assert.equal((await system.api(`/media/${files.get(id)}`, { token })).status, status, `/media of ${id}`);
        const { matches } = await get(`/resolve?id=${id}`);
        assert.equal(matches.length, expected.includes(id) ? 1 : 0, `/resolve ${id}`);
      }
      const head = sees === 'all' ? `acct/${system.account}/head` : `acct/${system.account}/agent/the-${role}/feed`;
      assert.equal(snapshot.head_topic, head);
    });
  }
});
