// The broker is only a fast hint, the database is the log: while the broker is down, webhooks are accepted, and nothing
// is lost.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { scenario } from '../lib/system.mjs';
import { change, newCustomer, text, webhook } from '../lib/webhook.mjs';

async function writeMany(system, count, word) {
  for (let i = 0; i < count; i++) await system.customerWrites({ from: `92345000000${i % 5}`, body: `${word} ${i}` });
}

async function assertConverged(system, agents, count) {
  await Promise.all(agents.map((agent) => agent.caughtUp()));
  const fresh = await (await system.agent({ agent: 'fresh' })).caughtUp();
  assert.equal(fresh.wamids.length, count);
  for (const agent of agents) {
    assert.deepEqual(agent.screen, fresh.screen, `${agent.agent} shows what is stored`);
    agent.check();
  }
}

for (const [name, hurt] of Object.entries({
  'killed and started again': (system) => system.broker.stop('SIGKILL'),
  'stopped cleanly and started again': (system) => system.broker.stop('SIGTERM'),
  'killed and wiped': async (system) => {
    await system.broker.stop('SIGKILL');
    await fs.rm(path.join(system.dir, 'broker'), { recursive: true });
    await fs.mkdir(path.join(system.dir, 'broker'), { mode: 0o700 });
  },
})) {
  scenario(`the broker is ${name}: webhooks are answered 200 meanwhile, and everything arrives`, async (system) => {
    await (await system.init()).start();
    const agents = [await system.agent({ agent: 'ann' }), await system.agent({ agent: 'ben' })];

    for (let round = 1; round <= 3; round++) {
      await writeMany(system, 20, `before ${round}`);
      await hurt(system);
      await writeMany(system, 20, `during ${round}`);
      const ready = (await system.http('/readyz')).json;
      assert.deepEqual([ready.ready, ready.database_writable, ready.broker_connected], [false, true, false]);
      await system.startBroker();
      await writeMany(system, 20, `after ${round}`);
    }
    await system.ready();
    await assertConverged(system, agents, 180);
  });
}

scenario('the broker is killed again and again under load', async (system) => {
  await (await system.init()).start();
  const agents = [await system.agent({ agent: 'ann' }), await system.agent({ agent: 'ben' })];
  let sent = 0;
  let isDone = false;
  const load = Promise.all(Array.from({ length: 4 }, async () => {
    while (!isDone) {
      await system.customerWrites({ from: newCustomer(), body: `${sent}` });
      sent++;
    }
  }));

  for (let i = 0; i < 5; i++) {
    const target = agents[0].received.length + 50;
    await agents[0].until(() => agents[0].received.length >= target, 'fifty more events');
    await system.broker.stop('SIGKILL');
    await system.startBroker();
  }
  isDone = true;
  await load;
  await assertConverged(system, agents, sent);
});

scenario('after 10,000+ events without a broker, only heads are published, and clients sync', { timeout: 180_000 }, async (system, t) => {
  await (await system.init()).start();
  const agent = await system.agent();
  await writeMany(system, 5, 'before');
  await agent.caughtUp();
  await system.broker.stop('SIGKILL');

  const batch = (n) => webhook([change(system.number, { messages: Array.from({ length: 150 }, (_, i) =>
    text({ from: `92345000${String((n * 150 + i) % 100).padStart(4, '0')}`, body: `${n}-${i}` })) })]);
  for (let n = 0; n < 80; n++) assert.equal((await system.postWebhook(batch(n))).status, 200); // 12,000 messages
  const before = await system.metrics();
  await system.startBroker();
  await system.ready();

  await agent.caughtUp();
  const after = await system.metrics();
  t.diagnostic(`published ${after.published_total - before.published_total}, passed over ${after.passed_over_total}, syncs ${agent.syncs}`);
  assert.ok(after.passed_over_total > 0, 'not everything was published');
  await assertConverged(system, [agent], 12_005);
  await system.customerWrites({ from: '923450000001', body: 'live again' });
  await agent.caughtUp();
  assert.equal(agent.received.at(-1).event.data.message.content.body, 'live again');
});
