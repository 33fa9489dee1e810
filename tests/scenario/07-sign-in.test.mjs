// Agents who sign in with a password: sessions in a cookie, short-lived tokens for them, and how both end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';

import { scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

const PASSWORD = 'correct horse battery';
const PATH = '/api/v1/session';

async function addAgent(system, subject, ...options) {
  const file = path.join(system.dir, `${subject}.password`);
  await fs.writeFile(file, `${PASSWORD}\n`);
  const done = await system.convwire('agent', 'add', subject, '--password-file', file, ...options);
  assert.equal(done.code, 0, done.stderr);
}

async function start(system) {
  await (await system.init()).start();
  await addAgent(system, 'ann', '--name', 'Ann Lee', '--email', 'Ann.Lee@example.com');
}

const signIn = (system, body, headers = {}) =>
  system.http(PATH, { method: 'POST', headers, body: JSON.stringify({ login: 'ann', password: PASSWORD, ...body }) });
const cookieOf = (answer, name = 'convwire_session') =>
  answer.headers['set-cookie'].find((cookie) => cookie.startsWith(`${name}=`)).split(';')[0];
const refresh = (system, cookie) => system.http(`${PATH}/refresh`, { method: 'POST', headers: cookie ? { Cookie: cookie } : {} });
const works = async (system, token) => (await system.api('/sync', { token })).status === 200;

function assertProblem(answer, status, type) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.json.title, type);
}

scenario('an agent signs in by id or email, stays signed in by cookie, and signs out', async (system) => {
  await start(system);
  const answer = await signIn(system);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['cache-control'], 'no-store');
  const { token, expires_at: expiresAt, ...who } = answer.json;
  assert.deepEqual(who, { account: system.account, agent: { subject: 'ann', name: 'Ann Lee', role: 'agent' } });
  assert.ok(Math.abs(expiresAt - Date.now() - 900_000) < 60_000, `${expiresAt}`);
  const cookies = answer.headers['set-cookie'];
  assert.equal(cookies.length, 2);
  assert.match(cookies[0], /^convwire_session=[0-9a-f]{64}; Path=\/api\/v1\/session; Max-Age=2592000; HttpOnly; SameSite=Strict$/);
  assert.equal(cookies[1], `convwire_media=${token}; Path=/api/v1/media; Max-Age=900; HttpOnly; SameSite=Strict`);
  assert.ok(await works(system, token));
  await system.mqtt({ token });

  assert.equal((await signIn(system, { login: 'ANN.lee@Example.com' })).status, 200);
  assert.equal((await signIn(system, { account: system.account })).status, 200);
  const secure = await signIn(system, {}, { 'X-Forwarded-Proto': 'https' });
  assert.ok(secure.headers['set-cookie'].every((set) => set.endsWith('; Secure')));

  const cookie = cookieOf(answer);
  const renewed = await refresh(system, cookie);
  assert.equal(renewed.status, 200, renewed.text);
  assert.ok(await works(system, renewed.json.token));
  const out = await system.http(PATH, { method: 'DELETE', headers: { Cookie: cookie } });
  assert.equal(out.status, 204);
  assert.match(out.headers['set-cookie'][0], /^convwire_session=; .*Max-Age=0;/);
  assert.match(out.headers['set-cookie'][1], /^convwire_media=; .*Max-Age=0;/);
  assertProblem(await refresh(system, cookie), 401, 'no_session');
  assertProblem(await refresh(system), 401, 'no_session');
  assert.equal((await refresh(system, cookieOf(secure))).status, 200, 'other browsers go on');
  assert.equal((await system.http(PATH, { method: 'DELETE' })).status, 204, 'who is out stays out');
});

scenario('sessions survive a restart of the daemon, and their secrets are not in the database', async (system) => {
  await start(system);
  const cookie = cookieOf(await signIn(system));
  await system.daemon.stop();
  const bytes = Buffer.concat(await Promise.all(['convwire.db', 'convwire.db-wal'].map((name) =>
    fs.readFile(path.join(system.dir, name)).catch(() => Buffer.alloc(0)))));
  assert.ok(bytes.includes('Ann Lee'));
  assert.ok(!bytes.includes(cookie.split('=')[1]) && !bytes.includes(PASSWORD));
  await system.startDaemon();
  assert.equal((await refresh(system, cookie)).status, 200);
});

scenario('wrong, unknown and disabled get the same answer; after ten tries they must wait', async (system) => {
  await start(system);
  await addAgent(system, 'bob');
  await addAgent(system, 'carl');
  assert.equal((await system.convwire('agent', 'disable', 'carl')).code, 0);
  const answers = await Promise.all([{ password: 'wrong password' }, { login: 'nobody' }, { login: 'no@body.example' }, { login: 'carl' }]
    .map((body) => signIn(system, body)));
  for (const answer of answers) assertProblem(answer, 401, 'wrong_password');
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  assert.ok(answers.every(({ headers }) => headers['set-cookie'] === undefined));

  const names = ['ann', 'ann.lee@example.com', 'ANN.LEE@example.com'];
  for (let i = 1; i < 10; i++) {
    const answer = await signIn(system, { login: names[i % 3], password: `wrong ${i}`, ...(i === 1 && { account: system.account }) });
    assertProblem(answer, 401, 'wrong_password');
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
  }
  const refused = await signIn(system);
  assertProblem(refused, 429, 'too_many_attempts');
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal((await signIn(system, { login: 'bob' })).status, 200, 'others go on');
});

scenario('one address may not try forever, not even behind a proxy', async (system) => {
  await start(system);
  const from = (address, i) => signIn(system, { login: `agent-${i}` }, { 'X-Forwarded-For': `203.0.113.9, ${address}` });
  const answers = [];
  for (let i = 0; i < 55 && answers.at(-1)?.status !== 429; i++) answers.push(await from('198.51.100.7', i));
  assertProblem(answers.at(-1), 429, 'too_many_attempts');
  assert.ok(answers.length > 40);
  assertProblem(await from('198.51.100.8', 0), 401, 'wrong_password');
});

scenario('correct passwords do not count against an address', async (system) => {
  await start(system);
  for (let i = 0; i < 60; i++) assert.equal((await signIn(system)).status, 200, `${i}`);
});

scenario('no token survives the end of its session, in whichever second', async (system) => {
  await start(system);
  for (let round = 0; round < 6; round++) {
    const answer = await signIn(system);
    assert.equal(answer.status, 200, answer.text);
    const cookie = cookieOf(answer);
    const tokens = [];
    const renew = async () => {
      const renewed = await refresh(system, cookie);
      if (renewed.status === 200) tokens.push(renewed.json.token);
      return renewed.status === 200;
    };
    while (tokens.length < 20 || Date.now() % 1000 < 985) assert.ok(await renew()); // the bug occurred at the end of a second
    const polls = [1, 2, 3].map(async () => { while (await renew()); });
    assert.equal((await system.control('agent.disable', { account: system.account, subject: 'ann' })).status, 'ok');
    await Promise.all(polls);
    for (const token of new Set(tokens.slice(-20))) assert.ok(!await works(system, token), `round ${round}`);
    assert.equal((await system.control('agent.enable', { account: system.account, subject: 'ann' })).status, 'ok');
  }
});

scenario('a new password and a disabled agent end sessions, tokens and connections', async (system) => {
  await start(system);
  const first = await signIn(system);
  const client = await system.mqtt({ token: first.json.token });
  const closed = once(client, 'close');
  const file = path.join(system.dir, 'new.password');
  await fs.writeFile(file, 'another password\n');
  const done = await system.convwire('agent', 'passwd', 'ann', '--password-file', file);
  assert.equal(done.code, 0, done.stderr);
  await closed;
  assertProblem(await refresh(system, cookieOf(first)), 401, 'no_session');
  assert.ok(!await works(system, first.json.token));
  assertProblem(await signIn(system), 401, 'wrong_password');
  const second = await signIn(system, { password: 'another password' });
  assert.equal(second.status, 200, second.text);
  assert.ok(await works(system, second.json.token), 'a token of the same second is good');

  assert.equal((await system.convwire('agent', 'disable', 'ann')).code, 0);
  assert.ok(!await works(system, second.json.token));
  assertProblem(await refresh(system, cookieOf(second)), 401, 'no_session');
  assert.equal((await system.convwire('agent', 'enable', 'ann')).code, 0);
  assertProblem(await refresh(system, cookieOf(second)), 401, 'no_session');
  const third = await signIn(system, { password: 'another password' });
  assert.ok(await works(system, third.json.token));
  assert.equal((await system.convwire('revoke', '--agent', 'ann')).code, 0);
  assertProblem(await refresh(system, cookieOf(third)), 401, 'no_session');
});

scenario('the account learns who its agents are; lists are for those who may read its events', async (system) => {
  await start(system);
  const watcher = await system.agent({ agent: 'watcher' });
  await addAgent(system, 'bob', '--role', 'assigned-agent');
  assert.equal((await system.convwire('agent', 'disable', 'bob')).code, 0);
  const told = () => watcher.received.filter(({ event }) => event.kind === 'agent' && event.data.agent.subject === 'bob');
  await watcher.until(() => told().length === 2, 'both changes');
  const { event } = told()[1];
  assert.equal(event.conversation, null);
  assert.deepEqual(event.data.agent.value, { subject: 'bob', name: 'bob', role: 'assigned-agent', disabled: true });

  const { agents } = (await system.api('/agents', { token: system.token(undefined, 'viewer') })).json;
  assert.deepEqual(agents, [
    { subject: 'ann', name: 'Ann Lee', role: 'agent', disabled: false, may_answer: true },
    { subject: 'bob', name: 'bob', role: 'assigned-agent', disabled: true, may_answer: false }]);
  const { numbers } = (await system.api('/numbers')).json;
  assert.deepEqual(numbers.map((row) => [row.phone_number_id, row.paused, row.reason]), [[system.number, false, null]]);
  assert.deepEqual((await system.api('/templates')).json, { templates: [] });
  const config = (await system.http('/api/v1/config', { headers: { Host: 'chat.example.com:8080' } })).json;
  assert.equal(config.mqtt_url, `ws://chat.example.com:${system.wsPort}`);
  assert.equal(config.limits.text_characters, 4096);

  assert.equal((await system.convwire('account', 'add', 'other')).code, 0);
  const stranger = system.token('other');
  assert.deepEqual((await system.api('/agents', { token: stranger })).json, { agents: [] });
  assert.deepEqual((await system.api('/numbers', { token: stranger })).json, { numbers: [] });
  for (const list of ['agents', 'numbers', 'templates']) {
    assert.equal((await system.http(`/api/v1/${list}`)).status, 401);
    assert.equal((await system.api(`/${list}`, { token: system.token(undefined, 'nobody') })).status, 403);
  }
});

scenario('with several accounts, an agent id needs its account, an email does not', async (system) => {
  await start(system);
  assert.equal((await system.convwire('account', 'add', 'other')).code, 0);
  await addAgent(system, 'ann', '--account', 'other', '--email', 'ann@other.example');
  assertProblem(await signIn(system), 400, 'account_needed');
  assert.equal((await signIn(system, { account: 'other' })).json.account, 'other');
  assert.equal((await signIn(system, { login: 'ann@other.example' })).json.account, 'other');
  assert.equal((await signIn(system, { login: 'ann.lee@example.com', account: 'other' })).json.account, system.account);
});

scenario('bad input: an error text, and nothing stored', async (system) => {
  await start(system);
  for (const body of ['', '[]', '{}', '{"login":"ann"}', '{"login":"","password":"x"}', '{"login":1,"password":"x"}',
    '{"login":"ann","password":"x","account":1}', JSON.stringify({ login: 'ann', password: 'x'.repeat(600) }),
    JSON.stringify({ login: 'a'.repeat(300), password: 'x' })]) {
    assertProblem(await system.http(PATH, { method: 'POST', body }), 400, 'bad_body');
  }
  assertProblem(await system.http(PATH, { method: 'POST', body: 'x'.repeat(5000) }), 413, 'body_too_large');
  assertProblem(await refresh(system, `convwire_session=${'0'.repeat(64)}`), 401, 'no_session');
  const agent = (...args) => system.convwire('agent', ...args);
  const refusals = [
    [['add', 'ann', '--password-file', path.join(system.dir, 'ann.password')], 65, /already has an agent ann/],
    [['add', 'b@d', '--password-file', path.join(system.dir, 'ann.password')], 65, /letters, digits or -/],
    [['add', 'bob', '--email', 'ann.lee@EXAMPLE.com', '--password-file', path.join(system.dir, 'ann.password')], 65, /already used by agent ann of account/],
    [['add', 'bob', '--email', 'nowhere', '--password-file', path.join(system.dir, 'ann.password')], 65, /is not an email address/],
    [['add', 'bob', '--role', 'king', '--password-file', path.join(system.dir, 'ann.password')], 65, /no role "king"/],
    [['passwd', 'bob', '--password-file', path.join(system.dir, 'ann.password')], 66, /has no agent bob/],
    [['enable', 'ann'], 65, /is not disabled/],
    [['list', 'ann'], 64, /agent list/],
  ];
  for (const [args, code, words] of refusals) {
    const done = await agent(...args);
    assert.equal(done.code, code, `${args.join(' ')}: ${done.stderr}`);
    assert.match(done.stderr, words);
  }
  await fs.writeFile(path.join(system.dir, 'short.password'), 'too short\n');
  assert.match((await agent('add', 'bob', '--password-file', path.join(system.dir, 'short.password'))).stderr, /at least 10 characters/);
  assert.deepEqual(JSON.parse((await agent('list', '--json')).stdout).map(({ subject }) => subject), ['ann']);
  await eventually(async () => (await signIn(system)).status === 200, 'ann signs in as before');
});
