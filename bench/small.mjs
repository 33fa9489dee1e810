// The whole system on a small server: one CPU and 512 MB for broker, daemon and command line, in a control group; the
// generator and the agents run outside. An inbox of MESSAGES, a flood, agents watching over WebSocket, a dashboard's
// requests, a backup and a check. Needs root. Prints a table for docs/benchmarks.md.
//
//   node bench/small.mjs        MESSAGES, AGENTS, RUNS, CPUS, MEGABYTES
import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { ACCOUNT, programPath } from "../tests/lib/system.mjs";
import { Cgroup } from "./lib/cgroup.mjs";
import { Crew } from "./lib/crew.mjs";
import { deliveries } from "./lib/deliveries.mjs";
import { ask, load } from "./lib/load.mjs";
import { printTable, spread } from "./lib/measure.mjs";
import { rssBytes } from "./lib/process.mjs";
import { Convwire } from "./lib/systems.mjs";

const run = promisify(execFile);
const MESSAGES = Number(process.env.MESSAGES ?? 200_000);
const AGENTS = Number(process.env.AGENTS ?? 100);
const RUNS = Number(process.env.RUNS ?? 5);
const CPUS = Number(process.env.CPUS ?? 1);
const MEGABYTES = Number(process.env.MEGABYTES ?? 512);
const RATE = 20;
const SECONDS = 5;
const QUESTIONS = 200;
const SUBSCRIBERS = fileURLToPath(new URL("lib/subscribers.mjs", import.meta.url));
const mb = (bytes) => (bytes / 1e6).toFixed(1);

async function asked(convwire, where) {
	const { p50, p99 } = await ask(convwire, () => where, QUESTIONS);

	return `${p50.toFixed(1)}, ${p99.toFixed(1)} ms`;
}

/* Runs a `convwire` command in the control group; returns how long it takes, s. */
async function timed(box, ...args) {
	const started = performance.now();

	await run(...box.command(programPath("convwire"), args), { maxBuffer: 1e8 });
	return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

async function measure(convwire, crew, box) {
	const { system } = convwire;
	const floods = [];
	const paced = [];
	const idle = box.usage().own;

	await load(convwire, "-c", 64, "-k", MESSAGES, "-v", MESSAGES / 100);
	await crew.call("connect", { where: convwire.where, account: ACCOUNT, first: 0, n: AGENTS });
	for (let i = 0; i < RUNS; i++) floods.push(await load(convwire, "-c", 64, "-d", SECONDS));
	for (let i = 0; i <= RUNS; i++) paced.push(await deliveries(convwire, crew, { n: AGENTS, nMessages: RATE * SECONDS, rate: RATE }));
	const of = (member) => paced.slice(1).map((one) => one[member]); /* the first is a warm-up */

	return {
		"memory of the processes, empty database": `${mb(idle)} MB`,
		[`flood, ${AGENTS} agents connected: durable webhooks/s`]: spread(floods.map((one) => one.per_second), 0),
		"acknowledged after, p99": `${spread(floods.map((one) => one.ack_p99_ms), 0)} ms`,
		[`${RATE} messages/s to ${AGENTS} agents: webhook → WebSocket, p50`]: `${spread(of("p50"), 1)} ms`,
		"p99": `${spread(of("p99"), 1)} ms`,
		"CPU meanwhile": `${spread(of("load"), 0)} %`,
		"the list, first 50: p50, p99": await asked(convwire, "/conversations?limit=50"),
		"search: p50, p99": await asked(convwire, "/search?q=bench&limit=20"),
		"backup": await timed(box, "backup", path.join(system.dir, "copy"), "--dir", system.dir),
		"check": await timed(box, "check", "--dir", system.dir),
		"memory of daemon, of broker": `${convwire.pids.map((pid) => mb(rssBytes([pid]))).join(", ")} MB`,
		"memory of all processes at the end": `${mb(box.usage().own)} MB`,
		"peak, with the kernel's cache of their files": `${mb(box.usage().peak)} MB`,
		"killed: out of memory": box.usage().killed,
	};
}

const box = new Cgroup({ cpus: CPUS, bytes: MEGABYTES * 2 ** 20 });
const convwire = await new Convwire({ box }).start();
const crew = new Crew(SUBSCRIBERS, 1);

try {
	const rows = await measure(convwire, crew, box);

	printTable(Object.entries(rows).map(([what, found]) => ({ [`${CPUS} CPU, ${MEGABYTES} MB, ${MESSAGES.toLocaleString("en")} messages`]: what, "": found })));
} finally {
	await crew.stop();
	await convwire.stop();
	box.remove();
}
