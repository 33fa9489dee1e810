// An agent in a scenario who sends commands over MQTT and receives the answers.
import { randomUUID } from 'node:crypto';

import { mqttConnect, publish, subscribe } from './mqtt.mjs';
import { Changing } from './until.mjs';

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

  /** Returns the PUBACK's code; the answer arrives on the reply topic. */
  publish(conversation, command, options) {
    const payload = typeof command === 'string' ? command : JSON.stringify(command);
    return publish(this.client, `acct/${this.account}/conv/${conversation}/cmd/${this.agent}`, payload, options);
  }

  answerTo(id) {
    return this.until(() => this.replies.find((reply) => reply.id === id), `${this.agent} hears the answer to ${id}`);
  }

  /** Sends a command and returns its answer. */
  async do(conversation, type, data, id = randomUUID()) {
    await this.publish(conversation, { id, type, ...(data && { data }) });
    return this.answerTo(id);
  }

  say(conversation, body, id) {
    return this.do(conversation, 'send', { kind: 'text', content: { body } }, id);
  }
}
