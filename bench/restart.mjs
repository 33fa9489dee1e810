// A restart of the servers with 2,000 connected users: how long until all of them are live again? Convwire with its
// client library, Socket.IO with socket.io-client (which joins its room again). Measured from when the servers are told
// to stop. Prints a table for docs/benchmarks.md and draws build/figures/restart.svg.
//
//   node bench/restart.mjs        USERS, RUNS
import { fileURLToPath } from "node:url";

import { ACCOUNT } from "../tests/lib/system.mjs";
import { eventually } from "../tests/lib/until.mjs";
import { Crew, now } from "./lib/crew.mjs";
import { ascending, percentile, printTable, spread, sum } from "./lib/measure.mjs";
import { plot } from "./lib/plot.mjs";
import { cpuSeconds } from "./lib/process.mjs";
import { Convwire, Replaced } from "./lib/systems.mjs";

const USERS = Number(process.env.USERS ?? 2000);
const RUNS = Number(process.env.RUNS ?? 3);
const WORKERS = 4;
const ALL_LIVE_MS = 180_000;
const CLIENTS = fileURLToPath(new URL("lib/clients.mjs", import.meta.url));

/*
 * Returns the seconds until each user was back, in ascending order, and until the servers were; also the CPU time used
 * for this by the process holding the new connections, and by the users.
 */
async function restart(system, crew) {
	const started = now();
	const before = cpuSeconds(crew.pids);

	await system.restart();
	const servers = (now() - started) / 1000;
	const lives = async () => (await crew.call("live")).flat();

	await eventually(async () => (await lives()).every((at) => at > started), "everybody is back", { ms: ALL_LIVE_MS });
	return { servers, users: ascending((await lives()).map((at) => (at - started) / 1000)), holder: cpuSeconds(system.holders), clients: cpuSeconds(crew.pids) - before };
}

async function measure(system) {
	await system.start();
	const crew = new Crew(CLIENTS, WORKERS);
	const share = USERS / WORKERS;
	const runs = [];

	await crew.call("connect", (i) => ({ where: system.where, account: ACCOUNT, first: i * share, n: share }));
	for (let i = 0; i < RUNS; i++) runs.push(await restart(system, crew));
	await system.post(`bench 0 ${now().toFixed(3)}`);
	await eventually(async () => sum(await crew.call("delivered")) === USERS, "a message after it reaches everybody");
	await crew.stop();
	await system.stop();
	return { name: system.name, runs };
}

/* The curve, in a hundred steps. */
const hundredths = (users) => Array.from({ length: 101 }, (_, i) => [percentile(users, i / 100), Math.round((users.length * i) / 100)]);
const sides = [];

for (const system of [new Convwire(), new Replaced()]) {
	sides.push(await measure(system));
	console.error(sides.at(-1).name, JSON.stringify(sides.at(-1).runs.map(({ servers, users }) => [servers, percentile(users, 0.5), users.at(-1)])));
}
printTable(sides.map(({ name, runs }) => ({
	"": name, "servers listen again after, s": spread(runs.map(({ servers }) => servers), 1),
	"half of the users are live, s": spread(runs.map(({ users }) => percentile(users, 0.5)), 1),
	"all users are live, s": spread(runs.map(({ users }) => users.at(-1)), 1),
	"CPU of the process that holds the connections, s": spread(runs.map(({ holder }) => holder), 1),
	"CPU of the users, s": spread(runs.map(({ clients }) => clients), 1),
})));
plot("restart", {
	title: `A restart under ${USERS} connected users`, x: "seconds since the servers were told to stop", y: "users live again", steps: true,
	series: sides.map(({ name, runs }) => ({ title: name, points: hundredths(runs[0].users) })),
});
