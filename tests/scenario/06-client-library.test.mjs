// @convwire/client against a real server: what a page would see, through gaps, restarts and merges.
import assert from 'node:assert/strict';

import { isLive, page, shows } from '../lib/page.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { newWamid } from '../lib/webhook.mjs';

scenario('a page sees a message arrive in the conversation it selected by a legacy id', async (system) => {
  await (await system.init()).start();
  await system.customerWrites({ body: 'first' });
  const client = page(system);
  await isLive(client);
  const selected = await client.resolve('+92 345 678-9012');

  await client.loadMessages(selected);
  await system.customerWrites({ body: 'second' });
  await eventually(() => client.events.length === 1, 'one event');
  assert.equal(client.events[0].conversation, selected);
  assert.deepEqual(shows(client, selected), ['first', 'second']);
  assert.equal(client.state.list()[0].unread, 2);
  assert.equal(await client.resolve('nobody'), null);
  assert.ok((await client.resolveAll('nobody')).compared_with.length > 0);
});

scenario('a page that loses broker and daemon recovers everything, once', async (system) => {
  await (await system.init()).start();
  const client = page(system);
  await isLive(client);
  const id = `${system.account}_${system.number}_923456789012`;
  const bodies = Array.from({ length: 30 }, (_, i) => `message ${i}`);

  for (const body of bodies.slice(0, 10)) await system.customerWrites({ body });
  await system.broker.stop('SIGKILL');
  for (const body of bodies.slice(10, 20)) await system.customerWrites({ body });
  await system.startBroker();
  for (const body of bodies.slice(20)) await system.customerWrites({ body });
  await eventually(() => shows(client, id).length === 30 && client.status === 'live', 'the page has all and is live');
  assert.deepEqual(shows(client, id), bodies);
  assert.deepEqual(client.events.map((event) => event.seq), bodies.map((_, i) => i + 1), 'each event once, in order');
});

scenario('more conversations than fit into one snapshot', async (system) => {
  await (await system.init()).start();
  for (let i = 0; i < 520; i++) {
    await system.customerWrites({ from: `92345${String(i).padStart(7, '0')}`, body: 'hello', wamid: newWamid() });
  }
  const client = page(system);
  await isLive(client);
  assert.equal(client.state.conversations.size, 520);
});
