// The role file: what each kind of line allows, for SUBSCRIBE, PUBLISH and every delivery.
import assert from 'node:assert/strict';

import { ACCOUNT, CONTROL, OTHER, eachDoor, everyConv, conv, scenario } from '../lib/broker.mjs';

const A = `acct/${ACCOUNT}`;
const ROLES = `
# a comment, and a line of spaces
   
role talker, second
pattern readwrite acct/%a/a/%s
pattern readwrite acct/%a/c/%c
pattern readwrite acct/%a/open/#
pattern deny acct/%a/open/secret
pattern deny acct/%a/open/vault/#
pattern write acct/%a/w/+
pattern write acct/%a/q0/+ qos 0
pattern write acct/%a/q1/+ qos 1
pattern write acct/%a/r/+ retain
pattern write acct/%a/rq/+ retain qos 1
pattern read acct/%a/r/+
topic readwrite ${A}/plain
topic readwrite ${A}/plain/%a

role listener
pattern read acct/%a/#
`;
const ALLOWED = 0;

scenario('placeholders, deny, retain, qos: what is published arrives exactly when the file says so', async (broker, t) => {
  await (await broker.init({ roles: ROLES })).start();
  await eachDoor(t, async (door, inner) => {
    const agent = `ann-${door.tag}`;
    const witness = await broker.client({ role: 'listener', agent: `witness-${door.tag}` });
    assert.equal(await witness.subscribe(`${A}/#`, { qos: 2 }), 2);
    const client = await broker.client({ door, role: 'talker', agent });
    const expected = [];
    const tries = async (isAllowed, topic, options = {}) => {
      const payload = `${topic} ${JSON.stringify(options)}`;
      const code = await client.publish(`${A}/${topic}`, payload, options);
      if (isAllowed) expected.push([`${A}/${topic}`, payload]);
      // MQTT 3.1.1 cannot report a denied publish; QoS 0 cannot in any version.
      assert.equal(code, isAllowed || door.version === 4 || options.qos === 0 ? ALLOWED : door.denied, payload);
    };
    await inner.test('%s and %c are one\'s own', async () => {
      await tries(true, `a/${agent}`);
      await tries(false, 'a/ben');
      await tries(false, 'a/%s');
      await tries(true, `c/${client.clientId}`);
      await tries(false, `c/${ACCOUNT}:ben:tab1`);
    });
    await inner.test('deny wins, wherever its line is', async () => {
      await tries(true, 'open');
      await tries(true, 'open/x/y');
      await tries(false, 'open/secret');
      await tries(true, 'open/secret/x');
      await tries(false, 'open/vault');
      await tries(false, 'open/vault/x/y');
    });
    await inner.test('qos', async () => {
      for (const qos of [0, 1, 2]) {
        await tries(true, 'w/x', { qos });
        await tries(qos <= 0, 'q0/x', { qos });
        await tries(qos <= 1, 'q1/x', { qos });
        await tries(qos <= 1, 'rq/x', { qos, retain: true });
      }
    });
    await inner.test('retain', async () => {
      await tries(true, 'r/x', { retain: true });
      await tries(true, 'r/x', { retain: false });
      await tries(false, 'w/x', { retain: true });
      await tries(true, 'r/x', { retain: true, qos: 0 });
      await client.publish(`${A}/r/x`, '', { retain: true });
      expected.push([`${A}/r/x`, '']);
    });
    await inner.test('topic is taken literally', async () => {
      await tries(true, 'plain');
      await tries(true, 'plain/%a');
      await tries(false, `plain/${ACCOUNT}`);
    });
    await inner.test('topics that no line names', async () => {
      await tries(false, 'other');
      await tries(false, 'w');
      await tries(false, 'w/x/y');
      await tries(false, 'W/x');
    });
    await inner.test('exactly the allowed messages were received', async () => {
      await tries(true, 'w/end');
      await witness.message(`${A}/w/end`);
      assert.deepEqual(witness.heard, expected);
      const late = await broker.client({ role: 'listener', agent: `late-${door.tag}` });
      await late.subscribe(`${A}/#`);
      await late.ping();
      assert.deepEqual(late.heard.map(([topic]) => topic), [`${A}/rq/x`], 'what is retained');
      await broker.client({ role: 'talker', agent: 'cleaner' }).then((cleaner) => cleaner.publish(`${A}/rq/x`, '', { retain: true }));
      await witness.drop();
    });
  });
});

scenario('SUBSCRIBE is granted for filters wholly within a read line; deny lines apply at delivery', async (broker, t) => {
  await (await broker.init({ roles: ROLES })).start();
  const speaker = await broker.client({ role: 'second', agent: 'speaker' });
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, role: 'talker', agent });
    for (const [filter, isGranted] of [
      [`${A}/a/${agent}`, true], [`${A}/a/+`, false], [`${A}/a/speaker`, false], [`${A}/a/#`, false],
      [`${A}/c/${client.clientId}`, true], [`${A}/c/+`, false], [`${A}/open/#`, true], [`${A}/open/+/x`, true], [`${A}/open`, true],
      [`${A}/open/secret`, false], [`${A}/open/vault/x`, false], [`${A}/open/vault/#`, false],
      [`${A}/w/x`, false], [`${A}/w/+`, false], [`${A}/r/+`, true], [`${A}/r/x`, true], [`${A}/r/#`, false], [`${A}/#`, false], [`${A}/+`, false],
      [`${A}/plain`, true], [`${A}/plain/%a`, true], [`${A}/plain/${ACCOUNT}`, false], [A, false],
    ]) {
      assert.equal(await client.subscribe(filter), isGranted ? 1 : door.denied, filter);
    }
    const codes = await client.subscribe([`${A}/open/#`, `${A}/w/x`, `${A}/r/+`]);
    assert.deepEqual(codes, [1, door.denied, 1], 'one by one within a packet');
    // speaker may not write these topics, or is denied by a line; nor may _system's publisher. What a listener
    // receives:
    for (const topic of ['open/secret', 'open/vault/x', 'open/fine']) await speaker.publish(`${A}/${topic}`, door.tag);
    await client.message(`${A}/open/fine`, door.tag);
    assert.deepEqual([...new Set(client.heard.map(([topic]) => topic))], [`${A}/open/fine`]);
  });
});

scenario('a deny line blocks deliveries of what others may publish', async (broker, t) => {
  await (await broker.init({ roles: `
role loud
pattern readwrite acct/%a/#
role quiet
pattern read acct/%a/#
pattern deny acct/%a/secret/%s
pattern deny acct/%a/salary/+
` })).start();
  const loud = await broker.client({ role: 'loud', agent: 'loud' });
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, role: 'quiet', agent });
    assert.equal(await client.subscribe(`${A}/#`), 1);
    for (const topic of [`secret/${agent}`, 'secret/ben', 'salary/ben', 'salary', 'salary/ben/x', 'end']) await loud.publish(`${A}/${topic}`, door.tag);
    await client.message(`${A}/end`, door.tag);
    assert.deepEqual(client.heard.map(([topic]) => topic), ['secret/ben', 'salary', 'salary/ben/x', 'end'].map((topic) => `${A}/${topic}`));
    await client.drop();
  });
});

scenario('each delivery is checked: a narrower file takes effect on existing subscriptions', async (broker, t) => {
  const wide = 'role agent\npattern read acct/%a/conv/+\npattern read acct/%a/events\n';
  const narrow = 'role agent\npattern read acct/%a/events\n';
  await (await broker.init({ roles: wide })).start();
  await eachDoor(t, async (door) => {
    await broker.writeRoles(wide);
    await broker.reload();
    const client = await broker.client({ door, agent: `ann-${door.tag}` });
    assert.deepEqual(await client.subscribe([everyConv(), `${A}/events`]), [1, 1]);
    await broker.voice.say(conv(), 'before');
    await client.message(conv(), 'before');
    await broker.writeRoles(narrow);
    await broker.reload();
    await broker.voice.say(conv(), 'after');
    await broker.voice.say(`${A}/events`, 'end');
    await client.message(`${A}/events`, 'end');
    assert.deepEqual(client.payloads(conv()), ['before']);
    assert.equal(await client.subscribe(everyConv()), door.denied);
    await broker.writeRoles(wide);
    await broker.reload();
    await broker.voice.say(conv(), 'wide again');
    await client.message(conv(), 'wide again');
  });
});

scenario('a role that is not in the file: its token connects, but may do nothing', async (broker, t) => {
  await (await broker.init({ roles: ROLES })).start();
  await eachDoor(t, async (door) => {
    const client = await broker.open(door);
    const code = await client.connect({ clientId: `${ACCOUNT}:ann:t`, token: broker.token(ACCOUNT, 'agent', 'ann') });
    if (code !== 0) {
      assert.equal(code, door.refused);
      return;
    }
    assert.deepEqual(await client.subscribe([`${A}/open/#`, everyConv(), `acct/${OTHER}/open/#`, `${CONTROL}/response`]), Array(4).fill(door.denied));
  });
});
