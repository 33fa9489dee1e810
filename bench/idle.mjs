// What an idle connection costs: memory and CPU of the process that holds it, for different numbers of WebSocket
// clients. Compares mosquitto with Convwire's plugin to Socket.IO; every client is subscribed, and Convwire's are
// signed in. Clients of both send keep-alives. Prints a table for docs/benchmarks.md and draws
// build/figures/idle-cpu.svg and idle-memory.svg.
//
//   node bench/idle.mjs [clients ...]        SECONDS
import { fileURLToPath } from "node:url";

import { ACCOUNT } from "../tests/lib/system.mjs";
import { Crew } from "./lib/crew.mjs";
import { printTable } from "./lib/measure.mjs";
import { plot } from "./lib/plot.mjs";
import { cpuSeconds, rssBytes } from "./lib/process.mjs";
import { Convwire, Replaced } from "./lib/systems.mjs";

const SECONDS = Number(process.env.SECONDS ?? 60);
const CROWDS = process.argv.slice(2).length > 0 ? process.argv.slice(2).map(Number) : [0, 1000, 2500, 5000, 9000];
const SETTLE_S = 5;
const SUBSCRIBERS = fileURLToPath(new URL("lib/subscribers.mjs", import.meta.url));

const seconds = (n) => new Promise((resolve) => { setTimeout(resolve, n * 1000); });

async function measure(system) {
	await system.start();
	const crew = new Crew(SUBSCRIBERS, 1);
	const points = [];
	let connected = 0;

	for (const n of CROWDS) {
		await crew.call("connect", { where: system.where, account: ACCOUNT, first: connected, n: n - connected });
		connected = n;
		await seconds(SETTLE_S);
		const before = cpuSeconds(system.holders);

		await seconds(SECONDS);
		points.push({ n, cpu: ((cpuSeconds(system.holders) - before) / SECONDS) * 100, bytes: rssBytes(system.holders) });
		console.error(system.name, points.at(-1));
	}
	await crew.stop();
	await system.stop();
	return { name: system.name, points };
}

const sides = [];

for (const system of [new Convwire(), new Replaced()]) sides.push(await measure(system));
printTable(CROWDS.map((n, i) => Object.fromEntries([["clients", n.toLocaleString("en")], ...sides.flatMap(({ name, points }) => [
	[`${name}: CPU, % of a core`, points[i].cpu.toFixed(2)],
	[`${name}: memory, MB`, (points[i].bytes / 1e6).toFixed(1)],
	[`${name}: per connection, kB`, n > 0 ? ((points[i].bytes - points[0].bytes) / n / 1e3).toFixed(1) : ""],
])])));
for (const [name, y, value] of [["idle-cpu", "% of a core", ({ cpu }) => cpu], ["idle-memory", "MB", ({ bytes }) => bytes / 1e6]]) {
	plot(name, {
		title: "Idle WebSocket clients, subscribed", x: "clients", y,
		series: sides.map((side) => ({ title: side.name === "Convwire" ? "mosquitto with the plugin" : side.name, points: side.points.map((point) => [point.n, value(point)]) })),
	});
}
