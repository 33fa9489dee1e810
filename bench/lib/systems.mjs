/*
 * The compared systems behind one interface: start, restart, stop; posting a webhook; where clients connect; which
 * processes do the work. Benchmarks measure from a signed webhook to its acknowledgement, or to the account's viewers.
 */
import { once } from "node:events";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { freePorts, Program } from "../../tests/lib/program.mjs";
import { ACCOUNT, NUMBER, SECRET, System } from "../../tests/lib/system.mjs";
import { eventually } from "../../tests/lib/until.mjs";
import { sign, textWebhook } from "../../tests/lib/webhook.mjs";
import { Postgres } from "./postgres.mjs";
import { family, listens } from "./process.mjs";

const SERVER = fileURLToPath(new URL("../baseline/server.mjs", import.meta.url));
const OPEN_CONNECTIONS = 64;

/* If a benchmark is aborted, nothing is left running. */
const started = new Set();

process.on("exit", () => {
	for (const { programs } of started) for (const { child } of programs) child.kill("SIGTERM");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

class Posting {
	#agent = new http.Agent({ keepAlive: true, maxSockets: OPEN_CONNECTIONS });

	/** Posts a customer's text message as WhatsApp does; resolves when it is acknowledged. */
	post(body) {
		return this.postWebhook(textWebhook(NUMBER, { body }));
	}

	async postWebhook(webhook) {
		const bytes = JSON.stringify(webhook);
		const request = http.request({
			agent: this.#agent, host: "127.0.0.1", port: this.webhookPort, method: "POST", path: "/webhook",
			headers: { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(bytes), "X-Hub-Signature-256": sign(bytes, this.secret) },
		});

		request.end(bytes);
		const [response] = await once(request, "response");

		response.resume();
		await once(response, "end");
		if (response.statusCode !== 200) throw new Error(`${this.name}: webhook answered ${response.statusCode}`);
	}

	/** Closes kept-alive connections; the next post opens new ones. */
	endPosting() {
		this.#agent.destroy();
	}
}

/* A system whose programs all run in a control group. */
class Boxed extends System {
	constructor(box) {
		super();
		this.box = box;
	}

	launch(name, file, args, options) {
		return super.launch(name, ...this.box.command(file, args), options);
	}
}

export class Convwire extends Posting {
	name = "Convwire";
	secret = SECRET;

	/** `box`: a Cgroup to run in. */
	constructor({ box = null } = {}) {
		super();
		this.box = box;
	}

	async start() {
		this.system = this.box ? new Boxed(this.box) : new System();
		started.add(this.system);
		await this.system.init();
		await this.system.configure("log_level = warn", `mqtt_public_url = ${this.system.wsUrl}`);
		await this.system.up();
		return this;
	}

	get webhookPort() {
		return this.system.httpPort;
	}

	/** Connection details for clients in another process. */
	get where() {
		const { dir, httpPort, mqttPort, wsPort } = this.system;

		return { kind: "convwire", dir, httpPort, mqttPort, wsPort };
	}

	/** The processes that do the work for a message. */
	get pids() {
		return [this.system.childOfUp("convwired"), this.system.childOfUp("mosquitto")];
	}

	/** The processes that hold the clients' connections. */
	get holders() {
		return [this.system.childOfUp("mosquitto")];
	}

	async restart() {
		await this.system.upProgram.stop();
		await this.system.up();
	}

	async stop() {
		this.endPosting();
		await this.system.stop();
		started.delete(this.system);
	}
}

/** Express, Socket.IO, PostgreSQL. `server`: another server of that design, with its own port and secret. */
export class Replaced extends Posting {
	constructor({ recovery = false, server = null } = {}) {
		super();
		this.recovery = recovery;
		this.file = server?.file ?? SERVER;
		this.webhookPort = server?.port;
		this.tables = server?.tables;
		this.secret = server?.secret ?? SECRET;
		this.name = server?.name ?? (recovery ? "Socket.IO with recovery" : "Socket.IO");
	}

	async start() {
		started.add(this);
		this.postgres = await new Postgres().start();
		if (this.tables) await this.postgres.ask(this.tables);
		this.webhookPort ??= (await freePorts(1))[0];
		await this.#startServer();
		return this;
	}

	async #startServer() {
		this.program = new Program(this.name, process.execPath, [this.file], {
			env: { ...this.postgres.env, ...(this.recovery && { RECOVERY: "1" }), PORT: String(this.webhookPort), APP_SECRET: this.secret, ACCOUNT,
				NODE_PATH: path.join(path.dirname(SERVER), "../node_modules") },
		});
		await eventually(() => {
			if (this.program.end) throw new Error(this.program.stderr);
			return listens(this.webhookPort);
		}, `${this.name} listens`);
	}

	get programs() {
		return [this.program, this.postgres?.program].filter(Boolean);
	}

	get where() {
		return { kind: "socketio", port: this.webhookPort };
	}

	get pids() {
		return [this.program.pid, ...family(this.postgres.pid)];
	}

	get holders() {
		return [this.program.pid];
	}

	async restart() {
		await this.program.stop();
		await this.#startServer();
	}

	async stop() {
		this.endPosting();
		await this.program?.stop();
		await this.postgres?.stop();
		started.delete(this);
	}
}
