// The command line: what it prints, and the exit codes that scripts rely on (sysexits.h).
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { ACCOUNT, NUMBER, programPath, scenario } from '../lib/system.mjs';
import { run } from '../lib/program.mjs';

const COMMANDS = ['init', 'up', 'account', 'number', 'token', 'watch', 'resolve', 'alias', 'assign', 'send', 'outbox', 'template', 'check', 'simulate', 'key'];
const USAGE = 64;
const DATAERR = 65;
const NOINPUT = 66;

scenario('help and usage', async (system, t) => {
  await t.test('convwire --help lists the commands', async () => {
    const { code, stdout } = await run('convwire', programPath('convwire'), ['--help']);
    assert.equal(code, 0);
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
  });
  await t.test('--version', async () => {
    for (const program of ['convwire', 'convwired']) {
      assert.match((await run(program, programPath(program), ['--version'])).stdout, new RegExp(`^${program} \\d+\\.\\d+\\.\\d+`));
    }
  });
  for (const command of COMMANDS) {
    await t.test(`convwire ${command} --help`, async () => {
      const { code, stdout } = await run(command, programPath('convwire'), [command, '--help']);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`convwire ${command}`));
      assert.match(stdout, /--dir/);
    });
    await t.test(`convwire ${command} --nonsense`, async () => {
      assert.equal((await run(command, programPath('convwire'), [command, '--nonsense'])).code, USAGE);
    });
  }
  await t.test('an unknown command, no command', async () => {
    assert.equal((await run('convwire', programPath('convwire'), ['frobnicate'])).code, USAGE);
    assert.equal((await run('convwire', programPath('convwire'), [])).code, USAGE);
  });
});

scenario('a directory without a daemon: init, account, number, token, resolve, check', async (system, t) => {
  await system.init();
  const json = async (...args) => JSON.parse((await system.convwire(...args, '--json')).stdout);

  await t.test('init makes secrets readable only by their owner', async () => {
    const mode = async (name) => ((await fs.stat(path.join(system.dir, name))).mode & 0o777).toString(8);
    assert.equal(await mode('.'), '700');
    for (const name of ['keys/house.pem', 'keys/apps/main.secret', 'keys/verify.token', 'keys/shared/tag.key', 'convwire.conf']) {
      assert.equal(await mode(name), '600', name);
    }
  });
  await t.test('init refuses a directory that already exists, and leaves it alone', async () => {
    const before = await fs.readFile(path.join(system.dir, 'keys/house.pem'), 'utf8');
    const { code, stderr } = await system.convwire('init');
    assert.equal(code, DATAERR);
    assert.match(stderr, /already exists/);
    assert.equal(await fs.readFile(path.join(system.dir, 'keys/house.pem'), 'utf8'), before);
  });
  await t.test('account and number', async () => {
    assert.equal((await system.convwire('account', 'add', 'second')).code, 0);
    assert.notEqual((await system.convwire('account', 'add', 'second')).code, 0, 'twice');
    assert.notEqual((await system.convwire('account', 'add', 'with_underscore')).code, 0);
    assert.equal((await system.convwire('number', 'add', '42', '--account', 'second', '--waba', '99')).code, 0);
    assert.notEqual((await system.convwire('number', 'add', '42', '--account', ACCOUNT)).code, 0, 'of another account');
    assert.notEqual((await system.convwire('number', 'add', '43')).code, 0, 'two accounts: it must be named');
    assert.notEqual((await system.convwire('number', 'add', 'x1', '--account', ACCOUNT)).code, 0);
    assert.deepEqual((await json('account', 'list')).map(({ account }) => account).sort(), [ACCOUNT, 'second'].sort());
    const numbers = await json('number', 'list');
    assert.deepEqual(numbers.map(({ phone_number_id, account, waba_id }) => [phone_number_id, account, waba_id]).sort(),
      [[NUMBER, ACCOUNT, null], ['42', 'second', '99']].sort());
    assert.match((await system.convwire('number', 'list')).stdout, /^42 +account second/m);
  });
  await t.test('token prints only the token', async () => {
    const { code, stdout } = await system.convwire('token', '--account', ACCOUNT, '--role', 'viewer', '--agent', 'vic', '--ttl', '2h');
    assert.equal(code, 0);
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const claims = JSON.parse(Buffer.from(stdout.split('.')[1], 'base64url'));
    assert.equal(claims.account, ACCOUNT);
    assert.equal(claims.sub, 'vic');
    assert.equal(claims.role, 'viewer');
    assert.equal(claims.exp - claims.iat, 7200);
    const usual = JSON.parse(Buffer.from((await system.convwire('token', '--account', ACCOUNT)).stdout.split('.')[1], 'base64url'));
    assert.deepEqual([usual.sub, usual.role, usual.exp - usual.iat], ['cli', 'agent', 900]);
  });
  await t.test('token refuses an invalid account, agent, role or time', async () => {
    for (const args of [['--account', 'a_b'], ['--account', ACCOUNT, '--agent', 'a@b'], ['--account', ACCOUNT, '--ttl', 'soon'],
      ['--account', ACCOUNT, '--ttl', '0'], ['--account', ACCOUNT, '--role', 'no-such-role']]) {
      const { code, stdout } = await system.convwire('token', ...args);
      assert.equal(code, DATAERR, args.join(' '));
      assert.equal(stdout, '');
    }
  });
  await t.test('resolve: 0 for exactly one, else 65', async () => {
    const file = path.join(system.dir, 'aliases.json');
    await fs.writeFile(file, JSON.stringify({ _id: 'mongo-1', accountId: ACCOUNT, phoneNumberId: NUMBER, customerNumber: '923456789012' }));
    assert.deepEqual(await json('alias', 'import', file), { imported: 1, already_there: 0, refused: 0 });
    const found = await system.convwire('resolve', 'mongo-1', '--account', ACCOUNT);
    assert.equal(found.code, 0);
    assert.match(found.stdout, new RegExp(`^${ACCOUNT}_${NUMBER}_923456789012$`, 'm'));
    assert.match(found.stdout, /tag +…9012#/);
    const none = await system.convwire('resolve', '+49 30 123456', '--account', ACCOUNT);
    assert.equal(none.code, DATAERR);
    assert.match(none.stdout, /Compared with:\n(.*\n)*.*4930123456/);
    const { matches, compared_with } = await json('resolve', 'mongo-1', '--account', ACCOUNT);
    assert.equal(matches.length, 1);
    assert.ok(compared_with.length > 0);
    assert.equal((await system.convwire('resolve')).code, USAGE);
  });
  await t.test('alias import of a file that is not there', async () => {
    assert.equal((await system.convwire('alias', 'import', '/nonexistent')).code, NOINPUT);
  });
  await t.test('templates of a number whose WhatsApp Business Account is not known yet', async () => {
    const { code, stderr } = await system.convwire('template', 'sync', '--account', system.account);
    assert.equal(code, NOINPUT, stderr);
    assert.match(stderr, /--waba/);
  });
  await t.test('acl check names lines without effect, and a byte order mark', async () => {
    const file = path.join(system.dir, 'odd.acl');
    await fs.writeFile(file, 'role a\ntopic read acct/%a/x\npattern read acct/%a/+\npattern read acct/%a/y\n');
    const { code, stdout, stderr } = await system.convwire('acl', 'check', file);
    assert.equal(code, 0);
    assert.match(stdout, /2 of its lines have no effect/);
    assert.match(stderr, /odd\.acl:2: %a is plain text.*\n.*odd\.acl:4: adds nothing: line 3/);
    assert.equal(JSON.parse((await system.convwire('acl', 'check', file, '--json')).stdout).useless.length, 2);
    await fs.writeFile(file, '\ufeffrole a\npattern read acct/%a/x\n');
    const refused = await system.convwire('acl', 'check', file);
    assert.equal(refused.code, 65);
    assert.match(refused.stderr, /odd\.acl:1: begins with a byte order mark/);
  });
  await t.test('acl check without a file uses the directory’s', async () => {
    const { code, stdout } = await system.convwire('acl', 'check');
    assert.equal(code, 0);
    assert.match(stdout, /roles\.acl is valid/);
  });
  await t.test('check', async () => {
    const { code, stdout } = await system.convwire('check');
    assert.equal(code, 0);
    assert.match(stdout, /database is intact/);
    assert.equal((await json('check')).n_faults, 0);
  });
  await t.test('if the directory is missing, commands say how to create it', async () => {
    const { code, stderr } = await run('token', programPath('convwire'), ['watch', '--dir', path.join(system.dir, 'none')]);
    assert.notEqual(code, 0);
    assert.match(stderr, /convwire init|No such file/);
  });
});

scenario('init without options creates an account and a simulated number', async (system) => {
  await system.init();
  const dir = path.join(system.dir, 'fresh');
  const { code, stdout } = await run('init', programPath('convwire'), ['init', '--dir', dir, '--json']);
  assert.equal(code, 0);
  const made = JSON.parse(stdout);
  assert.match(made.account, /^[0-9a-f]{24}$/);
  assert.equal(made.simulated, true);
  for (const bad of [['--account', 'a/b'], ['--number', 'x'], ['--http-port', '99999'], ['--mqtt-port', 'many']]) {
    const failed = path.join(system.dir, 'failed');
    assert.notEqual((await run('init', programPath('convwire'), ['init', '--dir', failed, ...bad])).code, 0, bad.join(' '));
    assert.equal((await run('init', programPath('convwire'), ['init', '--dir', failed])).code, 0, 'a second try is not refused');
    await fs.rm(failed, { recursive: true });
  }
});
