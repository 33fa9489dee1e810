// What customers do besides writing is visible: calls, choices about marketing, names from the phone's address book and
// of groups. Only those who may see the conversation hear of it.
import assert from 'node:assert/strict';

import { subscribe } from '../lib/mqtt.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, contact, text, webhook } from '../lib/webhook.mjs';

const RANA = '923331230001';
const PABLO = '923331230002';
const GROUP = 'Y2FwaV9ncm91cDoxMjM0';
const HOUR_MS = 3600_000;

const idOf = (system, customer) => `${system.account}_${system.number}_${customer}`;
const post = async (system, parts, field) => assert.equal((await system.postWebhook(webhook([change(system.number, parts, field)]))).status, 200);
const nowS = () => Math.floor(Date.now() / 1000);

const CALL = { id: 'wacid.c1', from: RANA, to: '15550100200', direction: 'USER_INITIATED' };
const RINGS = { ...CALL, event: 'connect' };
const called = (system, call) => post(system, { contacts: [contact({ from: RANA, name: 'Rana Malik' })], calls: [{ timestamp: String(nowS()), ...call }] }, 'calls');

for (const [name, order] of [['connect, terminate', [0, 1]], ['terminate, connect', [1, 0]], ['each twice', [0, 1, 1, 0]]]) {
  scenario(`a missed call: a line, unread, and the window is open (${name})`, async (system) => {
    await (await system.init()).start();
    const ann = await system.agent();
    const told = [RINGS, { ...CALL, event: 'terminate', status: 'FAILED' }];
    for (const i of order) await called(system, told[i]);
    const messages = await system.thread(idOf(system, RANA));
    assert.deepEqual(messages.map(({ kind, direction, content }) => [kind, direction, content]), [['call', 'in', { body: 'Missed call', status: 'FAILED' }]]);
    const [row] = await system.rows();
    assert.deepEqual([row.unread, row.last_message.preview, row.contact.name], [1, 'Missed call', 'Rana Malik']);
    assert.ok(Math.abs(row.window_ends_at - Date.now() - 24 * HOUR_MS) < HOUR_MS, 'a call opens the window');
    await ann.caughtUp();
    ann.check();
  });
}

scenario('a call that somebody took is none that was missed; the business’s own calls are kept raw', async (system) => {
  await (await system.init()).start();
  await called(system, RINGS);
  await called(system, { ...CALL, event: 'terminate', status: 'COMPLETED', duration: 120 });
  await called(system, { ...CALL, id: 'wacid.c2', direction: 'BUSINESS_INITIATED', from: '15550100200', to: RANA, event: 'connect' });
  await post(system, { statuses: [{ id: 'wacid.c2', type: 'call', status: 'RINGING', timestamp: String(nowS()), recipient_id: RANA }] }, 'calls');
  const messages = await system.thread(idOf(system, RANA));
  assert.deepEqual(messages.map(({ content }) => content), [{ body: 'Call', status: 'COMPLETED', duration: 120 }]);
  assert.equal((await system.metrics()).changes_kept_total, 2);
});

const preference = (value, at, extra = {}) => ({ wa_id: RANA, category: 'marketing_messages', value, timestamp: at, detail: `User asked: ${value}`, ...extra });

const TEMPLATES = [['sale', 'MARKETING'], ['receipt', 'UTILITY']].map(([name, category]) => (
  { name, category, language: 'en', status: 'APPROVED', id: name, components: [{ type: 'BODY', text: 'Hello' }] }));

async function withTemplates(system) {
  await system.init();
  const sim = await system.startSim();
  await sim.behave({ templates: TEMPLATES });
  await system.start();
  const id = await system.customer(RANA);
  const synced = await system.convwire('template', 'sync', '--account', system.account);
  assert.equal(synced.code, 0, synced.stderr);
  const send = (name) => system.command(id, 'send', { kind: 'template', content: { name, language: { code: 'en' } } });
  return { id, sim, send };
}

scenario('who stops marketing messages gets none: a line, the contact, 409 opted_out; and may resume', async (system) => {
  const { id, send } = await withTemplates(system);
  const marketing = async () => (await system.rows())[0].contact.marketing;
  assert.equal(await marketing(), null);
  const at = nowS();
  await post(system, { user_preferences: [preference('stop', at)] }, 'user_preferences');
  await post(system, { user_preferences: [preference('stop', at)] }, 'user_preferences'); // delivered again
  assert.equal(await marketing(), 'out');
  const refused = await send('sale');
  assert.deepEqual([refused.status, refused.json.problem?.title ?? refused.json.title], [409, 'opted_out']);
  assert.equal((await send('receipt')).status, 200);
  assert.equal((await send('unknown')).status, 200, 'whose category is not known is WhatsApp’s to judge');
  await post(system, { user_preferences: [preference('resume', at - 60)] }, 'user_preferences');
  assert.equal(await marketing(), 'out', 'what they said before does not count');
  await post(system, { user_preferences: [preference('resume', at + 1)] }, 'user_preferences');
  assert.equal(await marketing(), 'in');
  assert.equal((await send('sale')).status, 200);
  const lines = (await system.thread(id)).filter(({ kind }) => kind === 'system').map(({ content }) => [content.type, content.body]);
  assert.deepEqual(lines.sort(), [['marketing_resume', 'User asked: resume'], ['marketing_resume', 'User asked: resume'], ['marketing_stop', 'User asked: stop']]);
  assert.equal((await system.rows())[0].unread, 0, 'a line is nothing to answer');
});

scenario('WhatsApp’s error 131050 says that the customer stopped marketing messages', async (system, t) => {
  for (const how of ['as the answer', 'as a status']) {
    await t.test(how, async () => {
      const { id, sim, send } = await withTemplates(system);
      await sim.behave(how === 'as a status' ? { statuses: { fail: 131050, delay_ms: 5 } } : { do: 'error', code: 131050, count: 1 });
      const sent = await send('sale');
      assert.equal(sent.status, 200);
      await system.messageIs(id, sent.json.message, 'failed');
      assert.equal((await system.rows())[0].contact.marketing, 'out');
      assert.equal((await send('sale')).json.problem.title, 'opted_out');
      await system.stop();
      system.programs.length = system.cleanups.length = 0;
    });
  }
});

const address = (full_name, action = 'add') => ({ state_sync: [{ type: 'contact', action, contact: { full_name, phone_number: PABLO }, metadata: { timestamp: String(nowS()) } }] });
const past = () => ({ history: [{ metadata: { phase: 0 }, threads: [{ id: PABLO, messages: [{ ...text({ from: PABLO, body: 'old', at: 1_795_000_000 - 86_400 }), history_context: { status: 'READ' } }] }] }] });

scenario('the phone’s address book names imported threads, whichever comes first', async (system, t) => {
  await (await system.init()).start();
  const name = async () => (await system.rows())[0].contact.name;
  await post(system, address('Pablo Morales'), 'smb_app_state_sync');
  assert.deepEqual(await system.rows(), [], 'an address is no conversation');
  await post(system, past(), 'history');
  assert.equal(await name(), 'Pablo Morales');
  const found = async (q) => (await system.api(`/search?q=${q}`)).json.conversations.length;
  await eventually(async () => await found('morales') === 1, 'search finds the name');

  await t.test('a changed address', async () => {
    await post(system, address('Pablo M. Suarez'), 'smb_app_state_sync');
    assert.equal(await name(), 'Pablo M. Suarez');
    await eventually(async () => await found('suarez') === 1 && await found('morales') === 0, 'and only the new one');
  });
  await t.test('the customer’s own name counts more', async () => {
    await system.customerWrites({ from: PABLO, name: 'Pablito' });
    assert.equal(await name(), 'Pablito');
    await post(system, address('Pablo Morales'), 'smb_app_state_sync');
    assert.equal(await name(), 'Pablito');
    await post(system, address(undefined, 'remove'), 'smb_app_state_sync');
    assert.equal(await name(), 'Pablito');
  });
});

scenario('an address that comes after its thread names it; one that is removed names it no more', async (system) => {
  await (await system.init()).start();
  await post(system, past(), 'history');
  assert.equal((await system.rows())[0].contact.name, null);
  await post(system, address('Pablo Morales'), 'smb_app_state_sync');
  assert.equal((await system.rows())[0].contact.name, 'Pablo Morales');
  await post(system, address(undefined, 'remove'), 'smb_app_state_sync');
  assert.equal((await system.rows())[0].contact.name, null);
  await post(system, { state_sync: [{ type: 'contact', action: 'add', contact: { full_name: 'Nobody' } }, 7] }, 'smb_app_state_sync');
  assert.equal((await system.metrics()).changes_kept_total, 1);
});

const settings = (subject) => ({ groups: [{ timestamp: nowS(), group_id: GROUP, type: 'group_settings_update', group_subject: subject }] });
const inGroup = () => ({ contacts: [contact({ from: RANA, name: 'Gina' })], messages: [{ ...text({ from: RANA, body: 'hi all' }), group_id: GROUP }] });

scenario('a group’s subject is its name', async (system) => {
  await (await system.init()).start();
  const name = async () => (await system.rows())[0].contact.name;
  await post(system, { groups: [{ timestamp: nowS(), group_id: GROUP, type: 'group_create', subject: 'Lamps' }] }, 'group_lifecycle_update');
  await post(system, inGroup());
  assert.equal(await name(), 'Lamps');
  await post(system, settings({ text: 'Lamps & more', update_successful: true }), 'group_settings_update');
  assert.equal(await name(), 'Lamps & more');
  await post(system, settings({ text: 'No', update_successful: false }), 'group_settings_update');
  assert.equal(await name(), 'Lamps & more');
});

scenario('names that come late do not replace newer ones; the customer’s own is kept', async (system) => {
  await (await system.init()).start();
  const name = async () => (await system.rows())[0].contact.name;
  const at = (seconds, subject) => ({ groups: [{ timestamp: nowS() + seconds, group_id: GROUP, type: 'group_settings_update', group_subject: { text: subject, update_successful: true } }] });
  await post(system, inGroup());
  await post(system, at(0, 'new'), 'group_settings_update');
  await post(system, at(-100, 'old'), 'group_settings_update');
  assert.equal(await name(), 'new');

  const own = async () => (await system.rows()).find(({ id }) => id === idOf(system, PABLO)).contact.name;
  await post(system, address('Pablo'), 'smb_app_state_sync');
  await system.customerWrites({ from: PABLO, name: 'Pablo' });
  await post(system, address('Pablo, owes money'), 'smb_app_state_sync');
  assert.equal(await own(), 'Pablo');
});

scenario('an agent who sees only assigned conversations hears nothing of others', async (system) => {
  await (await system.init()).start();
  await system.customerWrites({ from: PABLO, body: 'mine' });
  assert.equal((await system.command(idOf(system, PABLO), 'assign', { assignee: 'eve' })).status, 200);
  const token = system.token(system.account, 'assigned-agent', 'eve');
  const eve = await system.mqtt({ agent: 'eve', token });
  const heard = [];
  eve.on('message', (topic, payload) => heard.push([topic.split('/').pop(), JSON.parse(payload)]));
  await subscribe(eve, `acct/${system.account}/conv/+`);
  await called(system, RINGS);
  await post(system, { user_preferences: [preference('stop', nowS())] }, 'user_preferences');
  await post(system, inGroup());
  await post(system, settings({ text: 'Secret', update_successful: true }), 'group_settings_update');
  await post(system, { messages: [text({ from: PABLO, body: 'last' })] });
  await eventually(() => heard.some(([, event]) => event.data.message?.content.body === 'last'), 'her own');
  assert.deepEqual([...new Set(heard.map(([conversation]) => conversation))], [idOf(system, PABLO)]);
  assert.deepEqual((await system.rows({ token })).map(({ id }) => id), [idOf(system, PABLO)]);
});
