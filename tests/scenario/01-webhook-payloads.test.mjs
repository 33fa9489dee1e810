// Every webhook in our test data, and those of other projects (in CONVWIRE_PAYLOADS, or in ../shared/payloads, if
// present).
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

import { REPO, scenario } from '../lib/system.mjs';

const PAYLOADS = path.resolve(process.env.CONVWIRE_PAYLOADS ?? path.join(REPO, '../shared/payloads'));
const FOLDERS = [path.join(REPO, 'tests/data/webhook'), PAYLOADS].filter(existsSync);
if (!FOLDERS.includes(PAYLOADS)) console.log(`${PAYLOADS} is not there; posting our own tests/data/webhook only`);

async function readAll(folder) {
  const entries = await fs.readdir(folder, { withFileTypes: true });
  const nested = await Promise.all(entries.map((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return readAll(file);
    return entry.name.endsWith('.json') ? fs.readFile(file).then((bytes) => [{ file, bytes }]) : [];
  }));
  return nested.flat().sort((one, other) => one.file.localeCompare(other.file));
}

/** Every value of a key, at any depth. */
function valuesOf(key, json) {
  if (json === null || typeof json !== 'object') return [];
  return Object.entries(json).flatMap(([name, value]) =>
    (name === key && typeof value !== 'object' ? [String(value)] : valuesOf(key, value)));
}

const parse = ({ bytes }) => {
  try {
    return JSON.parse(bytes);
  } catch {
    return null;
  }
};

/** Placeholders and messages without a sender or recipient cannot be shown; they are kept raw. */
const namesSomebody = (message) => [message.from, message.from_user_id, message.to, message.to_user_id]
  .some((name) => /^[A-Za-z0-9.+-]+$/.test(name ?? ''));

/**
 * The wamids that must be shown: messages and echoes in changes for a number. Edits and revokes change other messages.
 */
function messagesOf(json) {
  const entries = Array.isArray(json?.entry) ? json.entry : [];
  return entries.flatMap((entry) => (Array.isArray(entry?.changes) ? entry.changes : []))
    .filter((change) => ['messages', 'smb_message_echoes'].includes(change?.field) && /^[0-9]{1,32}$/.test(change.value?.metadata?.phone_number_id))
    .flatMap(({ value }) => [...(value.messages ?? []), ...(value.message_echoes ?? [])])
    .filter((message) => typeof message.id === 'string' && namesSomebody(message) && !['edit', 'revoke'].includes(message.type))
    .map(({ id }) => id);
}

/** The same webhook with its own wamids; the bytes are otherwise unchanged. */
function withOwnWamids({ file, bytes }, index) {
  const ids = new Set(messagesOf(parse({ bytes })));
  return { file, bytes: [...ids].reduce((text, id) => text.replaceAll(`"${id}"`, `"${id}.${index}"`), bytes.toString()) };
}

const hasTriedFile = ({ media }) => !media || media.state !== 'pending' || media.error !== undefined;

for (const folder of FOLDERS) scenario(`every payload of ${path.relative(REPO, folder)} is taken, shown once, on its topic`, async (system, t) => {
  const files = await readAll(folder);
  assert.ok(files.length > 50, `${files.length} files`);
  await system.init();
  await fs.writeFile(path.join(system.dir, 'keys/apps/main.conf'), 'accounts = *\n');
  await system.start();
  const numbers = new Set(files.flatMap((file) => valuesOf('phone_number_id', parse(file))).filter((id) => /^[0-9]{1,32}$/.test(id)));
  numbers.delete(system.number);
  for (const number of numbers) assert.equal((await system.convwire('number', 'add', number, '--account', system.account)).code, 0);
  const agent = await system.agent();

  // Unchanged (examples share their wamids, so most are duplicates), again, and each with its own wamids.
  const own = files.map(withOwnWamids);
  for (const { file, bytes } of [...files, ...files.slice(0, 40), ...own]) {
    assert.equal((await system.postWebhook(bytes)).status, 200, file);
  }
  await agent.caughtUp();
  // No number has a token: each file reports that once, in its own event, when fetching is tried.
  await agent.until(() => [...agent.conversations.keys()].flatMap((id) => agent.thread(id)).every(hasTriedFile), 'every file was tried');
  await agent.caughtUp();
  t.diagnostic(`${files.length} files, ${numbers.size + 1} numbers, ${agent.cursor} events, ${agent.wamids.length} messages`);

  // The stream equals the database: the same events in the same order, and the same rows at the end.
  const essence = ({ seq, prev, kind, conversation, epoch }) => ({ seq, prev, kind, conversation, epoch });
  const live = agent.received.map(({ event }) => essence(event));
  assert.deepEqual(live, (await system.log()).map(essence), 'each event once over MQTT, as in /sync');
  const late = await (await system.agent({ agent: 'late' })).caughtUp();
  assert.deepEqual([...agent.conversations.keys()].sort(), [...late.conversations.keys()].sort(), 'the same conversations');
  for (const id of late.conversations.keys()) {
    assert.deepEqual(agent.conversations.get(id), late.conversations.get(id), `the row of ${id}`);
    assert.deepEqual(agent.thread(id), late.thread(id), `the thread of ${id}`);
  }

  const shown = new Set(agent.wamids);
  const missing = own.flatMap((file) => messagesOf(parse(file)).filter((id) => !shown.has(id)).map((id) => `${path.basename(file.file)}: ${id}`));
  assert.deepEqual(missing, [], 'every message is shown');
  const check = await system.check();
  assert.deepEqual(check.faults, []);
  t.diagnostic(`kept raw ${check.kept_changes}, waiting ${check.waiting_changes}`);
  agent.check();
  late.check();
});
