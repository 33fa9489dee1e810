// WhatsApp's customers: sequential writers. Each value `w<writer>.<n>` is posted until it is acknowledged or given up,
// and every outcome is recorded.
import http from 'node:http';

import { SECRET } from '../lib/system.mjs';
import { change, contact, newWamid, sign, text, webhook } from '../lib/webhook.mjs';

const TIMEOUT_MS = 4000;
const CUSTOMERS_EACH = 5;

export class Generator {
  sent = []; // { value, wamid, customer, at, ackedAt (0: unknown), tries }
  #isStopping = false;

  constructor(world, random, { writers = 8, perSecond = 24 } = {}) {
    Object.assign(this, { world, random, writers, pauseMs: (1000 * writers) / perSecond });
    this.agent = new http.Agent({ keepAlive: true });
  }

  start() {
    this.running = Promise.all(Array.from({ length: this.writers }, (_, writer) => this.#write(writer)));
  }

  async stop() {
    this.#isStopping = true;
    await this.running;
    this.agent.destroy();
  }

  /** Writes one value after another: the next only when this one is acknowledged or given up. */
  async #write(writer) {
    for (let n = 0; !this.#isStopping; n++) {
      const began = Date.now();
      const value = { value: `w${writer}.${n}`, wamid: newWamid(), customer: `92345${String(writer).padStart(3, '0')}000${n % CUSTOMERS_EACH}`, at: began, ackedAt: 0, tries: 0 };
      const isGivenUp = this.random.next() < 0.1; // WhatsApp would retry for days; then the outcome stays unknown
      this.sent.push(value);
      do {
        value.tries++;
        if (await this.#post(value)) value.ackedAt = Date.now();
        else await pause(200);
      } while (!value.ackedAt && !isGivenUp && !(this.#isStopping && value.tries > 20));
      await pause(Math.max(0, this.pauseMs - (Date.now() - began)));
    }
  }

  /** Returns whether it was acknowledged. Otherwise it is unknown whether it was stored. */
  #post({ value, wamid, customer, at }) {
    const message = text({ from: customer, body: `${value} ${at}`, wamid, at: Math.floor(at / 1000) });
    const body = JSON.stringify(webhook([change(this.world.number, { contacts: [contact({ from: customer, name: `Customer ${customer.slice(-7)}` })], messages: [message] })]));
    return new Promise((resolve) => {
      const request = http.request(this.world.webhookUrl, { method: 'POST', agent: this.agent, timeout: TIMEOUT_MS,
        headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), 'X-Hub-Signature-256': sign(body, SECRET) } });
      request.on('response', (answer) => {
        answer.resume();
        answer.on('error', () => resolve(false));
        answer.on('end', () => resolve(answer.statusCode === 200));
      });
      request.on('timeout', () => request.destroy());
      request.on('error', () => resolve(false));
      request.on('close', () => resolve(false));
      request.end(body);
    });
  }
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
