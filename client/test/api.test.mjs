// HTTP: one kind of error, whatever the server or the network does.
import assert from "node:assert/strict";
import test from "node:test";

import { Api } from "../dist/api.js";
import { Tokens } from "../dist/tokens.js";

const answer = (status, body, headers = {}) => new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
const apiOf = (fetchIt, source = () => "token") => new Api("http://x", new Tokens(source), fetchIt);
const problem = { type: "urn:convwire:problem:window_closed", title: "window_closed", status: 409, detail: "Only templates." };

test("a problem document, and one within a command's answer, say the same", async () => {
	for (const body of [problem, { id: "1", ok: false, problem }]) {
		await assert.rejects(apiOf(async () => answer(409, body)).ask("/y"), { status: 409, type: "window_closed", detail: "Only templates.", isTemporary: false });
	}
});

test("what is no problem document has its status", async () => {
	await assert.rejects(apiOf(async () => answer(502, "<h1>proxy</h1>")).ask("/y"), { status: 502, type: "http", isTemporary: true });
	await assert.rejects(apiOf(async () => answer(503, problem, { "Retry-After": "7" })).ask("/y"), { retryAfter: 7 });
});

test("a server that hangs after its headers is not waited for", async () => {
	const stalls = (_, { signal }) => Promise.resolve(new Response(new ReadableStream({ start: (controller) => signal.addEventListener("abort", () => controller.error(new Error("aborted"))) })));

	await assert.rejects(apiOf(stalls).ask("/y", { timeoutMs: 20 }), { status: 0, type: "network", message: /did not answer in time/ });
});

test("a refused token is replaced once; a second refusal is told", async () => {
	let n = 0;
	const asked = [];
	const fetchIt = async (_, { headers }) => { asked.push(headers.Authorization); return asked.length === 1 ? answer(401, problem) : answer(200, { good: true }); };

	assert.deepEqual(await apiOf(fetchIt, () => `token ${n++}`).ask("/y"), { good: true });
	assert.deepEqual(asked, ["Bearer token 0", "Bearer token 1"]);
	await assert.rejects(apiOf(async () => answer(401, problem)).ask("/y"), { status: 401 });
});
