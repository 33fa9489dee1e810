// A new token without reconnecting: any client of any version publishes it to $CONTROL/convwire/v1/renew.
import assert from 'node:assert/strict';

import { ACCOUNT, CONTROL, DOORS, OTHER, conv, eachDoor, everyConv, now, own, scenario } from '../lib/broker.mjs';

const RENEW = `${CONTROL}/renew`;

/** Renews, and returns the answer. */
async function renew(client, agent, token, options) {
  const answers = () => client.payloads(own(agent, 'notice')).map((text) => JSON.parse(text)).filter(({ type }) => /^renew/.test(type));
  const before = answers().length;
  const code = await client.publish(RENEW, token, options);
  assert.equal(code, 0, 'the publish itself is taken');
  return client.until(() => answers()[before], `the answer to a renewal of ${agent}`);
}

scenario('renewed in place: the client stays past its first token, with every QoS', async (broker, t) => {
  await (await broker.init()).start();
  const admin = await broker.admin();
  const before = (await admin.data('stats')).renewed;
  await eachDoor(t, async (door) => {
    const clients = [];
    for (const qos of [0, 1, 2]) {
      const agent = `ann-${door.tag}-${qos}`;
      const first = now() + 4;
      const client = await broker.client({ door, agent, claims: { exp: first } });
      assert.equal(await client.subscribe(everyConv()), 1);
      const exp = now() + 900;
      const answer = await renew(client, agent, broker.token(ACCOUNT, 'agent', agent, { exp }), { qos });
      assert.deepEqual(answer, { type: 'renewed', exp });
      assert.equal((await admin.data('getClient', { clientid: client.clientId })).client.exp, exp);
      clients.push(client);
    }
    // A client that does not renew shows when the first tokens have expired.
    const clock = await broker.client({ door, agent: `clock-${door.tag}`, claims: { exp: now() + 4 } });
    await clock.closed();
    await broker.voice.say(conv(), door.tag);
    for (const client of clients) await client.message(conv(), door.tag);
  }, { together: true });
  assert.equal((await admin.data('stats')).renewed, before + 3 * DOORS.length);
});

scenario('the renewed token\'s expiry is the new one, later or sooner', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent });
    const exp = now() + 2;
    assert.equal((await renew(client, agent, broker.token(ACCOUNT, 'agent', agent, { exp }))).type, 'renewed');
    await client.closed();
    assert.ok(Date.now() >= exp * 1000 - 20, 'not before its time');
  }, { together: true });
});

scenario('the warning a minute before is sent again for the new token', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent, claims: { exp: now() + 62 } });
    const told = (exp) => client.message(own(agent, 'notice'), (text) => { const { type, exp: end } = JSON.parse(text); return type === 'expiring' && end === exp; });
    await told(Number((await client.message(own(agent, 'notice'))).payload.match(/"exp":(\d+)/)[1]));
    const exp = now() + 62;
    await renew(client, agent, broker.token(ACCOUNT, 'agent', agent, { exp }));
    await told(exp);
  }, { together: true });
});

scenario('the new token\'s role applies from then on', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent });
    assert.equal(await client.subscribe(everyConv()), 1);
    await renew(client, agent, broker.token(ACCOUNT, 'assigned-agent', agent));
    await broker.voice.say(conv(), 'limited');
    await renew(client, agent, broker.token(ACCOUNT, 'viewer', agent));
    await broker.voice.say(conv(), 'all again');
    await client.message(conv(), 'all again');
    assert.deepEqual(client.payloads(conv()), ['all again']);
    if (door.version === 5) assert.equal(await client.publish(`${conv()}/cmd/${agent}`, '{}'), 135, 'a viewer says nothing');
  });
});

scenario('a renewal that is refused changes nothing', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door, inner) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent, role: 'viewer' });
    assert.equal(await client.subscribe(everyConv()), 1);
    const good = broker.token(ACCOUNT, 'viewer', agent);
    for (const [name, token] of Object.entries({
      'another subject\'s': broker.token(ACCOUNT, 'admin', 'ben'), 'another account\'s': broker.token(OTHER, 'admin', agent),
      'the system\'s': broker.token('_system', 'service', 'publisher'), 'an administrator\'s': broker.token('_system', 'admin', agent),
      expired: broker.token(ACCOUNT, 'admin', agent, { iat: now() - 100, exp: now() - 1 }), 'without exp': broker.token(ACCOUNT, 'admin', agent, { exp: undefined }),
      empty: '', 'no token': 'please', 'in quotes': `"${good}"`, 'with a newline': `${good}\n`, 'with a NUL': `${good}\u0000`, 'after a NUL': `\u0000${good}`,
      'of the wrong signature': `${good.slice(0, -4)}AAAA`, 'of 9 KiB': broker.token(ACCOUNT, 'admin', agent, { pad: 'x'.repeat(9000) }), 'of 200 KiB': 'x'.repeat(200_000),
      JSON: JSON.stringify({ token: good }), 'no text': Buffer.from([0xff, 0xfe, 0x00, 0x80]),
    })) {
      await inner.test(name, async () => {
        const answer = await renew(client, agent, token);
        assert.equal(answer.type, 'renew_refused');
        assert.match(answer.reason, /\w+ \w+/, 'a sentence');
        for (const part of token.toString().split('.').filter((text) => text.length > 16)) assert.ok(!JSON.stringify(answer).includes(part.slice(0, 16)));
      });
    }
    await broker.voice.say(conv(), door.tag);
    await client.message(conv(), door.tag);
    if (door.version === 5) assert.equal(await client.publish(`${conv()}/cmd/${agent}`, '{}'), 135, 'it is a viewer still');
    assert.equal((await renew(client, agent, good)).type, 'renewed', 'a good one is taken afterwards');
  });
  await t.test('and the log has no token', () => assert.doesNotMatch(broker.log, /eyJ/));
});

scenario('a refused renewal does not delay expiry', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent, claims: { exp: now() + 3 } });
    assert.equal((await renew(client, agent, broker.token(ACCOUNT, 'agent', 'ben'))).type, 'renew_refused');
    await client.closed();
  }, { together: true });
});

scenario('the answer goes only to the client that asked', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const [first, second] = await Promise.all(['1', '2'].map((tab) => broker.client({ door, agent, tab })));
    assert.equal(await second.subscribe([own(agent, 'notice')]).then(([code]) => code), 1);
    await renew(first, agent, broker.token(ACCOUNT, 'agent', agent));
    await broker.voice.say(own(agent, 'notice'), '{"type":"end"}');
    await second.message(own(agent, 'notice'), '{"type":"end"}');
    assert.deepEqual(second.heard, [[own(agent, 'notice'), '{"type":"end"}']]);
    // A client that has also subscribed gets the answer only once.
    await renew(second, agent, broker.token(ACCOUNT, 'agent', agent));
    await second.ping();
    assert.equal(second.heard.length, 2);
  });
});

scenario('topics next to the renewal topic are denied to everyone', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const client = await broker.client({ door });
    for (const topic of [`${RENEW}/`, `${RENEW}/x`, `${CONTROL}/Renew`, '$CONTROL/convwire/v2/renew', '$CONTROL/convwire/renew']) {
      const code = await client.publish(topic, broker.token());
      if (door.version === 5) assert.equal(code, 135, topic);
    }
    assert.equal(await client.subscribe(RENEW), door.denied);
    await client.ping();
    assert.deepEqual(client.heard, []);
  });
});

scenario('the publisher, the bridge and an administrator renew like everyone else', async (broker) => {
  await (await broker.init()).start();
  const bridge = await broker.bridge();
  const admin = await broker.admin();
  for (const [client, agent, role] of [[broker.voice.client, 'publisher', 'service'], [bridge, 'bridge', 'service'], [admin.client, 'root', 'admin']]) {
    const exp = now() + 1800;
    assert.equal(await client.publish(RENEW, broker.token('_system', role, agent, { exp })), 0);
    assert.equal((await admin.data('getClient', { clientid: client.clientId })).client.exp, exp);
  }
});
