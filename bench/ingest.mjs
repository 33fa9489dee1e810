// Ingest: durable webhooks per second and the time until they are acknowledged, against Express + PostgreSQL +
// Socket.IO in the same run, alternating, at 1, 16 and 64 connections. Then Convwire alone with a subscriber, at
// several database sizes: POST → subscriber over WebSocket, checkpoints, memory. Everything runs on this machine; the
// generator (load) shares its cores. Prints tables for docs/benchmarks.md and draws build/figures/ingest.svg: medians
// of RUNS runs of SECONDS.
//
//   node bench/ingest.mjs [sizes]                       e.g. 100000,1000000
//   BASELINE=/path/server.js node bench/ingest.mjs another system like the baseline: on port 13000, with the secret
//   `app-secret`
import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";

import { Program } from "../tests/lib/program.mjs";
import { ACCOUNT } from "../tests/lib/system.mjs";
import { load } from "./lib/load.mjs";
import { median, printTable, range, spread, sum } from "./lib/measure.mjs";
import { plot } from "./lib/plot.mjs";
import { rssBytes } from "./lib/process.mjs";
import { Convwire, Replaced } from "./lib/systems.mjs";

const RUNS = Number(process.env.RUNS ?? 5);
const SECONDS = Number(process.env.SECONDS ?? 5);
const CONNECTIONS = [1, 16, 64];
const sizes = (process.argv[2] ?? "100000,1000000").split(",").map(Number);
/* Another server like the baseline has its own tables. */
const OTHER = process.env.BASELINE && {
	name: "the other baseline", file: path.resolve(process.env.BASELINE), port: 13000, secret: "app-secret",
	tables: `create table conv(id text primary key, last text, at timestamptz);
create table msg(id bigserial primary key, wamid text unique, conv text, body jsonb, at timestamptz default now()); create index on msg(conv, id)`,
};

// ---- against the baseline ----

async function compare() {
	const sides = [new Convwire(), new Replaced(), ...(OTHER ? [new Replaced({ server: OTHER })] : [])].map((system) => ({ system, runs: CONNECTIONS.map(() => []) }));

	for (const { system } of sides) {
		await system.start();
		await load(system, "-c", 64, "-k", 20_000); /* warm-up, which also fills the tables */
	}
	for (const [i, n] of CONNECTIONS.entries()) {
		for (let j = 0; j < RUNS; j++) {
			for (const side of j % 2 ? [...sides].reverse() : sides) side.runs[i].push(await load(side.system, "-c", n, "-d", SECONDS));
		}
	}
	const rows = CONNECTIONS.flatMap((n, i) => sides.map(({ system, runs }) => {
		const of = (member) => runs[i].map((one) => one[member]);
		const ratios = runs[i].map((one, j) => sides[0].runs[i][j].per_second / one.per_second);

		return {
			"connections": n, "": system.name, "durable webhooks/s": spread(of("per_second"), 0), "Convwire takes": system === sides[0].system ? "" : `${median(ratios).toFixed(1)} × as many (${range(ratios, 1)})`,
			"acknowledged after, p50 ms": spread(of("ack_p50_ms"), 2), "p99 ms": spread(of("ack_p99_ms"), 2), "memory of all its processes, MB": (sum(system.pids.map((pid) => ownBytes(pid))) / 1e6).toFixed(0),
		};
	}));

	printTable(rows);
	plot("ingest", {
		title: "Durable webhooks per second", x: "connections", y: "webhooks/s", logX: true,
		series: sides.map(({ system, runs }) => ({ title: system.name, points: CONNECTIONS.map((n, i) => [n, median(runs[i].map((one) => one.per_second))]) })),
	});
	for (const { system } of sides) await system.stop();
}

/* PostgreSQL's processes share most of their memory, so each one's proportional share is counted. */
const ownBytes = (pid) => Number(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").match(/^Pss: +(\d+)/m)[1]) * 1024;

// ---- Convwire alone ----

/* A minimal subscriber in its own process: mosquitto_sub prints one character per event. */
function subscribe(system) {
	const { mqttPort, account } = system;
	const program = new Program("mosquitto_sub", "mosquitto_sub", ["-h", "127.0.0.1", "-p", mqttPort, "-V", "mqttv5", "-i", `${account}:ann:bench`, "-u",
		"convwire", "-P", system.token(), "-t", `acct/${account}/conv/+`, "-q", "1", "-F", "."].map(String));

	return { program, get seen() { return program.stdout.length / 2; } };
}

/* Waits until nothing has arrived for a second. */
async function settled(subscriber) {
	for (let before = -1; before !== subscriber.seen;) {
		before = subscriber.seen;
		await new Promise((resolve) => setTimeout(resolve, 1000));
	}
	return subscriber.seen;
}

async function measure(size) {
	const convwire = await new Convwire().start();
	const { system } = convwire;
	const daemon = [system.childOfUp("convwired")];
	const idle = rssBytes(daemon);
	const watching = ["-a", ACCOUNT, "-t", system.token(ACCOUNT, "agent", "ben", { exp: Math.floor(Date.now() / 1000) + 36_000 }), "-w", system.wsUrl];
	const full = [];
	const paced = [];

	await load(convwire, "-c", 64, "-k", size);
	const subscriber = subscribe(system);
	const before = await settled(subscriber);

	for (let i = 0; i < RUNS; i++) full.push(await load(convwire, "-c", 64, "-d", SECONDS));
	const seen = (await settled(subscriber)) - before;

	await subscriber.program.stop();
	for (let i = 0; i < RUNS; i++) paced.push(await load(convwire, "-c", 16, "-d", SECONDS, "-r", 200, ...watching));
	const metrics = await system.metrics();
	const result = {
		"messages before": size.toLocaleString("en"),
		"webhooks/s, 64 connections, one subscriber": spread(full.map((one) => one.per_second), 0),
		"ack p99 ms": spread(full.map((one) => one.ack_p99_ms), 1),
		"seen of stored": `${seen.toLocaleString("en")} of ${sum(full.map((one) => one.webhooks)).toLocaleString("en")}`,
		"longest checkpoint ms": metrics.checkpoint_max_milliseconds,
		"200/s: POST → WebSocket p50 ms": spread(paced.map((one) => one.seen_p50_ms), 2),
		"200/s: POST → WebSocket p99 ms": spread(paced.map((one) => one.seen_p99_ms), 2),
		"daemon's memory idle, MB": (idle / 1e6).toFixed(1),
		"after, MB": (rssBytes(daemon) / 1e6).toFixed(1),
		"database MB": ((await stat(path.join(system.dir, "convwire.db"))).size / 1e6).toFixed(0),
	};

	await convwire.stop();
	return result;
}

await compare();
console.log();
const results = [];

for (const size of sizes) results.push(await measure(size));
printTable(Object.keys(results[0]).slice(1).map((name) => ({
	"": name, ...Object.fromEntries(results.map((one) => [`at ${one["messages before"]}`, one[name]])),
})));
