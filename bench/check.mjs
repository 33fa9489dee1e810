// What does one delivery check cost, and does it allocate? 10,000 clients with role assigned-agent, 100,000
// assignments; a random client, topic and assignment per call; the same with cold caches; one topic to all clients.
// Medians of RUNS.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { House, PLUGIN } from "./lib/broker.mjs";
import { median, printTable, range } from "./lib/measure.mjs";

const RUNS = Number(process.env.RUNS ?? 9);
const check = fileURLToPath(new URL("../build/bin/check", import.meta.url));
const house = new House();
const tokens = house.tokens("tokens", 10000, { role: "assigned-agent", algorithm: "HS256" });
const runs = Array.from({ length: RUNS }, () => JSON.parse(execFileSync(check,
	[PLUGIN, house.file("keys"), house.file("roles.acl"), tokens], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })));
const row = (name, key, digits) => {
	const values = runs.map((run) => run[key]);

	return { "check of one delivery": name, "ns, median of runs": median(values).toFixed(digits), range: range(values, digits) };
};

printTable([
	row("random client, topic and assignment (median of 400,000)", "random_ns", 0),
	row("the same after reading 8 MB of other memory (median of 1,000)", "cold_ns", 0),
	row("one topic to every client in turn (mean)", "fan_out_ns", 1),
	row("allocations, in all of them", "allocations", 0),
]);
