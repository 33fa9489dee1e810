// The claim `acl` in EMQX's list format: it narrows what the role allows, and a token with a malformed claim is
// refused.
import assert from 'node:assert/strict';

import { ACCOUNT, DOORS, OTHER, conv, conversation, eachDoor, everyConv, own, scenario } from '../lib/broker.mjs';

const A = `acct/${ACCOUNT}`;
const MINE = conv('923450000001');
const THEIRS = conv('923450000002');
const allow = (action, ...topics) => ({ permission: 'allow', action, topics });
const deny = (action, ...topics) => ({ permission: 'deny', action, topics });

/** What a client with this claim may subscribe to, receive and publish; each case is checked as a whole. */
const cases = {
  'an empty list changes nothing': {
    acl: [], granted: [everyConv(), `${A}/events`], hears: [MINE, THEIRS, `${A}/events`], says: ['cmd'],
  },
  'one conversation': {
    acl: [allow('sub', MINE)], granted: [MINE], denied: [everyConv(), THEIRS, `${A}/events`], hears: [MINE], mute: ['cmd', 'live'],
  },
  'one conversation, by topic in the singular': {
    acl: [{ permission: 'allow', action: 'subscribe', topic: MINE }], granted: [MINE], denied: [everyConv()], hears: [MINE], mute: ['cmd'],
  },
  'a filter': {
    acl: [allow('sub', everyConv())], granted: [everyConv(), MINE], denied: [`${A}/events`, `${everyConv()}/live/+`], hears: [MINE, THEIRS], mute: ['cmd'],
  },
  'everything, as far as the role goes': {
    acl: [allow('all', '#')], granted: [everyConv(), `${A}/events`], denied: ['#', `${A}/#`, everyConv(OTHER), own('ben', 'reply')],
    hears: [MINE, THEIRS, `${A}/events`], says: ['cmd', 'live'],
  },
  'more than the role': {
    acl: [allow('all', `${A}/#`, `acct/${OTHER}/#`, '$SYS/#', '$CONTROL/#')],
    granted: [everyConv()], denied: [`${A}/#`, everyConv(OTHER), '$SYS/#', '$CONTROL/#', own('ben', 'reply')], hears: [MINE, THEIRS], says: ['cmd'], mute: ['event'],
  },
  'a deny alone takes away, the rest stays': {
    acl: [deny('sub', THEIRS)], granted: [everyConv(), `${A}/events`], denied: [THEIRS], hears: [MINE, `${A}/events`], says: ['cmd', 'live'],
  },
  'denied to publish, allowed to receive': {
    acl: [deny('pub', '#')], granted: [everyConv()], hears: [MINE, THEIRS], mute: ['cmd', 'live'],
  },
  'denied by the long name of the action': {
    acl: [deny('publish', `${everyConv()}/cmd/+`)], granted: [everyConv()], hears: [MINE, THEIRS], mute: ['cmd'], says: ['live'],
  },
  'the first match counts: deny, then allow': {
    acl: [deny('all', THEIRS), allow('all', everyConv(), `${everyConv()}/cmd/+`)], granted: [everyConv()], denied: [THEIRS, `${A}/events`], hears: [MINE], says: ['cmd'], mute: ['live'],
  },
  'the first match counts: allow, then deny': {
    acl: [allow('sub', MINE), deny('sub', '#'), allow('pub', '#')], granted: [MINE], denied: [THEIRS, everyConv()], hears: [MINE], says: ['cmd', 'live'],
  },
  'eq takes a filter literally': {
    acl: [allow('sub', `eq ${MINE}`, `eq ${A}/+`), deny('sub', `eq ${everyConv()}`)], granted: [MINE], denied: [everyConv(), `${A}/events`], hears: [MINE], mute: ['cmd'],
  },
  'another account\'s topics match nothing': {
    acl: [deny('all', `acct/${OTHER}/#`)], granted: [everyConv(), `${A}/events`], hears: [MINE, THEIRS, `${A}/events`], says: ['cmd', 'live'],
  },
  'allowed in another account only: nothing is left here': {
    acl: [allow('all', `acct/${OTHER}/#`)], denied: [everyConv(), MINE, `${A}/events`, everyConv(OTHER)], mute: ['cmd', 'live'],
  },
  'only with QoS 0': {
    acl: [{ ...allow('pub', '#'), qos: [0] }, allow('sub', everyConv())], granted: [everyConv()], hears: [MINE, THEIRS], mute: ['cmd'], says: ['live'],
  },
  'only with QoS 1, as a number': {
    acl: [{ ...allow('pub', '#'), qos: 1 }, allow('sub', everyConv())], granted: [everyConv()], hears: [MINE, THEIRS], says: ['cmd'], mute: ['live'],
  },
  'not retained': {
    acl: [{ ...allow('pub', '#'), retain: false }, allow('sub', everyConv())], granted: [everyConv()], hears: [MINE, THEIRS], says: ['cmd', 'live'], mute: ['presence'],
  },
  'only retained': {
    acl: [{ ...allow('pub', '#'), retain: true }, allow('sub', everyConv())], granted: [everyConv()], hears: [MINE, THEIRS], mute: ['cmd', 'live'], says: ['presence'],
  },
};

scenario('a claim narrows', async (broker, t) => {
  await (await broker.init()).start();
  const bridge = await broker.bridge();
  const witness = await broker.client({ agent: 'witness' });
  await witness.subscribe([`${everyConv()}/live/+`, own('+', 'presence/+'), everyConv()]);
  let round = 0;
  for (const [name, { acl, granted = [], denied = [], hears = [], says = [], mute = [] }] of Object.entries(cases)) {
    await t.test(name, async () => {
      await Promise.all(DOORS.map(async (door) => {
        const agent = `ann-${door.tag}`;
        const client = await broker.client({ door, agent, claims: { acl } });
        for (const filter of granted) assert.equal(await client.subscribe(filter), 1, `${door.name}: ${filter}`);
        for (const filter of denied) assert.equal(await client.subscribe(filter), door.denied, `${door.name}: ${filter}`);
        const mark = `round ${++round}`;
        for (const topic of [MINE, THEIRS, `${A}/events`]) await broker.voice.say(topic, mark);
        await client.ping();
        const heard = client.messages.filter(({ payload }) => payload === mark).map(({ topic }) => topic);
        assert.deepEqual([...new Set(heard)].sort(), [...hears].sort(), door.name);

        const ways = {
          cmd: [`${MINE}/cmd/${agent}`, { qos: 1 }], live: [`${MINE}/live/${agent}`, { qos: 0 }],
          presence: [own(agent, 'presence/tab1'), { qos: 1, retain: true }], event: [MINE, { qos: 1 }],
        };
        for (const way of [...says, ...mute]) await client.publish(ways[way][0], `${mark} ${way}`, ways[way][1]);
        await client.ping(); // the broker has processed all of them
        await Promise.all([bridge.ping(), witness.ping()]);
        for (const way of [...says, ...mute]) {
          const isHeard = (way === 'cmd' ? bridge : witness).messages.some(({ payload }) => payload === `${mark} ${way}`);
          assert.equal(isHeard, says.includes(way), `${door.name}: ${way}`);
        }
        await client.end();
      }));
    });
  }
});

scenario('${clientid} and ${username} are the client\'s own', async (broker, t) => {
  await (await broker.init({ roles: 'role agent\npattern readwrite acct/%a/box/+\npattern readwrite acct/%a/name/+/+\n' })).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent, claims: { acl: [allow('all', `${A}/box/\${clientid}`, `${A}/name/\${username}`)] } });
    assert.deepEqual(await client.subscribe([
      `${A}/box/${client.clientId}`, `${A}/box/${ACCOUNT}:ben:tab1`, `${A}/box/\${clientid}`, `${A}/box/+`,
      `${A}/name/${ACCOUNT}/${agent}`, `${A}/name/${ACCOUNT}/ben`,
    ]), [1, door.denied, door.denied, door.denied, 1, door.denied]);
    await client.publish(`${A}/box/${client.clientId}`, door.tag);
    await client.message(`${A}/box/${client.clientId}`, door.tag);
    const literal = await broker.client({ door, agent, tab: 'eq', claims: { acl: [allow('all', `eq ${A}/box/\${clientid}`)] } });
    assert.equal(await literal.subscribe(`${A}/box/${literal.clientId}`), door.denied, 'with eq they stand for themselves');
  });
});

scenario('a malformed claim: the token is refused', async (broker, t) => {
  await (await broker.init()).start();
  const entry = allow('sub', MINE);
  for (const [name, acl] of Object.entries({
    'the older form': { sub: [MINE] }, text: 'allow', null: null, true: true, number: 1,
    'entries that are text': [MINE], 'a list in the list': [[entry]], 'null in the list': [null], 'an empty entry': [{}],
    'no permission': [{ action: 'sub', topics: [MINE] }], 'another permission': [{ ...entry, permission: 'maybe' }], 'permission in capitals': [{ ...entry, permission: 'Allow' }],
    'no action': [{ permission: 'allow', topics: [MINE] }], 'another action': [{ ...entry, action: 'read' }],
    'no topic': [{ permission: 'allow', action: 'sub' }], 'topic and topics': [{ ...entry, topic: MINE }], 'topics that is text': [{ ...entry, topics: MINE }],
    'a topic that is a number': [{ ...entry, topics: [1] }], 'a topic that is a list': [{ permission: 'allow', action: 'sub', topic: [MINE] }],
    'an empty topic': [allow('sub', '')], 'a topic that is no filter': [allow('sub', 'acct/#/x')], 'a wildcard within a level': [allow('sub', 'acct/a+')],
    'another member': [{ ...entry, ipaddr: '127.0.0.1' }], 'a regular expression': [{ ...entry, clientid_re: '.*' }], 'a zone': [{ ...entry, zone: 'x' }],
    'qos 3': [{ ...entry, qos: [3] }], 'qos as text': [{ ...entry, qos: '1' }], 'qos as a float': [{ ...entry, qos: 1.5 }],
    'retain as text': [{ ...entry, retain: 'yes' }], 'a fault in the last of many': [entry, entry, { ...entry, action: 'x' }],
    'an unknown placeholder': [allow('sub', `${A}/conv/\${cert_common_name}`)],
  })) {
    await t.test(name, async () => {
      const before = broker.audits('connect_refused').length;
      const codes = await Promise.all(DOORS.map((door) => broker.tries({ door, claims: { acl } })));
      assert.deepEqual(codes, DOORS.map((door) => door.refused));
      const lines = await broker.audited('connect_refused', () => true, before + DOORS.length);
      for (const { reason } of lines.slice(before)) assert.match(reason, /acl/);
    });
  }
  await t.test('the reasons name no conversation', () => assert.ok(!broker.log.includes(conversation('923450000001'))));
});

scenario('a claim belongs to its token: renewal replaces it', async (broker, t) => {
  await (await broker.init()).start();
  await eachDoor(t, async (door) => {
    const agent = `ann-${door.tag}`;
    const client = await broker.client({ door, agent });
    await client.subscribe([everyConv(), `${A}/events`]);
    await client.publish('$CONTROL/convwire/v1/renew', broker.token(ACCOUNT, 'agent', agent, { acl: [deny('sub', everyConv())] }));
    await client.message(own(agent, 'notice'), (text) => JSON.parse(text).type === 'renewed');
    await broker.voice.say(MINE, 'no longer');
    await broker.voice.say(`${A}/events`, 'still');
    await client.message(`${A}/events`, 'still');
    assert.deepEqual(client.payloads(MINE), []);
  });
});
