// A backup of a running system, and restoring it: nothing is sent twice, and every client sees what the server has.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';

import { run } from '../lib/program.mjs';
import { programPath, scenario } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';

async function backup(system) {
  const folder = path.join(system.dir, '../backup');
  const done = await system.convwire('backup', folder);
  assert.equal(done.code, 0, done.stderr);
  return { folder, done };
}

const ledgerOf = async (sim) => (await sim.taken()).map(({ body }) => body.text?.body);

scenario('restore: clients reload, what may have been sent is unknown, files are there', async (system) => {
  await system.init();
  const sim = await system.startSim();
  await system.start();
  const id = await system.customer();
  const bytes = randomBytes(5000);
  await sim.writes({ from: id.split('_')[2], type: 'image', file: { mime_type: 'image/jpeg', base64: bytes.toString('base64') } });
  const image = await eventually(async () => (await system.thread(id)).find(({ media }) => media?.state === 'ready'), 'the image is fetched');
  const bob = await system.agent({ agent: 'bob' });
  const ann = await system.commander();
  const sent = await ann.say(id, 'sent before');
  await system.messageIs(id, sent.message, 'read');
  await system.control('number.pause', { phone_number_id: system.number, reason: 'the test' });
  const waiting = await ann.say(id, 'waits at the backup');
  assert.equal(waiting.ok, true);

  const { folder } = await backup(system);
  assert.equal((await fs.stat(path.join(folder, 'convwire.db'))).mode & 0o777, 0o600);

  await system.control('number.resume', { phone_number_id: system.number });
  await system.messageIs(id, waiting.message, 'read');
  const after = await ann.say(id, 'written after');
  await system.messageIs(id, after.message, 'read');
  await bob.caughtUp();
  const before = (await system.log())[0].epoch;

  const busy = await system.convwire('restore', folder);
  assert.notEqual(busy.code, 0);
  assert.match(busy.stderr, /another Convwire process owns this directory/);
  await system.daemon.stop();
  await fs.rm(path.join(system.dir, 'media'), { recursive: true });
  const lacking = await system.convwire('check');
  assert.equal(lacking.code, 65);
  assert.match(lacking.stdout, /FAULT: files of messages are missing from .*\/media .* \(1\): copy them from a backup/);
  const done = await system.convwire('restore', folder);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /with 1 files\./);
  assert.match(done.stdout, /1 messages had not been sent when the backup was made/);
  await system.startDaemon();
  await system.ready();

  assert.notEqual((await system.log())[0].epoch, before);
  const thread = await system.thread(id);
  assert.equal(thread.find((message) => message.id === waiting.message).status, 'unknown');
  assert.equal(thread.find((message) => message.id === after.message), undefined);
  assert.equal((await system.api(`/media/${image.media.id}`)).status, 200);

  // The page that stayed open shows what the server has now.
  const fresh = await system.agent({ agent: 'fresh' });
  await fresh.caughtUp();
  await eventually(async () => {
    await bob.caughtUp();
    return JSON.stringify([...bob.conversations.keys()].sort()) === JSON.stringify([...fresh.conversations.keys()].sort()) &&
      bob.epoch === fresh.epoch;
  }, 'bob has loaded anew');

  // The number is still paused. After resuming, another reply is sent, but the unknown one only when somebody decides
  // so.
  await system.control('number.resume', { phone_number_id: system.number });
  const next = await ann.say(id, 'goes on');
  await system.messageIs(id, next.message, 'read');
  assert.deepEqual((await ledgerOf(sim)).filter((body) => body === 'waits at the backup').length, 1);
  const check = await system.check();
  assert.deepEqual(check.faults, []);
});

scenario('clients that never got an answer do not resend what was sent after the backup', async (system) => {
  await system.init();
  const sim = await system.startSim();
  await system.start();
  const id = await system.customer();
  const epochOf = async () => (await system.api('/sync')).json.epoch;
  const epoch = await epochOf();
  const say = (command, said) => system.api(`/conversations/${id}/commands`, { method: 'POST', body: JSON.stringify({ id: command, type: 'send', data: { kind: 'text', content: { body: command } }, ...(said && { epoch: said }) }) });
  const { folder } = await backup(system);
  const before = await say('unheard', epoch);
  assert.equal(before.status, 200);
  await eventually(async () => (await ledgerOf(sim)).includes('unheard'), 'WhatsApp has it');
  await system.daemon.stop();
  assert.equal((await system.convwire('restore', folder)).code, 0);
  await system.startDaemon();
  await system.ready();

  const again = await say('unheard', epoch);
  assert.equal(again.status, 409, again.text);
  assert.match(again.json.problem.type, /:other_epoch$/);
  assert.match(again.json.problem.detail, /backup/);
  const now = await say('written-now', await epochOf());
  assert.equal(now.status, 200, now.text);
  assert.equal((await say('says-no-epoch')).status, 200);
  await eventually(async () => (await ledgerOf(sim)).includes('says-no-epoch'), 'what is new goes');
  assert.deepEqual((await ledgerOf(sim)).filter((body) => body === 'unheard').length, 1);
});

scenario('a restore ends all earlier sessions', async (system) => {
  await (await system.init()).start();
  await fs.writeFile(path.join(system.dir, 'ann.password'), 'correct horse\n');
  assert.equal((await system.convwire('agent', 'add', 'ann', '--password-file', path.join(system.dir, 'ann.password'))).code, 0);
  const signedIn = await system.http('/api/v1/session', { method: 'POST', body: '{"login":"ann","password":"correct horse"}' });
  const Cookie = signedIn.headers['set-cookie'][0].split(';')[0];
  const { folder } = await backup(system);
  await system.daemon.stop();
  assert.equal((await system.convwire('restore', folder)).code, 0);
  await system.startDaemon();
  await system.ready();
  assert.equal((await system.http('/api/v1/session/refresh', { method: 'POST', headers: { Cookie } })).status, 401);
  assert.equal((await system.http('/api/v1/session', { method: 'POST', body: '{"login":"ann","password":"correct horse"}' })).status, 200);
});

scenario('a backup under load is consistent, and the next one copies only new files', async (system) => {
  await system.init();
  const sim = await system.startSim();
  await system.start();
  let n = 0;
  let isOver = false;
  const writers = [0, 1, 2, 3].map(async (w) => {
    while (!isOver) await system.customerWrites({ from: `92345000${w}${String(n++ % 100).padStart(3, '0')}`, body: `message ${n}` });
  });
  const sendsImage = async (from) => {
    await sim.writes({ from, type: 'image', file: { mime_type: 'image/png', base64: randomBytes(1000).toString('base64') } });
    const id = `${system.account}_${system.number}_${from}`;
    await eventually(async () => (await system.thread(id)).some(({ media }) => media?.state === 'ready'), 'the image is fetched');
  };
  await sendsImage('923459990001');
  const first = await backup(system);
  assert.match(first.done.stdout, /Copied the database and 1 new files/);
  await sendsImage('923459990002');
  const second = await backup(system);
  assert.match(second.done.stdout, /and 1 new files/);
  isOver = true;
  await Promise.all(writers);
  assert.deepEqual((await fs.readdir(second.folder)).sort(), ['convwire.db', 'media']);
  await system.daemon.stop();
  const done = await system.convwire('restore', second.folder, '--json');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(JSON.parse(done.stdout), { new_files: 0, unknown: 0 });
  const check = await system.convwire('check', '--json');
  assert.equal(check.code, 0, check.stdout);
  assert.ok(JSON.parse(check.stdout).messages > 10);
});

scenario('anything but a backup is refused, and the database stays unchanged', async (system) => {
  await system.init();
  await system.startSim();
  await system.start();
  await system.customer();
  const { folder } = await backup(system);
  await system.daemon.stop();
  const database = path.join(folder, 'convwire.db');
  const good = await fs.readFile(database);
  const restore = () => system.convwire('restore', folder);
  const stands = () => fs.readFile(path.join(system.dir, 'convwire.db'));
  const before = await stands();
  const damaged = Buffer.from(good);
  damaged.fill(0xa5, 8192, good.length - 4096);
  const cases = [
    ['nothing', () => fs.rm(database), /FOLDER must be a backup made by `convwire backup`/],
    ['text', () => fs.writeFile(database, 'this is no database at all'.repeat(100)), /not a database/],
    ['half', () => fs.writeFile(database, good.subarray(0, good.length / 2)), /damaged|malformed/],
    ['other bytes inside', () => fs.writeFile(database, damaged), /damaged|malformed/],
    ['a newer one', async () => {
      await fs.writeFile(database, good);
      execFileSync('node', ['-e', `const fs=require('fs');const fd=fs.openSync(${JSON.stringify(database)},'r+');fs.writeSync(fd,Buffer.from([0,0,0,99]),0,4,60);`]);
    }, /newer Convwire/],
  ];
  for (const [name, make, words] of cases) {
    await make();
    const done = await restore();
    assert.notEqual(done.code, 0, name);
    assert.match(done.stderr, words, name);
    assert.ok(before.equals(await stands()), name);
    assert.deepEqual((await fs.readdir(system.dir)).filter((file) => file.includes('restor')), [], name);
  }
  await fs.writeFile(database, good);
  assert.equal((await restore()).code, 0);

  const [shard] = await fs.readdir(path.join(folder, 'media'));
  assert.equal(shard, undefined, 'no file was sent here');
  const name = 'ab'.repeat(32);
  await fs.mkdir(path.join(folder, 'media/ab'), { recursive: true });
  await fs.writeFile(path.join(folder, 'media/ab', name), 'other bytes');
  const done = await restore();
  assert.equal(done.code, 0);
  assert.match(done.stderr, /1 files in .*media are damaged/);
  await assert.rejects(fs.stat(path.join(system.dir, 'media/ab', name)));
});

scenario('a killed daemon\'s WAL is kept with the old database, and does not get into the new one', async (system) => {
  await (await system.init()).start();
  await system.customerWrites({ from: '923450000001', body: 'before' });
  const { folder } = await backup(system);
  await system.customerWrites({ from: '923450000002', body: 'after' });
  await system.daemon.stop('SIGKILL');
  const database = path.join(system.dir, 'convwire.db');
  assert.ok((await fs.stat(`${database}-wal`)).size > 0);
  const restored = async (messages) => {
    const done = await system.convwire('restore', folder);
    assert.equal(done.code, 0, done.stderr);
    const check = await system.convwire('check', '--json');
    assert.equal(check.code, 0, check.stdout);
    assert.equal(JSON.parse(check.stdout).messages, messages);
  };
  await restored(1);
  await fs.rename(`${database}.before-restore`, path.join(folder, 'convwire.db'));
  await restored(2);
});

scenario('a backup that cannot be written says why and leaves nothing', async (system) => {
  await (await system.init()).start();
  const file = path.join(system.dir, 'a-file');
  await fs.writeFile(file, '');
  for (const folder of [file, path.join(system.dir, 'no/such/parent')]) {
    const done = await system.convwire('backup', folder);
    assert.notEqual(done.code, 0);
    assert.match(done.stderr, /convwire: .*(Not a directory|No such file|File exists)/);
  }
  assert.equal((await system.convwire('backup')).code, 64);
  assert.equal((await system.convwire('restore')).code, 64);
  assert.equal((await system.control('backup', { path: 'relative.db' })).status, 'invalid');
});

scenario('a restore killed at any point leaves the old or the new database, and can be repeated', async (system, t) => {
  await system.init();
  const { folder } = await backup(system);
  assert.equal((await system.convwire('account', 'add', 'since-the-backup')).code, 0);
  const original = `${system.dir}.original`;
  await fs.cp(system.dir, original, { recursive: true });
  const accounts = async () => JSON.parse((await system.convwire('account', 'list', '--json')).stdout).map(({ account }) => account);
  let kills = 0;
  for (const call of ['fsync', 'fdatasync', 'link', 'rename', 'unlink', 'mkdir', 'rmdir']) {
    for (let n = 1, isKilled = true; isKilled; n++) {
      await fs.rm(system.dir, { recursive: true });
      await fs.cp(original, system.dir, { recursive: true });
      const end = await run('strace', 'strace', ['-f', '-qq', '-o', '/dev/null', '-e', `inject=${call}:signal=KILL:when=${n}`,
        programPath('convwire'), 'restore', folder, '--dir', system.dir], { env: { ASAN_OPTIONS: 'detect_leaks=0' } }); // not under ptrace
      isKilled = end.code === null || end.code === 137; // strace ends with the same signal
      kills += isKilled;
      assert.ok(isKilled || end.code === 0, `${call} ${n}: ${end.stderr}`);
      const left = await accounts();
      assert.ok(left.includes(system.account) && left.length <= 2, `${call} ${n}: ${left}`);
      assert.equal((await system.convwire('check')).code, 0, `${call} ${n}`);
    }
    assert.equal((await system.convwire('restore', folder)).code, 0, `after ${call}`);
    assert.deepEqual(await accounts(), [system.account]);
  }
  t.diagnostic(`${kills} kill points`);
  assert.ok(kills > 15, `${kills}`);
});

scenario('a damaged search index stops no backup: the copy has it built again', async (system) => {
  await (await system.init()).start();
  await system.customerWrites({ from: '923456789012', body: 'Is the blue lamp in stock?' });
  await eventually(async () => (await system.api('/search?q=lamp')).json.messages.length === 1, 'it is found');
  await system.daemon.stop();
  const database = path.join(system.dir, 'convwire.db');
  // Newer shells refuse to touch a virtual table's own tables, unless told.
  execFileSync('sqlite3', ['-cmd', '.dbconfig defensive off', database, 'DELETE FROM message_text_data WHERE id > 10']);
  const folder = path.join(system.dir, '..', 'copy');
  const made = await system.convwire('backup', folder);
  assert.equal(made.code, 0, made.stderr);
  const restored = await system.convwire('restore', folder);
  assert.equal(restored.code, 0, restored.stderr);
  await system.startDaemon();
  await system.ready();
  assert.equal((await system.api('/search?q=lamp')).json.messages.length, 1);
});
