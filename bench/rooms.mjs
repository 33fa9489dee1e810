// From a signed webhook to the account's viewers, 10, 100 and 1,000 of them over WebSocket: Convwire and Express +
// PostgreSQL + Socket.IO rooms, alternating; each message is durable and acknowledged before it is broadcast. Both
// sides use the same minimal subscriber (lib/subscribers.mjs). Prints a table for docs/benchmarks.md and draws
// build/figures/rooms.svg.
//
//   node bench/rooms.mjs [subscribers ...]        RUNS, SECONDS, RATE, QOS (of Convwire's subscribers)
import { fileURLToPath } from "node:url";

import { ACCOUNT } from "../tests/lib/system.mjs";
import { Crew } from "./lib/crew.mjs";
import { deliveries } from "./lib/deliveries.mjs";
import { median, printTable, spread } from "./lib/measure.mjs";
import { plot } from "./lib/plot.mjs";
import { Convwire, Replaced } from "./lib/systems.mjs";

const RUNS = Number(process.env.RUNS ?? 5);
const SECONDS = Number(process.env.SECONDS ?? 5);
const RATE = Number(process.env.RATE ?? 20);
const CROWDS = process.argv.slice(2).length > 0 ? process.argv.slice(2).map(Number) : [10, 100, 1000];
const SUBSCRIBERS = fileURLToPath(new URL("lib/subscribers.mjs", import.meta.url));
const WARM_UP = 20;

async function measure(n) {
	const sides = [];

	for (const system of [new Convwire(), new Replaced()]) {
		await system.start();
		const crew = new Crew(SUBSCRIBERS, 1);

		await crew.call("connect", { where: system.where, account: ACCOUNT, first: 0, n });
		await deliveries(system, crew, { n, nMessages: WARM_UP, rate: RATE });
		sides.push({ system, crew, runs: [] });
	}
	for (let i = 0; i < RUNS; i++) {
		for (const side of i % 2 ? [...sides].reverse() : sides) side.runs.push(await deliveries(side.system, side.crew, { n, nMessages: RATE * SECONDS, rate: RATE }));
	}
	for (const { system, crew } of sides) {
		await crew.stop();
		await system.stop();
	}
	return sides.map(({ system, runs }) => ({ n, name: system.name, of: (member) => runs.map((one) => one[member]) }));
}

const cells = [];

for (const n of CROWDS) {
	cells.push(...await measure(n));
	for (const { name, of } of cells.slice(-2)) console.error(n, name, spread(of("p50"), 2), spread(of("p99"), 2), spread(of("load"), 0));
}
printTable(cells.map(({ n, name, of }) => ({
	"subscribers": n, "": name, "POST → subscriber p50, ms": spread(of("p50"), 2), "p99, ms": spread(of("p99"), 2),
	"the last of them, p50, ms": spread(of("last50"), 2), "servers' CPU, % of a core": spread(of("load"), 0),
})));
plot("rooms", {
	title: `Webhook to WebSocket subscriber, ${RATE} messages/s, everybody sees all`, x: "subscribers", y: "ms", logX: true, logY: true,
	series: ["Convwire", "Socket.IO"].flatMap((name) => ["p50", "p99"].map((member) => ({
		title: `${name}, ${member}`, points: cells.filter((cell) => cell.name === name).map((cell) => [cell.n, median(cell.of(member))]),
	}))),
});
