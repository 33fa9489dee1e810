// Shared by the benchmarks of the plugin: a directory with keys and roles, tokens, a broker with or without a plugin,
// the driver. The broker's configuration is the one that `convwire up` writes, except for the plugin's lines.
//
//   PLUGIN=/path/convwire_auth.so    the plugin under test (build/lib/convwire_auth.so); `none`: no plugin
import { execFileSync, spawn } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { freePorts } from "../../tests/lib/program.mjs";
import { makeToken } from "../../tests/lib/token.mjs";
import { eventually } from "../../tests/lib/until.mjs";
import { listens } from "./process.mjs";

const repo = fileURLToPath(new URL("../..", import.meta.url));
const bin = (name) => path.join(repo, "build/bin", name);
const mosquitto = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].find(existsSync) ?? "mosquitto";

const plugin = process.env.PLUGIN ?? path.join(repo, "build/lib/convwire_auth.so");

export const PLUGIN = plugin === "none" ? null : plugin;
export const ACCOUNT = "695a15a5c526dbe7c085ece2";
export const NUMBER = "1003427786179738";

/* The broker on one core, the driver on another; otherwise we would measure the scheduler's choices. */
const pinned = (core, file, args) => (os.cpus().length > 1 ? ["taskset", ["-c", String(core), file, ...args]] : [file, args]);

export const conversation = (i) => `${ACCOUNT}_${NUMBER}_9234${String(i).padStart(8, "0")}`;
export const conversationTopic = (i) => `acct/${ACCOUNT}/conv/${conversation(i)}`;

/* The plugin's first version has neither the limits nor the table of assignments. */
export const knows = (plugin, word) => plugin !== null && readFileSync(plugin).includes(word);

/** A directory made by `convwire init`, with a key of each algorithm; removed when the program ends. */
export class House {
	constructor() {
		const dir = mkdtempSync(path.join(os.tmpdir(), "convwire-bench-"));

		process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
		for (const signal of ["SIGINT", "SIGTERM"]) {
			process.on(signal, () => process.exit(1));
		}
		this.dir = path.join(dir, "var");
		execFileSync(bin("convwire"), ["init", "--dir", this.dir, "--account", ACCOUNT, "--number", NUMBER]);
		this.keys = { ES256: { kid: "house", issuer: "convwire", key: createPrivateKey(readFileSync(this.file("keys/house.pem"))) } };
		this.#addRsa();
		this.#addShared();
	}

	file(name) {
		return path.join(this.dir, name);
	}

	#addRsa() {
		const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

		writeFileSync(this.file("keys/public/rsa.pem"), publicKey.export({ type: "spki", format: "pem" }));
		writeFileSync(this.file("keys/public/rsa.conf"), `algorithm = RS256\naccounts = ${ACCOUNT}\n`);
		this.keys.RS256 = { kid: "rsa", key: privateKey };
	}

	#addShared() {
		const key = randomBytes(32).toString("hex");

		writeFileSync(this.file("keys/shared/node.secret"), `${key}\n`, { mode: 0o600 });
		writeFileSync(this.file("keys/shared/node.conf"), `algorithm = HS256\naccounts = ${ACCOUNT}\n`, { mode: 0o600 });
		this.keys.HS256 = { kid: "node", key };
	}

	token({ account = ACCOUNT, sub, role, algorithm = "ES256", exp }) {
		const { kid, key, issuer } = this.keys[algorithm];
		const now = Math.floor(Date.now() / 1000);
		const claims = { ...(issuer && { iss: issuer }), account, sub, role, iat: now, exp: exp ?? now + 3600 };

		return makeToken({ algorithm, kid, key, claims });
	}

	/** The publisher's `clientid token`. */
	publisher() {
		return `_system:publisher:1 ${this.token({ account: "_system", sub: "publisher", role: "service" })}`;
	}

	/** A tokens file for a driver: `count` clients, all of one subject or each of its own. */
	tokens(name, count, { oneSubject = false, ...claims }) {
		const lines = Array.from({ length: count }, (_, i) => {
			const sub = oneSubject ? "ann" : `agent-${i}`;

			return i > 0 && oneSubject ? sub : this.token({ sub, ...claims });
		});
		const file = this.file(name);

		writeFileSync(file, lines.map((line, i) => (oneSubject
			? `${ACCOUNT}:ann:${i} ${lines[0]}`
			: `${ACCOUNT}:agent-${i}:1 ${line}`)).join("\n"));
		return file;
	}

	/** The assignment table for the plugin, as a driver's --setup file; `assignments`: [[conversation, subject], …]. */
	table(name, assignments = []) {
		const topic = "$CONTROL/convwire/v1/assign";
		const generation = "bench";
		const rows = [{ type: "begin", generation }];

		for (let i = 0; i < assignments.length; i += 2000) {
			rows.push({ type: "chunk", generation, assignments: assignments.slice(i, i + 2000) });
		}
		rows.push({ type: "commit", generation, n_assignments: assignments.length, n_revocations: 0 });
		const file = this.file(name);

		writeFileSync(file, rows.map((row) => `${topic} ${JSON.stringify(row)}`).join("\n"));
		return file;
	}

	#conf(plugin, ports) {
		const values = { ADDRESS: "127.0.0.1", MQTT_PORT: ports[0], WS_PORT: ports[1], USER: process.getuid() === 0 ? "user root" : "" };
		const template = readFileSync(path.join(repo, "cli/mosquitto.conf.in"), "utf8").replace(/^plugin.*\n/gm, "");
		const lines = plugin === null ? [] : [`plugin ${plugin}`, `plugin_opt_keys ${this.file("keys")}`,
			`plugin_opt_roles ${this.file("roles.acl")}`];

		if (knows(plugin, "max_clients_per_subject")) {
			lines.push("plugin_opt_max_clients_per_account 0", "plugin_opt_max_clients_per_subject 0");
		}
		return `${template.replace(/@([A-Z_]+)@/g, (_, name) => values[name])
			.replace("allow_anonymous false", `allow_anonymous ${plugin === null}`)}\n${lines.join("\n")}\n`;
	}

	/** Starts a broker; plugin null: without a plugin. */
	async start(plugin) {
		const ports = await freePorts(2);
		const conf = this.file(`broker/${ports[0]}.conf`);

		writeFileSync(conf, this.#conf(plugin, ports));
		const broker = new Broker(pinned(0, mosquitto, ["-c", conf]), this.file(`log/${ports[0]}.log`));

		broker.ports = { tcp: ports[0], ws: ports[1] };
		await eventually(() => broker.listens(ports[0]), "the broker listens");
		return broker;
	}
}

class Broker {
	constructor([file, args], log) {
		/* Node has raised the limit of open files to the hard limit; the broker inherits it. */
		this.child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
		this.child.stderr.pipe(createWriteStream(log));
		this.ended = new Promise((resolve) => this.child.on("exit", (...how) => resolve(how)));
		this.child.on("exit", () => { this.isOver = true; });
		this.log = log;
		this.pid = this.child.pid; /* taskset executes the broker in the same process */
		process.on("exit", this.kill = () => this.child.kill("SIGKILL"));
	}

	listens(port) {
		if (this.isOver) {
			throw new Error(`the broker ended: ${readFileSync(this.log, "utf8")}`);
		}
		return listens(port);
	}

	async stop() {
		this.child.kill("SIGTERM");
		await this.ended;
		process.off("exit", this.kill);
	}
}

/** A program in build/bin that drives the broker; it prints one JSON line per measurement. */
export class Driver {
	constructor(name, broker, options) {
		const args = Object.entries({ pid: broker.pid, ...options }).filter(([, value]) => value !== undefined && value !== false)
			.map(([option, value]) => (value === true ? `--${option}` : `--${option}=${value}`));
		const [file, rest] = pinned(1, bin(name), args);

		this.child = spawn(file, rest, { stdio: ["pipe", "pipe", "inherit"] });
		this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
		process.on("exit", this.kill = () => this.child.kill("SIGKILL"));
	}

	async answer() {
		const { value, done } = await this.lines.next();

		if (done) {
			throw new Error(`${this.child.spawnargs.slice(0, 4).join(" ")} ended without an answer`);
		}
		return JSON.parse(value);
	}

	/** With --ask: requests one more measurement. */
	ask() {
		this.child.stdin.write("\n");
		return this.answer();
	}

	stop() {
		this.kill();
		process.off("exit", this.kill);
	}
}
