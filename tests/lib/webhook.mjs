// WhatsApp's side: webhooks in the Cloud API's format, and their signature.
import { createHmac, randomBytes } from 'node:crypto';

export const WABA = '102290129340398';

export function sign(body, secret) {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** A wamid with the length of real ones. */
export function newWamid() {
  return `wamid.${randomBytes(33).toString('base64').replaceAll('+', 'A').replaceAll('/', 'B')}`;
}

let lastCustomer = randomBytes(4).readUInt32BE();

/** A different one each time: among two hundred random ones, two would be equal once in five hundred runs. */
export function newCustomer() {
  lastCustomer = (lastCustomer + 1) % 10_000_000;
  return `92345${String(lastCustomer).padStart(7, '0')}`;
}

/** One webhook with any number of changes. */
export function webhook(changes, { waba = WABA } = {}) {
  return { object: 'whatsapp_business_account', entry: [{ id: waba, changes }] };
}

/** One change of field `messages`; `parts` are messages, statuses, contacts. */
export function change(number, parts, field = 'messages') {
  return {
    field,
    value: {
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: '15550100200', phone_number_id: number },
      ...parts,
    },
  };
}

/** A text message. `at`: seconds, WhatsApp's time. `userId`: a business-scoped user id; `from` may then be absent. */
export function text({ from, userId, body = 'Hello', wamid = newWamid(), at = Math.floor(Date.now() / 1000) } = {}) {
  return {
    ...(from && { from }), ...(userId && { from_user_id: userId }),
    id: wamid, timestamp: String(at), type: 'text', text: { body },
  };
}

export function contact({ from, userId, name = 'Ayesha Khan' }) {
  return { profile: { name }, ...(from && { wa_id: from }), ...(userId && { user_id: userId }) };
}

/** The usual webhook: one customer, one text. */
export function textWebhook(number, options = {}) {
  const who = options.userId ? options : { from: '923456789012', ...options };
  return webhook([change(number, { contacts: [contact(who)], messages: [text(who)] })]);
}

/** A webhook that belongs to no conversation. */
export function qualityWebhook(limit = 'TIER_1K', waba = WABA) {
  return webhook([{
    field: 'phone_number_quality_update',
    value: { display_phone_number: '15550100200', event: 'THROUGHPUT_UPGRADE', current_limit: limit },
  }], { waba });
}

/** The wamids of all messages and echoes in a webhook, in order. */
export function wamidsOf(body) {
  return body.entry.flatMap((entry) => entry.changes)
    .flatMap(({ value }) => [...(value.messages ?? []), ...(value.message_echoes ?? [])])
    .map((message) => message.id);
}
