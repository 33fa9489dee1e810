// mosquitto with the plugin but no daemon, for the plugin's scenarios. Keys and the role file are made by `convwire
// init`; the settings are those of cli/mosquitto.conf.in.
import fs from 'node:fs/promises';
import path from 'node:path';

import { RawClient } from './raw_mqtt.mjs';
import { ACCOUNT, NUMBER, PLUGIN, System, scenario as systemScenario } from './system.mjs';

export { ACCOUNT, PLUGIN };
export const OTHER = 'b-tenant'; // another account on the same broker
export const CONTROL = '$CONTROL/convwire/v1';

/** Transports and protocol versions, with the codes of a refused CONNECT and a denied SUBSCRIBE for each. */
export const DOORS = [['tcp', 4], ['tcp', 5], ['ws', 4], ['ws', 5]].map(([transport, version]) => ({
  transport, version,
  name: `${transport === 'ws' ? 'WebSocket' : 'TCP'}, MQTT ${version === 5 ? '5' : '3.1.1'}`,
  tag: `${transport}${version}`, // for agents' names
  refused: version === 5 ? 135 : 5,
  denied: version === 5 ? 135 : 128,
}));
export const V5_DOORS = DOORS.filter(({ version }) => version === 5);
const [, TCP5] = DOORS;

export const conversation = (customer = '923450000001', account = ACCOUNT) => `${account}_${NUMBER}_${customer}`;
export const conv = (customer, account = ACCOUNT) => `acct/${account}/conv/${conversation(customer, account)}`;
export const everyConv = (account = ACCOUNT) => `acct/${account}/conv/+`;
export const own = (agent, rest, account = ACCOUNT) => `acct/${account}/agent/${agent}/${rest}`;
export const now = () => Math.floor(Date.now() / 1000);

/** Runs the body once per door, one after another, or all together if they wait for the clock. */
export async function eachDoor(t, body, { doors = DOORS, together = false } = {}) {
  if (!together) {
    for (const door of doors) await t.test(door.name, (inner) => body(door, inner));
    return;
  }
  await t.test('all doors', { concurrency: doors.length }, (inner) =>
    Promise.all(doors.map((door) => inner.test(door.name, (innermost) => body(door, innermost)))));
}

/** Options for a session that outlives its connection, in each protocol version. */
export const lasting = (door) => ({ clean: false, ...(door.version === 5 && { properties: { sessionExpiryInterval: 300 } }) });

export class Broker extends System {
  options = {}; // plugin_opt_… that replace the template's; null removes one
  settings = {}; // settings of mosquitto.conf that replace the template's
  linesBeforePlugin = [];
  #raw = [];

  /** `roles`: the role file's text; by default the shipped one. The other members are those of the class. */
  async init({ roles, ...members } = {}) {
    await super.init();
    Object.assign(this, members);
    if (roles !== undefined) await this.writeRoles(roles);
    return this;
  }

  get rolesPath() {
    return path.join(this.dir, 'roles.acl');
  }

  writeRoles(text) {
    return fs.writeFile(this.rolesPath, text);
  }

  /** Writes another key besides the house key. `folder`: public (material: PEM) or shared (material: secret). */
  async writeKey(folder, kid, material, settings) {
    const file = path.join(this.dir, 'keys', folder, kid);
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.writeFile(`${file}.${folder === 'public' ? 'pem' : 'secret'}`, material, { mode: 0o600 });
    await fs.writeFile(`${file}.conf`, Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`).join(''), { mode: 0o600 });
  }

  async removeKey(folder, kid) {
    for (const end of ['conf', 'pem', 'secret']) {
      await fs.rm(path.join(this.dir, 'keys', folder, `${kid}.${end}`), { force: true });
    }
  }

  // ---- the broker ----

  async brokerConf() {
    let text = await super.brokerConf();
    const without = (name) => { text = text.replace(new RegExp(`^${name} .*\\n`, 'm'), ''); };
    for (const [name, value] of Object.entries(this.settings)) {
      without(name);
      text += `${name} ${value}\n`;
    }
    const before = this.linesBeforePlugin.map((line) => `${line}\n`).join('');
    const options = Object.entries(this.options).map(([name, value]) => {
      without(`plugin_opt_${name}`);
      return value === null ? '' : `plugin_opt_${name} ${value}\n`;
    }).join('');
    return text.replace(/^plugin .*\n/m, (line) => `${before}${line}${options}`);
  }

  /** Starts the broker. `load` false: no table has been sent yet, so tenants are shut out. */
  async start({ load = true } = {}) {
    await this.startBroker();
    await this.#probe(); // a SIGTERM between its last log line and its first loop iteration would be lost
    if (load) await this.publisher();
    return this;
  }

  /** Starts a broker that must fail to start; returns its end and its output. */
  async startFails() {
    try {
      await this.startBroker();
    } catch (error) {
      if (!this.broker.end) throw error;
      this.isExpectedToEnd = true;
      return { code: this.broker.end.code, log: this.broker.stderr };
    }
    throw new Error(`the broker started: ${this.broker.stderr}`);
  }

  async restart(options) {
    await this.stopBroker();
    return this.start(options);
  }

  async stopBroker() {
    await this.broker.stop();
    this.#checkEnd();
  }

  /**
   * Sends SIGHUP and waits until the broker has handled it: meanwhile it answers nobody and ignores a second SIGHUP.
   */
  async reload() {
    const count = () => this.broker.stderr.split('Reloading config.').length;
    const before = count();
    this.broker.child.kill('SIGHUP');
    await this.broker.until(() => count() > before, 'the broker reloads');
    await this.#probe();
  }

  /** When this returns, the broker's loop has completed an iteration. */
  async #probe() {
    const probe = await this.open();
    probe.write(Buffer.from([0xc0, 0])); // a ping before CONNECT makes it hang up
    await probe.closed();
  }

  /** A crash, or a tool's error exit, fails the scenario whatever was asserted. */
  #checkEnd() {
    const { end } = this.broker ?? {};
    if (end && !this.isExpectedToEnd && (end.code !== 0 || end.signal)) {
      throw new Error(`the broker ended with ${JSON.stringify(end)}`);
    }
  }

  async stop() {
    await Promise.all(this.#raw.map((client) => client.drop()));
    if (this.broker && !this.broker.end) await this.broker.stop();
    await super.stop();
    this.#checkEnd();
  }

  // ---- clients ----

  /** Opens a socket through a door. */
  async open(door = TCP5) {
    const client = await RawClient.open(this, door);
    this.#raw.push(client);
    return client;
  }

  #identify({ account = this.account, agent = 'ann', role = 'agent', claims, tab = 'tab1', ...options }) {
    return { clientId: `${account}:${agent}:${tab}`, token: this.token(account, role, agent, claims), ...options };
  }

  /** Connects; returns the code and the client. */
  async #connect({ door = TCP5, ...options }) {
    const client = await this.open(door);
    return [await client.connect(this.#identify(options)), client];
  }

  /** A client that was admitted. */
  async client(options = {}) {
    const [code, client] = await this.#connect(options);
    if (code !== 0) throw new Error(`CONNACK ${code} for ${client.clientId}\n${this.log.split('\n').slice(-5).join('\n')}`);
    return client;
  }

  /** Only tries to connect: the CONNACK's code, or 'closed'. */
  async tries(options = {}) {
    const [code, client] = await this.#connect(options);
    await client.drop();
    return code;
  }

  /** The daemon's publisher, its table loaded (empty unless given). The newest one is `this.voice`. */
  async publisher(table = {}) {
    const publisher = new Publisher(await this.#service('publisher'));
    await publisher.client.subscribe('acct/_system/agent/publisher/notice');
    if (table) {
      const answer = await publisher.load(table);
      if (answer.type !== 'loaded') throw new Error(`the table was not loaded: ${JSON.stringify(answer)}`);
    }
    this.voice = publisher;
    return publisher;
  }

  /** The daemon's other connection, subscribed to every command. */
  async bridge() {
    const client = await this.#service('bridge');
    await client.subscribe('acct/+/conv/+/cmd/+');
    return client;
  }

  #service(agent) {
    return this.client({ account: '_system', agent, role: 'service', tab: '1' });
  }

  async admin({ agent = 'root', ...options } = {}) {
    return new Admin(await this.client({ account: '_system', agent, role: 'admin', tab: '1', ...options }));
  }

  // ---- the log ----

  get log() {
    return this.programs.filter(({ name }) => name === 'mosquitto').map(({ stderr }) => stderr).join('');
  }

  /** The parsed audit lines; only those of one event if it is given. */
  audits(event) {
    return [...this.log.matchAll(/convwire:? audit (.*)$/gm)].map(([, json]) => JSON.parse(json))
      .filter((line) => event === undefined || line.event === event);
  }

  /** Waits until the log has `count` audit lines that pass `test`. */
  async audited(event, test = () => true, count = 1) {
    return this.broker.until(() => {
      const lines = this.audits(event).filter(test);
      return lines.length >= count && lines;
    }, `${count} audit line(s) ${event}`, { describe: () => JSON.stringify(this.audits().slice(-5)) });
  }

  async logs(pattern) {
    return this.broker.until(() => this.broker.stderr.match(pattern), `the log has ${pattern}`);
  }
}

let generations = 0;

/** Plays the daemon: publishes events, heads and notices on any account's topics, and the plugin's tables. */
export class Publisher {
  constructor(client) {
    this.client = client;
  }

  async say(topic, payload = '{}', options) {
    const code = await this.client.publish(topic, payload, options);
    if (code !== 0) throw new Error(`PUBACK ${code} for the publisher on ${topic}`);
  }

  /** Sends one message of the tables; the broker has applied it when this returns. */
  tell(message) {
    return this.say(`${CONTROL}/assign`, typeof message === 'string' ? message : JSON.stringify(message));
  }

  assign(id, subject) {
    return this.tell({ type: 'assign', conversation: id, subject });
  }

  revoke(revocation) {
    return this.tell({ type: 'revoke', revocation });
  }

  get notices() {
    return this.client.payloads('acct/_system/agent/publisher/notice').map((text) => JSON.parse(text))
      .filter(({ type }) => type !== 'stats');
  }

  notice(test, what) {
    return this.client.until(() => this.notices.find(test), what, { describe: () => JSON.stringify(this.notices) });
  }

  /** Sends begin, chunks and commit; returns the answer. The counts may be wrong on purpose. */
  async load({
    assignments = [], revocations = [], generation = `generation ${++generations}`,
    n_assignments = assignments.length, n_revocations = revocations.length, perChunk = 500,
  } = {}) {
    await this.tell({ type: 'begin', generation });
    for (let i = 0; i < assignments.length; i += perChunk) {
      await this.tell({ type: 'chunk', generation, assignments: assignments.slice(i, i + perChunk) });
    }
    for (let i = 0; i < revocations.length; i += perChunk) {
      await this.tell({ type: 'chunk', generation, revocations: revocations.slice(i, i + perChunk) });
    }
    await this.tell({ type: 'commit', generation, n_assignments, n_revocations });
    return this.notice((notice) => notice.generation === generation, `the answer to ${generation}`);
  }
}

let correlations = 0;

export class Admin {
  constructor(client) {
    this.client = client;
  }

  get answers() {
    return this.client.payloads(`${CONTROL}/response`);
  }

  /** Sends a text unchanged; returns the whole answer, parsed. */
  async send(text, options) {
    const before = this.answers.length;
    await this.client.publish(CONTROL, text, options);
    return this.client.until(() => {
      if (this.client.isClosed) throw new Error('the admin was disconnected');
      return this.answers.length > before && JSON.parse(this.answers[before]);
    }, `the answer to ${text}`.slice(0, 200));
  }

  /** Sends one command; returns its member of `responses`. */
  async ask(command, fields = {}) {
    const correlationData = `c${++correlations}`;
    const from = this.answers.length;
    await this.client.publish(CONTROL, JSON.stringify({ commands: [{ command, ...fields, correlationData }] }));
    return this.client.until(() => {
      if (this.client.isClosed) throw new Error('the admin was disconnected');
      return this.answers.slice(from).flatMap((text) => JSON.parse(text).responses)
        .find((response) => response.correlationData === correlationData);
    }, `the answer to ${command}`, { describe: () => JSON.stringify(this.answers.slice(from)) });
  }

  /** Sends one command that must succeed; returns its data. */
  async data(command, fields) {
    const response = await this.ask(command, fields);
    if (response.error !== undefined) throw new Error(`${command}: ${response.error}`);
    return response.data;
  }

  async clients(fields) {
    return (await this.data('listClients', { count: 1000, ...fields })).clients.map(({ clientid }) => clientid).sort();
  }
}

/** A test with its own broker, not started yet. */
export function scenario(name, options, body) {
  if (typeof options === 'function') [options, body] = [{}, options];
  systemScenario(name, { make: () => new Broker(), ...options }, body);
}
