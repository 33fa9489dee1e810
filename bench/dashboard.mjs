// The dashboard in headless Chromium: webhook → bubble painted; 200 messages a second; a cold start with 5,000
// conversations; scrolling 10,000 messages; memory use over a shift. Generator, daemon, broker and browser share this
// machine's cores and clock.
//
//   node bench/dashboard.mjs [paint|flood|cold|scroll|shift ...]
import { Browser, launch, live, PASSWORD, REPO_DASHBOARD } from "../tests/lib/browser.mjs";
import { System } from "../tests/lib/system.mjs";
import { eventually } from "../tests/lib/until.mjs";
import { change, contact, newWamid, text, webhook } from "../tests/lib/webhook.mjs";
import { ascending, atRate, median, percentile } from "./lib/measure.mjs";
import fs from "node:fs/promises";
import path from "node:path";

const RUNS = Number(process.env.RUNS ?? 3);
const PAINT_S = Number(process.env.PAINT_S ?? 30);
const FLOOD_S = Number(process.env.FLOOD_S ?? 30);
const SHIFT_MESSAGES = Number(process.env.SHIFT_MESSAGES ?? 20_000);
const SHIFT_OPENED = 300;
const SHIFT_SLEEPS = 30;
const wanted = process.argv.slice(2);

const customer = (n) => `92345${String(n).padStart(7, "0")}`;

async function withInbox(body) {
	const system = new System();
	const chromium = await launch();

	try {
		await system.init();
		await system.configure(`mqtt_public_url = ws://127.0.0.1:${system.wsPort}`, `dashboard = ${REPO_DASHBOARD}`, "log_level = warn");
		await system.start();
		await fs.writeFile(path.join(system.dir, "password"), PASSWORD, { mode: 0o600 });
		await system.convwire("agent", "add", "ann", "--name", "Ann", "--password-file", path.join(system.dir, "password"));
		await body(system, new Browser(system, chromium));
	} finally {
		await chromium.close();
		await system.stop();
	}
}

const one = (system, from, bodyText) => JSON.stringify(webhook([change(system.number, { contacts: [contact({ from, name: `Customer ${from}` })], messages: [text({ from, body: bodyText })] })]));

async function post(system, body) {
	const answer = await system.postWebhook(body);

	if (answer.status !== 200) throw new Error(`webhook answered ${answer.status}`);
}

/** Creates n conversations, in webhooks of a hundred each. */
async function fill(system, n) {
	for (let from = 0; from < n; from += 100) {
		const some = Array.from({ length: Math.min(100, n - from) }, (_, i) => customer(from + i));

		await post(system, JSON.stringify(webhook([change(system.number, {
			contacts: some.map((who) => contact({ from: who, name: `Customer ${who}` })),
			messages: some.map((who) => text({ from: who, body: "hello", wamid: newWamid() })),
		})])));
	}
}

const watchLongTasks = (page) => page.evaluate(() => {
	window.longTasks = [];
	new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => Math.round(entry.duration)))).observe({ type: "longtask", buffered: false });
});
const longest = (page) => page.evaluate(() => Math.max(0, ...window.longTasks));

async function openFirst(page) {
	await page.locator(".row a").first().click();
	await page.locator(".bubble").first().waitFor();
}

/**
 * The difference between the page's clock and ours, in ms. It is the same clock, so this only measures the call's
 * duration.
 */
async function clockOffset(page) {
	const offsets = [];

	for (let i = 0; i < 20; i++) {
		const before = performance.timeOrigin + performance.now();
		const there = await page.evaluate(() => performance.timeOrigin + performance.now());

		offsets.push(there - (before + performance.timeOrigin + performance.now()) / 2);
	}
	return median(offsets);
}

async function paint() {
	const runs = [];
	let offset = 0;

	for (let run = 0; run < RUNS; run++) {
		await withInbox(async (system, browser) => {
			const from = customer(1);

			await post(system, one(system, from, "first"));
			const page = await browser.inbox();

			await openFirst(page);
			offset = await clockOffset(page);
			/*
			 * A bubble is painted in the task after the animation frame that added it to the document; the page marks
			 * that time itself.
			 */
			await page.evaluate(() => {
				let fresh = [];
				const { debug } = window.client;
				const mark = debug.painted.bind(debug);

				window.painted = new Map();
				debug.painted = () => {
					const at = performance.timeOrigin + performance.now();

					for (const body of fresh) if (!window.painted.has(body)) window.painted.set(body, at);
					fresh = [];
					mark();
				};
				new MutationObserver((changes) => {
					fresh.push(...changes.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node.querySelectorAll).flatMap((node) => [...node.querySelectorAll(".text")].map((found) => found.textContent)));
				}).observe(document.querySelector(".thread-body"), { childList: true, subtree: true });
			});
			const sent = new Map();

			await atRate(20, PAINT_S, (n) => {
				const body = one(system, from, `message ${n}`);

				sent.set(`message ${n}`, performance.timeOrigin + performance.now());
				void post(system, body);
			});
			const painted = await eventually(async () => {
				const all = await page.evaluate(() => [...window.painted]);

				return all.filter(([body]) => sent.has(body)).length === sent.size && all;
			}, "all are painted");
			const took = ascending(painted.filter(([body]) => sent.has(body)).map(([body, at]) => at - sent.get(body)));

			runs.push([percentile(took, 0.5), percentile(took, 0.99), took.at(-1)]);
		});
	}
	console.log(`POST → bubble painted, 20/s for ${PAINT_S} s, ${RUNS} runs, ms: p50 ${runs.map(([p]) => p.toFixed(1)).join(", ")}; p99 ${runs.map(([, p]) => p.toFixed(1)).join(", ")}; longest ${runs.map(([, , p]) => p.toFixed(1)).join(", ")}; clock offset ${offset.toFixed(2)}`);
}

async function flood() {
	await withInbox(async (system, browser) => {
		await fill(system, 500);
		const page = await browser.inbox();

		await openFirst(page);
		await watchLongTasks(page);
		const before = await system.headOf();

		await page.evaluate(() => {
			window.seen = new Set();
			window.client.on("event", (event) => { if (/^flood/.test(event.data?.message?.content?.body ?? "")) window.seen.add(event.data.message.id); });
		});
		await atRate(200, FLOOD_S, (n) => void post(system, one(system, customer(n % 500), `flood ${n}`)));
		await eventually(async () => await system.headOf() >= before + 200 * FLOOD_S, "all are stored", { ms: 60_000 });
		await eventually(() => page.evaluate((head) => window.client.status === "live" && window.client.position.cursor >= head, before + 200 * FLOOD_S), "the page has all", { ms: 60_000 });
		const shown = await page.evaluate(() => window.seen.size);

		console.log(`200/s across 500 conversations for ${FLOOD_S} s: ${shown} of ${200 * FLOOD_S} messages reached the page, longest task ${await longest(page)} ms (of over 50 ms: ${await page.evaluate(() => window.longTasks.length)})`);
	});
}

async function cold() {
	const runs = [];

	await withInbox(async (system, browser) => {
		await fill(system, 5000);
		const page = await browser.inbox();

		for (let run = 0; run < RUNS; run++) {
			await page.goto("about:blank");
			const started = performance.now();

			await page.goto(browser.url, { waitUntil: "commit" });
			await page.locator(".row a").first().waitFor();
			const rows = performance.now() - started;

			await live(page);
			const isLive = performance.now() - started;
			const n = await page.evaluate(() => window.client.state.conversations.size);

			runs.push([rows, isLive, n]);
		}
	});
	console.log(`cold start, 5,000 conversations, ms: first rows ${runs.map(([ms]) => ms.toFixed(0)).join(", ")}; all ${runs[0][2]} and live ${runs.map(([, ms]) => ms.toFixed(0)).join(", ")}`);
}

async function scroll() {
	await withInbox(async (system, browser) => {
		const start = Math.floor(Date.now() / 1000) - 10_000 * 30;

		for (let i = 0; i < 10_000; i += 500) {
			await post(system, JSON.stringify(webhook([change(system.number, { contacts: [contact({ from: customer(1) })],
				messages: Array.from({ length: 500 }, (_, j) => text({ from: customer(1), body: `message ${i + j}${" more words".repeat((i + j) % 9)}`, wamid: newWamid(), at: start + (i + j) * 30 })) })])));
		}
		const page = await browser.inbox();

		await openFirst(page);
		await watchLongTasks(page);
		const most = await page.evaluate(async () => {
			const view = document.querySelector(".thread-scroll");
			let nodes = 0;

			for (let still = 0; still < 100;) {
				view.scrollTop -= 900;
				await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });
				nodes = Math.max(nodes, document.querySelectorAll("*").length);
				still = view.scrollTop === 0 ? still + 1 : 0;
			}
			for (; view.scrollHeight - view.scrollTop - view.clientHeight > 5;) {
				view.scrollTop += 900;
				await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });
				nodes = Math.max(nodes, document.querySelectorAll("*").length);
			}
			return nodes;
		});
		const loaded = await page.evaluate(() => window.client.state.messages(window.client.selected).length);

		console.log(`${loaded} messages scrolled up and down: longest task ${await longest(page)} ms (of over 50 ms: ${await page.evaluate(() => window.longTasks.length)}), at most ${most} DOM nodes`);
	});
}

async function heapOf(session) {
	await session.send("HeapProfiler.collectGarbage");
	await session.send("HeapProfiler.collectGarbage");
	return (await session.send("Runtime.getHeapUsage")).usedSize / 2 ** 20;
}

async function shift() {
	await withInbox(async (system, browser) => {
		await fill(system, 500);
		const page = await browser.inbox();
		const session = await page.context().newCDPSession(page);
		let first = 0;

		await page.evaluate(() => { document.hasFocus = () => true; });
		for (let step = 0; step < SHIFT_OPENED; step++) {
			await Promise.all(Array.from({ length: SHIFT_MESSAGES / SHIFT_OPENED | 0 }, (_, i) => post(system, one(system, customer((step * 67 + i) % 500), `message ${step} ${i}`))));
			await page.evaluate((n) => { const row = window.client.state.list()[n % 40]; document.querySelector(`a[data-id="${row.id}"]`)?.click(); }, step);
			if (step % (SHIFT_OPENED / SHIFT_SLEEPS) === 0) {
				await page.evaluate(() => { const now = Date.now.bind(Date); Date.now = () => now() + 3600_000; }); /* an hour passes in which nothing ran */
			}
			if (step === SHIFT_OPENED / 10) {
				await live(page, { timeout: 60_000 });
				first = await heapOf(session);
			}
		}
		await live(page, { timeout: 60_000 });
		const last = await heapOf(session);

		console.log(`a shift: ${SHIFT_MESSAGES} messages, ${SHIFT_OPENED} chats opened, ${SHIFT_SLEEPS} sleeps: JS heap ${first.toFixed(1)} MB after a tenth, ${last.toFixed(1)} MB at the end (${((last / first - 1) * 100).toFixed(0)} %)`);
	});
}

for (const [name, run] of Object.entries({ paint, flood, cold, scroll, shift })) {
	if (wanted.length === 0 || wanted.includes(name)) await run();
}
