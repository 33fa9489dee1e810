/* Runs the generator, bench/load.c, against a system; returns its result from JSON. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { NUMBER, programPath } from "../../tests/lib/system.mjs";
import { ascending, percentile } from "./measure.mjs";

const run = promisify(execFile);

/** `load --help` lists the options. */
export async function load(system, ...options) {
	const args = ["-s", system.secret, "-n", NUMBER, "-p", system.webhookPort, ...options].map(String);

	return JSON.parse((await run(programPath("load"), args, { maxBuffer: 1e8 })).stdout);
}

/**
 * Sends an API request `times` in a row as one agent; p50 and p99 of the response time, ms. where(i): the path below
 * /api/v1.
 */
export async function ask({ system }, where, times) {
	const took = [];
	const token = system.token();

	for (let i = 0; i < times; i++) {
		const url = `http://127.0.0.1:${system.httpPort}/api/v1${where(i)}`;
		const started = performance.now();
		const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });

		await answer.text();
		took.push(performance.now() - started);
		if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
	}
	const sorted = ascending(took);

	return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}
