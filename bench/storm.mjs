// A storm of reconnects: CLIENTS clients, each with its own token, connect at once over TCP, cold (a fresh broker) and
// warm (all reconnect with tokens that the plugin has seen). How many connect per second, and what is the worst delay
// of a message (50 a second) to someone who stayed connected? Once per algorithm, with RUNS fresh brokers each.
// Prints a table for docs/benchmarks.md: medians, and the worst delay of all runs.
//
//   node bench/storm.mjs [algorithms]          e.g. ES256,RS256,HS256
//   AGAINST=/path/other.so                     another plugin beside it; AGAINST=none: no plugin
//   PARALLEL=5000,100                          how many may be connecting at a time: all, or what mosquitto's
//                                              listen queue of 100 holds (beyond it Linux drops SYNs, which are
//                                              sent again after a second)
import { Driver, House, PLUGIN, conversationTopic, knows } from "./lib/broker.mjs";
import { median, printTable } from "./lib/measure.mjs";

const CLIENTS = Number(process.env.CLIENTS ?? 5000);
const PARALLEL = (process.env.PARALLEL ?? `${CLIENTS},100`).split(",").map(Number);
const RUNS = Number(process.env.RUNS ?? 3);
const algorithms = process.argv[2]?.split(",") ?? ["ES256", "RS256", "HS256"];
const plugins = { ...(process.env.AGAINST && { before: process.env.AGAINST === "none" ? null : process.env.AGAINST }), plugin: PLUGIN };

const house = new House();
const table = house.table("empty.table");
const steady = house.tokens("steady", 1, { oneSubject: true, role: "agent" });

async function measure(plugin, algorithm, parallel) {
	const broker = await house.start(plugin);
	const driver = new Driver("storm", broker, {
		port: broker.ports.tcp, subscribers: CLIENTS, parallel, steady, topic: conversationTopic(1),
		tokens: house.tokens("tokens", CLIENTS, { algorithm, ...(algorithm === "ES256" && { role: "agent" }) }),
		publisher: house.publisher(), setup: knows(plugin, "n_assignments") ? table : undefined,
	});
	const { rounds } = await driver.answer();

	driver.stop();
	await broker.stop();
	return rounds;
}

const rows = [];

async function measureStorm(algorithm, parallel) {
	const results = Object.fromEntries(Object.keys(plugins).map((name) => [name, []]));

	for (let i = 0; i < RUNS; i++) {
		for (const [name, plugin] of Object.entries(plugins)) {
			results[name].push(await measure(plugin, algorithm, parallel));
		}
	}
	return Object.entries(results).flatMap(([name, runs]) => ["cold", "warm"].map((kind, round) => {
		const all = (member) => runs.map((rounds) => rounds[round][member]);

		return {
			"storm": `${name}, ${algorithm}, ${parallel} at a time, ${kind}`,
			"connected": Math.min(...all("connected")),
			"connects/s": median(all("per_second")).toFixed(0),
			"broker's CPU per connect, µs": median(all("broker_us_per_connect")).toFixed(0),
			"connect p99, ms": median(all("connect_p99_ms")).toFixed(0),
			"worst delay before, ms": Math.max(...all("quiet_worst_ms")).toFixed(1),
			"delay p50, ms": median(all("p50_ms")).toFixed(1),
			"worst delay, ms": Math.max(...all("worst_ms")).toFixed(1),
		};
	}));
}

for (const algorithm of algorithms) {
	for (const parallel of PARALLEL) {
		const measured = await measureStorm(algorithm, parallel);

		rows.push(...measured);
		console.error(measured.map((row) => JSON.stringify(row)).join("\n"));
	}
}
printTable(rows);
