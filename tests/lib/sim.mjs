// The simulated WhatsApp of a scenario: build/bin/convwire-sim, what it took, and how it misbehaves.
import { randomUUID } from 'node:crypto';

import { request } from './http.mjs';
import { mqttConnect, publish, subscribe } from './mqtt.mjs';
import { Changing, eventually } from './until.mjs';

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

  /** A customer writes: { from, text, name, at } or { from, type, … }. Gives the wamid. */
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

  /** The messages that it took, in order. */
  async taken() {
    return (await this.ledger()).messages;
  }

  /** The texts that a customer got. */
  async textsTo(customer) {
    return (await this.taken()).filter(({ to }) => to === customer).map(({ body }) => body.text?.body);
  }

  /** Waits until it has taken `n` messages. */
  tookAtLeast(n, options) {
    return eventually(async () => {
      const messages = await this.taken();
      return messages.length >= n && messages;
    }, `the simulated WhatsApp takes ${n} messages`, options);
  }

  /** Asks the Graph API itself. */
  graph(where, { token = TOKEN, ...options } = {}) {
    return request(`${this.url}/v24.0${where}`, { ...options, headers: { Authorization: `Bearer ${token}`, ...options.headers } });
  }
}

/** An agent who sends commands over MQTT and hears the answers. */
export class Commander extends Changing {
  replies = [];

  constructor(system, { agent = 'ann', role = 'agent', protocolVersion = 5, account = system.account } = {}) {
    super();
    Object.assign(this, { system, agent, role, protocolVersion, account });
  }

  async start() {
    const { system, account, agent, role, protocolVersion } = this;
    this.client = await mqttConnect(system.wsUrl, { account, agent, protocolVersion, token: system.token(account, role, agent) });
    system.clients.push(this.client);
    this.client.on('message', (topic, payload, packet) => {
      if (!topic.endsWith('/reply')) return;
      this.replies.push({ topic, ...JSON.parse(payload), correlation: packet.properties?.correlationData?.toString() });
      this.changed();
    });
    await subscribe(this.client, `acct/${account}/agent/${agent}/reply`);
    return this;
  }

  /** The PUBACK's code; the answer comes on the reply topic. */
  publish(conversation, command, options) {
    const payload = typeof command === 'string' ? command : JSON.stringify(command);
    return publish(this.client, `acct/${this.account}/conv/${conversation}/cmd/${this.agent}`, payload, options);
  }

  answerTo(id) {
    return this.until(() => this.replies.find((reply) => reply.id === id), `${this.agent} hears the answer to ${id}`);
  }

  /** Sends a command and gives its answer. */
  async do(conversation, type, data, id = randomUUID()) {
    await this.publish(conversation, { id, type, ...(data && { data }) });
    return this.answerTo(id);
  }

  say(conversation, body, id) {
    return this.do(conversation, 'send', { kind: 'text', content: { body } }, id);
  }
}
