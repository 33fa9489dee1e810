// Ingest: durable webhooks per second, their acknowledgement, and POST → subscriber over WebSocket, at several
// database sizes. Everything on this machine; the generator shares its cores. Prints a table for
// docs/benchmarks.md: medians of RUNS runs.
//
//   node bench/ingest.mjs [sizes]        e.g. 100000,1000000
//   BASELINE=/path/server.js node bench/ingest.mjs    the replaced system beside it, in turns, for the ratio
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import http from "node:http";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const repo = fileURLToPath(new URL("..", import.meta.url));
const bin = (name) => path.join(repo, "build/bin", name);
const RUNS = Number(process.env.RUNS ?? 5);
const SECONDS = Number(process.env.SECONDS ?? 5);
const sizes = (process.argv[2] ?? "100000,1000000").split(",").map(Number);
const SECRET = "bench-secret";
const NUMBER = "1003427786179738";
const ACCOUNT = "695a15a5c526dbe7c085ece2";
const BASELINE_PORT = 13000; // fixed in the replaced system's server.js

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const range = (values) => `${Math.min(...values)}–${Math.max(...values)}`;

async function freePort() {
	const server = createServer();

	await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address();

	await new Promise((resolve) => server.close(resolve));
	return String(port);
}

function startUp(dir) {
	const child = spawn(bin("convwire"), ["up", "--dir", dir], { stdio: ["ignore", "pipe", "inherit"] });

	return new Promise((resolve, reject) => {
		let output = "";

		child.stdout.on("data", (bytes) => {
			output += bytes;
			if (output.includes("Ctrl-C")) {
				resolve(child);
			}
		});
		child.on("exit", (code) => reject(new Error(`convwire up ended with ${code}`)));
	});
}

async function stop(child) {
	const ended = new Promise((resolve) => child.on("exit", resolve));

	child.removeAllListeners("exit");
	child.on("exit", () => {});
	child.kill("SIGTERM");
	await Promise.race([ended, new Promise((resolve) => child.once("close", resolve))]);
}

async function daemonPid(up) {
	const children = (await readFile(`/proc/${up.pid}/task/${up.pid}/children`, "utf8")).trim().split(" ");

	for (const pid of children) {
		if ((await readFile(`/proc/${pid}/comm`, "utf8")).trim() === "convwired") {
			return pid;
		}
	}
	throw new Error("convwired does not run");
}

const rssMb = async (pid) => Number((await readFile(`/proc/${pid}/statm`, "utf8")).split(" ")[1]) * 4096 / 1e6;

async function load(options) {
	const { stdout } = await run(bin("load"), ["-s", SECRET, "-n", NUMBER, ...options.map(String)], { maxBuffer: 1e8 });

	return JSON.parse(stdout);
}

/* A lean subscriber in a process of its own: mosquitto_sub prints one character for each event. */
function subscribe(port, token) {
	const child = spawn("mosquitto_sub", ["-h", "127.0.0.1", "-p", port, "-V", "mqttv5", "-i", `${ACCOUNT}:cli:bench`, "-u",
		"convwire", "-P", token, "-t", `acct/${ACCOUNT}/conv/+`, "-q", "1", "-F", "."], { stdio: ["ignore", "pipe", "inherit"] });
	const subscriber = { seen: 0, child };

	child.stdout.on("data", (bytes) => { subscriber.seen += bytes.length / 2; });
	return subscriber;
}

/* Until nothing has come for a second. */
async function settled(subscriber) {
	for (let before = -1; before !== subscriber.seen;) {
		before = subscriber.seen;
		await new Promise((resolve) => setTimeout(resolve, 1000));
	}
	return subscriber.seen;
}

async function metric(dir, name) {
	const text = await new Promise((resolve, reject) => {
		http.get({ socketPath: path.join(dir, "control.sock"), path: "/metrics" }, (answer) => {
			let body = "";

			answer.on("data", (bytes) => { body += bytes; }).on("end", () => resolve(body));
		}).on("error", reject);
	});

	return Number(text.match(new RegExp(`^convwire_${name} (\\d+)`, "m"))[1]);
}

async function baseline() {
	if (!process.env.BASELINE) {
		return null;
	}
	const { stdout } = await run(bin("load"), ["-s", "app-secret", "-n", NUMBER, "-p", String(BASELINE_PORT), "-c", "64", "-d",
		String(SECONDS)]);

	return JSON.parse(stdout).per_second;
}

async function measure(size) {
	const dir = await mkdtemp(path.join(os.tmpdir(), "convwire-bench-"));
	const ports = [await freePort(), await freePort(), await freePort()];

	await run(bin("convwire"), ["init", "--dir", dir, "--account", ACCOUNT, "--number", NUMBER, "--app-secret", SECRET,
		"--http-port", ports[0], "--mqtt-port", ports[1], "--ws-port", ports[2]]);
	const up = await startUp(dir);
	const pid = await daemonPid(up);
	const idle = await rssMb(pid);
	const { stdout: token } = await run(bin("convwire"), ["token", "--dir", dir, "--ttl", "12h"]);
	const subscriber = ["-a", ACCOUNT, "-t", token.trim(), "-w", `ws://127.0.0.1:${ports[2]}`];
	const post = ["-p", ports[0]];

	await load([...post, "-c", 64, "-k", size]);
	const full = [];
	const replaced = [];
	const counter = subscribe(ports[1], token.trim());
	const before = await settled(counter);

	for (let i = 0; i < RUNS; i++) {
		full.push(await load([...post, "-c", 64, "-d", SECONDS]));
		replaced.push(await baseline());
	}
	const seen = (await settled(counter)) - before;

	counter.child.kill("SIGTERM");
	const single = [];
	const paced = [];

	for (let i = 0; i < RUNS; i++) {
		single.push(await load([...post, "-c", 1, "-d", 2]));
		paced.push(await load([...post, "-c", 16, "-d", SECONDS, "-r", 200, ...subscriber]));
	}
	const rates = full.map((one) => one.per_second);
	const result = {
		"messages before": size.toLocaleString("en"),
		"webhooks/s, 64 connections": `${median(rates)} (${range(rates)})`,
		"ack p99 ms": median(full.map((one) => one.ack_p99_ms)).toFixed(1),
		"seen of stored": `${seen} of ${full.reduce((sum, one) => sum + one.webhooks, 0)}`,
		"longest checkpoint ms": await metric(dir, "checkpoint_max_milliseconds"),
		"1 connection, ack p50 ms": median(single.map((one) => one.ack_p50_ms)).toFixed(2),
		"200/s, POST → WebSocket p50 ms": median(paced.map((one) => one.seen_p50_ms)).toFixed(2),
		"200/s, POST → WebSocket p99 ms": median(paced.map((one) => one.seen_p99_ms)).toFixed(2),
		"RSS MB idle": idle.toFixed(1),
		"RSS MB after": (await rssMb(pid)).toFixed(1),
		"database MB": ((await stat(path.join(dir, "convwire.db"))).size / 1e6).toFixed(0),
	};

	if (replaced[0] !== null) {
		result["replaced system/s"] = `${median(replaced)} (${range(replaced)})`;
		result.ratio = (median(rates) / median(replaced)).toFixed(1);
	}
	await stop(up);
	await rm(dir, { recursive: true, force: true });
	return result;
}

const results = [];

for (const size of sizes) {
	results.push(await measure(size));
}
console.log(`| | ${results.map((one) => `at ${one["messages before"]}`).join(" | ")} |`);
console.log(`|---|${results.map(() => "---|").join("")}`);
for (const name of Object.keys(results[0]).slice(1)) {
	console.log(`| ${name} | ${results.map((one) => one[name]).join(" | ")} |`);
}
