// Administration over $CONTROL/convwire/v1, in the format that mosquitto admins know from dynamic-security.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { ACCOUNT, CONTROL, DOORS, OTHER, conv, conversation, eachDoor, everyConv, lasting, now, own, scenario } from '../lib/broker.mjs';
import { eventually } from '../lib/until.mjs';

scenario('listClients and getClient show who is connected', async (broker, t) => {
  await (await broker.init()).start();
  const clients = {};
  for (const door of DOORS) clients[door.tag] = await broker.client({ door, agent: `ann-${door.tag}`, role: 'supervisor', claims: { jti: `j-${door.tag}`, exp: now() + 600 } });
  await broker.client({ account: OTHER, role: 'viewer' });
  await eachDoor(t, async (door, inner) => {
    const admin = await broker.admin({ door, agent: `root-${door.tag}` });
    await inner.test('all, in pages', async () => {
      const all = await admin.data('listClients');
      assert.equal(all.totalCount, 7, 'four, one of another account, the publisher, this admin');
      assert.equal(all.clients.length, 7);
      const pages = [];
      for (let offset = 0; offset < 8; offset += 3) {
        const page = await admin.data('listClients', { offset, count: 3 });
        assert.equal(page.totalCount, 7);
        pages.push(page.clients.map(({ clientid }) => clientid));
      }
      assert.deepEqual(pages.map((page) => page.length), [3, 3, 1]);
      assert.deepEqual(pages.flat().sort(), all.clients.map(({ clientid }) => clientid).sort());
    });
    await inner.test('by account and subject', async () => {
      const { totalCount, clients: [row] } = await admin.data('listClients', { account: ACCOUNT, subject: `ann-${door.tag}` });
      assert.equal(totalCount, 1);
      assert.deepEqual({ clientid: row.clientid, account: row.account, subject: row.subject, role: row.role },
        { clientid: clients[door.tag].clientId, account: ACCOUNT, subject: `ann-${door.tag}`, role: 'supervisor' });
      assert.ok(row.exp > now() && row.exp <= now() + 600);
      assert.ok(Math.abs(row.connected_at - now()) < 60);
      assert.match(row.address, /127\.0\.0\.1$/);
      assert.deepEqual(await admin.clients({ account: OTHER }), [`${OTHER}:ann:tab1`]);
      assert.deepEqual(await admin.clients({ account: 'nobody' }), []);
      assert.equal((await admin.data('listClients', { account: ACCOUNT, count: 1 })).totalCount, 4);
    });
    await inner.test('getClient', async () => {
      const { client } = await admin.data('getClient', { clientid: clients[door.tag].clientId });
      const { iat, ...rest } = client;
      assert.deepEqual([rest.jti, rest.kid, rest.username, rest.state, rest.role], [`j-${door.tag}`, 'house', `${ACCOUNT}/ann-${door.tag}`, 'live', 'supervisor']);
      assert.ok(iat <= now());
      assert.match((await admin.ask('getClient', { clientid: 'nobody' })).error, /\w/);
    });
    await admin.client.end();
  });
});

scenario('kick', async (broker, t) => {
  await (await broker.init()).start();
  const witness = await broker.client({ account: OTHER, agent: 'witness' });
  await eachDoor(t, async (door) => {
    const admin = await broker.admin({ door, agent: `root-${door.tag}` });
    const agent = `ann-${door.tag}`;
    const tabs = (await Promise.all(['1', '2'].map((tab) => broker.client({ door, agent, tab }))));
    const ben = await broker.client({ door, agent: `ben-${door.tag}` });
    assert.deepEqual(await admin.data('kick', { clientid: tabs[0].clientId }), { kicked: 1 });
    await tabs[0].closed();
    if (door.version === 5) assert.equal(tabs[0].disconnectReason, 0x98);
    assert.ok(await tabs[1].isAlive());
    tabs[0] = await broker.client({ door, agent, tab: '1' }); // a kicked client is not revoked and may reconnect
    assert.deepEqual(await admin.data('kick', { account: ACCOUNT, subject: agent }), { kicked: 2 });
    await Promise.all(tabs.map((client) => client.closed()));
    assert.ok(await ben.isAlive());
    assert.deepEqual(await admin.data('kick', { account: ACCOUNT }), { kicked: 1 });
    await ben.closed();
    assert.deepEqual(await admin.data('kick', { account: ACCOUNT }), { kicked: 0 });
    for (const fields of [{}, { subject: agent }, { clientid: 7 }, { clientid: 'nobody' }, { clientid: witness.clientId, account: OTHER }]) {
      const { error, data } = await admin.ask('kick', fields);
      assert.ok(error !== undefined || data.kicked === 0, JSON.stringify(fields));
    }
    assert.ok(await witness.isAlive());
    await admin.client.end();
  });
});

scenario('revoke', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const admin = await broker.admin({ door, agent: `root-${door.tag}` });
    const agent = `ann-${door.tag}`;
    const claims = (jti) => ({ jti, iat: now() - 10 });
    const [one, two] = await Promise.all(['1', '2'].map((tab) => broker.client({ door, agent, tab, claims: claims(`j${tab}-${door.tag}`) })));
    assert.equal((await admin.data('revoke', { jti: `j1-${door.tag}`, account: ACCOUNT })).kicked, 1);
    await one.closed();
    assert.ok(await two.isAlive());
    const { kicked } = await admin.data('revoke', { subject: agent, account: ACCOUNT });
    assert.equal(kicked, 1);
    await two.closed();
    assert.equal(await broker.tries({ door, agent, claims: claims('other') }), door.refused);
    for (const fields of [{}, { jti: 'x' }, { subject: 'x' }, { jti: 'x', subject: 'y', account: ACCOUNT }, { kid: 'x', account: ACCOUNT }, { account: 5 },
      { account: '+' }, { subject: 'a/b', account: ACCOUNT }, { jti: '', account: ACCOUNT }, { jti: 'x'.repeat(5000), account: ACCOUNT }, { kid: '' }]) {
      assert.match((await admin.ask('revoke', fields)).error, /\w+ \w+/, JSON.stringify(fields).slice(0, 99));
    }
    await admin.client.end();
  });
});

scenario('roles and explain: what the file says, and the line that decides', async (broker, t) => {
  await (await broker.init()).start();
  const file = readFileSync(broker.rolesPath, 'utf8').split('\n');
  const lineOf = (text) => file.findIndex((line) => line.replace(/\s+/g, ' ') === text) + 1;
  const [ann, limited] = [await broker.client(), await broker.client({ agent: 'lim', role: 'assigned-agent' })];
  await eachDoor(t, async (door) => {
    const admin = await broker.admin({ door, agent: `root-${door.tag}` });
    const { roles } = await admin.data('listRoles');
    for (const role of ['agent', 'supervisor', 'admin', 'assigned-agent', 'viewer']) assert.ok(roles.includes(role), role);
    const { role } = await admin.data('getRole', { rolename: 'assigned-agent' });
    assert.deepEqual([role.rolename, role.assigned], ['assigned-agent', true]);
    assert.equal((await admin.data('getRole', { rolename: 'agent' })).role.assigned, false);
    for (const { line, text } of (await admin.data('getRole', { rolename: 'agent' })).role.acls) {
      assert.equal(file[line - 1].replace(/\s+/g, ' ').trim(), text.replace(/\s+/g, ' ').trim());
    }
    assert.match((await admin.ask('getRole', { rolename: 'janitor' })).error, /\w/);

    const explain = (fields) => admin.data('explain', { clientid: ann.clientId, ...fields });
    for (const [fields, allowed, line] of [
      [{ topic: conv(), access: 'read' }, true, 'pattern read acct/%a/conv/+'],
      [{ topic: everyConv(), access: 'subscribe' }, true, 'pattern read acct/%a/conv/+'],
      [{ topic: `${conv()}/cmd/ann`, access: 'write', qos: 1 }, true, 'pattern write acct/%a/conv/+/cmd/%s'],
      [{ topic: `${conv()}/cmd/ann`, access: 'write', qos: 1, retain: true }, false],
      [{ topic: `${conv()}/cmd/ben`, access: 'write' }, false],
      [{ topic: own('ann', 'presence/tab1'), access: 'write', retain: true }, true, 'pattern write acct/%a/agent/%s/presence/+ retain'],
      [{ topic: '#', access: 'subscribe' }, false], [{ topic: conv('923450000001', OTHER), access: 'read' }, false],
      [{ topic: `${CONTROL}/assign`, access: 'write' }, false],
      [{ clientid: limited.clientId, topic: conv(), access: 'read' }, false],
    ]) {
      const answer = await explain(fields);
      assert.equal(answer.allowed, allowed, JSON.stringify(fields));
      assert.match(answer.reason, /\w+ \w+/);
      if (line) assert.match(answer.line.replace(/\s+/g, ' '), new RegExp(`roles\\.acl:${lineOf(line)}: ${line.replace(/[+]/g, '\\+')}`));
      // The explanation must match what really happens.
      if (!fields.clientid && fields.access === 'subscribe') assert.equal(await ann.subscribe(fields.topic), allowed ? 1 : 135);
      if (!fields.clientid && fields.access === 'write') assert.equal(await ann.publish(fields.topic, '', { retain: fields.retain }), allowed ? 0 : 135);
    }
    await broker.voice.assign(conversation(), 'lim');
    assert.equal((await explain({ clientid: limited.clientId, topic: conv(), access: 'read' })).allowed, true);
    await broker.voice.assign(conversation(), null);
    for (const fields of [{}, { clientid: 'nobody', topic: 'x', access: 'read' }, { topic: 'x', access: 'look' }, { access: 'read' }, { topic: 5, access: 'read' },
      { topic: 'acct/#/x', access: 'subscribe' }, { topic: conv(), access: 'write', qos: 3 }, { topic: conv(), access: 'write', qos: '1' }, { topic: '', access: 'read' }]) {
      const { error, data } = await admin.ask('explain', { clientid: ann.clientId, ...fields });
      assert.ok(error || data.allowed === false, JSON.stringify(fields));
    }
    await admin.client.end();
  });
});

scenario('who receives a topic: each client\'s subscription, and what the rules decide', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const admin = await broker.admin({ door, agent: `root-${door.tag}` });
    const [ann, lim] = [await broker.client({ door, agent: `ann-${door.tag}` }), await broker.client({ door, agent: `lim-${door.tag}`, role: 'assigned-agent' })];
    const of = async (client) => (await admin.data('listReceivers', { topic: conv(), count: 1000 })).clients.find(({ clientid }) => clientid === client.clientId);
    assert.deepEqual([(await of(ann)).subscribed_at, (await of(ann)).allowed], [0, true]);
    await ann.subscribe(everyConv());
    await lim.subscribe(everyConv());
    const known = await of(ann);
    assert.ok(Math.abs(known.subscribed_at - now()) < 60);
    assert.deepEqual([known.filter, known.allowed, known.resumed, known.role], [everyConv(), true, false, 'agent']);
    const limited = await of(lim);
    assert.deepEqual([limited.filter, limited.allowed], [everyConv(), false]);
    assert.match(limited.reason, /assigned/);
    await ann.unsubscribe(everyConv());
    assert.equal((await of(ann)).subscribed_at, 0);
    const back = await broker.client({ door, agent: `back-${door.tag}`, ...lasting(door) });
    assert.deepEqual([(await of(back)).resumed, (await of(back)).subscribed_at], [true, 0], 'the broker may have subscriptions of it that nobody told us of');
    await ann.drop();
    await eventually(async () => (await of(ann)) === undefined, 'a client that went is not listed');
    for (const topic of [undefined, 5, '#', 'acct/+/head', CONTROL]) assert.match((await admin.ask('listReceivers', { topic })).error, /topic/);
    await admin.client.end();
  });
});

scenario('reload and stats', async (broker) => {
  await (await broker.init()).start();
  const admin = await broker.admin();
  const shipped = readFileSync(broker.rolesPath, 'utf8');
  await broker.writeRoles(`${shipped}\nrole guest\npattern read acct/%a/events\n`);
  await admin.data('reload');
  assert.ok((await admin.data('listRoles')).roles.includes('guest'));
  await broker.writeRoles(`${shipped}\nrole guest\npattern raed acct/%a/events\n`);
  const n = shipped.split('\n').length + 2;
  assert.match((await admin.ask('reload')).error, new RegExp(`roles\\.acl:${n}: `));
  assert.ok((await admin.data('listRoles')).roles.includes('guest'), 'the old rules stay');

  const before = await admin.data('stats');
  await broker.voice.load({ assignments: [[conversation(), 'ann']], revocations: [{ kind: 'jti', account: ACCOUNT, value: 'x', revoked_at: now(), forget_at: now() + 99 }] });
  const ann = await broker.client();
  await ann.subscribe('#');
  await ann.publish(conv(), 'forged');
  await broker.tries({ clientId: 'bad' });
  const after = await admin.data('stats');
  for (const [name, value] of Object.entries({ connects: 1, live: 1, assignments: 1, revocations: 1 })) assert.equal(after[name] - before[name], value, name);
  assert.ok(Number.isInteger(after.live) && after.check_samples >= 0 && after.check_nanoseconds >= 0);
  for (const word of ['refused', 'denied']) assert.notDeepEqual(JSON.stringify(pick(after, word)), JSON.stringify(pick(before, word)), `${word} is counted`);
});

const pick = (stats, word) => Object.entries(stats).filter(([name]) => name.includes(word));

scenario('several commands at once, in order, each with its own correlation', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const admin = await broker.admin({ door, agent: `root-${door.tag}` });
    for (const qos of [0, 1, 2]) {
      const { responses } = await admin.send(JSON.stringify({ commands: [
        { command: 'listRoles', correlationData: 'a' }, { command: 'dance', correlationData: 'b' }, { command: 'stats' },
        { command: 'getRole', rolename: 'nobody', correlationData: 'd' }, { correlationData: 'e' }, { command: 7, correlationData: 'f' },
      ] }), { qos });
      assert.deepEqual(responses.map(({ correlationData }) => correlationData), ['a', 'b', undefined, 'd', 'e', 'f']);
      assert.deepEqual(responses.map(({ error }) => error !== undefined), [false, true, false, true, true, true]);
      assert.deepEqual(responses.slice(0, 3).map(({ command }) => command), ['listRoles', 'dance', 'stats']);
    }
    await admin.client.end();
  });
});

scenario('an invalid request is answered, and never ends the connection', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const admin = await broker.admin({ door, agent: `root-${door.tag}` });
    for (const text of ['', ' ', 'x', '{', '}', '[]', '[{}]', 'null', 'true', '1', '"commands"', '{}', '{"commands":null}', '{"commands":{}}', '{"commands":"stats"}',
      '{"commands":[1]}', '{"commands":[null]}', '{"commands":[[]]}', '{"commands":[{"command":"stats"}],"commands":[]}', '{"commands":[{"command":"stats"}]}x',
      '{"commands":[{"command":"stats"', '\u0000', '{"commands":[{"command":"st\\u0000ats"}]}', '{"commands":[{"command":"\ud800"}]}', '['.repeat(3000),
      Buffer.from([0xff, 0xfe, 0x7b]), `{"commands":[{"command":"${'x'.repeat(3000)}"}]}`,
      // An idle broker reads 40 KiB a second from a WebSocket.
      ...(door.transport === 'ws' ? [] : ['['.repeat(20_000), '{"a":'.repeat(5000), `{"commands":[{"command":"${'x'.repeat(100_000)}"}]}`, `{"x":"${'y'.repeat(200_000)}"}`])]) {
      for (const qos of [0, 1]) {
        const { responses } = await admin.send(text, { qos });
        assert.ok(responses.length >= 1 && responses.every(({ error }) => typeof error === 'string'), String(text).slice(0, 60));
      }
    }
    for (const fields of [{ count: 1e9 }, { count: 1001 }, { count: 0 }, { count: -1 }, { count: 1.5 }, { count: '5' }, { offset: -1 }, { offset: 1e15 }, { offset: 'x' },
      { account: 5 }, { account: 'x'.repeat(10_000) }, { subject: null }, { account: ['a'] }]) {
      const { error, data } = await admin.ask('listClients', fields);
      assert.ok(error !== undefined || data.clients.length <= 1000, JSON.stringify(fields).slice(0, 60));
    }
    const many = { commands: Array.from({ length: door.transport === 'ws' ? 50 : 2000 }, (_, i) => ({ command: 'listRoles', correlationData: `${i}` })) };
    const { responses } = await admin.send(JSON.stringify(many));
    assert.ok(responses.length >= 1, 'all, or one error');
    const long = await admin.send(JSON.stringify({ commands: [{ command: 'stats', correlationData: 'c'.repeat(door.transport === 'ws' ? 2000 : 50_000) }] }));
    assert.equal(long.responses.length, 1);
    assert.ok((await admin.data('stats')).live >= 2, 'it answers as ever');
    await admin.client.end();
  }, { together: true });
});

scenario('nobody else reaches it', async (broker, t) => {
  await (await broker.init()).start();
  const root = await broker.admin();
  const request = JSON.stringify({ commands: [{ command: 'kick', account: ACCOUNT }, { command: 'revoke', account: ACCOUNT }] });
  await eachDoor(t, async (door, inner) => {
    for (const [name, options] of Object.entries({
      'a tenant\'s admin': { role: 'admin', agent: 'boss' }, 'an agent': {}, 'the bridge': { account: '_system', agent: 'bridge', role: 'service', tab: '9' },
      'the publisher': { account: '_system', agent: 'publisher', role: 'service', tab: '9' }, 'an agent of _system': { account: '_system', agent: 'eve', role: 'agent' },
    })) {
      await inner.test(name, async () => {
        const client = await broker.client({ door, ...options });
        assert.deepEqual(await client.subscribe([`${CONTROL}/response`, CONTROL, `${CONTROL}/#`, '$CONTROL/#', '$share/g/$CONTROL/#', `$share/g/${CONTROL}/response`]), Array(6).fill(door.denied));
        for (const qos of [0, 1, 2]) {
          const code = await client.publish(CONTROL, request, { qos });
          if (qos && door.version === 5) assert.equal(code, 135);
        }
        assert.ok(await client.isAlive(), 'nobody was kicked');
        assert.deepEqual(client.heard, []);
        await client.drop();
      });
    }
  });
  assert.equal((await root.data('stats')).revocations, 0);
  assert.deepEqual(root.answers.length, 1, 'the admin saw no answer but its own');
});

scenario('an answer goes to the sender, subscribed or not, and to no other admin', async (broker, t) => {
  await (await broker.init()).start();
  const other = await broker.admin({ agent: 'other' });
  assert.equal(await other.client.subscribe(`${CONTROL}/response`), 1);
  await eachDoor(t, async (door) => {
    const admin = await broker.admin({ door, agent: `root-${door.tag}` });
    await admin.data('stats');
    assert.equal(await admin.client.subscribe(`${CONTROL}/response`), 1);
    const before = admin.answers.length;
    await admin.data('stats');
    await admin.client.ping();
    assert.equal(admin.answers.length, before + 1, 'once');
    assert.equal(await admin.client.publish(`${CONTROL}/response`, '{"forged":1}'), door.version === 5 ? 135 : 0);
    await admin.client.end();
  });
  await other.client.ping();
  assert.deepEqual(other.answers, []);
});
