// The isolation of accounts: no role file, claim or filter can cross it, and no retained message, will, shared
// subscription or foreign session.
import assert from 'node:assert/strict';

import { ACCOUNT, DOORS, OTHER, conv, eachDoor, everyConv, own, scenario } from '../lib/broker.mjs';

const A = `acct/${ACCOUNT}`;
/** A role file that is wrong in every possible way. */
const OPEN = `
role agent, supervisor, admin, viewer, assigned-agent
topic readwrite acct/# retain
topic readwrite acct/+ retain
topic readwrite acct/+/# retain
topic readwrite acct/+/conv/+ retain
topic readwrite acct/${OTHER}/# retain
topic readwrite acct/_system/# retain
pattern readwrite acct/# retain
pattern readwrite acct/+/# retain
pattern readwrite acct/%a/# retain
`;
const OUTSIDE_FILTERS = ['#', '+', '+/#', '+/+/#', '+/+/conv/+', '/#', '/+/#', 'acct/#', 'acct/+', 'acct/+/#', 'acct/+/conv/+', 'acct/+/events', 'acct/+/head',
  '+/+', `+/${ACCOUNT}/#`, `+/${OTHER}/#`, `acct/${OTHER}`, `acct/${OTHER}/#`, everyConv(OTHER), conv('923450000001', OTHER), own('ann', 'notice', OTHER),
  'acct/_system/#', 'acct/_system/agent/publisher/notice', `acct/${ACCOUNT}x/#`, `acct//${ACCOUNT}/#`, `/acct/${ACCOUNT}/#`, `Acct/${ACCOUNT}/#`,
  'acct', 'acct/', '$SYS', '$SYS/#', '$SYS/+/+', '$SYS/broker/clients/total', '$CONTROL', '$CONTROL/#', '$CONTROL/convwire/#', '$CONTROL/convwire/v1',
  '$CONTROL/convwire/v1/response', '$CONTROL/convwire/v1/assign', '$CONTROL/dynamic-security/v1/response', '$share/g/#', '$share/g/+/#',
  '$share/g/acct/#', `$share/g/acct/${OTHER}/#`, `$share/g/${everyConv(OTHER)}`, '$share/g/$SYS/#', '$share/g/$CONTROL/#', `$share/${ACCOUNT}/acct/+/conv/+`, '$share/acct/#'];
const OUTSIDE_TOPICS = [`acct/${OTHER}`, `acct/${OTHER}/head`, conv('923450000001', OTHER), `${conv('923450000001', OTHER)}/cmd/ann`, own('ann', 'notice', OTHER),
  'acct/_system/agent/publisher/notice', `acct/${ACCOUNT}x/events`, `acct//events`, `/acct/${ACCOUNT}/events`, 'acct', 'anything', '/',
  '$SYS/broker/uptime', '$CONTROL/convwire/v1', '$CONTROL/convwire/v1/assign', '$CONTROL/convwire/v1/response', '$CONTROL/convwire/v1/renew/x',
  '$CONTROL/dynamic-security/v1', '$CONTROL/convwire/v2', '$CONTROL', '$share/g/x'];

for (const [file, roles] of [['the shipped role file', undefined], ['a role file that opens everything', OPEN]]) {
  scenario(`with ${file}: no filter or publish outside the account is allowed`, async (broker, t) => {
    await (await broker.init({ roles })).start();
    const victim = await broker.client({ account: OTHER, agent: 'victim' });
    await victim.subscribe([everyConv(OTHER), `acct/${OTHER}/events`, `acct/${OTHER}/head`, own('victim', 'notice', OTHER)]);
    for (const role of roles ? ['agent', 'admin'] : ['agent', 'supervisor', 'admin', 'viewer', 'assigned-agent']) {
      await t.test(role, async () => {
        await Promise.all(DOORS.map(async (door) => {
          const client = await broker.client({ door, role, agent: `ann-${door.tag}` });
          for (const filter of OUTSIDE_FILTERS) {
            try {
              assert.equal(await client.subscribe(filter), door.denied, `${door.name}: ${filter}`);
            } catch (error) {
              if (!error.isClosed) throw error;
              assert.fail(`${door.name}: ${filter} ended the connection`);
            }
          }
          for (const topic of OUTSIDE_TOPICS) {
            for (const retain of [false, true]) {
              const code = await client.publish(topic, 'forged', { retain });
              if (door.version === 5) assert.equal(code, door.denied, `${door.name}: ${topic}`);
            }
          }
          await client.end();
        }));
      });
    }
    await t.test('nobody received any of it', async () => {
      await broker.voice.say(`acct/${OTHER}/events`, 'true');
      await victim.message(`acct/${OTHER}/events`, 'true');
      assert.deepEqual(victim.heard, [[`acct/${OTHER}/events`, 'true']]);
      const late = await broker.client({ account: OTHER, agent: 'late' });
      await late.subscribe([`acct/${OTHER}/head`, everyConv(OTHER)]);
      await late.ping();
      assert.deepEqual(late.heard, [], 'nothing was retained');
      assert.deepEqual(broker.voice.notices.filter(({ type }) => type !== 'loaded'), []);
    });
  });
}

scenario('two accounts, the same conversation numbers, the same agents: each receives its own', async (broker, t) => {
  await (await broker.init({ roles: OPEN })).start();
  await eachDoor(t, async (door) => {
    const agents = {};
    for (const account of [ACCOUNT, OTHER]) {
      agents[account] = await broker.client({ door, account });
      assert.equal(await agents[account].subscribe(`acct/${account}/#`), 1);
    }
    for (let i = 0; i < 20; i++) {
      for (const account of [ACCOUNT, OTHER]) await broker.voice.say(conv('923450000001', account), `${account} ${i}`);
    }
    for (const account of [ACCOUNT, OTHER]) {
      await agents[account].message(conv('923450000001', account), `${account} 19`);
      assert.deepEqual(agents[account].heard, Array.from({ length: 20 }, (_, i) => [conv('923450000001', account), `${account} ${i}`]));
      await agents[account].drop();
    }
  });
});

scenario('only the publisher publishes events, heads, feeds and notices; only the bridge answers commands', async (broker, t) => {
  await (await broker.init()).start();
  const witness = await broker.client({ agent: 'witness' });
  const topics = [conv(), `${A}/events`, `${A}/head`, own('witness', 'feed'), own('witness', 'notice'), own('witness', 'reply')];
  assert.deepEqual(await witness.subscribe(topics), topics.map(() => 1));
  const bridge = await broker.bridge();
  const admin = (await broker.admin()).client;
  const agents = await Promise.all(['agent', 'supervisor', 'admin'].map((role) => broker.client({ role, agent: role })));
  for (const [index, topic] of topics.entries()) {
    await t.test(topic, async () => {
      const isReply = topic.endsWith('/reply');
      for (const client of [...agents, admin]) assert.equal(await client.publish(topic, `forged by ${client.clientId}`), 135);
      assert.equal(await bridge.publish(topic, 'of the bridge'), isReply ? 0 : 135);
      assert.equal(await broker.voice.client.publish(topic, 'of the publisher'), isReply ? 135 : 0);
      await witness.until(() => witness.heard.length === index + 1, 'the true one');
      assert.deepEqual(witness.heard.at(-1), [topic, isReply ? 'of the bridge' : 'of the publisher']);
    });
  }
  await t.test('they themselves receive only what is theirs', async () => {
    assert.deepEqual(await broker.voice.client.subscribe([everyConv(), '#', 'acct/+/conv/+/cmd/+', '$SYS/#']), [135, 135, 135, 135]);
    assert.deepEqual(await bridge.subscribe([everyConv(), '#', 'acct/_system/agent/publisher/notice', 'acct/+/conv/+/cmd/+']), [135, 135, 135, 1]);
    assert.deepEqual(await admin.subscribe([everyConv(), '#', 'acct/_system/#', 'acct/+/conv/+/cmd/+', '$CONTROL/convwire/v1/response']), [135, 135, 135, 135, 1]);
  });
});
