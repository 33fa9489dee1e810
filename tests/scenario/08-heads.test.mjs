// The head tells how far the log has advanced: at once to a new subscriber, soon after every change, and every 15
// seconds.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { Inbox, subscribe } from '../lib/mqtt.mjs';

scenario('heads: retained, at most one per 250 ms, the last always sent, and a heartbeat', async (system, t) => {
  await (await system.init()).start();
  const client = await system.mqtt({ role: 'viewer' });
  const inbox = new Inbox(client);
  await subscribe(client, `acct/${system.account}/head`);

  await inbox.until(() => inbox.received.length === 1, 'the first head');

  await t.test('a new subscriber gets one', async () => {
    const late = await system.mqtt({ role: 'viewer', agent: 'late' });
    const lateInbox = new Inbox(late);
    await subscribe(late, `acct/${system.account}/head`);
    await lateInbox.until(() => lateInbox.received.length === 1, 'the retained head');
    const [{ payload, retain }] = lateInbox.received;
    assert.match(payload.epoch, /^[0-9a-f]+$/);
    assert.equal(payload.seq, 0);
    assert.ok(Math.abs(Date.now() - payload.at) < 20_000);
    assert.equal(retain, true);
  });
  await t.test('a burst makes few heads, and the last one has the final seq', async () => {
    await Promise.all(Array.from({ length: 200 }, () => system.customerWrites()));
    await inbox.until(() => inbox.received.at(-1).payload.seq === 200, 'head 200');
    const stamps = inbox.received.map(({ payload }) => payload.at);
    for (let i = 2; i < stamps.length; i++) assert.ok(stamps[i] - stamps[i - 1] >= 240, `${stamps[i] - stamps[i - 1]} ms apart`);
  });
  await t.test('a quiet account hears from the server every 15 s', async () => {
    const [count, from] = [inbox.received.length, inbox.received.at(-1).payload.at];
    await inbox.until(() => inbox.received.length > count, 'a heartbeat');
    const apart = inbox.received.at(-1).payload.at - from;
    assert.ok(apart > 14_000 && apart < 18_000, `${apart} ms after the last`);
  });
});
