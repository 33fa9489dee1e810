// A command is taken only when its answer has arrived: until then it is kept, repeated under its id, in order.
import assert from "node:assert/strict";
import test from "node:test";

import { ApiError } from "../dist/api.js";
import { Outbox } from "../dist/outbox.js";
import { MemoryOutbox } from "../dist/index.js";

const CONVERSATION = "acme_1_923456789012";
const command = (id, conversation = CONVERSATION) => ({ id, conversation, type: "send", data: { n: id }, at: 1 });

/** Doors that a test opens and shuts; asked: what went out, and by which. */
function doors({ isUp = true, http = () => ({ ok: true, message: "m" }) } = {}) {
	const made = {
		asked: [], isUp, http, outbox: null,
		api: { ask: async (path, { body }) => { made.asked.push(["http", body.id]); return made.http(body, path); } },
		account: "acme", subject: "ann",
		publish: async (topic, payload) => { made.asked.push(["mqtt", JSON.parse(payload).id]); made.topic = topic; },
		survivorOf: (id) => id,
		epoch: () => null,
		refresh: async () => undefined,
	};

	return { ...made, made, api: made.api, isUp: () => made.isUp, publish: (...all) => made.publish(...all), survivorOf: (id) => made.survivorOf(id), refresh: (id) => made.refresh(id) };
}

const reply = (outbox, answer) => outbox.takeReply(JSON.stringify(answer));
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function until(test_) {
	for (let i = 0; i < 100_000 && !test_(); i++) await turn();
	assert.ok(test_());
}

test("by MQTT when it is up; the answer is found by its id", async () => {
	const door = doors();
	const outbox = new Outbox(door, new MemoryOutbox());
	const answered = outbox.add(command("one"), false);

	await turn();
	assert.equal(door.made.topic, `acct/acme/conv/${CONVERSATION}/cmd/ann`);
	reply(outbox, { id: "other", ok: true, message: "x" });
	outbox.takeReply("not json");
	reply(outbox, { id: "one", ok: true, message: "m1" });
	assert.deepEqual(await answered, { message: "m1" });
	await turn();
	assert.equal(outbox.size, 0);
});

test("one after the other in a conversation, side by side in two", async () => {
	const door = doors();
	const outbox = new Outbox(door, new MemoryOutbox());
	const first = outbox.add(command("one"), false);
	const second = outbox.add(command("two"), false);
	const elsewhere = outbox.add(command("three", "acme_1_4"), false);

	await turn();
	assert.deepEqual(door.made.asked, [["mqtt", "one"], ["mqtt", "three"]]);
	reply(outbox, { id: "one", ok: true, message: null });
	await first;
	await turn();
	assert.deepEqual(door.made.asked[2], ["mqtt", "two"]);
	reply(outbox, { id: "two", ok: true, message: null });
	reply(outbox, { id: "three", ok: true, message: null });
	await Promise.all([second, elsewhere]);
});

test("the connection is lost while it waits: the same id goes over HTTP", async () => {
	const door = doors();
	const outbox = new Outbox(door, new MemoryOutbox());
	const answered = outbox.add(command("one"), false);

	await turn();
	outbox.lost();
	assert.deepEqual(await answered, { message: "m" });
	assert.deepEqual(door.made.asked, [["mqtt", "one"], ["http", "one"]]);
});

test("a refusal ends the tries, and is told; what MQTT refuses, HTTP explains", async () => {
	const door = doors({ http: () => { throw new ApiError(403, "denied", "Not yours."); } });
	const outbox = new Outbox(door, new MemoryOutbox());

	door.made.publish = async () => { throw new Error("Publish error: Not authorized"); };
	await assert.rejects(outbox.add(command("one"), false), { status: 403, detail: "Not yours." });
	door.made.publish = async (_, payload) => { setImmediate(() => reply(outbox, { id: JSON.parse(payload).id, ok: false, problem: { type: "urn:convwire:problem:window_closed", status: 409, detail: "…" } })); };
	await assert.rejects(outbox.add(command("two"), false), { status: 409, type: "window_closed" });
});

test("a busy server is asked again when it is heard of, with the same id; stored until then", async () => {
	let isBusy = true;
	const storage = new MemoryOutbox();
	const door = doors({ isUp: false, http: () => { if (isBusy) throw new ApiError(503, "busy", "Later."); return { ok: true, message: "m" }; } });
	const outbox = new Outbox(door, storage);

	await storage.put(command("one"));
	const answered = outbox.add(command("one"), true);

	await turn();
	assert.equal((await storage.all()).length, 1);
	isBusy = false;
	outbox.wake();
	assert.deepEqual(await answered, { message: "m" });
	assert.equal((await storage.all()).length, 0);
	assert.ok(door.made.asked.every(([, id]) => id === "one"));
});

test("a conversation that was merged: the command follows it, under its id", async () => {
	const door = doors({ isUp: false });
	const outbox = new Outbox(door, new MemoryOutbox());
	let survivor = CONVERSATION;
	const paths = [];

	door.made.survivorOf = () => survivor;
	door.made.refresh = async () => { survivor = "acme_1_4"; };
	door.made.http = (_, path) => {
		paths.push(path);
		if (paths.length === 1) throw new ApiError(409, "conversation_merged", "…");
		return { ok: true, message: "m" };
	};
	await outbox.add(command("one"), false);
	assert.deepEqual(paths.map((path) => path.split("/")[4]), [CONVERSATION, "acme_1_4"]);
	assert.deepEqual(door.made.asked.map(([, id]) => id), ["one", "one"]);
});

test("the merge was heard of before the refusal: the command follows all the same", async () => {
	const door = doors({ isUp: false });
	const outbox = new Outbox(door, new MemoryOutbox());
	let survivor = CONVERSATION;
	const paths = [];

	door.made.survivorOf = (id) => (id === CONVERSATION ? survivor : id);
	door.made.refresh = async () => { throw new Error("no network"); };
	door.made.http = (_, path) => {
		paths.push(path.split("/")[4]);
		survivor = "acme_1_4"; /* its event came while the answer was on its way */
		if (paths.length === 1) throw new ApiError(409, "conversation_merged", "…");
		return { ok: true, message: "m" };
	};
	await outbox.add(command("one"), false);
	assert.deepEqual(paths, [CONVERSATION, "acme_1_4"]);
});

test("stopped: nothing more goes out, and what has no answer stays stored", async () => {
	const storage = new MemoryOutbox();
	const door = doors();
	const outbox = new Outbox(door, storage);

	await storage.put(command("one"));
	void outbox.add(command("one"), true);
	await turn();
	door.made.isUp = false;
	door.made.http = () => { throw new ApiError(0, "network", "…"); };
	outbox.stop();
	await turn();
	assert.equal((await storage.all()).length, 1);
});

const refusal = (type) => ({ ok: false, problem: { type: `urn:convwire:problem:${type}`, status: 409, detail: "went back to a backup" } });

test("sent before, and the log went back to a backup since: nobody can tell, so it is not sent again", async () => {
	const door = doors({ http: () => { throw new ApiError(0, "network", "cut"); } });
	const outbox = new Outbox({ ...door, epoch: () => "new" }, new MemoryOutbox());
	const answered = outbox.add({ ...command("one"), at: Date.now() + 1000, epoch: "old" }, false);
	const refused = assert.rejects(answered, (error) => error.type === "other_epoch" && /backup/.test(error.detail));

	await turn();
	outbox.lost(); /* it was published, and perhaps done; HTTP does not answer either */
	await until(() => door.made.asked.length === 2);
	outbox.wake();
	await until(() => door.made.asked.length === 3);
	reply(outbox, { id: "one", ...refusal("other_epoch") });
	await refused;
	assert.deepEqual(door.made.asked.map(([way]) => way), ["mqtt", "http", "mqtt"]);
});

test("given under another log and not sent before: it goes under the one that is", async () => {
	const door = doors({ isUp: false, http: ({ epoch }) => { if (epoch === "old") throw new ApiError(409, "other_epoch", "went back to a backup"); return { ok: true, message: "m" }; } });
	const outbox = new Outbox({ ...door, isUp: () => false, epoch: () => "new" }, new MemoryOutbox());
	const answered = outbox.add({ ...command("one"), at: Date.now() + 1000, epoch: "old" }, false);

	await until(() => door.made.asked.length === 1);
	await turn();
	outbox.wake();
	assert.deepEqual(await answered, { message: "m" });
	assert.equal(door.made.asked.length, 2);
});

test("of a page before this one, under another log: it may have been sent", async () => {
	const door = doors({ http: () => { throw new ApiError(409, "other_epoch", "went back to a backup"); } });
	const outbox = new Outbox({ ...door, isUp: () => false, epoch: () => "new" }, new MemoryOutbox());

	await assert.rejects(outbox.add({ ...command("one"), epoch: "old" }, false), { type: "other_epoch" });
});

test("given before the log was known: it goes under the one that is known when it is sent first, and under that one again", async () => {
	const epochs = [];
	const known = ["first", "second"];
	const door = doors({ http: ({ epoch }) => { epochs.push(epoch); if (epochs.length === 1) throw new ApiError(503, "busy", "later"); return { ok: true, message: "m" }; } });
	const outbox = new Outbox({ ...door, isUp: () => false, epoch: () => known.shift() }, new MemoryOutbox());
	const answered = outbox.add({ ...command("one"), at: Date.now() + 1000 }, false);

	await until(() => epochs.length === 1);
	await turn();
	outbox.wake();
	await answered;
	assert.deepEqual(epochs, ["first", "first"]);
});
