// The daemon may die at any moment; `up` restarts it; what was acknowledged is on every screen, once.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { newCustomer, newWamid, textWebhook } from '../lib/webhook.mjs';

scenario('SIGKILL under load: everything acknowledged is stored, nothing twice, agents converge', async (system, t) => {
  await (await system.init()).up();
  const agents = [await system.agent({ agent: 'ann' }), await system.agent({ agent: 'ben' })];
  const customers = Array.from({ length: 8 }, newCustomer);
  const acknowledged = [];
  let isDone = false;

  // Like WhatsApp: sends each webhook again until it is answered 200, in order for each customer.
  const load = Promise.all(customers.map(async (from) => {
    while (!isDone) {
      const wamid = newWamid();
      const body = textWebhook(system.number, { from, wamid });
      for (let status = 0; status !== 200;) {
        ({ status } = await system.postWebhook(body).catch(() => ({ status: 0 })));
        // For a moment after the kill, nobody listens; let other work continue.
        if (status !== 200) await new Promise(setImmediate);
      }
      acknowledged.push({ from, wamid });
    }
  }));

  for (let round = 1; round <= 4; round++) {
    const target = acknowledged.length + 100;
    await agents[0].until(() => acknowledged.length >= target, 'a hundred more acknowledged');
    process.kill(system.childOfUp('convwired'), 'SIGKILL');
    await system.upProgram.until(() =>
      (system.upProgram.stderr.match(/convwired was killed by signal 9; restarting it/g) ?? []).length === round,
    `up notices kill ${round}`);
  }
  const target = acknowledged.length + 100;
  await agents[0].until(() => acknowledged.length >= target, 'and a hundred after the last');
  isDone = true;
  await load;
  await system.ready();
  await Promise.all(agents.map((agent) => agent.caughtUp()));
  t.diagnostic(`${acknowledged.length} acknowledged over 4 kills`);

  const check = await system.check();
  assert.deepEqual(check.faults, []);
  const fresh = await (await system.agent({ agent: 'fresh' })).caughtUp();
  assert.deepEqual([...fresh.wamids].sort(), acknowledged.map(({ wamid }) => wamid).sort(), 'acknowledged = stored');
  for (const from of customers) {
    const sent = acknowledged.filter((one) => one.from === from).map(({ wamid }) => wamid);
    const thread = fresh.thread(`${system.account}_${system.number}_${from}`).map(({ wamid }) => wamid);
    assert.deepEqual(thread, sent, `the thread of ${from} is in the order sent`);
  }
  for (const agent of agents) {
    assert.deepEqual(agent.screen, fresh.screen);
    agent.check();
  }
});

scenario('up restarts a killed broker, and ends cleanly afterwards', async (system) => {
  await (await system.init()).up();
  const agent = await system.agent();
  process.kill(system.childOfUp('mosquitto'), 'SIGKILL');
  await system.upProgram.says(/mosquitto was killed by signal 9; restarting it/, 'stderr');
  await system.customerWrites({ body: 'meanwhile' });
  await system.ready();
  await agent.caughtUp();
  assert.equal(agent.wamids.length, 1);
  agent.check();
  assert.equal((await system.upProgram.stop()).code, 0);
});
