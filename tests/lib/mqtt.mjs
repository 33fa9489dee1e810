// MQTT over WebSocket, with mqtt.js, as a page does it.
import mqtt from 'mqtt';

import { Changing, within } from './until.mjs';

let tabs = 0;

/** A connected client, or the CONNACK's reason code thrown as error.code. */
export async function mqttConnect(url, { account, agent, token, clientId, protocolVersion = 5, ...options }) {
  const client = mqtt.connect(url, {
    clientId: clientId ?? `${account}:${agent}:tab${++tabs}`,
    username: 'token', password: token, // mqtt.js sends no password without a username; the server ignores it
    protocolVersion, clean: true, keepalive: 10, reconnectPeriod: 0,
    resubscribe: false, // after a reconnect, the caller subscribes and sees the SUBACKs
    ...options,
  });
  const connected = new Promise((resolve, reject) => {
    client.once('connect', resolve);
    client.once('error', reject);
    client.once('close', () => reject(new Error('closed before CONNACK')));
  });
  try {
    await within(connected, 'CONNACK');
  } catch (error) {
    client.on('error', () => {}); // other errors do not matter
    client.end(true);
    throw error;
  }
  return client;
}

/** The SUBACK's code: the granted QoS, or 128 and more. */
export function subscribe(client, filter, qos = 1) {
  return within(new Promise((resolve, reject) => {
    client.subscribe(filter, { qos }, (error, granted, packet) => {
      const code = packet?.granted?.[0] ?? granted?.[0]?.qos;
      if (code === undefined) reject(error ?? new Error('no SUBACK'));
      else resolve(code);
    });
  }), `SUBACK of ${filter}`);
}

/** The PUBACK's reason code; 16 (nobody subscribed) counts as accepted, 0. */
export function publish(client, topic, payload, options = {}) {
  return within(new Promise((resolve, reject) => {
    client.publish(topic, payload, { qos: 1, ...options }, (error, packet) => {
      const code = error?.code ?? packet?.reasonCode ?? 0;
      if (error && typeof error.code !== 'number') reject(error);
      else resolve(code === 16 ? 0 : code);
    });
  }), `PUBACK of ${topic}`);
}

/** Everything that a client receives: [{ topic, payload, retain }], payload is parsed if it is JSON. */
export class Inbox extends Changing {
  received = [];

  constructor(client) {
    super();
    client.on('message', (topic, payload, packet) => {
      let parsed = payload.toString();
      try {
        parsed = JSON.parse(parsed);
      } catch { /* not every message is JSON */ }
      this.received.push({ topic, payload: parsed, retain: packet.retain });
      this.changed();
    });
  }

  /** The events of conversations, each with its topic. */
  get events() {
    return this.received.filter(({ topic }) => topic.split('/').length === 4 && topic.split('/')[2] === 'conv');
  }

  /** The conversation ids in the topics. */
  get conversations() {
    return [...new Set(this.events.map(({ topic }) => topic.split('/')[3]))].sort();
  }
}
