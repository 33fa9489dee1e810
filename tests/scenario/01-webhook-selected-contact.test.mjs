// The page that failed: it knew the selected contact by one id, the message arrived with another, and it compared the
// two as text. Now the page resolves its id once and compares event.conversation with the result.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { scenario } from '../lib/system.mjs';

const MONGO_ID = '695a15a5c526dbe7c085ecff';
const USER_ID = 'PK.7730918264450195583';

/** What the page does when a contact is clicked. */
async function select(system, query) {
  const { matches } = (await system.api(`/resolve?${new URLSearchParams(query)}`)).json;
  assert.equal(matches.length, 1, `${JSON.stringify(query)} matches one conversation`);
  return matches[0].conversation;
}

async function importAlias(system, lines) {
  const file = path.join(system.dir, 'contacts.json');
  await fs.writeFile(file, typeof lines === 'string' ? lines : lines.map((line) => JSON.stringify(line)).join('\n'));
  return system.convwire('alias', 'import', file);
}

scenario('the next message is in the selected conversation, whatever id the page has for the contact', async (system, t) => {
  await (await system.init()).start();
  const id = `${system.account}_${system.number}_923456789012`;
  const imported = await importAlias(system, [{ _id: { $oid: MONGO_ID }, accountId: system.account,
    phoneNumberId: system.number, customerNumber: '+92 345 6789012' }]);
  assert.equal(imported.code, 0, imported.stderr);
  await system.customerWrites({ from: '923456789012', userId: USER_ID });
  const agent = await (await system.agent()).caughtUp();

  for (const [name, query] of Object.entries({
    'canonical id': { id },
    'Mongo _id': { id: MONGO_ID },
    'phone as people write it': { id: '+92 345 678-9012' },
    'phone with 00': { id: '0092 345 6789012' },
    'bare digits': { id: '923456789012' },
    'phone at a number': { phone_number_id: system.number, customer: '+92 (345) 6789012' },
    'business-scoped user id': { id: USER_ID },
  })) {
    await t.test(name, async () => {
      const selected = await select(system, query);
      const before = agent.received.length;
      await system.customerWrites({ from: '923456789012', userId: USER_ID, body: name });
      await agent.caughtUp();
      const arrived = agent.received.slice(before).filter(({ event }) => event.conversation === selected);
      assert.deepEqual(arrived.map(({ event }) => event.data.message.content.body), [name]);
      assert.equal(selected, id);
    });
  }
  await t.test('also when the customer now writes without a phone number', async () => {
    const selected = await select(system, { id: MONGO_ID });
    await system.customerWrites({ from: undefined, userId: USER_ID, body: 'hidden' });
    await agent.caughtUp();
    assert.equal(agent.thread(selected).at(-1).content.body, 'hidden');
  });
  agent.check();
});

scenario('a conversation never seen before gets its row on the page', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();

  await system.customerWrites({ from: '923450000077', name: 'Newcomer' });
  await agent.caughtUp();

  const row = agent.conversations.get(`${system.account}_${system.number}_923450000077`);
  assert.equal(row.contact.name, 'Newcomer');
  assert.equal(row.unread, 1);
  assert.match(row.tag, /^…0077#[0-9a-f]+$/);
  assert.deepEqual((await system.api('/conversations')).json.conversations, [row]);
});

scenario('an unknown id says what it was compared with', async (system) => {
  await (await system.init()).start();

  const answer = await system.api('/resolve?id=%2B92%20300%200000000');
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json.matches, []);
  const compared = answer.json.compared_with.join('\n');
  for (const word of ['canonical', 'legacy', 'user ids', '923000000000']) assert.match(compared, new RegExp(word));
  assert.equal((await system.api('/resolve')).status, 400);
});

scenario('alias import: both forms of mongoexport, a count of each outcome, refusals with their line', async (system) => {
  await (await system.init()).start();
  const row = (n, changes) => ({ _id: { $oid: `${'0'.repeat(23)}${n}` }, accountId: system.account,
    phoneNumberId: system.number, customerNumber: `92345000000${n}`, ...changes });

  const first = await importAlias(system, [row(1), row(2), row(1), { _id: 'x' }, row(4, { accountId: 'nobody' })]
    .map((line) => JSON.stringify(line)).join('\n').concat('\n\nnot json\n'));
  assert.match(first.stdout, /^2 imported, 1 already there, 3 refused$/m);
  assert.equal(first.code, 65);
  for (const line of [4, 5, 7]) assert.match(first.stderr, new RegExp(`contacts\\.json:${line}: refused: .+`));

  const array = await importAlias(system, JSON.stringify([row(2), row(3, { customerNumber: { $numberLong: '923450000003' } })], null, 2));
  assert.match(array.stdout, /^1 imported, 1 already there, 0 refused$/m);
  assert.equal(array.code, 0);

  const { conversations } = (await system.api('/conversations')).json;
  assert.deepEqual(conversations.map(({ id }) => id).sort(), [1, 2, 3].map((n) => `${system.account}_${system.number}_92345000000${n}`));
  const again = await importAlias(system, [row(1), row(2), row(3)]);
  assert.match(again.stdout, /^0 imported, 3 already there, 0 refused$/m);
});
