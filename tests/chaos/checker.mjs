// After the faults: is everything as promised? Every count here is a number of broken promises.
import { eventually } from '../lib/until.mjs';

/** Was it acknowledged after a backup was made and before that backup was restored? Then it may be lost. */
const wasTakenBack = (restores, at) => restores.some(({ from, to }) => at >= from - 1000 && at <= to);

function checkMessages(world, sent, messages, broken) {
  const inbound = messages.filter(({ direction }) => direction === 'in');
  const stored = new Map();
  for (const message of inbound) {
    if (stored.has(message.wamid)) broken.duplicated.push(message.wamid);
    stored.set(message.wamid, message);
  }
  for (const value of sent.filter(({ ackedAt }) => ackedAt)) {
    if (!stored.has(value.wamid) && !wasTakenBack(world.restores, value.ackedAt)) broken.lost.push(value);
  }
  // Messages acknowledged one after another must be in this order in their thread.
  const last = new Map();
  for (const value of sent.filter(({ ackedAt, wamid }) => ackedAt && stored.has(wamid))) {
    const key = `${value.value.split('.')[0]} ${value.customer}`;
    const { position } = stored.get(value.wamid);
    if (position <= (last.get(key)?.position ?? -1)) broken.reordered.push({ ...value, position, after: last.get(key) });
    last.set(key, { position, value: value.value });
  }
}

/**
 * WhatsApp must have each reply at most once, whatever happened, and exactly once unless agents were told otherwise.
 */
function checkReplies(world, { replies, refused }, messages, ledger, broken) {
  const taken = new Map(); // body → the marks with which WhatsApp accepted it
  for (const { body } of ledger) taken.set(body.text?.body, [...(taken.get(body.text?.body) ?? []), body.biz_opaque_callback_data]);
  const rows = new Map(messages.filter(({ direction, content }) => direction === 'out' && content?.body).map((message) => [message.content.body, message]));
  const wasRefused = new Set(refused.map(({ body }) => body));
  for (const { body, at } of replies) {
    const n = taken.get(body)?.length ?? 0;
    const row = rows.get(body);
    if (n > 1) broken.repliesDuplicated.push(`${body}, given at ${new Date(at).toISOString().slice(11, 23)}: ${n} times, as ${taken.get(body).join(', ')}; now ${row ? `${row.id} ${row.status}` : 'not stored'}`);
    const isTold = wasRefused.has(body) || ['unknown', 'failed'].includes(row?.status);
    if (n === 0 && !isTold && !wasTakenBack(world.restores, at)) broken.repliesLost.push(`${body} (${row?.status ?? 'not stored'})`);
  }
  return { told: [...rows.values()].filter(({ status }) => status === 'unknown').length, refused: wasRefused.size };
}

export async function check(world, { generator, quiet, compared }) {
  const broken = { lost: [], duplicated: [], reordered: [], repliesLost: [], repliesDuplicated: [], unanswered: quiet.unanswered, differing: compared.differing, outOfOrder: compared.faults, store: [] };
  // Every reply on its way to WhatsApp either arrives or is known not to.
  await eventually(async () => {
    const { queued, sending, retrying } = JSON.parse((await world.convwire('outbox', 'list', '--json')).stdout);
    return queued + sending + retrying === 0;
  }, 'nothing is on its way to WhatsApp', { ms: 120_000 });
  const messages = [];
  for (const { id } of await world.rows()) messages.push(...await world.messages(id));
  const ledger = await world.sim.taken();
  checkMessages(world, generator.sent, messages, broken);
  const told = checkReplies(world, quiet, messages, ledger, broken);
  const store = JSON.parse((await world.convwire('check', '--json')).stdout);
  broken.store.push(...store.faults);
  return { broken, told, stored: messages.length, ledger: ledger.length };
}
