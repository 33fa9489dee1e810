// The old page with one import changed: with a contact selected by Mongo _id, it shows the next message.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import jsonwebtoken from 'jsonwebtoken';

import '../lib/page.mjs';
import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

const { io } = await import('../../client/dist/socketio.js');
const SECRET = 'the JWT_SECRET of the old backend';
const CUSTOMER = '923456789012';

async function begin(system) {
  await system.init();
  await fs.writeFile(path.join(system.dir, 'keys/shared/backend.secret'), `${SECRET}\n`, { mode: 0o600 });
  await fs.writeFile(path.join(system.dir, 'keys/shared/backend.conf'),
    `algorithm = HS256\naccounts = ${system.account}\naccount_claim = accountId\nsubject_claim = userId\nwithout_kid = yes\n`);
  await system.startSim();
  await system.configure(`mqtt_public_url = ${system.wsUrl}`);
  await system.start();
  const contacts = path.join(system.dir, 'contacts.json');
  await fs.writeFile(contacts, JSON.stringify({ _id: { $oid: '64f0c0ffee64f0c0ffee0001' }, accountId: system.account,
    phoneNumberId: system.number, customerNumber: CUSTOMER }));
  assert.equal((await system.convwire('alias', 'import', contacts)).code, 0);
  const token = jsonwebtoken.sign({ accountId: system.account, userId: '64f0c0ffee' }, SECRET, { expiresIn: '15m' });
  const socket = io(`http://127.0.0.1:${system.httpPort}`, { auth: { token } });
  system.cleanups.push(() => socket.disconnect());
  return socket;
}

scenario('the old page\'s handler, which never matched, shows the next message', async (system) => {
  const socket = await begin(system);
  const shown = [];
  const show = (message) => shown.push(message.text);
  let selectedContact = null;
  // From here on, the page is unchanged.
  socket.on('connect', () => {
    selectedContact = { id: '64f0c0ffee64f0c0ffee0001' };
    socket.emit('join_conversation', selectedContact.id);
  });
  socket.on('new_message', ({ conversationId, message }) => {
    if (selectedContact?.id === conversationId) show(message);
  });
  await eventually(() => selectedContact, 'connected');
  await system.customerWrites({ from: CUSTOMER, body: 'shown at once' });
  await eventually(() => shown.length === 1, 'the page shows it');
  await system.customerWrites({ from: '923450000000', body: 'of another customer' });
  socket.emit('send_message', { conversationId: selectedContact.id, text: 'and back' });
  await eventually(() => shown.length === 2, 'its own reply, too');
  assert.deepEqual(shown, ['shown at once', 'and back']);

  const event = socket.client.debug.events.at(-1); // the first may have come before the id was resolved
  assert.deepEqual([event.selected, event.match, event.why], [selectedContact.id, true, `"${selectedContact.id}" was resolved to it`]);
  // The old page compared with the broadcast id directly; this is how the diagnosis describes that.
  assert.deepEqual(socket.client.debug.compare(event.conversation, selectedContact.id), { match: false,
    why: `the page compares with "${selectedContact.id}", which is not a conversation id: ` +
      `it means ${event.conversation}; compare with that` });
});

scenario('joined by several ids; left; an unknown id says what it was compared with', async (system) => {
  const socket = await begin(system);
  const got = [];
  const errors = [];
  const statuses = [];
  socket.on('new_message', ({ conversationId }) => got.push(conversationId));
  socket.on('message_status', ({ status }) => statuses.push(status));
  socket.on('join_error', (error) => errors.push(error));
  await eventually(() => socket.connected, 'connected');
  const canonical = `${system.account}_${system.number}_${CUSTOMER}`;
  for (const id of ['64f0c0ffee64f0c0ffee0001', canonical, `+${CUSTOMER}`, 'nobody']) socket.emit('join_conversation', id);
  await eventually(() => errors.length === 1, 'one is unknown');
  assert.match(errors[0].reason, /"nobody" matches no conversation\. Compared with: /);
  await system.sim.writes({ from: CUSTOMER, text: 'hello' });
  await eventually(() => got.length === 3, 'each form is told');
  assert.deepEqual([...got].sort(), ['64f0c0ffee64f0c0ffee0001', canonical, `+${CUSTOMER}`].sort());
  socket.emit('send_message', { conversationId: canonical, text: 'ticks' });
  await eventually(() => statuses.includes('read'), 'ticks are told');
  socket.emit('leave_conversation', canonical).emit('leave_conversation', `+${CUSTOMER}`);
  got.length = 0;
  await system.customerWrites({ from: CUSTOMER, body: 'again' });
  await eventually(() => got.length === 1, 'one form is left');
  assert.deepEqual(got, ['64f0c0ffee64f0c0ffee0001']);
  assert.throws(() => socket.emit('made_up', 1), /made_up: this page knows/);
});
