// @convwire/client under cuts, kills, gaps and restores: in the end its state equals the server's, nothing twice, in
// order.
import assert from 'node:assert/strict';
import path from 'node:path';

import { isLive, page, sameAsServer } from '../lib/page.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, contact, newWamid, text, webhook } from '../lib/webhook.mjs';

const SECONDS = Number(process.env.CONVWIRE_STORM_SECONDS ?? 60);
const CUSTOMERS = Array.from({ length: 10 }, (_, i) => `92345000000${i}`);
const AGENTS = 4;

/** Every event that was applied, by epoch and seq: ascending, none twice. */
function assertInOrder(client) {
  let last = { epoch: null, seq: -1 };
  for (const { epoch, seq } of client.events) {
    assert.ok(epoch !== last.epoch || seq > last.seq, `seq ${seq} after ${last.seq}`);
    last = { epoch, seq };
  }
}

scenario(`cuts at random moments for ${SECONDS} s under load, broker and daemon killed`, { timeout: 300_000 }, async (system) => {
  await (await system.init()).start();
  const ws = await new Proxy(() => system.wsPort).start();
  const http = await new Proxy(() => system.httpPort).start();
  system.cleanups.push(() => ws.stop(), () => http.stop());
  const pages = Array.from({ length: AGENTS }, (_, i) => page(system, {
    agent: `agent-${i}`, mqttUrl: `ws://127.0.0.1:${ws.port}`, url: `http://127.0.0.1:${http.port}`,
    account: system.account, subject: `agent-${i}`,
  }));
  for (const client of pages) await isLive(client);

  const end = Date.now() + SECONDS * 1000;
  let n = 0;
  let cuts = 0;
  const load = (async () => {
    while (Date.now() < end) {
      const from = CUSTOMERS[n % CUSTOMERS.length];
      const body = webhook([change(system.number, { contacts: [contact({ from })], messages: [text({ from, body: `message ${n}` })] })]);
      // As WhatsApp does: repeated until it is acknowledged.
      await eventually(async () => (await system.postWebhook(body)).status === 200, 'acknowledged');
      n++;
    }
  })();
  const cutting = (async () => {
    for (let round = 1; Date.now() < end; round++) {
      await eventually(() => pages.every((client) => client.status === 'live') || Date.now() > end, 'all live', { ms: 60_000 });
      const before = n;
      await eventually(() => n > before + 1 + Math.random() * 20 || Date.now() > end, 'some load');
      if (round % 10 === 4) {
        await system.broker.stop('SIGKILL');
        await system.startBroker();
      } else if (round % 10 === 8) {
        await system.daemon.stop('SIGKILL');
        await system.startDaemon();
      } else {
        (round % 2 ? ws : http).cut();
      }
      cuts++;
    }
  })();
  await Promise.all([load, cutting]);
  for (const client of pages) {
    await sameAsServer(system, client);
    assertInOrder(client);
  }
  const stored = (await Promise.all(CUSTOMERS.map((from) => system.api(`/conversations/${system.account}_${system.number}_${from}/messages?limit=1`))));
  assert.equal(stored.filter(({ status }) => status === 200).length, CUSTOMERS.length);
  console.log(`${n} messages, ${cuts} faults, ${pages.map((client) => client.resets).join('/')} resets`);
  assert.ok(cuts > 5 && n > 100, 'it was a storm');
});

/** Many messages in webhooks of a hundred, so that a disconnected client falls behind fast. */
async function flood(system, total) {
  for (let sent = 0; sent < total; sent += 100) {
    const messages = Array.from({ length: 100 }, (_, i) => text({ from: CUSTOMERS[i % 10], body: `flood ${sent + i}`, wamid: newWamid() }));
    const answer = await system.postWebhook(webhook([change(system.number, { contacts: CUSTOMERS.map((from) => contact({ from })), messages })]));
    assert.equal(answer.status, 200);
  }
}

/** A page behind a proxy that the scenario has closed. */
async function cutOff(system) {
  let isShut = false;
  const ws = await new Proxy(() => (isShut ? 9 : system.wsPort)).start();
  system.cleanups.push(() => ws.stop());
  const client = page(system, { mqttUrl: `ws://127.0.0.1:${ws.port}`, loadsThreads: true });
  await isLive(client);
  return { client, shut: () => { isShut = true; ws.cut(); }, open: () => { isShut = false; client.retryNow(); } };
}

scenario('a gap of over 1,000 events', async (system) => {
  await (await system.init()).start();
  const { client, shut, open } = await cutOff(system);
  shut();
  await eventually(() => client.status === 'offline', 'offline');
  await flood(system, 1200);
  open();
  await sameAsServer(system, client);
  assertInOrder(client);
  assert.equal(client.events.length, await system.headOf(), 'each event once');
  assert.equal(client.resets, 1, 'no more than the first');
});

scenario('a gap beyond retention', async (system) => {
  await system.init();
  await system.configure('event_retention_s = 1');
  await system.start();
  const { client, shut, open } = await cutOff(system);
  shut();
  await eventually(() => client.status === 'offline', 'offline');
  await flood(system, 300);
  const { epoch, cursor } = client.position;
  await eventually(async () => (await system.api(`/sync?epoch=${epoch}&since=${cursor}`)).json.reset, 'the events are trimmed');
  open();
  await sameAsServer(system, client);
  assert.equal(client.resets, 2);
});

scenario('an older backup is restored: no page keeps what is no longer there', async (system) => {
  await (await system.init()).start();
  const client = page(system, { loadsThreads: true });
  await isLive(client);
  await flood(system, 100);
  const backup = path.join(system.dir, '..', 'backup');
  const made = await system.convwire('backup', backup);
  assert.equal(made.code, 0, made.stderr);
  await flood(system, 100);
  await sameAsServer(system, client);
  await system.daemon.stop();
  const restored = await system.convwire('restore', backup);
  assert.equal(restored.code, 0, restored.stderr);
  await system.startDaemon();
  client.api.url = `http://127.0.0.1:${system.httpPort}`;
  await eventually(() => client.resets === 2, 'the new epoch resets it', { ms: 60_000 });
  await sameAsServer(system, client);
  assert.equal(client.state.messages(`${system.account}_${system.number}_${CUSTOMERS[0]}`).length, 10);
});
