// Replies: an agent's publish → the request to the Graph API; one number at its rate limit for a minute, with statuses
// coming back; memory with 100,000 replies waiting. The simulated WhatsApp runs on the same machine and shares its
// cores.
//
//   node bench/replies.mjs [latency|limit|memory ...]
import { System } from "../tests/lib/system.mjs";
import { eventually } from "../tests/lib/until.mjs";
import { newCustomer } from "../tests/lib/webhook.mjs";
import { atRate, percentile } from "./lib/measure.mjs";

const SECONDS = Number(process.env.SECONDS ?? 60);
const RUNS = Number(process.env.RUNS ?? 3);
const QUEUED = Number(process.env.QUEUED ?? 100_000);
const CONVERSATIONS = 100;
const wanted = process.argv.slice(2);

const nowUs = () => (performance.timeOrigin + performance.now()) * 1000;
const ms = (us) => (us / 1000).toFixed(1);

async function withSystem(body, ...settings) {
	const system = new System();

	try {
		await system.init();
		await system.startSim();
		await system.sim.behave({ rate: 100_000, pair: 1_000_000 });
		await system.configure("log_level = warn", ...settings);
		await system.start();
		const ids = [];

		for (let n = 0; n < CONVERSATIONS; n++) {
			ids.push(`${system.account}_${system.number}_${newCustomer()}`);
			await system.sim.writes({ from: ids[n].split("_")[2], text: "Hello" });
		}
		await eventually(async () => (await system.check()).conversations === CONVERSATIONS, "all customers have written");
		await body(system, ids);
	} finally {
		await system.stop();
	}
}

const say = (agent, id, n) => agent.publish(id, { id: `n${n}`, type: "send", data: { kind: "text", content: { body: `${n}` } } });

async function latency() {
	const runs = [];

	for (let run = 0; run < RUNS; run++) {
		await withSystem(async (system, ids) => {
			const ann = await system.commander();
			const sentUs = [];

			await atRate(50, SECONDS / 2, (n) => {
				sentUs[n] = nowUs();
				void say(ann, ids[n % CONVERSATIONS], n);
			});
			const taken = await system.sim.tookAtLeast(sentUs.length);
			const took = taken.map(({ body, at_us: at }) => at - sentUs[Number(body.text.body)]).sort((one, other) => one - other);

			runs.push({ p50: percentile(took, 0.5), p99: percentile(took, 0.99), max: took.at(-1), n: took.length });
		});
	}
	const of = (key) => runs.map((run) => run[key]).sort((one, other) => one - other);

	console.log("| 50 replies/s | median of runs | range |\n|---|---|---|");
	for (const key of ["p50", "p99", "max"]) {
		console.log(`| publish → request at the Graph API, ${key} | ${ms(percentile(of(key), 0.5))} ms | ${ms(of(key)[0])}–${ms(of(key).at(-1))} ms |`);
	}
	console.log(`${runs.length} runs of ${runs[0].n} replies`);
}

async function limit() {
	await withSystem(async (system, ids) => {
		const ann = await system.commander();
		const before = await system.sim.ledger();
		let answered = 0;

		await system.sim.behave({ rate: 80, statuses: { delay_ms: 20 } });
		await atRate(80, SECONDS, (n) => void say(ann, ids[n % CONVERSATIONS], n).then(() => answered++));
		const taken = await system.sim.tookAtLeast(80 * SECONDS, { ms: 60_000 });
		const spanS = (taken.at(-1).at - taken[0].at) / 1000;

		await eventually(async () => (await system.sim.ledger()).webhooks_waiting === 0, "all statuses are in", { ms: 60_000 });
		const after = await system.sim.ledger();
		const metrics = await system.metrics();

		console.log("| one number at 80/s | |\n|---|---|");
		console.log(`| taken by the Graph API | ${taken.length} in ${spanS.toFixed(1)} s, ${(taken.length / spanS).toFixed(1)}/s |`);
		console.log(`| refused by it, retried, unknown | ${metrics.outbound_failed_total}, ${metrics.outbound_retried_total}, ${metrics.outbound_unknown_total} |`);
		console.log(`| statuses posted and acknowledged | ${after.webhooks_posted - before.webhooks_posted} |`);
		console.log(`| connections for ${after.requests} requests | ${after.connections} (with this script's own) |`);
		console.log(`| daemon's memory | ${(metrics.resident_bytes / 1048576).toFixed(1)} MB |`);
	});
}

async function memory() {
	await withSystem(async (system, ids) => {
		const ann = await system.commander();

		await system.control("number.pause", { phone_number_id: system.number, reason: "the benchmark" });
		const before = (await system.metrics()).resident_bytes;

		for (let n = 0; n < QUEUED;) {
			for (let k = 0; k < 500 && n < QUEUED; k++, n++) void say(ann, ids[n % CONVERSATIONS], n);
			await ann.until(() => ann.replies.length >= n, `${n} answers`, { ms: 60_000 });
		}
		const metrics = await system.metrics();

		console.log("| waiting replies | daemon's memory |\n|---|---|");
		console.log(`| 0 | ${(before / 1048576).toFixed(1)} MB |`);
		console.log(`| ${metrics["outbound_messages{state=\"queued\"}"] ?? QUEUED} | ${(metrics.resident_bytes / 1048576).toFixed(1)} MB |`);
		await system.control("number.resume", { phone_number_id: system.number });
		await system.sim.tookAtLeast(400, { ms: 30_000 });
		console.log(`| while it drains | ${((await system.metrics()).resident_bytes / 1048576).toFixed(1)} MB |`);
	});
}

const parts = { latency, limit, memory };

for (const name of wanted.length ? wanted : Object.keys(parts)) await parts[name]();
