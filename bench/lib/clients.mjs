/*
 * Many users in one process, each with the client library that pages use (@convwire/client or socket.io-client) and a
 * network cable that can be unplugged. Forked by Crew.
 */
import http from "node:http";
import net from "node:net";

import { io } from "socket.io-client";

import { Client, MemoryOutbox, mqtt } from "../../tests/lib/page.mjs";
import { System } from "../../tests/lib/system.mjs";
import { eventually } from "../../tests/lib/until.mjs";
import { now, serve } from "./crew.mjs";

const AT_ONCE = 25; /* users connecting for the first time */
const CONNECT_MS = 120_000;

/** A client's network connection to the server. */
class Cable extends http.Agent {
	isOut = false;
	#sockets = new Set();
	#requests = new Set(); /* AbortControllers */

	createConnection(options, callback) {
		if (this.isOut) return void process.nextTick(callback, new Error("the cable is out"));
		const socket = net.connect(options);

		this.#sockets.add(socket);
		return socket.on("close", () => this.#sockets.delete(socket));
	}

	async fetch(input, init) {
		if (this.isOut) throw new TypeError("the cable is out");
		const request = new AbortController();

		init?.signal?.addEventListener("abort", () => request.abort());
		this.#requests.add(request);
		try {
			return await globalThis.fetch(input, { ...init, signal: request.signal });
		} finally {
			this.#requests.delete(request);
		}
	}

	pull() {
		this.isOut = true;
		for (const request of this.#requests) request.abort();
		for (const socket of this.#sockets) socket.resetAndDestroy();
	}

	plug() {
		this.isOut = false;
	}
}

/** A user, and which messages with the text `bench <n> <ms>` they received. */
class User {
	cable = new Cable({ keepAlive: false });
	backAt = 0; /* when the cable was last plugged in */
	liveAt = null; /* since when the user is live; null: not live */
	times = new Map(); /* n → how often it arrived */
	replays = []; /* for messages sent while the cable was out: ms from plugging in to arrival */
	lastN = -1;
	nReordered = 0;

	note(body) {
		const [, n, sent] = body?.match(/^bench (\d+) (\d+\.\d+)/) ?? [];

		if (n === undefined) return;
		const seen = this.times.get(Number(n)) ?? 0;

		this.times.set(Number(n), seen + 1);
		if (seen > 0) return;
		if (Number(n) < this.lastN) this.nReordered++;
		this.lastN = Math.max(this.lastN, Number(n));
		if (Number(sent) < this.backAt) this.replays.push(now() - this.backAt);
	}

	pull() {
		this.liveAt = null;
		this.cable.pull();
	}

	plug() {
		this.backAt = now();
		this.cable.plug();
	}
}

const MAKERS = {
	convwire(user, where, account, i) {
		const system = Object.assign(new System(), where);
		const name = `user-${i}`;
		const client = new Client({
			url: `http://127.0.0.1:${where.httpPort}`, mqttUrl: `ws://127.0.0.1:${where.wsPort}`, account, subject: name, outbox: new MemoryOutbox(), presence: false,
			token: () => system.token(account, "agent", name, { exp: Math.floor(Date.now() / 1000) + 36_000 }),
			connect: (url, options) => mqtt.connect(url, options), fetch: (input, init) => user.cable.fetch(input, init),
			mqttOptions: { wsOptions: { agent: user.cable } },
		});

		client.on("event", ({ data }) => user.note(data?.message?.content?.body));
		client.on("status", (status) => { user.liveAt = status === "live" ? now() : null; });
		client.start();
	},

	socketio(user, { port }, account) {
		const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], agent: user.cable, forceNew: true });

		socket.on("new_message", ({ message }) => user.note(message.text?.body));
		socket.on("disconnect", () => { user.liveAt = null; });
		socket.on("connect", () => {
			if (socket.recovered) user.liveAt = now();
			else socket.emit("join", `account:${account}`, () => { user.liveAt = now(); });
		});
	},
};

const users = [];

async function connect({ where, account, first, n }) {
	let next = first;
	const connectSome = async () => {
		while (next < first + n) {
			const user = new User();

			users.push(user);
			MAKERS[where.kind](user, where, account, next++);
			await eventually(() => user.liveAt !== null, "a user sees what happens", { ms: CONNECT_MS });
		}
	};

	await Promise.all(Array.from({ length: AT_ONCE }, connectSome));
}

/** Unplugs every user's cable for outMs every everyMs, evenly spread over the users; all are back before it ends. */
async function jitter({ everyMs, outMs, rounds }) {
	const end = now() + everyMs * (rounds + 1);
	const timers = users.map((user, i) => setTimeout(() => {
		const cut = () => {
			if (now() + everyMs / 2 > end) return;
			user.pull();
			setTimeout(() => user.plug(), outMs);
		};

		cut();
		timers[i] = setInterval(cut, everyMs);
	}, (i * everyMs) / users.length));

	await new Promise((resolve) => { setTimeout(resolve, end - now()); });
	for (const timer of timers) clearInterval(timer);
}

serve({
	connect,
	jitter,
	/** Since when each user is live; null: not live. */
	live: () => users.map(({ liveAt }) => liveAt),
	/** The number of distinct messages received, summed over all users. */
	delivered: () => users.reduce((sum, { times }) => sum + times.size, 0),
	report: () => ({
		delivered: users.reduce((sum, { times }) => sum + times.size, 0),
		duplicated: users.reduce((sum, { times }) => sum + [...times.values()].reduce((extra, n) => extra + n - 1, 0), 0),
		reordered: users.reduce((sum, { nReordered }) => sum + nReordered, 0),
		replays: users.flatMap(({ replays }) => replays),
	}),
});
