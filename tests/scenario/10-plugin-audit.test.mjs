// The audit lines: who was refused what and why, one line each, limited under a flood, and never containing a secret.
import assert from 'node:assert/strict';

import { ACCOUNT, CONTROL, OTHER, conv, conversation, eachDoor, everyConv, now, own, scenario } from '../lib/broker.mjs';

const CUSTOMER = '923450077777';

scenario('refused connections, subscriptions and publishes: who, what, why', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door, inner) => {
    const agent = `ann-${door.tag}`;
    const mine = (line) => line.clientid === `${ACCOUNT}:${agent}:tab1`;
    await inner.test('connect', async () => {
      assert.equal(await broker.tries({ door, agent, claims: { iat: now() - 9, exp: now() - 1 } }), door.refused);
      const [line, ...more] = await broker.audited('connect_refused', mine);
      assert.deepEqual(more, []);
      assert.match(line.address, /127\.0\.0\.1$/);
      assert.match(line.reason, /expired/);
    });
    const client = await broker.client({ door, agent });
    await inner.test('subscribe', async () => {
      for (const filter of ['#', everyConv(OTHER), own('ben', 'notice')]) {
        const before = broker.audits('subscribe_refused').filter(mine).length;
        assert.equal(await client.subscribe(filter), door.denied);
        const line = (await broker.audited('subscribe_refused', mine, before + 1)).at(-1);
        assert.deepEqual([line.account, line.subject, line.topic], [ACCOUNT, agent, filter]);
        assert.match(line.reason, /\w+ \w+/);
      }
    });
    await inner.test('publish', async () => {
      for (const qos of [0, 1, 2]) {
        await client.publish(`acct/${ACCOUNT}/head`, `{"secret":"payload ${qos}"}`, { qos });
        const line = (await broker.audited('publish_refused', mine, qos + 1)).at(-1);
        assert.deepEqual([line.account, line.subject, line.topic], [ACCOUNT, agent, `acct/${ACCOUNT}/head`]);
        assert.match(line.reason, /\w+ \w+/);
      }
    });
    await inner.test('what is allowed leaves no line', async () => {
      const before = broker.audits().length;
      await client.subscribe(everyConv());
      await client.publish(own(agent, 'presence/tab1'), 'here', { retain: true });
      await client.unsubscribe(everyConv());
      await client.end();
      assert.equal(broker.audits().length, before);
    });
  });
});

scenario('conversations appear as tags, whatever the topic is', async (broker, t) => {
  await (await broker.init()).start();
  const tags = new Set();
  await eachDoor(t, async (door) => {
    const client = await broker.client({ door });
    const id = conversation(CUSTOMER);
    const topics = [conv(CUSTOMER), `${conv(CUSTOMER)}/cmd/ben`, `${conv(CUSTOMER)}/live/ben`, `${conv(CUSTOMER)}/other/thing`, `acct/${OTHER}/conv/${id}`,
      `acct/${ACCOUNT}/convs/${id}`, id, `x/${id}/y`, `${CONTROL}/${id}`];
    for (const topic of topics) {
      const refused = async (event, act) => {
        const before = broker.audits(event).length;
        await act();
        return (await broker.audited(event, () => true, before + 1)).at(-1);
      };
      const line = await refused('publish_refused', () => client.publish(topic, 'x'));
      if (topic.startsWith(`acct/${ACCOUNT}/conv/`)) tags.add(line.topic.split('/')[3]);
      await refused('subscribe_refused', () => client.subscribe(`${topic}/#`));
    }
  });
  assert.equal(tags.size, 1, 'one conversation has one tag');
  assert.match([...tags][0], /7777#[0-9a-f]{8}/);
  assert.ok(!broker.log.includes(conversation(CUSTOMER)));
  assert.ok(!broker.log.includes(CUSTOMER), 'nor the number alone');
});

/** How a log line shows a text: printable ASCII without quotes and backslashes, each other byte as a question mark. */
const shown = (text) => Buffer.from(text).toString('latin1').replace(/[^\x20-\x7e]|["\\]/g, '?');

scenario('hostile text in a topic or a client id cannot forge a line', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const client = await broker.client({ door });
    const hostile = ['x"y', 'x\\y', 'x"},{"event":"forged', '\u{1f600}', '%s%n', '\u2028convwire audit {"event":"forged"}', 'x'.repeat(60_000)];
    for (const text of hostile) {
      const before = broker.audits('publish_refused').length;
      await client.publish(text, '');
      const line = (await broker.audited('publish_refused', () => true, before + 1)).at(-1);
      assert.ok(line.topic.length >= Math.min(text.length, 100) && shown(text).startsWith(line.topic), `${line.topic}: cut, if at all`);
    }
    for (const text of hostile) assert.equal(await broker.tries({ door, clientId: `${ACCOUNT}:ann:${text}`.slice(0, 20_000) }), door.refused);
    await broker.audited('connect_refused', ({ clientid }) => clientid.endsWith(':x?y'));
  });
  assert.ok(broker.audits().every(({ event }) => ['connect_refused', 'publish_refused', 'subscribe_refused', 'suppressed'].includes(event)));
  for (const line of broker.log.split('\n')) assert.ok(line.length < 4096, `a log line of ${line.length} bytes`);
});

scenario('a flood of refusals: 200 lines at once, then 20 a second, and the rest only counted', async (broker) => {
  const [publishes, filters, connects] = [5000, 2000, 1000];
  await (await broker.init()).start();
  const steady = await broker.client({ agent: 'steady' });
  await steady.subscribe(everyConv());
  const flood = await broker.client({ agent: 'flood' });
  const started = Date.now();
  for (let i = 0; i < publishes; i++) flood.send({ cmd: 'publish', topic: `acct/${ACCOUNT}/head`, payload: 'x', qos: 0 });
  await flood.ping();
  for (let i = 0; i < filters; i += 200) {
    const codes = await flood.subscribe(Array.from({ length: 200 }, (_, j) => `acct/${OTHER}/conv/${i + j}`));
    assert.deepEqual(new Set(codes), new Set([135]));
  }
  for (let i = 0; i < connects; i += 25) await Promise.all(Array.from({ length: 25 }, () => broker.tries({ token: 'no token' })));

  const isRefusal = ({ event }) => /_refused$/.test(event);
  const counted = () => broker.audits().filter(isRefusal).length + broker.audits('suppressed').reduce((sum, { count }) => sum + count, 0);
  await broker.broker.until(() => counted() >= publishes + filters + connects, 'each is said or counted', { describe: counted });
  assert.equal(counted(), publishes + filters + connects, 'each once');
  const seconds = (Date.now() - started) / 1000;
  const lines = broker.audits().filter(isRefusal).length;
  assert.ok(lines >= 200, `the first 200 are said, not ${lines}`);
  assert.ok(lines <= 200 + 20 * (seconds + 1), `${lines} lines in ${seconds} s`);
  assert.ok(broker.audits('suppressed').length <= seconds + 2, 'what is left out is summed up');
  await broker.voice.say(conv(), 'through it all');
  await steady.message(conv(), 'through it all');
  assert.equal(await broker.tries(), 0);
});

scenario('every command of an administrator has its line', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const admin = await broker.admin({ door, agent: `root-${door.tag}` });
    const from = broker.audits('admin').length;
    const commands = [['listClients'], ['getClient', { clientid: 'nobody' }, false], ['kick', { clientid: 'nobody' }, null], ['revoke', { jti: 'a-jti', account: ACCOUNT }],
      ['revoke', {}, false], ['listRoles'], ['getRole', { rolename: 'agent' }], ['explain', { clientid: admin.client.clientId, topic: conv(CUSTOMER), access: 'read' }],
      ['reload'], ['stats'], ['dance', {}, false]];
    for (const [command, fields] of commands) await admin.ask(command, fields);
    const lines = (await broker.audited('admin', () => true, from + commands.length)).slice(from);
    assert.deepEqual(lines.map(({ command }) => command), commands.map(([command]) => command));
    for (const [index, line] of lines.entries()) {
      const ok = commands[index][2] ?? true;
      assert.equal(line.clientid, admin.client.clientId);
      if (commands[index][2] !== null) assert.equal(line.ok, ok, line.command);
    }
    await admin.client.end();
  });
  assert.ok(!broker.log.includes(CUSTOMER), 'and no conversation in it');
});

scenario('a log of everything contains no token, no payload and no conversation', async (broker, t) => {
  await (await broker.init()).start();
  const secrets = [];
  const token = (...args) => {
    const text = broker.token(...args);
    secrets.push(...text.split('.').slice(1));
    return text;
  };
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent, token: token(ACCOUNT, 'agent', agent) });
    await broker.tries({ door, agent, token: token(ACCOUNT, 'service', agent) });
    await broker.tries({ door, agent, token: `${token(ACCOUNT, 'agent', agent)}x` });
    await client.publish(`${CONTROL}/renew`, token(ACCOUNT, 'agent', agent));
    await client.publish(`${CONTROL}/renew`, token(ACCOUNT, 'agent', 'ben'));
    await client.publish(`${CONTROL}/${token(ACCOUNT, 'agent', agent)}`.slice(0, 100), '');
    await client.publish(`${conv(CUSTOMER)}/cmd/ben`, 'the text of a message');
    await client.subscribe(`${conv(CUSTOMER)}/cmd/+`);
    await broker.voice.assign(conversation(CUSTOMER), agent);
    await client.end();
  });
  secrets.push('the text of a message', CUSTOMER, conversation(CUSTOMER));
  for (const secret of secrets) assert.ok(!broker.log.includes(secret), secret.slice(0, 30));
});
