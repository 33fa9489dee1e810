// A minimal client that does what docs/protocol.md, "Sync", requires of every client, and records what its page would
// show.
import assert from 'node:assert/strict';

import { Changing, eventually } from './until.mjs';
import { mqttConnect, subscribe } from './mqtt.mjs';

/** A newer version wins; the same or an older one changes nothing. */
function upsert(map, row) {
  const known = map.get(row.id);
  if (!known || row.version > known.version) map.set(row.id, row);
}

export class Agent extends Changing {
  epoch = null;
  cursor = -1;
  head = 0;
  conversations = new Map();
  messages = new Map(); // conversation id → Map of message id → message
  last = new Map(); // conversation id → seq of its last event, to check `prev`
  received = []; // every publish on conv/… and events, before anything is dropped: { topic, event }
  faults = []; // promises that the server broke
  resets = 0;
  syncs = 0;
  isLive = false;
  #buffer = [];
  #syncing = null;
  #wantsSync = false;
  #stopped = false;

  constructor(system, { account = system.account, role = 'agent', agent = 'ann', token = system.token(account, role, agent) } = {}) {
    super();
    Object.assign(this, { system, account, role, agent, token });
  }

  /** Connects, subscribes and syncs. The client reconnects automatically until stop(). */
  async start() {
    const { account, agent, token } = this;
    this.client = await mqttConnect(this.system.wsUrl, { account, agent, token, reconnectPeriod: 100 });
    this.client.on('message', (topic, payload) => this.#onMessage(topic, payload));
    this.client.on('error', () => {}); // mqtt.js reconnects
    this.client.on('connect', () => this.#afterConnect());
    this.client.on('close', () => { this.isLive = false; });
    await this.#afterConnect();
    await this.until(() => this.isLive, `${this.agent} is live`);
    return this;
  }

  async stop() {
    this.#stopped = true;
    await this.client?.endAsync(true);
  }

  // ---- live ----

  async #afterConnect() {
    this.isLive = false;
    try {
      for (const name of ['conv/+', 'events', 'head']) {
        const code = await subscribe(this.client, `acct/${this.account}/${name}`);
        if (code > 2) this.faults.push(`SUBSCRIBE ${name} answered ${code}`);
      }
      await this.sync();
    } catch (error) {
      if (!this.client.disconnecting && this.client.connected) this.faults.push(`after connect: ${error.message}`);
    }
  }

  #onMessage(topic, payload) {
    const event = JSON.parse(payload);
    if (topic.endsWith('/head')) {
      this.head = event.seq;
      if (event.epoch !== this.epoch || event.seq > this.cursor) this.sync();
    } else {
      this.received.push({ topic, event });
      if (this.#syncing || !this.isLive) this.#buffer.push(event);
      else this.#take(event);
    }
    this.changed();
  }

  #take(event) {
    if (event.epoch === this.epoch && event.seq <= this.cursor) return; // seen before
    if (event.epoch !== this.epoch || event.seq !== this.cursor + 1 || event.data === null) {
      this.#buffer.push(event);
      this.sync();
    } else {
      this.#apply(event);
    }
  }

  #apply(event) {
    const { conversation: id, data, seq, prev } = event;
    const key = id ?? 'events';
    if (this.last.has(key) && this.last.get(key) !== prev) {
      this.faults.push(`seq ${seq}: prev is ${prev}, the event before was ${this.last.get(key)}`);
    }
    this.last.set(key, seq);
    this.cursor = seq;
    if (data.conversation) upsert(this.conversations, data.conversation);
    if (data.contact) this.#rename(id, data.contact);
    if (data.message) this.#show(data.message);
    this.changed();
  }

  /** A contact has its own version; a different id means that the conversation now belongs to another contact. */
  #rename(id, contact) {
    const row = this.conversations.get(id);
    if (row && (row.contact.id !== contact.id || contact.version > row.contact.version)) {
      this.conversations.set(id, { ...row, contact });
    }
  }

  #show(message) {
    if (!this.messages.has(message.conversation)) this.messages.set(message.conversation, new Map());
    upsert(this.messages.get(message.conversation), message);
  }

  // ---- sync ----

  /** Only one sync at a time; if called during one, another follows. */
  sync() {
    this.#wantsSync = true;
    this.#syncing ??= this.#syncAll().catch((error) => {
      if (!this.#stopped) this.faults.push(`sync: ${error.message}`);
    }).finally(() => {
      this.#syncing = null;
      this.isLive = this.client.connected;
      for (const event of this.#buffer.splice(0)) this.#take(event);
      this.changed();
    });
    return this.#syncing;
  }

  async #syncAll() {
    while (this.#wantsSync && !this.#stopped) {
      this.#wantsSync = false;
      this.syncs++;
      for (let more = true; more;) {
        const query = this.epoch === null ? '' : `?epoch=${this.epoch}&since=${this.cursor}`;
        const page = await this.#get(`/sync${query}`);
        if (page.reset) await this.#reset(page);
        else page.events.forEach((event) => this.#takeSynced(event));
        this.cursor = page.as_of;
        more = page.more && !page.reset;
      }
    }
  }

  #takeSynced(event) {
    if (event.seq !== this.cursor + 1) this.faults.push(`/sync: seq ${event.seq} follows ${this.cursor}`);
    if (event.data === null) this.faults.push(`/sync: seq ${event.seq} is not whole`);
    this.#apply(event);
  }

  async #reset(page) {
    this.resets++;
    this.epoch = page.epoch;
    for (const map of [this.conversations, this.messages, this.last]) map.clear();
    let { conversations, next } = page.snapshot;
    for (;;) {
      for (const row of conversations) {
        upsert(this.conversations, row);
        await this.#open(row.id);
      }
      if (!next) break;
      ({ conversations, next } = await this.#get(`/conversations?cursor=${encodeURIComponent(next)}`));
    }
  }

  async #open(id) {
    for (let before = ''; before !== null;) {
      const page = await this.#get(`/conversations/${id}/messages?limit=200${before && `&before=${before}`}`);
      page.messages.forEach((message) => this.#show(message));
      before = page.next;
    }
  }

  /** Retries through a restart of the daemon. */
  #get(path) {
    return eventually(async () => {
      if (this.#stopped) throw new Error('stopped');
      const answer = await this.system.api(path, { token: this.token });
      return answer.status === 200 && answer.json;
    }, `GET ${path} answers 200`);
  }

  // ---- for scenarios ----

  /** Waits until everything that is stored now has been applied. */
  async caughtUp() {
    const head = await this.system.headOf(this.account);
    await this.until(() => this.isLive && this.cursor >= head, `${this.agent} reaches seq ${head}`, {
      describe: () => `(cursor ${this.cursor}, live ${this.isLive}, faults ${JSON.stringify(this.faults)})`,
    });
    return this;
  }

  /** A conversation as the page shows it: messages by position. */
  thread(id) {
    return [...(this.messages.get(id)?.values() ?? [])].sort((one, other) => one.position - other.position);
  }

  /** Everything that the page shows, to compare with another agent's. */
  get screen() {
    return Object.fromEntries([...this.conversations.keys()].sort().map((id) => [id, this.thread(id)]));
  }

  get wamids() {
    return [...this.messages.values()].flatMap((messages) => [...messages.values()]).map(({ wamid }) => wamid);
  }

  /**
   * Checks that nothing came twice, positions are unique, seq and prev are unbroken, and every publish was on its
   * canonical topic.
   */
  check() {
    assert.deepEqual(this.faults, [], `${this.agent}: promises broken`);
    const wamids = this.wamids.filter(Boolean);
    assert.equal(new Set(wamids).size, wamids.length, `${this.agent}: a wamid is shown twice`);
    for (const id of this.messages.keys()) {
      const positions = this.thread(id).map(({ position }) => position);
      assert.equal(new Set(positions).size, positions.length, `${this.agent}: ${id} has a position twice`);
    }
    for (const { topic, event } of this.received) {
      const expected = event.conversation ? `acct/${event.account}/conv/${event.conversation}` : `acct/${event.account}/events`;
      assert.equal(topic, expected);
      assert.equal(event.account, this.account);
    }
  }
}
