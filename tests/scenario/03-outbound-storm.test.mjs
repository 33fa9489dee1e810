// 2,000 replies in 200 conversations through a Graph API that fails one time in five, in every possible way.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { newCustomer } from '../lib/webhook.mjs';

const CONVERSATIONS = 200;
const EACH = 10;

scenario('2,000 replies through a failing Graph API: none lost, none doubled, order kept', { timeout: 280_000 }, async (system) => {
  await system.init();
  const sim = await system.startSim();
  await system.configure('send_rate = 400', 'unknown_hold_ms = 1500', 'request_timeout_ms = 1500');
  await sim.behave({ rate: 2000 });
  await sim.behave({ statuses: { words: ['sent', 'delivered', 'read'], delay_ms: 20, shuffle: true } });
  await system.start();
  const customers = Array.from({ length: CONVERSATIONS }, newCustomer);
  const ids = customers.map((customer) => `${system.account}_${system.number}_${customer}`);
  for (const from of customers) await sim.writes({ from, text: 'Hello' });
  await eventually(async () => (await system.check()).conversations === CONVERSATIONS, 'all customers have written');
  for (const rule of [{ do: 'error', code: 131000 }, { do: 'error', code: 131016 }, { do: 'rate-limit' }, { do: 'drop-before' },
    { do: 'drop-after' }, { do: 'bad-json' }, { do: 'gateway' }, { do: 'slow', ms: 2500 }]) {
    await sim.behave({ ...rule, share: 0.0275 }); // eight of them: 20 % in all
  }
  const ann = await system.commander();
  const sent = new Map(ids.map((id) => [id, []]));
  for (let n = 0; n < EACH; n++) {
    const answers = await Promise.all(ids.map((id) => ann.say(id, `text ${n}`)));
    answers.forEach((answer, index) => {
      assert.equal(answer.ok, true);
      sent.get(ids[index]).push(answer.message);
    });
  }
  await eventually(async () => {
    const { queued, sending, retrying } = await system.control('outbox.list');
    return queued + sending + retrying === 0;
  }, 'everything has been sent, or is unknown', { ms: 200_000 });
  await eventually(async () => (await sim.ledger()).webhooks_waiting === 0, 'all statuses are in', { ms: 60_000 });

  let taken = [];
  await eventually(async () => {
    taken = await sim.taken(); // a slow request may arrive late
    const { unknown } = await system.control('outbox.list');
    const failed = (await system.metrics()).outbound_failed_total; // WhatsApp said no at every try
    assert.equal(taken.length + unknown + failed, CONVERSATIONS * EACH, `${taken.length} taken, ${unknown} unknown, ${failed} failed`);
    return true;
  }, 'each reply is taken, unknown or failed');
  const marks = new Map();
  for (const { mark } of taken) marks.set(mark, (marks.get(mark) ?? 0) + 1);
  assert.deepEqual([...marks].filter(([, count]) => count > 1), [], 'none doubled');
  let unknown = 0;
  for (const [index, id] of ids.entries()) {
    const thread = (await system.thread(id)).filter(({ direction }) => direction === 'out');
    assert.deepEqual(thread.map((message) => message.id), sent.get(id), 'none lost here');
    for (const message of thread) {
      const isTaken = marks.has(`${message.id}.1`);
      if (message.status === 'unknown') unknown++;
      if (message.status === 'unknown' || message.status === 'failed') assert.equal(isTaken, false, `${message.status}, but WhatsApp has it`);
      else assert.equal(isTaken, true, `${message.status}, but WhatsApp does not have it`);
      if (isTaken) assert.equal(message.status, 'read');
    }
    const order = taken.filter(({ to }) => to === customers[index]).map(({ body }) => Number(body.text.body.slice(5)));
    assert.deepEqual(order, [...order].sort((one, other) => one - other), `order of ${id}`);
  }
  const metrics = await system.metrics();
  console.log(`${taken.length} taken, ${unknown} unknown and not taken, ${metrics.outbound_failed_total} failed, ` +
    `${metrics.outbound_retried_total} retried, ${metrics.outbound_requests_total} requests`);
  assert.ok(taken.length < CONVERSATIONS * EACH && unknown > 0, 'the Graph API did fail');
  assert.deepEqual((await system.check()).faults, []);
});
