// A whole Convwire in its own directory: broker, daemon, their ports and logs.
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fs from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Commander } from './commander.mjs';
import { Agent } from './agent.mjs';
import { request } from './http.mjs';
import { mqttConnect } from './mqtt.mjs';
import { judge } from './openapi.mjs';
import { Program, freePorts, run } from './program.mjs';
import { houseClaims, makeToken } from './token.mjs';
import { Sim, TOKEN } from './sim.mjs';
import { eventually } from './until.mjs';
import { change, contact, newCustomer, sign, text, textWebhook, webhook } from './webhook.mjs';

export const REPO = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = path.resolve(process.env.CONVWIRE_BUILD ?? path.join(REPO, 'build'));
// The broker is not instrumented even if the programs are; the plugin then comes from another build.
export const PLUGIN = process.env.CONVWIRE_PLUGIN ?? path.join(BUILD, 'lib/convwire_auth.so');
const PORT_RACES = 5; // how often another process may take a port before we give up

export const ACCOUNT = '695a15a5c526dbe7c085ece2';
export const NUMBER = '1003427786179738';
export const SECRET = 'the app secret of the scenarios';
export const VERIFY_TOKEN = 'the verify token of the scenarios';

/** From tests/broken: deliberately wrong. */
export const brokenPath = (name) => path.join(BUILD, 'tests/broken', name);
export const programPath = (name) => path.join(BUILD, 'bin', name);
export const mosquittoPath = () => ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'].find(existsSync) ?? 'mosquitto';

/** How a broker is run. A sanitizer's library is preloaded only into the broker; the wrapper is valgrind. */
function brokerCommand(conf) {
  const [file, ...args] = [...(process.env.CONVWIRE_BROKER_WRAPPER ?? '').split(' ').filter(Boolean), mosquittoPath(), '-c', conf];
  const preload = process.env.CONVWIRE_BROKER_PRELOAD;
  return { file, args, env: preload ? { LD_PRELOAD: preload } : {} };
}

export class System {
  account = ACCOUNT;
  host = '127.0.0.1'; // where the servers can be reached
  number = NUMBER;
  agents = [];
  clients = [];
  programs = [];
  cleanups = [];

  /** A directory made by `convwire init`; nothing runs yet. `dir`: an existing directory; by default a new one. */
  async init({ dir } = {}) {
    if (!dir) {
      dir = await fs.mkdtemp(path.join(os.tmpdir(), 'convwire-scenario-'));
      this.cleanups.push(() => fs.rm(dir, { recursive: true, force: true }));
    }
    this.dir = path.join(dir, 'var');
    [this.httpPort, this.mqttPort, this.wsPort] = await freePorts(3);
    const made = await this.convwire('init', '--account', ACCOUNT, '--number', NUMBER, '--app-secret', SECRET,
      '--verify-token', VERIFY_TOKEN, '--http-port', this.httpPort, '--mqtt-port', this.mqttPort, '--ws-port', this.wsPort);
    if (made.code !== 0) throw new Error(`convwire init: ${made.stderr}`);
    await fs.appendFile(path.join(this.dir, 'convwire.conf'), `plugin = ${PLUGIN}\n`);
    return this;
  }

  /** Adds an app secret and the accounts it may sign for. Call before the daemon starts. */
  async addSecret(name, secret, accounts) {
    await fs.writeFile(path.join(this.dir, 'keys/apps', `${name}.secret`), `${secret}\n`, { mode: 0o600 });
    await fs.writeFile(path.join(this.dir, 'keys/apps', `${name}.conf`), `accounts = ${accounts}\n`, { mode: 0o600 });
  }

  // ---- programs ----

  launch(name, file, args, options) {
    const program = new Program(name, file, args.map(String), options);
    this.programs.push(program);
    return program;
  }

  /** Starts broker and daemon separately, so that a scenario can disturb one of them. */
  async start() {
    await this.startBroker();
    await this.startDaemon();
    await this.ready();
    return this;
  }

  async startBroker() {
    for (let race = 1; ; race++) {
      const conf = path.join(this.dir, 'broker', 'scenario.conf');
      await fs.writeFile(conf, await this.brokerConf());
      const { file, args, env } = brokerCommand(conf);
      this.broker = this.launch('mosquitto', file, args, { env });
      try {
        await this.broker.says(/mosquitto version \S+ running/, 'stderr');
        return;
      } catch (error) {
        if (race === PORT_RACES || this.daemon || !/Address already in use|Unable to create websockets listener/.test(this.broker.stderr)) throw error;
        [this.mqttPort, this.wsPort] = await freePorts(2);
      }
    }
  }

  /** The configuration that `convwire up` writes, and the log line that shows that the broker listens. */
  async brokerConf() {
    const values = {
      PLUGIN, KEYS: this.brokerKeys ?? path.join(this.dir, 'keys'),
      ROLES: path.join(this.dir, 'roles.acl'), STATE: path.join(this.dir, 'broker/revocations.json'), ADDRESS: '127.0.0.1', MQTT_PORT: this.mqttPort, WS_PORT: this.wsPort,
      USER: process.getuid() === 0 ? '\nuser root\n' : '',
    };
    const template = await fs.readFile(path.join(REPO, 'cli/mosquitto.conf.in'), 'utf8');
    return `${template.replace(/@([A-Z_]+)@/g, (_, name) => values[name])}\nlog_type information\n`;
  }

  /** `file`: another program to start instead. */
  async startDaemon({ file = programPath('convwired') } = {}) {
    this.daemon = this.launch('convwired', file,
      ['--dir', this.dir, '--http-port', 0, '--mqtt-port', this.mqttPort, '--ready-fd', 3], { readyFd: true });
    this.httpPort = Number((await this.daemon.says(/^http=(\d+)\n/, 'ready'))[1]);
    await this.sim?.behave({ webhook: `http://127.0.0.1:${this.httpPort}/webhook` });
  }

  /** Starts a simulated WhatsApp for this directory's number. Call before the daemon starts. */
  async startSim(...options) {
    const program = this.launch('convwire-sim', programPath('convwire-sim'),
      ['--number', this.number, '--app-secret', SECRET, '--token', TOKEN, '--ready-fd', 3, ...options], { readyFd: true });
    const port = Number((await program.says(/^http=(\d+)\n/, 'ready'))[1]);
    this.sim = new Sim(program, port);
    await this.configure(`graph_url = ${this.sim.url}/v24.0`);
    await this.setToken(TOKEN);
    return this.sim;
  }

  /** Adds lines to convwire.conf, which are read at the daemon's next start. */
  configure(...lines) {
    return fs.appendFile(path.join(this.dir, 'convwire.conf'), `${lines.join('\n')}\n`);
  }

  async setToken(token, number = this.number) {
    await fs.mkdir(path.join(this.dir, 'keys/numbers'), { recursive: true });
    await fs.writeFile(path.join(this.dir, 'keys/numbers', `${number}.token`), `${token}\n`, { mode: 0o600 });
  }

  /** An agent who sends commands over MQTT. */
  commander(options) {
    return new Commander(this, options).start();
  }

  /** A customer of the simulated WhatsApp writes, which opens the window. Returns the conversation's id. */
  async customer(from = newCustomer(), text = 'Hello') {
    const id = `${this.account}_${this.number}_${from}`;
    const wamid = await this.sim.writes({ from, text });
    await eventually(async () => {
      const answer = await this.api(`/conversations/${id}/messages?limit=200`);
      return answer.status === 200 && answer.json.messages.some((message) => message.wamid === wamid);
    }, `${id} has the customer's message`);
    return id;
  }

  /** The team has read all of a customer's conversation. */
  async readAll(from) {
    const id = `${this.account}_${this.number}_${from}`;
    const [newest] = (await this.api(`/conversations/${id}/messages`)).json.messages;
    const { json } = await this.command(id, 'read', { message: newest.id });
    if (json.ok !== true) throw new Error(`read was refused: ${JSON.stringify(json)}`);
  }

  /** Sends a command over HTTP; returns the answer with its status. */
  command(conversation, type, data, { id = randomUUID(), token } = {}) {
    return this.api(`/conversations/${conversation}/commands`,
      { token, method: 'POST', body: JSON.stringify({ id, type, ...(data && { data }) }) });
  }

  /** The current state of a message, by its id. */
  async message(conversation, id) {
    return (await this.thread(conversation)).find((message) => message.id === id);
  }

  /** Waits until a message has a status. */
  messageIs(conversation, id, ...statuses) {
    return eventually(async () => {
      const message = await this.message(conversation, id);
      return statuses.includes(message?.status) && message;
    }, `message ${id} is ${statuses.join(' or ')}`);
  }

  /** Starts both at once, with the command that people use. */
  async up(...options) {
    for (let race = 1; ; race++) {
      this.upProgram = this.launch('up', programPath('convwire'), ['up', '--dir', this.dir, '--http-port', this.httpPort,
        '--mqtt-port', this.mqttPort, '--ws-port', this.wsPort, ...options]);
      try {
        await this.upProgram.says(/Ctrl-C stops it/);
        break;
      } catch (error) {
        if (race === PORT_RACES || this.upProgram.end?.code !== 69) throw error;
        [this.httpPort, this.mqttPort, this.wsPort] = await freePorts(3);
      }
    }
    await this.ready();
    return this;
  }

  /** Waits until /readyz reports a writable database and a connected broker, and commands are received. */
  async ready() {
    await eventually(async () => (await this.http('/readyz')).status === 200, '/readyz answers 200');
    await eventually(async () => (await this.metrics()).commands_listening === 1, 'commands are heard');
  }

  /** The pid of a program started by `up`. */
  childOfUp(name) {
    const { pid } = this.upProgram;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return Number(children.find((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim() === name));
  }

  /** Runs the command line; returns { code, stdout, stderr }. */
  convwire(command, ...args) {
    return run(`convwire ${command}`, programPath('convwire'), [command, ...args.map(String), '--dir', this.dir]);
  }

  // ---- requests ----

  get wsUrl() {
    return `ws://${this.host}:${this.wsPort}`;
  }

  /** Every answer is checked against docs/openapi.yaml. */
  async http(where, options = {}) {
    const answer = await request(`http://${this.host}:${this.httpPort}${where}`, options);
    judge(options.method ?? 'GET', where, answer);
    return answer;
  }

  /** The API with a bearer token; by default an agent's of the first account. */
  api(where, { token = this.token(), ...options } = {}) {
    return this.http(`/api/v1${where}`, { ...options, headers: { Authorization: `Bearer ${token}`, ...options.headers } });
  }

  /** Posts a body (an object, text or bytes) to the webhook, signed. `signature` overrides it; null sends none. */
  postWebhook(body, { secret = SECRET, signature, chunked } = {}) {
    const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const value = signature === undefined ? sign(bytes, secret) : signature;
    return this.http('/webhook', {
      method: 'POST', body: bytes, chunked,
      headers: { 'Content-Type': 'application/json', ...(value !== null && { 'X-Hub-Signature-256': value }) },
    });
  }

  /** Posts a customer's text to the first number; fails unless it is acknowledged. */
  async customerWrites(options) {
    const answer = await this.postWebhook(textWebhook(this.number, options));
    if (answer.status !== 200) throw new Error(`webhook answered ${answer.status}: ${answer.text}`);
  }

  /** Posts `message 0` and so on from one customer to the first number, half a minute apart, in webhooks of 500. */
  async customerWritesMany({ from, total }) {
    const start = Math.floor(Date.now() / 1000) - total * 30;
    for (let first = 0; first < total; first += 500) {
      const messages = Array.from({ length: Math.min(500, total - first) }, (_, j) => {
        const i = first + j;
        return text({ from, body: `message ${i}${' with more words'.repeat(i % 7)}`, at: start + i * 30 });
      });
      const answer = await this.postWebhook(webhook([change(this.number, { contacts: [contact({ from })], messages })]));
      if (answer.status !== 200) throw new Error(`webhook answered ${answer.status}: ${answer.text}`);
    }
  }

  /** A token signed with the house key. */
  token(account = this.account, role = 'agent', agent = 'ann', claims = {}) {
    return makeToken({
      algorithm: 'ES256', kid: 'house', key: readFileSync(path.join(this.dir, 'keys/house.pem')),
      claims: { ...houseClaims({ account, role, agent }), ...claims },
    });
  }

  /** A plain MQTT client with its own token. */
  async mqtt({ account = this.account, role = 'agent', agent = 'ann', token = this.token(account, role, agent), ...options } = {}) {
    const client = await mqttConnect(this.wsUrl, { account, agent, token, ...options });
    this.clients.push(client);
    return client;
  }

  async agent(options) {
    const agent = new Agent(this, options);
    this.agents.push(agent);
    return agent.start();
  }

  /** Sends a request to the daemon's control socket, as the command line does. */
  async control(action, body = {}) {
    const answer = await request(`http://convwire/control/${action}`,
      { method: 'POST', body: JSON.stringify(body), socketPath: path.join(this.dir, 'control.sock') });
    return answer.json;
  }

  async headOf(account = this.account) {
    const { accounts } = await eventually(() => this.control('account.list'), 'the control socket answers');
    return accounts.find((row) => row.account === account).head;
  }

  async check() {
    return eventually(async () => {
      const answer = await this.control('check');
      return answer.status === 'ok' && answer;
    }, 'check answers');
  }

  /** The counters of /metrics, without their prefix. */
  async metrics() {
    const { text } = await request('http://convwire/metrics', { socketPath: path.join(this.dir, 'control.sock') });
    return Object.fromEntries([...text.matchAll(/^convwire_(\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
  }

  /** Every event in the log, as /sync returns it. */
  async log(account = this.account) {
    const token = this.token(account);
    const { epoch } = (await this.api('/sync', { token })).json;
    const events = [];
    for (let since = 0, more = true; more;) {
      const page = (await this.api(`/sync?epoch=${epoch}&since=${since}&limit=1000`, { token })).json;
      events.push(...page.events);
      ({ as_of: since, more } = page);
    }
    return events;
  }

  /** Every row of the list, as the token sees it. */
  async rows({ token } = {}) {
    const rows = [];
    for (let cursor = ''; cursor !== null;) {
      const { json } = await this.api(`/conversations?limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { token });
      rows.push(...json.conversations);
      cursor = json.next;
    }
    return rows;
  }

  /** A whole thread, newest first, or at least `atLeast` of its messages. */
  async messages(id, { token, atLeast = Infinity } = {}) {
    const messages = [];
    for (let before = ''; before !== null && messages.length < atLeast;) {
      const { json } = await this.api(`/conversations/${id}/messages?limit=200${before && `&before=${before}`}`, { token });
      messages.push(...json.messages);
      before = json.next;
    }
    return messages;
  }

  /** A conversation as it is stored, oldest first. */
  async thread(id, token) {
    const answer = await this.api(`/conversations/${id}/messages?limit=200`, { token });
    return answer.json.messages.sort((one, other) => one.position - other.position);
  }

  // ---- the end ----

  async stop() {
    await Promise.all(this.agents.map((agent) => agent.stop()));
    await Promise.all(this.clients.map((client) => client.endAsync(true)));
    for (const program of [...this.programs].reverse()) {
      try {
        await program.stop();
      } catch {
        await program.stop('SIGKILL');
      }
    }
    for (const cleanup of this.cleanups.reverse()) await cleanup();
  }

  async dumpLogs() {
    for (const { name, pid, stdout, stderr, end } of this.programs) {
      const tail = `${stdout}${stderr}`.split('\n').slice(-60).join('\n');
      console.error(`---- ${name} (${pid}) ${JSON.stringify(end)}\n${tail}`);
    }
    for (const name of ['mosquitto.log', 'convwired.log']) {
      const text = this.dir && await fs.readFile(path.join(this.dir, 'log', name), 'utf8').catch(() => '');
      if (text) console.error(`---- log/${name}\n${text.split('\n').slice(-60).join('\n')}`);
    }
  }
}

/**
 * A test with its own System, not started yet; stopped and removed at the end, with its logs shown if the test fails.
 */
export function scenario(name, options, body) {
  if (typeof options === 'function') [options, body] = [{}, options];
  const { make = () => new System(), ...testOptions } = options;
  test(name, { timeout: 120_000, ...testOptions }, async (t) => {
    const system = make();
    try {
      await body(system, t);
    } catch (error) {
      await system.dumpLogs();
      throw error;
    } finally {
      await system.stop();
    }
  });
}
