// 10,000 tokens expire in the same second. Does anybody receive anything afterwards, and how long until all are
// disconnected? From 2 s before expiry until then, what is the worst delay of a message (100 a second) to a client
// whose token is still valid? Over TCP and over WebSocket. Prints a table for docs/benchmarks.md; each row is one run.
//
//   node bench/expiry.mjs [cells]              e.g. tcp-1000,ws-1000
//   LIFETIME=60 seconds that the clients have for connecting
import { Driver, House, PLUGIN, conversationTopic, knows } from "./lib/broker.mjs";
import { printTable } from "./lib/measure.mjs";

const LIFETIME = Number(process.env.LIFETIME ?? 60);
const RUNS = Number(process.env.RUNS ?? 1);
const cells = process.argv[2]?.split(",") ?? ["tcp-10000", "ws-10000"];

const house = new House();
const table = house.table("empty.table");
const steady = house.tokens("steady", 1, { oneSubject: true, role: "agent" });

async function measure(transport, clients) {
	const exp = Math.ceil(Date.now() / 1000) + LIFETIME;
	const tokens = house.tokens("tokens", clients, { role: "agent", exp });
	const broker = await house.start(PLUGIN);
	const driver = new Driver("expiry", broker, {
		port: broker.ports[transport], "publisher-port": broker.ports.tcp, ws: transport === "ws", subscribers: clients,
		filter: conversationTopic(2), "crowd-topic": conversationTopic(2), tokens, exp, steady, topic: conversationTopic(1),
		publisher: house.publisher(), setup: knows(PLUGIN, "n_assignments") ? table : undefined,
	});
	const result = await driver.answer();

	driver.stop();
	await broker.stop();
	return result;
}

const rows = [];

for (const cell of cells.flatMap((one) => Array(RUNS).fill(one))) {
	const [, transport, clients] = cell.match(/^(tcp|ws)-(\d+)$/);
	const one = await measure(transport, Number(clients));

	rows.push({
		"clients": `${clients}, ${transport}`,
		"received before, of": `${one.received_before} of ${one.published_before * one.clients}`,
		"received after, of messages": `${one.received_after} of ${one.published_after}`,
		"until, ms after exp": one.received_until_ms,
		"disconnected": one.disconnected,
		"first and last, ms after exp": `${one.first_gone_ms}, ${one.last_gone_ms}`,
		"told why": one.told_why,
		"delay p50, ms": one.p50_ms,
		"worst delay, ms": one.worst_ms,
		"broker's CPU, ms": one.broker_ms,
	});
	console.error(JSON.stringify(rows.at(-1)));
}
printTable(rows);
