// Does the plugin cost the broker more than a twentieth of its CPU time per delivery? The same broker and configuration
// with and without the plugin, alternating (ABBA), over TCP and WebSocket, for 100 and 1,000 subscribers, for agents
// who see everything and for agents limited to assigned conversations (a table of 100,000). Prints a table for
// docs/benchmarks.md: medians of PAIRS pairs, with the range in brackets.
//
//   node bench/fanout.mjs [cells]              e.g. tcp-100-agent,ws-1000-assigned-agent; all of them
//   AGAINST=/path/other.so                     another plugin instead of none
//
// A pair is two fresh brokers side by side, each with its own crowd connected; they are measured alternately, in slices
// of less than half a second. Other load on the machine changes from second to second, so it affects both. Where heap
// and tables lie in memory is fixed for a broker's lifetime, so it varies from pair to pair.
import { writeFileSync } from "node:fs";

import { ACCOUNT, Driver, House, PLUGIN, conversation, conversationTopic, knows } from "./lib/broker.mjs";
import { median, printTable, range, sum } from "./lib/measure.mjs";

const PAIRS = Number(process.env.PAIRS ?? 9);
const MILLISECONDS = Number(process.env.MILLISECONDS ?? 400);
const SLICES = Number(process.env.SLICES ?? 10);
const AGAINST = process.env.AGAINST ?? null;
const ASSIGNMENTS = 100000;
const SUBJECTS = 1000; /* one in this many conversations is assigned to the subscribers */
const CELLS = ["tcp", "ws"].flatMap((transport) => [100, 1000].flatMap((size) => ["agent", "assigned-agent"]
	.map((role) => `${transport}-${size}-${role}`)));
const cells = process.argv[2]?.split(",") ?? CELLS;

const house = new House();
const assignments = Array.from({ length: ASSIGNMENTS }, (_, i) => [conversation(i),
	i % SUBJECTS === 0 ? "ann" : `agent-${i % SUBJECTS}`]);
const tables = { agent: house.table("empty.table"), "assigned-agent": house.table("full.table", assignments) };
const topics = house.file("topics");

writeFileSync(topics, Array.from({ length: ASSIGNMENTS / SUBJECTS }, (_, i) => conversationTopic(i * SUBJECTS)).join("\n"));

/* Starts a broker with its crowd, connected and warmed up. */
async function open(plugin, transport, size, role) {
	const broker = await house.start(plugin);
	const driver = new Driver("fanout", broker, {
		port: broker.ports[transport], "publisher-port": broker.ports.tcp, ws: transport === "ws", ask: true,
		subscribers: size, filter: `acct/${ACCOUNT}/conv/+`, topics, tokens: house.tokens("tokens", size, { oneSubject: true, role }),
		publisher: house.publisher(), setup: knows(plugin, "n_assignments") ? tables[role] : undefined,
		warmup: Math.ceil(30000 / size), milliseconds: MILLISECONDS,
	});

	await driver.ask(); /* connected, and warmed up once more */
	return { ask: () => driver.ask(), stop: () => { driver.stop(); return broker.stop(); } };
}

async function measurePair(transport, size, role) {
	const sides = { without: await open(AGAINST, transport, size, role), with: await open(PLUGIN, transport, size, role) };
	const slices = { without: [], with: [] };

	for (let i = 0; i < SLICES; i++) {
		for (const side of i % 2 ? ["with", "without"] : ["without", "with"]) {
			slices[side].push(await sides[side].ask());
		}
	}
	await sides.without.stop();
	await sides.with.stop();
	return slices;
}

const cost = (slice) => slice.broker_ns_per_delivery;

async function measureCell(cell) {
	const [, transport, size, role] = cell.match(/^(tcp|ws)-(\d+)-(.+)$/);
	const pairs = [];

	for (let i = 0; i < PAIRS; i++) {
		pairs.push(await measurePair(transport, Number(size), role));
	}
	const ratios = pairs.map((pair) => median(pair.with.map((slice, i) => cost(slice) / cost(pair.without[i]))));
	const all = (side, name) => pairs.flatMap((pair) => pair[side].map((slice) => slice[name]));
	const both = (name, digits) => `${median(all("without", name)).toFixed(digits)} → ${median(all("with", name)).toFixed(digits)}`;

	return {
		"subscribers": `${size}, ${transport}, ${role}`,
		"broker's CPU per delivery, ns": both("broker_ns_per_delivery", 0),
		"ratio": `${median(ratios).toFixed(3)} (${range(ratios, 3)})`,
		"deliveries/s": both("per_second", 0),
		"publish → delivery p50, ms": both("p50_ms", 2),
		"p99, ms": both("p99_ms", 2),
		"lost": sum([...all("without", "lost"), ...all("with", "lost")]),
		"broker's load": both("broker_load", 2),
	};
}

const rows = [];

for (const cell of cells) {
	rows.push(await measureCell(cell));
	console.error(JSON.stringify(rows.at(-1)));
}
printTable(rows);
