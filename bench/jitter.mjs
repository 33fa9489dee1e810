// Users with an unstable network: 1,000 over WebSocket, each cut off every 15 s for 2 s (TCP reset, nothing gets
// through), while 10 messages a second arrive. How many messages reach them, how many twice, and how long after the
// network is back do they have what they missed? Convwire with its client library, Socket.IO with socket.io-client,
// with and without connection state recovery. Prints a table for docs/benchmarks.md.
//
//   node bench/jitter.mjs        USERS, ROUNDS, RATE
import { fileURLToPath } from "node:url";

import { ACCOUNT } from "../tests/lib/system.mjs";
import { eventually } from "../tests/lib/until.mjs";
import { Crew, now } from "./lib/crew.mjs";
import { ascending, atRate, percentile, printTable, sum } from "./lib/measure.mjs";
import { cpuSeconds } from "./lib/process.mjs";
import { Convwire, Replaced } from "./lib/systems.mjs";

const USERS = Number(process.env.USERS ?? 1000);
const ROUNDS = Number(process.env.ROUNDS ?? 4);
const RATE = Number(process.env.RATE ?? 10);
const WORKERS = 4;
const EVERY_MS = 15_000;
const OUT_MS = 2_000;
const SETTLE_MS = 30_000;
const CLIENTS = fileURLToPath(new URL("lib/clients.mjs", import.meta.url));

/* Waits until everybody has everything, or nothing has arrived for a while. */
async function settle(crew, wanted) {
	const delivered = async () => sum(await crew.call("delivered"));

	await eventually(async () => (await delivered()) >= wanted, "everything is delivered", { ms: SETTLE_MS }).catch(() => {});
}

async function measure(system) {
	await system.start();
	const crew = new Crew(CLIENTS, WORKERS);
	const share = USERS / WORKERS;

	await crew.call("connect", (i) => ({ where: system.where, account: ACCOUNT, first: i * share, n: share }));
	const seconds = (EVERY_MS * (ROUNDS + 1)) / 1000;
	const before = cpuSeconds(system.pids);
	const nSent = RATE * seconds;
	let posted = Promise.resolve(); /* one after another, so that their order is known */

	await Promise.all([
		crew.call("jitter", { everyMs: EVERY_MS, outMs: OUT_MS, rounds: ROUNDS }),
		atRate(RATE, seconds, (i) => { posted = posted.then(() => system.post(`bench ${i} ${now().toFixed(3)}`)); }),
	]);
	await posted;
	const cpu = cpuSeconds(system.pids) - before;

	await settle(crew, USERS * nSent);
	const reports = await crew.call("report");
	const total = (member) => sum(reports.map((report) => report[member]));
	const replays = ascending(reports.flatMap((report) => report.replays));
	const wanted = USERS * nSent;

	await crew.stop();
	await system.stop();
	return {
		"": system.name, "sent × users": wanted.toLocaleString("en"), "delivered": `${((100 * total("delivered")) / wanted).toFixed(2)} %`,
		"missing": (wanted - total("delivered")).toLocaleString("en"), "twice": total("duplicated"), "out of order": total("reordered"),
		"sent while disconnected, delivered later": replays.length.toLocaleString("en"),
		"network back → delivered, p50": replays.length > 0 ? `${percentile(replays, 0.5).toFixed(0)} ms` : "never",
		"p99": replays.length > 0 ? `${percentile(replays, 0.99).toFixed(0)} ms` : "never",
		"servers' CPU, % of a core": ((100 * cpu) / seconds).toFixed(0),
	};
}

const rows = [];

for (const system of [new Convwire(), new Replaced(), new Replaced({ recovery: true })]) {
	rows.push(await measure(system));
	console.error(JSON.stringify(rows.at(-1)));
}
printTable(rows);
