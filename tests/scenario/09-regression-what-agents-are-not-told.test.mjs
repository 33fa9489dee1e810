// Changes that once reached the database but no screen: an agent who was online must see the same as one who connects
// later.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { change, newWamid, text, webhook } from '../lib/webhook.mjs';

const USER_1 = 'PK.7730918264450195583';
const USER_2 = 'PK.8812045519273360417';

async function assertSameScreens(system, agent) {
  await agent.caughtUp();
  const fresh = await (await system.agent({ agent: 'fresh' })).caughtUp();
  assert.deepEqual(Object.fromEntries(agent.conversations), Object.fromEntries(fresh.conversations));
  assert.deepEqual(agent.screen, fresh.screen);
  agent.check();
}

const changed = (number, kind, parts) => webhook([change(number, { messages: [
  { from: '923450000001', id: newWamid(), timestamp: '1767312000', type: kind, [kind]: { original_message_id: newWamid(), ...parts } }] })]);

scenario('an edit and a revoke of messages never seen, from a customer never seen', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  await system.postWebhook(changed(system.number, 'edit', { message: { type: 'text', text: { body: 'edited' } } }));
  await system.postWebhook(changed(system.number, 'revoke'));
  await assertSameScreens(system, agent);
});

scenario('two conversations that turn out to be one customer', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  await system.customerWrites({ from: '923450000001', body: 'by phone' });
  await system.customerWrites({ from: undefined, userId: USER_1, body: 'by user id' });
  await system.customerWrites({ from: '923450000001', userId: USER_1, body: 'it was me' });
  await assertSameScreens(system, agent);
});

scenario('a conversation merged into one that is then merged itself', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();
  await system.customerWrites({ from: '923450000001', body: 'oldest' });
  await system.customerWrites({ from: undefined, userId: USER_1, body: 'middle' });
  await system.customerWrites({ from: undefined, userId: USER_2, body: 'youngest' });
  await system.postWebhook(webhook([change(system.number, { user_id_update: [{ user_id: { previous: USER_2, current: USER_1 },
    detail: 'The user id changed', timestamp: '1767312000' }] }, 'user_id_update')]));
  await system.customerWrites({ from: '923450000001', userId: USER_1, body: 'all of these were me' });
  await assertSameScreens(system, agent);
  const merged = [...agent.conversations.values()].map(({ merged_into }) => merged_into).filter(Boolean);
  assert.deepEqual(merged, Array(2).fill(`${system.account}_${system.number}_923450000001`));
});

scenario('a customer at two numbers gets a new phone number: both conversations show it', async (system) => {
  await (await system.init()).start();
  await system.convwire('number', 'add', '2002');
  const agent = await system.agent();
  for (const number of [system.number, '2002']) {
    await system.postWebhook(webhook([change(number, { messages: [text({ from: '923450000001' })] })]));
  }
  await system.postWebhook(webhook([change(system.number, { messages: [{ from: '923450000001', id: newWamid(), timestamp: '1767312000',
    type: 'system', system: { body: 'changed', wa_id: '923450000002', type: 'user_changed_number' } }] })]));
  await assertSameScreens(system, agent);
  for (const { contact } of agent.conversations.values()) assert.equal(contact.wa_id, '923450000002');
});
