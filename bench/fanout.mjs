// Does the plugin cost the broker more than a twentieth of its CPU per delivery? The same broker and
// configuration with and without the plugin, in turns (ABBA), over TCP and WebSocket, for 100 and 1,000
// subscribers, for agents who see all and for agents limited to assigned conversations (a table of 100,000).
// Prints a table for docs/benchmarks.md: medians of PAIRS pairs, in brackets the range.
//
//   node bench/fanout.mjs [cells]              e.g. tcp-100-agent,ws-1000-assigned-agent; all of them
//   AGAINST=/path/other.so                     another plugin instead of none
//
// Each measurement has a broker of its own: where the heap and the plugin's table happen to lie makes a few
// percent, which a broker that is kept would add to every pair alike.
import { writeFileSync } from "node:fs";

import { ACCOUNT, House, PLUGIN, conversation, conversationTopic, drive, knows, median, printTable, range } from "./broker.mjs";

const PAIRS = Number(process.env.PAIRS ?? 9);
const MILLISECONDS = Number(process.env.MILLISECONDS ?? 3000);
const AGAINST = process.env.AGAINST ?? null;
const ASSIGNMENTS = 100000;
const SUBJECTS = 1000; /* one in so many conversations is the subscribers' own */
const CELLS = ["tcp", "ws"].flatMap((transport) => [100, 1000].flatMap((size) => ["agent", "assigned-agent"]
	.map((role) => `${transport}-${size}-${role}`)));
const cells = process.argv[2]?.split(",") ?? CELLS;

const house = new House();
const assignments = Array.from({ length: ASSIGNMENTS }, (_, i) => [conversation(i),
	i % SUBJECTS === 0 ? "ann" : `agent-${i % SUBJECTS}`]);
const tables = { agent: house.table("empty.table"), "assigned-agent": house.table("full.table", assignments) };
const topics = house.file("topics");

writeFileSync(topics, Array.from({ length: ASSIGNMENTS / SUBJECTS }, (_, i) => conversationTopic(i * SUBJECTS)).join("\n"));

async function measure(plugin, transport, size, role) {
	const broker = await house.start(plugin);

	try {
		return await drive("fanout", broker, {
			port: broker.ports[transport], "publisher-port": broker.ports.tcp, ws: transport === "ws",
			subscribers: size, filter: `acct/${ACCOUNT}/conv/+`, topics, tokens: house.tokens("tokens", size, { oneSubject: true, role }),
			publisher: house.publisher(), setup: knows(plugin, "n_assignments") ? tables[role] : undefined,
			warmup: Math.ceil(30000 / size), milliseconds: MILLISECONDS,
		});
	} finally {
		await broker.stop();
	}
}

async function measureCell(cell) {
	const [, transport, size, role] = cell.match(/^(tcp|ws)-(\d+)-(.+)$/);
	const pairs = [];

	for (let i = 0; i < PAIRS; i++) {
		const one = await measure(i % 2 ? PLUGIN : AGAINST, transport, Number(size), role);
		const other = await measure(i % 2 ? AGAINST : PLUGIN, transport, Number(size), role);

		pairs.push(i % 2 ? { without: other, with: one } : { without: one, with: other });
	}
	const all = (side, name) => pairs.map((pair) => pair[side][name]);
	const ratios = pairs.map((pair) => pair.with.broker_ns_per_delivery / pair.without.broker_ns_per_delivery);
	const both = (name, digits) => `${median(all("without", name)).toFixed(digits)} → ${median(all("with", name)).toFixed(digits)}`;

	return {
		"subscribers": `${size}, ${transport}, ${role}`,
		"broker's CPU per delivery, ns": both("broker_ns_per_delivery", 0),
		"ratio": `${median(ratios).toFixed(3)} (${range(ratios, 3)})`,
		"deliveries/s": both("per_second", 0),
		"publish → delivery p50, ms": both("p50_ms", 2),
		"p99, ms": both("p99_ms", 2),
		"lost or out of order": [...all("without", "lost"), ...all("with", "lost"), ...all("without", "wrong"),
			...all("with", "wrong")].reduce((sum, n) => sum + n, 0),
		"broker's load": both("broker_load", 2),
	};
}

const rows = [];

for (const cell of cells) {
	rows.push(await measureCell(cell));
	console.error(JSON.stringify(rows.at(-1)));
}
printTable(rows);
