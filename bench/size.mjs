// What does a big inbox cost? One database that grows from 10⁵ to 10⁶ to 10⁷ messages, a hundred per conversation:
// ingest, the list, a thread, sync after a gap, search for a rare word, for a word in one of a hundred messages, and
// for a word that does not occur. Prints a table for docs/benchmarks.md and draws build/figures/size.svg.
//
//   node bench/size.mjs [sizes ...] ASKED (how often each request is sent)
import { stat } from "node:fs/promises";
import path from "node:path";

import { ACCOUNT, NUMBER } from "../tests/lib/system.mjs";
import { change, text, webhook } from "../tests/lib/webhook.mjs";
import { ask, load } from "./lib/load.mjs";
import { printTable, spread } from "./lib/measure.mjs";
import { plot } from "./lib/plot.mjs";
import { rssBytes } from "./lib/process.mjs";
import { Convwire } from "./lib/systems.mjs";

const SIZES = process.argv.slice(2).length > 0 ? process.argv.slice(2).map(Number) : [1e5, 1e6, 1e7];
const ASKED = Number(process.env.ASKED ?? 300);
const RUNS = 3;
const SECONDS = 5;
const PER_CONVERSATION = 100;
const PER_WEBHOOK = 500;
const AT_ONCE = 4;
const GAP = 500; /* events that a client missed */

/* Words as in a natural language: the n-th is used about 1/n as often as the first. */
const WORDS = Array.from({ length: 5000 }, (_, i) => {
	let word = "";

	for (let n = i + 20; n > 0; n = Math.floor(n / 20)) word += `${"bcdfghjklmnprstvwxyz"[n % 20]}${"aeiou"[n % 5]}`;
	return word;
});
const anyWord = () => WORDS[Math.floor(WORDS.length ** Math.random()) - 1];
const body = (n) => `${Array.from({ length: 12 }, anyWord).join(" ")}${n % 100 === 0 ? " invoice" : ""}${n % 100_000 === 7 ? " zanzibar" : ""}${n % PER_WEBHOOK === 0 ? ` mark${n}` : ""}`;
const customer = (n) => `9234${String(n).padStart(8, "0")}`;

/** Posts messages `from` to `to`, each customer's together, in few webhooks. */
async function fill(convwire, from, to) {
	let next = from;
	const at = Math.floor(Date.now() / 1000);
	const writeSome = async () => {
		while (next < to) {
			const first = next;

			next += PER_WEBHOOK;
			const messages = Array.from({ length: Math.min(PER_WEBHOOK, to - first) }, (_, i) => text({
				from: customer(Math.floor((first + i) / PER_CONVERSATION)), body: body(first + i), at }));

			await convwire.postWebhook(webhook([change(NUMBER, { messages })]));
		}
	};

	await Promise.all(Array.from({ length: AT_ONCE }, writeSome));
	convwire.endPosting(); /* the server closes idle connections */
}

/* The search index is filled after the commit, so this waits until the last webhook's mark is found. */
async function indexed(system, size) {
	const token = system.token(ACCOUNT, "agent", "ann", { exp: Math.floor(Date.now() / 1000) + 36_000 });
	const found = async () => {
		const answer = await fetch(`http://127.0.0.1:${system.httpPort}/api/v1/search?q=mark${size - PER_WEBHOOK}`, { headers: { Authorization: `Bearer ${token}` } });

		return (await answer.json()).messages.length > 0;
	};

	while (!(await found())) await new Promise((resolve) => { setTimeout(resolve, 1000); });
}

async function measure(convwire, size) {
	const { system } = convwire;
	const rates = [];

	for (let i = 0; i < RUNS; i++) rates.push((await load(convwire, "-c", 64, "-d", SECONDS, "-v", size / PER_CONVERSATION)).per_second);
	const { epoch, head } = await fetch(`http://127.0.0.1:${system.httpPort}/api/v1/sync`, { headers: { Authorization: `Bearer ${system.token()}` } }).then((answer) => answer.json());
	const any = (i) => `${ACCOUNT}_${NUMBER}_${customer(Math.floor(((i * 7919) % size) / PER_CONVERSATION))}`;
	const answers = {
		"the list, first 50": await ask(convwire, () => "/conversations?limit=50", ASKED),
		"a random thread, last 50": await ask(convwire, (i) => `/conversations/${any(i)}/messages?limit=50`, ASKED),
		[`sync after ${GAP} events`]: await ask(convwire, () => `/sync?epoch=${epoch}&since=${head - GAP}&limit=${GAP}`, ASKED),
		"search, 1 message in 100,000": await ask(convwire, () => "/search?q=zanzibar&limit=20", ASKED),
		"search, 1 in 100": await ask(convwire, () => "/search?q=invoice&limit=20", ASKED),
		"search, two common words": await ask(convwire, () => `/search?q=${WORDS[0]}+${WORDS[1]}&limit=20`, ASKED),
		"search, a word that is not there": await ask(convwire, () => "/search?q=quetzalcoatl&limit=20", ASKED),
	};

	return { size, rates, answers, bytes: (await stat(path.join(system.dir, "convwire.db"))).size, rss: rssBytes([system.childOfUp("convwired")]) };
}

const convwire = await new Convwire().start();
const results = [];
let written = 0;

for (const size of SIZES) {
	const started = performance.now();

	await fill(convwire, written, size);
	console.error(`${size} messages: filled at ${Math.round(((size - written) / (performance.now() - started)) * 1000)}/s`);
	await indexed(convwire.system, size);
	console.error(`searchable after ${Math.round((performance.now() - started) / 1000)} s`);
	written = size;
	results.push(await measure(convwire, size));
	console.error(JSON.stringify(results.at(-1)));
}
await convwire.stop();

const row = (name, of) => ({ "": name, ...Object.fromEntries(results.map((one) => [`${one.size.toLocaleString("en")} messages`, of(one)])) });
const questions = Object.keys(results[0].answers);

printTable([
	row("durable webhooks/s", ({ rates }) => spread(rates, 0)),
	...questions.map((name) => row(`${name}: p50, p99 ms`, ({ answers }) => `${answers[name].p50.toFixed(1)}, ${answers[name].p99.toFixed(1)}`)),
	row("database, MB", ({ bytes }) => (bytes / 1e6).toFixed(0)),
	row("daemon's memory, MB", ({ rss }) => (rss / 1e6).toFixed(1)),
]);
plot("size", {
	title: "Answers against the size of the inbox, p50", x: "messages", y: "ms", logX: true, logY: true,
	series: questions.filter((_, i) => [0, 2, 3, 4].includes(i)).map((name) => ({ title: name, points: results.map(({ size, answers }) => [size, answers[name].p50]) })),
});
