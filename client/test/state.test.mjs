// Absolute upserts: applying one twice, late or out of order never changes what a newer one said.
import assert from "node:assert/strict";
import test from "node:test";

import { State } from "../dist/index.js";

const contact = { id: "c1", version: 1, name: "Ayesha", username: null, wa_id: "923456789012", user_id: null };
const row = (version, unread, position = version) => ({
	id: "a_1_923456789012", version, tag: "…9012#a1b2c3d4", phone_number_id: "1", created_at: 1, unread,
	window_ends_at: null, last_message: { id: `m${version}`, kind: "text", direction: "in", position, preview: null, status: null },
	merged_into: null, contact,
});
const message = (id, position, version = 1, extra = {}) => ({
	id, version, conversation: "a_1_923456789012", wamid: id, direction: "in", origin: "customer", kind: "text", position,
	sent_at: position, received_at: position, content: { body: id }, ...extra,
});

test("an older version of a row changes nothing", () => {
	const state = new State();

	state.apply({ conversation: row(5, 3) });
	state.apply({ conversation: row(4, 9) });
	assert.equal(state.conversations.get("a_1_923456789012").unread, 3);
});

test("the same event twice shows one message", () => {
	const state = new State();

	state.apply({ message: message("m1", 10) });
	state.apply({ message: message("m1", 10) });
	assert.equal(state.messages("a_1_923456789012").length, 1);
});

test("every order of arrival renders the same thread", () => {
	const messages = [message("m1", 10), message("m2", 20), message("m3", 15, 1, { late: true })];
	const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

	for (const order of orders) {
		const state = new State();

		order.forEach((index) => state.apply({ message: messages[index] }));
		assert.deepEqual(state.messages("a_1_923456789012").map((item) => item.id), ["m1", "m3", "m2"]);
	}
});

test("a newer contact shows in every conversation with them, and survives an older row", () => {
	const state = new State();

	state.apply({ conversation: row(1, 0) });
	state.apply({ contact: { ...contact, version: 2, name: "Ayesha K." } });
	state.apply({ conversation: row(2, 1) });
	assert.equal(state.conversations.get("a_1_923456789012").contact.name, "Ayesha K.");
});

test("the list is by last activity", () => {
	const state = new State();

	state.apply({ conversation: { ...row(1, 0, 10), id: "a_1_1" } });
	state.apply({ conversation: { ...row(1, 0, 30), id: "a_1_2" } });
	state.apply({ conversation: { ...row(1, 0, 20), id: "a_1_3" } });
	assert.deepEqual(state.list().map((item) => item.id), ["a_1_2", "a_1_3", "a_1_1"]);
});

test("what is not sent yet comes last, and gives way to its event", () => {
	const state = new State();
	const pending = { ...message("local-1", 5, 1, { direction: "out" }), local: { command: "c1", state: "waiting" } };

	state.apply({ message: message("m1", 10) });
	state.putPending(pending);
	assert.deepEqual(state.messages("a_1_923456789012").map((one) => one.id), ["m1", "local-1"]);
	state.clear();
	assert.deepEqual(state.messages("a_1_923456789012").map((one) => one.id), ["local-1"], "a reset does not forget it");
	state.setPending("c1", { command: "c1", state: "refused", detail: "why" });
	assert.equal(state.messages("a_1_923456789012")[0].local.detail, "why");
	state.apply({ message: message("m2", 20, 1, { direction: "out", command: { subject: "ann", id: "c1" } }) });
	assert.deepEqual(state.messages("a_1_923456789012").map((one) => one.id), ["m2"]);
	state.setPending("c1", { command: "c1", state: "refused" });
	assert.deepEqual(state.messages("a_1_923456789012").map((one) => one.id), ["m2"], "its event has come");
});

test("a thread shows no holes: what is older than what was loaded waits for its page", () => {
	const state = new State();

	for (const position of [10, 20, 30]) {
		state.apply({ message: message(`m${position}`, position) });
	}
	state.setLoadedFrom("a_1_923456789012", 20);
	assert.deepEqual(state.messages("a_1_923456789012").map((one) => one.id), ["m20", "m30"]);
	state.setLoadedFrom("a_1_923456789012", -Infinity);
	assert.equal(state.messages("a_1_923456789012").length, 3);
});

test("a thread that nobody reads keeps its newest, one that is read keeps all", () => {
	const state = new State();
	const fill = (from, n) => {
		for (let i = from; i < from + n; i++) {
			state.apply({ message: message(`m${i}`, i) });
		}
	};

	state.keepWhole("a_1_923456789012", true);
	fill(0, 3000);
	assert.equal(state.messages("a_1_923456789012").length, 3000);
	state.keepWhole("a_1_923456789012", false);
	assert.equal(state.messages("a_1_923456789012").length, 200);
	fill(3000, 1000);
	assert.ok(state.messages("a_1_923456789012").length <= 400);
	assert.equal(state.messages("a_1_923456789012").at(-1).id, "m3999");
});

test("the middle of a thread is shown by itself, until the messages up to its end are loaded", () => {
	const state = new State();
	const id = "a_1_923456789012";
	const put = (...positions) => positions.forEach((at) => state.putMessage(message(`m${at}`, at)));
	const shown = () => state.messages(id).map(({ position }) => position);

	state.keepWhole(id, true);
	put(98, 99);
	state.setLoadedFrom(id, 98);
	put(40, 41, 42);
	state.setLoadedAround(id, 40, 42);
	put(100); /* live */
	assert.deepEqual(shown(), [40, 41, 42]);
	put(38, 39);
	state.setLoadedFrom(id, 38, 40);
	put(43, 44);
	state.setLoadedUntil(id, 44);
	assert.deepEqual(shown(), [38, 39, 40, 41, 42, 43, 44]);
	put(97);
	state.setLoadedUntil(id, Infinity);
	assert.deepEqual(shown(), [38, 39, 40, 41, 42, 43, 44, 97, 98, 99, 100]);
	state.setLoadedAround(id, 40, 42);
	state.setLoadedFrom(id, 98); /* back to the newest */
	assert.deepEqual(shown(), [98, 99, 100]);
	state.setLoadedAround(id, 40, 42);
	state.keepWhole(id, false);
	assert.deepEqual(shown(), [], "the end of it is not known: it must be loaded again");
});

test("a merged conversation is not in the list; its thread is shown by the one it went into", () => {
	const state = new State();

	state.apply({ conversation: { ...row(1, 0), id: "a_1_1" }, message: { ...message("m1", 1), conversation: "a_1_1" } });
	state.apply({ conversation: { ...row(1, 0), id: "a_1_2" } });
	state.apply({ conversation: { ...row(2, 0), id: "a_1_1", merged_into: "a_1_2" } });
	assert.deepEqual(state.list().map((one) => one.id), ["a_1_2"]);
	assert.deepEqual(state.messages("a_1_2").map((one) => one.id), ["m1"]);
	assert.equal(state.survivorOf("a_1_1"), "a_1_2");
});

test("a day of messages does not stay: threads without news are forgotten first, those that are read never", () => {
	const state = new State();
	const put = (n, i) => state.putMessage({ ...message(`m${n}-${i}`, i), conversation: `a_1_${n}` });

	state.keepWhole("a_1_0", true);
	for (let n = 0; n < 1000; n++) {
		for (let i = 0; i < 20; i++) {
			put(n, i);
		}
	}
	const kept = Array.from({ length: 1000 }, (_, n) => state.messages(`a_1_${n}`).length);
	const total = kept.reduce((sum, one) => sum + one, 0);

	assert.ok(total <= 5000 && total > 4000, `${total}`);
	assert.deepEqual([kept[0], kept[1], kept[999]], [20, 0, 20]);
	state.clear();
	put(1, 1);
	assert.equal(state.messages("a_1_1").length, 1);
});
