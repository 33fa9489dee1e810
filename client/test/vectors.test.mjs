// The TypeScript twins of core/conversation_id.c and core/topic.c, held to the same vectors.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { customerOf, makeConversationId, makeTopic, parseConversationId, parseTopic } from "../dist/index.js";

const vectors = JSON.parse(readFileSync(new URL("../../tests/data/conversation_ids.json", import.meta.url)));

test("joins and splits every conversation id of the vectors", () => {
	assert.ok(vectors.ids.length > 0);
	for (const { account, phone_number_id: phoneNumberId, customer, id } of vectors.ids) {
		assert.equal(makeConversationId({ account, phoneNumberId, customer }), id);
		assert.deepEqual(parseConversationId(id), { account, phoneNumberId, customer });
	}
});

test("refuses every text that is no conversation id", () => {
	assert.ok(vectors.invalid_ids.length > 0);
	for (const text of vectors.invalid_ids) {
		assert.equal(parseConversationId(text), null, text);
	}
});

test("writes a customer part as the vectors do", () => {
	for (const { identity, customer } of vectors.customers) {
		assert.equal(customerOf(identity), customer);
	}
	for (const identity of vectors.invalid_identities) {
		assert.equal(customerOf(identity), null, identity);
	}
});

test("makes and reads every topic of the vectors", () => {
	assert.ok(vectors.topics.length > 0);
	for (const { topic: text, ...parts } of vectors.topics) {
		assert.equal(makeTopic(parts), text);
		assert.deepEqual(parseTopic(text), parts);
	}
});

test("refuses every text that is no topic", () => {
	assert.ok(vectors.invalid_topics.length > 0);
	for (const text of vectors.invalid_topics) {
		assert.equal(parseTopic(text), null, text);
	}
});
