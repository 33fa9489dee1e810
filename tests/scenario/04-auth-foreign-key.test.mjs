// The tokens of an existing Node backend, as made by jsonwebtoken, work unchanged, and can do no more than allowed.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import jsonwebtoken from 'jsonwebtoken';

import { ACCOUNT, scenario } from '../lib/system.mjs';
import { Inbox, mqttConnect, subscribe } from '../lib/mqtt.mjs';

const SECRET = 'the JWT_SECRET of the old backend';

async function addForeignKey(system) {
  await fs.writeFile(path.join(system.dir, 'keys/shared/backend.secret'), `${SECRET}\n`, { mode: 0o600 });
  await fs.writeFile(path.join(system.dir, 'keys/shared/backend.conf'),
    `algorithm = HS256\naccounts = ${ACCOUNT}\naccount_claim = accountId\nsubject_claim = userId\nwithout_kid = yes\n`);
}

scenario('a jsonwebtoken token with accountId and userId gets its events, over MQTT and HTTP', async (system, t) => {
  await system.init();
  await addForeignKey(system);
  await system.start();
  const { account } = system;
  const token = jsonwebtoken.sign({ accountId: account, userId: '64f0c0ffee' }, SECRET, { expiresIn: '15m' });

  await t.test('works', async () => {
    const client = await system.mqtt({ agent: '64f0c0ffee', token });
    const inbox = new Inbox(client);
    assert.equal(await subscribe(client, `acct/${account}/conv/+`), 1);
    await system.customerWrites();
    await inbox.until(() => inbox.events.length === 1, 'the event');
    assert.equal((await system.api('/conversations', { token })).json.conversations.length, 1);
  });
  const sign = (claims, options = { expiresIn: '15m' }) => jsonwebtoken.sign({ accountId: account, userId: 'eve', ...claims }, SECRET, options);
  for (const [name, bad] of Object.entries({
    'an administrator': sign({ role: 'admin' }),
    'role service': sign({ role: 'service' }),
    'another account': sign({ accountId: 'b-tenant' }),
    'account _system': sign({ accountId: '_system', userId: 'publisher' }),
    'no expiry': sign({}, {}),
    'a life of a year': sign({}, { expiresIn: '365d' }),
    'the house key\'s name': sign({}, { expiresIn: '15m', keyid: 'house' }),
    'another secret': jsonwebtoken.sign({ accountId: account, userId: 'eve' }, 'x'.repeat(32), { expiresIn: '15m' }),
    'HS512 instead of HS256': sign({}, { expiresIn: '15m', algorithm: 'HS512' }),
  })) {
    await t.test(`refused: ${name}`, async () => {
      await assert.rejects(mqttConnect(system.wsUrl, { account, agent: 'eve', token: bad }), { code: 135 });
      assert.equal((await system.api('/sync', { token: bad })).status, 401);
    });
  }
});
