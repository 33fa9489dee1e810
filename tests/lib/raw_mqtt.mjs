// MQTT packet by packet, over TCP and over WebSocket: for what a client library does not send (AUTH, invalid bytes, a
// will by DISCONNECT 0x04) and what it hides (every code of every answer, in order of arrival).
import net from 'node:net';

import mqttPacket from 'mqtt-packet';
import WebSocket from 'ws';

import { Changing, within } from './until.mjs';

function openTcp({ mqttPort, socketPath }, client) {
  const socket = net.connect(socketPath ? { path: socketPath } : { port: mqttPort, host: '127.0.0.1', noDelay: true });
  socket.on('data', (bytes) => client.take(bytes));
  socket.on('close', () => client.gone());
  const opened = new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.on('error', reject); // later errors are also reported by `close`
  });
  return { opened, write: (bytes) => socket.write(bytes), end: () => socket.end(), drop: () => socket.destroy() };
}

function openWs({ wsPort }, client) {
  const socket = new WebSocket(`ws://127.0.0.1:${wsPort}`, ['mqtt'], { perMessageDeflate: false });
  socket.on('message', (bytes) => client.take(bytes));
  socket.on('close', () => client.gone());
  const opened = new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.on('error', reject);
  });
  return { opened, write: (bytes) => socket.send(bytes, () => {}), end: () => socket.close(), drop: () => socket.terminate() };
}

export class RawClient extends Changing {
  packets = []; // everything received, in order
  isClosed = false;
  fault = null; // bytes that are not MQTT
  acks = true; // acknowledges messages with QoS 1 and 2
  #id = 0;

  constructor(version) {
    super();
    this.version = version;
    this.parser = mqttPacket.parser({ protocolVersion: version });
    this.parser.on('packet', (packet) => this.#onPacket(packet));
    this.parser.on('error', (error) => { this.fault = error; });
  }

  /** A socket to the broker; nothing has been sent yet. `ports`: { mqttPort, wsPort }, or { socketPath }. */
  static async open(ports, { transport = 'tcp', version = 5 } = {}) {
    const client = new RawClient(version);
    client.socket = (transport === 'ws' ? openWs : openTcp)(ports, client);
    await within(client.socket.opened, `a ${transport} connection`);
    return client;
  }

  take(bytes) {
    this.parser.parse(bytes);
    this.changed();
  }

  gone() {
    this.isClosed = true;
    this.changed();
  }

  #onPacket(packet) {
    this.packets.push(packet);
    if (!this.acks) return;
    if (packet.cmd === 'publish' && packet.qos === 1) this.send({ cmd: 'puback', messageId: packet.messageId });
    if (packet.cmd === 'publish' && packet.qos === 2) this.send({ cmd: 'pubrec', messageId: packet.messageId });
    if (packet.cmd === 'pubrel') this.send({ cmd: 'pubcomp', messageId: packet.messageId });
  }

  // ---- sending ----

  newId() {
    this.#id = this.#id % 65535 + 1;
    return this.#id;
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  send(packet) {
    this.write(mqttPacket.generate(packet, { protocolVersion: this.version }));
  }

  /**
   * Sends a packet and returns the first later packet for which `isAnswer` is true. It is an error if the connection
   * ends first.
   */
  async ask(packet, isAnswer, what) {
    const from = this.packets.length;
    this.send(packet);
    return this.until(() => {
      const answer = this.packets.slice(from).find(isAnswer);
      if (!answer && this.isClosed) throw Object.assign(new Error(`closed before ${what}`), { isClosed: true });
      return answer;
    }, what);
  }

  /** The CONNACK's code, or 'closed' when the connection ended without one. `this.connack` is the packet. */
  async connect({ clientId = '', token, username = 'ignored', clean = true, keepalive = 60, will, properties, ...more } = {}) {
    const packet = {
      cmd: 'connect', protocolId: 'MQTT', protocolVersion: this.version, clientId, clean, keepalive, will, ...more,
      ...(username !== undefined && { username }), ...(token !== undefined && { password: Buffer.from(token) }),
      ...(this.version === 5 && properties && { properties }),
    };
    this.clientId = clientId;
    try {
      this.connack = await this.ask(packet, ({ cmd }) => cmd === 'connack', 'CONNACK');
    } catch (error) {
      if (error.isClosed) return 'closed';
      throw error;
    }
    return this.version === 5 ? this.connack.reasonCode : this.connack.returnCode;
  }

  /** The SUBACK's codes, or a single code for a single filter. */
  async subscribe(filters, { qos = 1, ...options } = {}) {
    const messageId = this.newId();
    const subscriptions = [filters].flat().map((topic) => ({ topic, qos, ...options }));
    const { granted } = await this.ask({ cmd: 'subscribe', messageId, subscriptions },
      (packet) => packet.cmd === 'suback' && packet.messageId === messageId, `SUBACK of ${filters}`);
    return Array.isArray(filters) ? granted : granted[0];
  }

  async unsubscribe(filter) {
    const messageId = this.newId();
    return this.ask({ cmd: 'unsubscribe', messageId, unsubscriptions: [filter] },
      (packet) => packet.cmd === 'unsuback' && packet.messageId === messageId, `UNSUBACK of ${filter}`);
  }

  /** QoS 1 and 2: the code of the answer (always 0 with 3.1.1); 16, nobody subscribed, counts as 0. */
  async publish(topic, payload = '', { qos = 1, retain = false, properties, messageId = qos ? this.newId() : undefined } = {}) {
    const packet = { cmd: 'publish', topic, payload, qos, retain, messageId, ...(this.version === 5 && { properties }) };
    if (qos === 0) {
      this.send(packet);
      return 0;
    }
    const answers = (...commands) => (answer) => commands.includes(answer.cmd) && answer.messageId === messageId;
    const first = await this.ask(packet, answers('puback', 'pubrec'), `the answer to a publish on ${topic}`);
    if (first.cmd === 'pubrec' && !(first.reasonCode >= 128)) {
      await this.ask({ cmd: 'pubrel', messageId }, answers('pubcomp'), 'PUBCOMP');
    }
    return first.reasonCode === 16 ? 0 : first.reasonCode ?? 0;
  }

  /** When this returns, everything that the broker sent before the ping has arrived. */
  async ping() {
    return this.ask({ cmd: 'pingreq' }, ({ cmd }) => cmd === 'pingresp', 'PINGRESP');
  }

  async isAlive() {
    try {
      await this.ping();
      return true;
    } catch (error) {
      if (error.isClosed) return false;
      throw error;
    }
  }

  // ---- received ----

  get messages() {
    return this.packets.filter(({ cmd }) => cmd === 'publish')
      .map(({ topic, payload, qos, retain, properties }) => ({ topic, payload: payload.toString(), qos, retain, properties }));
  }

  /** [topic, payload] of each message; most scenarios compare these. */
  get heard() {
    return this.messages.map(({ topic, payload }) => [topic, payload]);
  }

  payloads(topic) {
    return this.messages.filter((message) => message.topic === topic).map(({ payload }) => payload);
  }

  /** Waits for a message; `payload` is a text to compare or a function to call. */
  async message(topic, payload) {
    return this.until(() => {
      const found = this.messages.find((message) => message.topic === topic &&
        (payload === undefined || (typeof payload === 'function' ? payload(message.payload) : message.payload === payload)));
      if (!found && this.isClosed) throw new Error(`closed before ${topic}: ${JSON.stringify(this.heard)}`);
      return found;
    }, `${topic}: ${payload ?? 'a message'}`, { describe: () => JSON.stringify(this.heard) });
  }

  /** The reason of the broker's DISCONNECT (MQTT 5), else undefined. */
  get disconnectReason() {
    return this.packets.find(({ cmd }) => cmd === 'disconnect')?.reasonCode;
  }

  // ---- the end ----

  async closed() {
    return this.until(() => this.isClosed, `${this.clientId} is disconnected`);
  }

  /** A clean exit; `reasonCode` 4 asks for the will. */
  async end({ reasonCode = 0 } = {}) {
    if (!this.isClosed) {
      this.send({ cmd: 'disconnect', reasonCode });
      this.socket.end();
    }
    return this.closed();
  }

  /** Ends the connection as if the network failed. */
  drop() {
    this.socket.drop();
    return this.closed();
  }
}
