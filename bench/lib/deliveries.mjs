/* Webhooks at an even rate, and when each of them reached each subscriber of a crew (lib/subscribers.mjs). */
import { eventually } from "../../tests/lib/until.mjs";
import { now } from "./crew.mjs";
import { ascending, atRate, percentile, sum } from "./measure.mjs";
import { cpuSeconds } from "./process.mjs";

/**
 * Throws unless all `n` subscribers of `crew` get every message. Returns ms from webhook to subscriber (p50, p99), ms
 * to the last subscriber (last50), and the servers' CPU in % of a core.
 */
export async function deliveries(system, crew, { n, nMessages, rate }) {
	const before = cpuSeconds(system.pids);
	const started = now();
	const posts = [];

	await atRate(rate, nMessages / rate, (i) => posts.push(system.post(`bench ${i} ${now().toFixed(3)}`)));
	await Promise.all(posts);
	const counted = async () => sum(await crew.call("count"));

	await eventually(async () => (await counted()) >= n * nMessages, `${n * nMessages} deliveries of ${system.name}`);
	const cpu = cpuSeconds(system.pids) - before;
	const byMessage = Array.from({ length: nMessages }, () => []);

	for (const [message, ms] of (await crew.call("take")).flat()) byMessage[message].push(ms);
	const late = byMessage.map(ascending);

	if (late.some((all) => all.length !== n)) throw new Error(`${system.name}: ${n} subscribers, deliveries of a message: ${late.map((all) => all.length)}`);
	const last = ascending(late.map((all) => all.at(-1)));
	const every = ascending(late.flat());

	return { p50: percentile(every, 0.5), p99: percentile(every, 0.99), last50: percentile(last, 0.5), load: (cpu / (now() - started)) * 1e5 };
}
