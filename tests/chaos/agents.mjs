// The agents, in a separate process: clients of @convwire/client that follow, and some that reply. The parent controls
// them with messages { start }, { quiet }, { compare }, and gets their findings back.
import assert, { deepStrictEqual } from 'node:assert';

import { Client, MemoryOutbox, mqtt } from '../lib/page.mjs';
import { eventually } from '../lib/until.mjs';
import { Random } from './random.mjs';
import { Reached } from './world.mjs';

const LIMITED = 4;
const REPLIERS = 10;
const CONVERGE_MS = 120_000;

class Agents {
  clients = [];
  replies = []; // { body, conversation, at, command }
  faults = []; // broken promises
  created = new Map(); // message → where its first event is: { epoch, seq }
  worst = new Map(); // second of sending → { ms, agent }: the longest delivery, and to which agent
  #isQuiet = false;

  async start({ dir, host, ports, n, seed }) {
    const [httpPort, mqttPort, wsPort] = ports;
    this.system = Object.assign(new Reached(), { dir, host, httpPort, mqttPort, wsPort });
    this.random = new Random(seed);
    this.clients = Array.from({ length: n }, (_, i) => this.#client(i));
    for (const client of this.clients) client.start();
    await Promise.all(this.clients.map((client) => eventually(() => client.status === 'live', `${client.name} is live`, { ms: CONVERGE_MS })));
    this.replying = Promise.all(this.clients.slice(LIMITED, LIMITED + REPLIERS).map((client) => this.#reply(client)));
    return { live: n };
  }

  #client(i) {
    const name = i < LIMITED ? `limited-${i}` : `agent-${i}`;
    const role = i < LIMITED ? 'assigned-agent' : i % 10 === 9 ? 'supervisor' : 'agent';
    const ttl = i % 5 === 0 ? 30 : 3600; // one in five has short-lived tokens
    const { system } = this;
    const client = new Client({
      url: `http://${system.host}:${system.httpPort}`, mqttUrl: system.wsUrl, account: system.account, subject: name, outbox: new MemoryOutbox(),
      token: () => system.token(system.account, role, name, { exp: Math.floor(Date.now() / 1000) + ttl }), connect: (url, all) => mqtt.connect(url, all),
    });
    Object.assign(client, { name, role, epoch: null, resets: 0, begun: new Map() });
    client.on('event', (event) => this.#onEvent(client, event));
    client.on('reset', () => { client.resets++; client.begun.clear(); });
    client.on('lost', (id) => client.begun.delete(id));
    // Too much for a page to keep: the threads that were not used for longest are dropped.
    const { state } = client;
    const forgetOldest = state.forgetOldest.bind(state);
    state.forgetOldest = (spared) => {
      forgetOldest(spared);
      for (const id of client.begun.keys()) if (!state.threads.has(id)) client.begun.delete(id);
    };
    return client;
  }

  #onEvent(client, { epoch, seq, conversation, data }) {
    // A limited agent receives a conversation's earlier events when it gains it, so for it the promise is only "once".
    const isLimited = client.role === 'assigned-agent';
    if (client.epoch !== epoch) Object.assign(client, { epoch, last: -1, seen: new Set() });
    if (isLimited ? client.seen.has(seq) : seq <= client.last) this.faults.push(`${client.name}: seq ${seq} after ${client.last}`);
    if (isLimited) client.seen.add(seq);
    client.last = seq;
    if (data?.message && !client.begun.has(conversation)) client.begun.set(conversation, { epoch, seq });
    if (data?.message?.version === 1) this.created.set(data.message.id, { epoch, seq });
    const [, at] = /^w\d+\.\d+ (\d+)$/.exec(data?.message?.content?.body ?? '') ?? [];
    if (at === undefined || data.message.version > 1) return;
    const second = Math.floor(at / 1000);
    const ms = Date.now() - at;
    if (ms > (this.worst.get(second)?.ms ?? -1)) this.worst.set(second, { ms, agent: client.name });
  }

  async #reply(client) {
    for (let n = 0; !this.#isQuiet; n++) {
      await new Promise((resolve) => { setTimeout(resolve, 1500 + this.random.next() * 3000); });
      const rows = client.state.list();
      if (rows.length === 0 || this.#isQuiet) continue;
      const { id } = this.random.pick(rows);
      const body = `r-${client.name}.${n}`;
      this.replies.push({ body, conversation: id, at: Date.now(), agent: client.name, command: client.send(id, { kind: 'text', content: { body } }) });
    }
  }

  /** Stops writing and waits until everything under way is answered. */
  async quiet() {
    this.#isQuiet = true;
    for (const client of this.clients) client.retryNow();
    await this.replying;
    const waiting = () => this.clients.filter((client) => client.outbox?.size > 0);
    await eventually(() => waiting().length === 0, 'every reply is answered', { ms: CONVERGE_MS }).catch(() => {});
    return { replies: this.replies, unanswered: waiting().map(({ name, outbox }) => `${name}: ${outbox.size}`), refused: this.#refused() };
  }

  /** Replies that the server refused, with the reason that the page shows. */
  #refused() {
    const byName = new Map(this.clients.map((client) => [client.name, client]));
    return this.replies.flatMap(({ agent, command, body }) => {
      const message = byName.get(agent).state.pendingOf(command);
      return message?.local.state === 'refused' ? [{ body, reason: message.local.detail ?? 'none given' }] : [];
    });
  }

  /** Checks that every client is live and has what the server would send it; returns the differences. */
  async compare() {
    const differing = [];
    for (const client of this.clients) {
      try {
        await eventually(() => client.status === 'live', `${client.name} is live (${client.status})`, { ms: CONVERGE_MS });
        await eventually(() => this.#differs(client), `${client.name} converges`, { ms: 30_000 });
      } catch (error) {
        differing.push(`${client.name} (${client.role}, ${client.status}, cursor ${client.position.cursor} of ${client.position.head}): ${error.message} ${String(error.cause?.message ?? '').slice(0, 600)}`);
      }
    }
    const worst = [...this.worst];
    const resets = this.clients.map((client) => client.resets);
    for (const client of this.clients) await client.stop();
    return { differing, faults: this.faults, worst, resets };
  }

  /** Throws while anything differs. */
  async #differs(client) {
    const token = this.system.token(this.system.account, client.role, client.name);
    const rows = await this.system.rows({ token });
    const byId = (all) => Object.fromEntries([...all].sort((one, other) => (one.id < other.id ? -1 : 1)).map((row) => [row.id, row]));
    deepStrictEqual(byId(client.state.conversations.values()), byId(rows));
    for (const { id } of rows.slice(0, 10)) await this.#threadDiffers(client, id, token);
    return true;
  }

  /**
   * Every message that is shown must be the server's, and none may be missing that was written after this thread began
   * here: after a gain or a reset it begins empty, and what was written before is loaded when somebody opens it.
   */
  async #threadDiffers(client, id, token) {
    const shown = new Map(shownBy(client, id).map((message) => [message.id, message]));
    const { json } = await this.system.api(`/conversations/${id}/messages?limit=200`, { token });
    const stored = new Map(json.messages.map((message) => [message.id, message]));
    const oldest = Math.min(...json.messages.map(({ position }) => position));
    const positions = [...shown.values()].map(({ position }) => position);
    deepStrictEqual(positions, [...positions].sort((one, other) => one - other), `order of ${id}`);
    for (const message of shown.values()) {
      if (message.position >= oldest) deepStrictEqual(message, stored.get(message.id), `message ${message.id} of ${id}`);
    }
    const begun = client.begun.get(id);
    for (const message of stored.keys()) {
      const created = this.created.get(message);
      const isDue = created && begun?.epoch === client.position.epoch && created.epoch === begun.epoch && created.seq >= begun.seq;
      assert(!isDue || shown.has(message), `message ${message} of ${id} (seq ${created?.seq}) is missing; the thread began at ${begun?.seq}`);
    }
  }
}

/** What a thread shows, without what this agent has not sent yet. */
function shownBy(client, id) {
  return client.state.messages(id).filter((message) => message.local === undefined);
}

const agents = new Agents();

process.on('message', async ({ id, what, ...options }) => {
  try {
    process.send({ id, result: await agents[what](options) });
  } catch (error) {
    process.send({ id, error: `${error.message} ${error.cause?.message ?? ''}` });
  }
});
process.on('disconnect', () => process.exit());
