// docs/asyncapi.yaml is true: everything sent, live and in /sync, matches its schemas, and so do its examples.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import Ajv from 'ajv';
import YAML from 'yaml';

import { scenario, REPO } from '../lib/system.mjs';
import { Inbox, publish, subscribe } from '../lib/mqtt.mjs';

const document = YAML.parse(readFileSync(`${REPO}/docs/asyncapi.yaml`, 'utf8'));
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'asyncapi', ...document });
const validators = {
  conversation: ajv.getSchema('asyncapi#/components/schemas/ConversationEvent'),
  events: ajv.getSchema('asyncapi#/components/schemas/AccountEvent'),
  head: ajv.getSchema('asyncapi#/components/schemas/Head'),
  feed: ajv.getSchema('asyncapi#/components/schemas/Feed'),
  notice: ajv.getSchema('asyncapi#/components/schemas/TokenNotice'),
};

function assertValid(kind, payload) {
  const validate = validators[kind];
  assert.ok(validate(payload), `${kind}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(payload, null, 1)}`);
}

const kindOf = (event) => (event.conversation === null ? 'events' : 'conversation');
const webhooks = readdirSync(`${REPO}/tests/data/webhook`).filter((name) => name.endsWith('.json'));

test('every example matches its schema, and a broken one does not', () => {
  const names = readdirSync(`${REPO}/tests/data/examples`);
  assert.ok(names.length >= 4);
  for (const name of names) {
    const example = JSON.parse(readFileSync(`${REPO}/tests/data/examples/${name}`, 'utf8'));
    assertValid(name.startsWith('head') ? 'head' : kindOf(example), example);
  }
  assert.equal(validators.head({ epoch: 'x', seq: -1 }), false);
});

scenario('every event of every golden webhook matches its schema, live and by /sync', async (system) => {
  await (await system.init()).start();
  const agent = await system.agent();

  for (const name of webhooks) {
    const answer = await system.postWebhook(readFileSync(`${REPO}/tests/data/webhook/${name}`));
    assert.equal(answer.status, 200, name);
  }
  await agent.caughtUp();
  const log = await system.log();

  assert.ok(agent.received.length > 100);
  for (const { event } of agent.received) assertValid(kindOf(event), event);
  for (const event of log) assertValid(kindOf(event), event);
});

scenario('feeds and notices match their schemas', async (system) => {
  await (await system.init()).start();
  const conversation = `${system.account}_${system.number}_923450000001`;
  await system.customerWrites({ from: '923450000001' });
  const token = system.token(system.account, 'assigned-agent', 'ann');
  const client = await system.mqtt({ agent: 'ann', token });
  const inbox = new Inbox(client);
  const of = (name) => inbox.received.filter(({ topic }) => topic.endsWith(`/agent/ann/${name}`)).map(({ payload }) => payload);
  await subscribe(client, `acct/${system.account}/agent/ann/feed`);
  await system.api('/sync', { token });
  await inbox.until(() => of('feed').length >= 1, 'a feed');
  await system.control('assign', { account: system.account, conversation, subject: 'ann' });
  await inbox.until(() => of('feed').some((feed) => feed.gained.includes(conversation)), 'the feed of the assignment');
  await system.control('assign', { account: system.account, conversation, subject: null });
  await inbox.until(() => of('feed').some((feed) => feed.lost.includes(conversation)), 'the feed of its end');

  await publish(client, '$CONTROL/convwire/v1/renew', token);
  await publish(client, '$CONTROL/convwire/v1/renew', 'junk');
  await inbox.until(() => of('notice').length >= 2, 'two notices');
  assert.deepEqual(of('notice').map(({ type }) => type), ['renewed', 'renew_refused']);
  for (const kind of ['feed', 'notice']) for (const payload of of(kind)) assertValid(kind, payload);
  assert.equal(validators.feed({ epoch: 'x', seq: 1 }), false);
});
