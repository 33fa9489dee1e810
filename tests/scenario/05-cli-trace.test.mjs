// convwire trace: the history of a message or conversation, and who receives it.
import assert from 'node:assert/strict';

import { everyConv } from '../lib/broker.mjs';
import { subscribe } from '../lib/mqtt.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, newWamid, webhook } from '../lib/webhook.mjs';

const trace = async (system, ...args) => {
  const { code, stdout, stderr } = await system.convwire('trace', ...args);
  return { code, out: stdout, err: stderr };
};
const traceJson = async (system, id) => JSON.parse((await trace(system, id, '--json')).out);

scenario('a customer’s message, from the webhook to whoever is subscribed', async (system) => {
  await (await system.init()).start();
  const ann = await system.mqtt();
  const lim = await system.mqtt({ agent: 'lim', role: 'assigned-agent' });
  const ben = await system.mqtt({ agent: 'ben' });
  for (const client of [ann, lim]) assert.equal(await subscribe(client, everyConv(system.account)), 1);
  const wamid = newWamid();
  await system.customerWrites({ from: '923450000001', wamid });
  const id = `${system.account}_${system.number}_923450000001`;
  const known = await eventually(async () => {
    const answer = await traceJson(system, wamid);
    return answer.events?.[0]?.taken_us && answer;
  }, 'the broker has acknowledged it');

  assert.deepEqual([known.message.wamid, known.message.conversation, known.matches[0].conversation], [wamid, id, id]);
  const [event] = known.events;
  const hops = ['arrived_us', 'verified_us', 'committed_us', 'published_us', 'taken_us'].map((name) => event[name]);
  assert.deepEqual(hops, [...hops].sort((one, other) => one - other));
  assert.ok(hops[0] > (Date.now() - 60_000) * 1000 && hops[4] < (Date.now() + 60_000) * 1000);
  const of = (client) => known.receivers.clients.find(({ clientid }) => clientid === client.options.clientId);
  assert.deepEqual([of(ann).allowed, of(ann).subscribed_at > 0], [true, true]);
  assert.deepEqual([of(lim).allowed, of(lim).subscribed_at > 0], [false, true]);
  assert.deepEqual([of(ben).allowed, of(ben).subscribed_at > 0], [true, false]);
  assert.deepEqual([known.receivers.connected, known.receivers.receiving], [3, 1]);

  for (const name of [wamid, known.message.id]) {
    const { code, out } = await trace(system, name);
    assert.equal(code, 0);
    assert.match(out, new RegExp(['webhook arrived', 'signature valid, body parsed', 'stored: seq 1, message',
      'published: seq 1', 'acknowledged by the broker: seq 1', ''].join('\n.*')));
    assert.match(out, /subscribed and allowed now: 1 of the account's 3 clients/);
    assert.match(out, /:lim:.*subscribed .*NOT ALLOWED: .*assigned.*roles\.acl:\d+/);
    assert.match(out, /:ben:.*not subscribed/);
  }
  for (const name of [id, '+92 345 0000001']) {
    const { code, out } = await trace(system, name);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`conversation ${id}\n  tag .*\n  matched by`));
    assert.match(out, new RegExp(`stored: seq 1, message of ${known.message.id}`));
  }
});

scenario('a reply: the Graph API’s answers and WhatsApp’s statuses, each with its time', async (system) => {
  await system.init();
  await system.startSim();
  await system.start();
  const id = await system.customer();
  await system.sim.behave({ do: 'error', code: 131056, count: 1 });
  const { json } = await system.command(id, 'send', { kind: 'text', content: { body: 'Hello' } });
  await system.messageIs(id, json.message, 'read');
  const { out } = await trace(system, json.message);
  assert.match(out, /attempt 1 queued for number/);
  const order = ['request to the Graph API started', 'refused by the Graph API for now, error 131056',
    'request to the Graph API started', 'accepted by the Graph API', 'WhatsApp says: sent (WhatsApp’s time',
    'WhatsApp says: delivered', 'WhatsApp says: read'].map((text) => text.replace('’', "'"));
  let from = 0;
  for (const text of order) {
    from = out.indexOf(text, from);
    assert.ok(from >= 0, `${text} in its order in\n${out}`);
    from += text.length;
  }
});

scenario('an unknown id: what it was compared with', async (system) => {
  await (await system.init()).start();
  const nothing = await trace(system, 'nobody');
  assert.equal(nothing.code, 65);
  assert.match(nothing.err, /no conversation .* matches "nobody"/);
  assert.match(nothing.out, /Compared with:\n(.*\n)*.*message ids and wamids of account .*: nobody\n(.*\n)*.*canonical ids: .*\n/);
  assert.ok((await traceJson(system, 'nobody')).compared_with.length > 3);

  const wamid = newWamid();
  const status = { id: wamid, status: 'delivered', timestamp: String(Math.floor(Date.now() / 1000)), recipient_id: '923450000001' };
  assert.equal((await system.postWebhook(webhook([change(system.number, { statuses: [status] })]))).status, 200);
  assert.match((await trace(system, wamid)).out, /a status \(delivered\) arrived for it, but the message never did/);

  assert.equal((await system.postWebhook(webhook([change('999', { messages: [] })]))).status, 200);
  assert.equal((await system.postWebhook('{"object":"whatsapp_business_account"')).status, 200);
  assert.match((await trace(system, newWamid())).out, /has not been added: \d+; kept because not understood: [1-9]/);
});

scenario('without a broker it says that nothing is published yet; without a daemon, that none runs', async (system) => {
  await (await system.init()).start();
  await system.customerWrites({ from: '923450000001' });
  await eventually(async () => (await traceJson(system, '923450000001')).events[0].fate === 'taken', 'taken');
  await system.broker.stop('SIGKILL');
  await eventually(async () => !(await traceJson(system, '923450000001')).publisher.connected, 'the publisher noticed');
  await system.customerWrites({ from: '923450000001', body: 'second' });
  const cut = await trace(system, '923450000001');
  assert.match(cut.out, /seq 2: NOT PUBLISHED yet/);
  assert.match(cut.out, /The broker is not connected; 1 events wait\. `convwire doctor`/);
  assert.match(cut.out, /Cannot list who is subscribed: .*broker/);
  await system.daemon.stop();
  const off = await trace(system, '923450000001');
  assert.equal(off.code, 0);
  assert.match(off.out, /The daemon is not running/);
});
