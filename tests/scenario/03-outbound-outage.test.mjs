// The Graph API or the daemon is down for a while: nothing is lost, nothing is sent twice, order is kept.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

scenario('while the Graph API is down the queue grows on disk, agents see it, /metrics shows its age; then it drains', async (system) => {
  await system.init();
  const sim = await system.startSim();
  await sim.behave({ statuses: { words: [] } });
  await system.start();
  const ann = await system.commander();
  const ids = [];
  for (let n = 0; n < 5; n++) ids.push(await system.customer());
  sim.program.child.kill('SIGSTOP'); // it neither answers nor refuses
  const held = await ann.say(ids[0], 'held 0');
  await system.messageIs(ids[0], held.message, 'sending');
  sim.program.child.kill('SIGCONT');
  await system.messageIs(ids[0], held.message, 'accepted');

  await sim.behave({ do: 'rate-limit' });
  const sent = [];
  for (let n = 0; n < 40; n++) sent.push([ids[n % 5], (await ann.say(ids[n % 5], `text ${n}`)).message]);
  await eventually(async () => (await system.metrics()).outbound_oldest_milliseconds > 1000, '/metrics shows the age');
  const metrics = await system.metrics();
  assert.ok(metrics.outbound_retried_total > 0);
  const states = await Promise.all(sent.map(async ([id, message]) => (await system.message(id, message)).status));
  assert.ok(states.every((status) => ['queued', 'retrying', 'sending'].includes(status)), states.join());
  assert.ok(states.filter((status) => status === 'queued').length >= 35);
  await sim.behaveWell();
  for (const [id, message] of sent) await system.messageIs(id, message, 'accepted');
  for (const id of ids) {
    const texts = (await sim.textsTo(id.split('_')[2])).filter((text) => text.startsWith('text'));
    assert.deepEqual(texts, Array.from({ length: 8 }, (_, n) => `text ${ids.indexOf(id) + 5 * n}`));
  }
  assert.equal((await system.metrics()).outbound_oldest_milliseconds, 0);
});

scenario('nothing listens at the Graph API\'s port: surely not sent, so retried and not unknown', async (system) => {
  await system.init();
  const sim = await system.startSim();
  const { url } = sim;
  await system.start();
  const ann = await system.commander();
  const id = await system.customer();
  await sim.program.stop();
  const { message } = await ann.say(id, 'x');
  const retrying = await system.messageIs(id, message, 'retrying');
  assert.match(retrying.error.title, /connect/i);
  system.sim = null;
  // The same port again, like a server that comes back.
  const program = system.launch('convwire-sim again', sim.program.child.spawnfile,
    [...sim.program.child.spawnargs.slice(1).filter((arg) => arg !== '--ready-fd' && arg !== '3'), '--port', new URL(url).port]);
  await program.says(/ready/, 'stderr');
  await system.messageIs(id, message, 'accepted', 'sent', 'failed');
  assert.equal((await sim.taken()).length, 1);
});

scenario('100 commands from a 3.1.1 client while the daemon is down: each sent once', async (system) => {
  await system.init();
  const sim = await system.startSim();
  await sim.behave({ statuses: { words: [] } });
  await system.start();
  const ids = [];
  for (let n = 0; n < 10; n++) ids.push(await system.customer());
  const old = await system.commander({ agent: 'old', protocolVersion: 4 });
  await system.daemon.stop();
  const commands = Array.from({ length: 100 }, (_, n) => ({ conversation: ids[n % 10],
    body: { id: randomUUID(), type: 'send', data: { kind: 'text', content: { body: `text ${n}` } } } }));
  for (const { conversation, body } of commands) await old.publish(conversation, body);
  await system.startDaemon();
  await system.ready();
  assert.equal((await sim.taken()).length, 0, 'what nobody heard was not taken');
  // As every client does: commands without an answer are sent again with the same id, the oldest of each conversation
  // first.
  const isAnswered = ({ body }) => old.replies.some(({ id }) => id === body.id);
  await eventually(async () => {
    const unanswered = commands.filter((command) => !isAnswered(command));
    for (const id of ids) {
      const oldest = unanswered.find(({ conversation }) => conversation === id);
      if (oldest) await old.publish(id, oldest.body);
    }
    return unanswered.length === 0;
  }, 'every command is answered');
  assert.ok(old.replies.every(({ ok }) => ok));
  await sim.tookAtLeast(100);
  old.replies.length = 0;
  for (const { conversation, body } of commands) await old.publish(conversation, body); // and a second time
  await eventually(() => commands.every(isAnswered), 'every repeat is answered');
  const taken = await sim.taken();
  assert.equal(taken.length, 100);
  assert.equal(new Set(taken.map(({ body }) => body.text.body)).size, 100);
  for (const id of ids) {
    const texts = await sim.textsTo(id.split('_')[2]);
    assert.deepEqual(texts, Array.from({ length: 10 }, (_, n) => `text ${ids.indexOf(id) + 10 * n}`));
  }
});
