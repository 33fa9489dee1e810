// The place in the log, held against what brokers and networks do at the wrong moment.
import assert from "node:assert/strict";
import test from "node:test";

import { parseTopic, State } from "../dist/index.js";
import { Sync } from "../dist/sync.js";

const HEAD = "acct/acme/head";
const row = (n) => ({ id: `acme_1_${n}`, version: 1, created_at: n, unread: 0, last_message: null, merged_into: null, contact: { id: `c${n}`, version: 1 } });
const page = (more) => ({ epoch: "new", head: 10, as_of: 10, events: [], more: false, head_topic: HEAD, gained: [], lost: [], ...more });

/** Answers in this order, then that there is nothing new; an Error is thrown. */
function start(t, answers) {
	const state = new State();
	const asked = [];
	const api = { ask: async (path) => { asked.push(path); const next = answers.length > 0 ? answers.shift() : page(); if (next instanceof Error) throw next; return next; } };
	const sync = new Sync(api, state, { onEvent() {}, onReset() {}, onGained() {}, onLost() {}, onProblem() {}, onChange() {} });

	t.after(() => sync.stop());
	return { sync, state, asked, head: (head, isRetained) => sync.takeHead(parseTopic(HEAD), HEAD, JSON.stringify(head), isRetained) };
}

/** Until what was asked has been answered. */
async function settled(test_) {
	for (let i = 0; i < 100_000 && !test_(); i++) {
		await new Promise((resolve) => setImmediate(resolve));
	}
	assert.ok(test_());
}

test("a retained head of before a restore says nothing about where we are", async (t) => {
	const { sync, head } = start(t, [page({ reset: true, snapshot: { conversations: [], next: null } }), page(), page()]);

	head({ epoch: "old", seq: 9000, at: 1 }, true);
	sync.up();
	await settled(() => sync.isLive);
	head({ epoch: "old", seq: 9000, at: 1 }, true);
	await settled(() => sync.isLive);
	assert.deepEqual([sync.cursor, sync.head, sync.behind], [10, 10, 0]);
});

test("a snapshot whose later pages do not come is asked for anew, and not called live", async (t) => {
	const first = page({ reset: true, snapshot: { conversations: [row(1)], next: "cursor" } });
	const { sync, state, asked } = start(t, [first, new Error("cut"), first, { conversations: [row(2)], next: null }]);

	sync.up();
	await settled(() => asked.length === 2);
	assert.equal(sync.isLive, false);
	await new Promise((resolve) => setImmediate(resolve));
	sync.sync(); /* as its own retry would, if it has not yet */
	await settled(() => sync.isLive);
	assert.doesNotMatch(asked[2], /since=/);
	assert.equal(state.conversations.size, 2);
});
