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
