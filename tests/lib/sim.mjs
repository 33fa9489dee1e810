// A scenario's simulated WhatsApp: build/bin/convwire-sim, what it accepted, and how it misbehaves.
import { request } from './http.mjs';
import { eventually } from './until.mjs';

export const TOKEN = 'the-access-token-of-the-scenarios';

export class Sim {
  constructor(program, port) {
    this.program = program;
    this.url = `http://127.0.0.1:${port}`;
  }

  async #post(where, body) {
    const answer = await request(`${this.url}${where}`, { method: 'POST', body: JSON.stringify(body) });
    if (answer.status !== 200) throw new Error(`${where} answered ${answer.status}: ${answer.text}`);
    return answer.json;
  }

  /** A customer writes: { from, text, name, at } or { from, type, … }. Returns the wamid. */
  async writes(message) {
    return (await this.#post('/sim/write', message)).wamid;
  }

  /** Many customers write in one webhook: { messages, bytes }. */
  writesBatch(size) {
    return this.#post('/sim/batch', size);
  }

  /** { do, on, after, count, share, … }, { statuses }, { tokens }, { rate }, { webhook }: docs/simulator.md. */
  behave(rule) {
    return this.#post('/sim/behave', rule);
  }

  async behaveWell() {
    await request(`${this.url}/sim/behave`, { method: 'DELETE' });
  }

  async ledger() {
    return (await request(`${this.url}/sim/ledger`)).json;
  }

  /** The messages that it accepted, in order. */
  async taken() {
    return (await this.ledger()).messages;
  }

  /** The texts that a customer got. */
  async textsTo(customer) {
    return (await this.taken()).filter(({ to }) => to === customer).map(({ body }) => body.text?.body);
  }

  /** Waits until it has accepted `n` messages. */
  tookAtLeast(n, options) {
    return eventually(async () => {
      const messages = await this.taken();
      return messages.length >= n && messages;
    }, `the simulated WhatsApp takes ${n} messages`, options);
  }

  /** Sends a request to the Graph API directly. */
  graph(where, { token = TOKEN, ...options } = {}) {
    return request(`${this.url}/v24.0${where}`, { ...options, headers: { Authorization: `Bearer ${token}`, ...options.headers } });
  }
}
