// Sending with @convwire/client: a bubble at once, its event later, once; through outages and closed pages.
import assert from 'node:assert/strict';

import { isLive, MemoryOutbox, page } from '../lib/page.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

const text = (body) => ({ kind: 'text', content: { body } });
const out = (client, id) => client.state.messages(id).filter((message) => message.direction === 'out');
const bodies = (client, id) => out(client, id).map((message) => message.content.body);
const local = (client, id) => out(client, id).filter((message) => message.local);

async function begin(system, options) {
  await system.init();
  await system.startSim();
  await system.start();
  const id = await system.customer();
  const client = page(system, options);
  await isLive(client);
  await client.loadMessages(id);
  return { client, id };
}

scenario('a reply is in the thread at once, becomes its event, and its ticks advance', async (system) => {
  const { client, id } = await begin(system);
  const command = client.send(id, text('at once'));
  assert.deepEqual([bodies(client, id), local(client, id).length], [['at once'], 1], 'before anything was sent');
  const message = await eventually(() => out(client, id).find((one) => !one.local && one.status === 'read'), 'read by the customer');
  assert.deepEqual(bodies(client, id), ['at once'], 'one bubble');
  assert.deepEqual(message.command, { subject: 'ann', id: command });
});

scenario('twenty replies at once keep their order, on this page and on another', async (system) => {
  const { client, id } = await begin(system);
  const other = page(system, { agent: 'bob' });
  await isLive(other);
  await other.loadMessages(id);
  const wanted = Array.from({ length: 20 }, (_, i) => `reply ${i}`);
  for (const body of wanted) client.send(id, text(body));
  assert.deepEqual(bodies(client, id), wanted);
  await eventually(() => local(client, id).length === 0 && out(other, id).length === 20, 'all have events');
  assert.deepEqual(bodies(client, id), wanted);
  assert.deepEqual(bodies(other, id), wanted);
});

scenario('a refusal is shown with its reason, and can be sent again or discarded', async (system) => {
  const { client, id } = await begin(system);
  const command = client.send(id, text('x'.repeat(5000)));
  const [message] = await eventually(() => {
    const refused = local(client, id).filter((one) => one.local.state === 'refused');
    return refused.length && refused;
  }, 'refused');
  assert.match(message.local.detail, /4096/);
  const again = client.resend(command);
  assert.notEqual(again, command);
  await eventually(() => local(client, id)[0]?.local.state === 'refused' && local(client, id)[0].local.command === again, 'refused again');
  client.discardPending(again);
  assert.deepEqual(out(client, id), []);
  assert.equal(client.resend(again), null);
});

scenario('broker down: commands are sent over HTTP; daemon down: they wait, and are sent once', async (system) => {
  const { client, id } = await begin(system);
  await system.broker.stop('SIGKILL');
  await eventually(() => client.status === 'offline', 'offline');
  client.send(id, text('by http'));
  await eventually(async () => (await system.thread(id)).some((message) => message.content?.body === 'by http'), 'stored by HTTP');
  await system.startBroker();
  await isLive(client);

  await system.daemon.stop('SIGKILL');
  client.send(id, text('while away'));
  await system.startDaemon();
  // In real life, the page's URL is the proxy's and does not change; here the daemon's port changed.
  client.api.url = `http://127.0.0.1:${system.httpPort}`;
  await eventually(() => bodies(client, id).length === 2 && local(client, id).length === 0, 'both have their events', { ms: 60_000 });
  assert.deepEqual(bodies(client, id), ['by http', 'while away']);
  assert.equal((await system.thread(id)).filter((message) => message.direction === 'out').length, 2);
});

scenario('what a closed page could not send, the next one sends; after a day it waits for a person', async (system) => {
  const { client, id } = await begin(system);
  await client.stop();
  const outbox = new MemoryOutbox();
  const closed = page(system, { outbox, account: system.account, subject: 'ann', url: 'http://127.0.0.1:9', mqttUrl: 'ws://127.0.0.1:9' });
  closed.send(id, text('left over'));
  await eventually(async () => (await outbox.all()).length === 1, 'kept');
  await closed.stop();
  await outbox.put({ id: 'old', conversation: id, type: 'send', data: text('too old'), at: Date.now() - 25 * 3600_000 });

  const next = page(system, { outbox });
  await isLive(next);
  await next.loadMessages(id);
  await eventually(() => out(next, id).some((message) => message.content.body === 'left over' && !message.local), 'sent by the next page');
  const [refused] = local(next, id);
  assert.deepEqual([refused.content.body, refused.local.type], ['too old', 'too_old']);
  await eventually(async () => (await outbox.all()).length === 1, 'what was sent is kept no more');
  assert.equal((await outbox.all())[0].refused.type, 'too_old', 'what waits for a person is, over a reload');
  await next.stop();
  next.start();
  await isLive(next);
  assert.equal(local(next, id)[0].local.state, 'refused');
  next.discardPending('old');
  await eventually(async () => (await outbox.all()).length === 0, 'nothing is kept any more');
});

scenario('stopped before it was sent, started again: it is sent', async (system) => {
  const { client, id } = await begin(system);
  await system.daemon.stop('SIGKILL');
  client.send(id, text('between two starts'));
  await client.stop();
  await system.startDaemon();
  client.api.url = `http://127.0.0.1:${system.httpPort}`;
  client.start();
  await eventually(async () => (await system.sim.taken()).length === 1, 'sent', { ms: 60_000 });
  await eventually(() => local(client, id).length === 0, 'its event has come');
});

scenario('a reply to a merged conversation goes to the other one; a repeated command has no second effect', async (system) => {
  const { client, id } = await begin(system);
  const answer = await client.command(id, 'assign', { assignee: 'me' });
  assert.equal(answer.message, null);
  await eventually(() => client.state.conversations.get(id).assignee === 'ann', 'assigned');
  await client.command(id, 'done');
  await eventually(() => client.state.conversations.get(id).state === 'done', 'done');
  await assert.rejects(client.command(id, 'nonsense'), { type: 'unknown_command', status: 400 });
  await assert.rejects(client.command(`${id}-9`, 'done'), (error) => [403, 404].includes(error.status));
});
