// The place in the log, held against what brokers and networks do at the wrong moment.
import assert from "node:assert/strict";
import test from "node:test";

import { parseTopic, State } from "../dist/index.js";
import { Sync } from "../dist/sync.js";

const HEAD = "acct/acme/head";
const FEED = "acct/acme/agent/ann/feed";
const row = (n) => ({ id: `acme_1_${n}`, version: 1, created_at: n, unread: 0, last_message: null, merged_into: null, contact: { id: `c${n}`, version: 1 } });
const page = (more) => ({ epoch: "new", head: 10, as_of: 10, events: [], more: false, head_topic: HEAD, gained: [], lost: [], ...more });

/** Timers go off when a test says so, and none depends on what a turn of the loop takes: those of up to `ms`. */
function holdTimers(t) {
	const waiting = new Set();

	t.mock.method(globalThis, "setTimeout", (run, ms) => { const timer = { run, ms }; waiting.add(timer); return timer; });
	t.mock.method(globalThis, "clearTimeout", (timer) => waiting.delete(timer));
	return (ms) => { for (const timer of [...waiting]) if (timer.ms <= ms && waiting.delete(timer)) timer.run(); };
}

/** Answers in this order, then that there is nothing new; an Error is thrown. */
function start(t, answers, ask = null, listener = {}) {
	const later = holdTimers(t);
	const state = new State();
	const asked = [];
	const api = { ask: async (path) => { asked.push(path); if (ask !== null) return ask(path); const next = answers.length > 0 ? answers.shift() : page(); if (next instanceof Error) throw next; return next; } };
	const sync = new Sync(api, state, { onEvent() {}, onReset() {}, onGained() {}, onLost() {}, onProblem() {}, onChange() {}, ...listener });

	t.after(() => sync.stop());
	return { sync, state, asked, later, feed: (feed) => sync.takeHead(parseTopic(FEED), FEED, JSON.stringify({ epoch: "new", at: 1, ...feed }), false), head: (head, isRetained) => sync.takeHead(parseTopic(HEAD), HEAD, JSON.stringify(head), isRetained) };
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
	const { sync, state, asked, later } = start(t, [first, new Error("cut"), first, { conversations: [row(2)], next: null }]);

	sync.up();
	await settled(() => asked.length === 2);
	assert.equal(sync.isLive, false);
	await new Promise((resolve) => setImmediate(resolve));
	later(250); /* its own retry */
	await settled(() => sync.isLive);
	assert.doesNotMatch(asked[2], /since=/);
	assert.equal(state.conversations.size, 2);
});

test("taken away while a sync is under way: an older answer does not bring it back; given back meanwhile, it stays", async (t) => {
	const gates = [];
	const snapshot = page({ head_topic: FEED, reset: true, snapshot: { conversations: [row(1), row(2)], next: null } });
	const older = page({ head_topic: FEED, events: [1, 2].map((n) => ({ epoch: "new", seq: 9, prev: 0, kind: "conversation", conversation: row(n).id, at: 1, data: { conversation: row(n) } })) });
	let asked = 0;
	const { sync, state, feed } = start(t, [], (path) => {
		if (path.startsWith("/api/v1/conversations/")) return Promise.resolve(row(2));
		asked++;
		return asked === 1 ? Promise.resolve(snapshot) : asked === 2 ? new Promise((resolve) => gates.push(() => resolve(older))) : Promise.resolve(page({ head_topic: FEED }));
	});

	sync.up();
	await settled(() => sync.isLive);
	sync.sync();
	await settled(() => gates.length === 1);
	feed({ seq: 10, events: 0, gained: [], lost: [row(1).id, row(2).id] });
	feed({ seq: 10, events: 0, gained: [row(2).id], lost: [] });
	await settled(() => state.conversations.has(row(2).id));
	gates[0]();
	await settled(() => sync.isLive);
	assert.deepEqual([...state.conversations.keys()], [row(2).id]);
});

test("with a feed, what a sync gives again is not told again; after a snapshot of another epoch nothing is taken for known", async (t) => {
	const heard = [];
	const event = (epoch, seq, prev) => ({ epoch, seq, prev, kind: "conversation", conversation: row(1).id, at: 1, data: { conversation: { ...row(1), version: seq } } });
	const { sync, feed } = start(t, [
		page({ head_topic: FEED, reset: true, snapshot: { conversations: [row(1)], next: null } }),
		page({ head_topic: FEED, head: 12, as_of: 12, events: [event("new", 11, 10), event("new", 12, 11)] }),
		page({ head_topic: FEED, epoch: "newer", head: 5, as_of: 5, reset: true, snapshot: { conversations: [row(1)], next: null } }),
		page({ head_topic: FEED, epoch: "newer", head: 12, as_of: 12, events: [event("newer", 11, 5), event("newer", 12, 11)] }),
	], null, { onEvent: ({ epoch, seq }) => heard.push(`${epoch} ${seq}`) });

	sync.up();
	await settled(() => sync.isLive);
	sync.takeEvent({ ...event("new", 11, 10), v: 1 });
	assert.deepEqual(heard, ["new 11"]);
	sync.sync();
	await settled(() => sync.isLive);
	assert.deepEqual(heard, ["new 11", "new 12"]);
	feed({ epoch: "newer", seq: 5, events: null, gained: [], lost: [] });
	await settled(() => sync.epoch === "newer" && sync.isLive);
	sync.sync();
	await settled(() => sync.isLive && sync.cursor === 12);
	assert.deepEqual(heard, ["new 11", "new 12", "newer 11", "newer 12"]);
});

/* What somebody who sees some conversations is told. */
const ours = (seq, prev) => ({ epoch: "new", seq, prev, kind: "conversation", conversation: row(1).id, at: 1, data: { conversation: { ...row(1), version: seq } } });
const SNAPSHOT = page({ head_topic: FEED, reset: true, snapshot: { conversations: [row(1)], next: null } });

test("with a feed, a sync whose later pages do not come is gone on with where it broke off, whatever feeds say meanwhile", async (t) => {
	const { sync, asked, later, feed } = start(t, [SNAPSHOT, page({ head_topic: FEED, head: 20, as_of: 11, more: true }), new Error("cut"), page({ head_topic: FEED, head: 20, as_of: 20 })]);

	sync.up();
	await settled(() => sync.isLive);
	sync.sync();
	await settled(() => asked.length === 3);
	feed({ seq: 20, events: 0, gained: [], lost: [] });
	feed({ seq: 20, events: 0, gained: [], lost: [] });
	later(250); /* its own retry */
	await settled(() => asked.length === 4);
	assert.match(asked[3], /since=11(&|$)/);
});

test("with a feed, an event that is lost while a sync is under way is asked for until it came", async (t) => {
	const gates = [];
	let asked = [];
	const { sync, feed } = start(t, [], (path) => {
		asked.push(path);
		if (asked.length === 1) return Promise.resolve(SNAPSHOT);
		if (asked.length === 2) return new Promise((resolve) => gates.push(() => resolve(page({ head_topic: FEED, as_of: 10 }))));
		return asked.length === 3 ? Promise.reject(new Error("cut")) : Promise.resolve(page({ head_topic: FEED, head: 11, as_of: 11, events: [ours(11, 10)] }));
	});

	sync.up();
	await settled(() => sync.isLive);
	feed({ seq: 10, events: 0, gained: [], lost: [] });
	sync.sync();
	await settled(() => gates.length === 1);
	feed({ seq: 11, events: 1, gained: [], lost: [] }); /* and 11 itself was dropped */
	gates[0]();
	await settled(() => asked.length === 3);
	feed({ seq: 11, events: 1, gained: [], lost: [] });
	sync.sync();
	await settled(() => asked.length === 4);
	assert.match(asked[3], /since=10(&|$)/);
	await settled(() => sync.isLive && sync.cursor === 11);
});

test("with a feed, later events that overtake it prove nothing about the one that was dropped", async (t) => {
	const { sync, asked, feed } = start(t, [SNAPSHOT, page({ head_topic: FEED, head: 12, as_of: 12, events: [ours(11, 10), { ...ours(12, 10), conversation: row(2).id, data: { conversation: row(2) } }] })]);

	sync.up();
	await settled(() => sync.isLive);
	feed({ seq: 10, events: 0, gained: [], lost: [] });
	sync.takeEvent({ ...ours(12, 10), conversation: row(2).id, data: { conversation: row(2) } });
	feed({ seq: 11, events: 1, gained: [], lost: [] }); /* counts 11, which never came; 12 overtook it */
	await settled(() => asked.length === 2 && sync.isLive);
	assert.match(asked[1], /since=10(&|$)/);
});

test("with a feed, later events that overtake it are no reason to ask", async (t) => {
	const { sync, asked, feed } = start(t, [SNAPSHOT]);

	sync.up();
	await settled(() => sync.isLive);
	feed({ seq: 10, events: 0, gained: [], lost: [] });
	sync.takeEvent(ours(11, 10));
	sync.takeEvent(ours(12, 11));
	feed({ seq: 11, events: 1, gained: [], lost: [] });
	feed({ seq: 12, events: 2, gained: [], lost: [] });
	assert.equal(asked.length, 1);
	assert.equal(sync.isLive, true);
});

test("a head that comes while a sync is under way is not forgotten", async (t) => {
	const gates = [];
	let asked = 0;
	const { sync, head, later } = start(t, [], () => {
		asked++;
		if (asked === 1) return Promise.resolve(page({ reset: true, snapshot: { conversations: [], next: null } }));
		if (asked === 2) return new Promise((resolve) => gates.push(() => resolve(page())));
		return Promise.resolve(page({ head: 11, as_of: 11 }));
	});

	sync.up();
	await settled(() => sync.isLive);
	sync.sync();
	await settled(() => gates.length === 1);
	head({ epoch: "new", seq: 11, at: 1 }, false);
	gates[0]();
	await new Promise((resolve) => setImmediate(resolve));
	assert.equal(asked, 2, "it may yet come by itself");
	later(300);
	await settled(() => asked === 3 && sync.cursor === 11);
});

test("who was told to ask, and got no answer, is not live", async (t) => {
	const { sync, asked, feed } = start(t, [SNAPSHOT, new Error("cut"), page({ head_topic: FEED, lost: [row(1).id] })]);

	sync.up();
	await settled(() => sync.isLive);
	feed({ seq: 10, events: 0, gained: null, lost: null });
	await settled(() => asked.length === 2);
	await settled(() => sync.behind === 0);
	await new Promise((resolve) => setImmediate(resolve));
	assert.equal(sync.isLive, false);
	sync.sync();
	await settled(() => sync.isLive);
});

test("with a feed, whoever is told to ask what changed hands asks from where all was known, also after an answer that broke off", async (t) => {
	const { sync, state, asked, later, feed } = start(t, [SNAPSHOT, new Error("cut"), page({ head_topic: FEED, head: 11, as_of: 11, lost: [row(1).id] })]);

	sync.up();
	await settled(() => sync.isLive);
	feed({ seq: 10, events: 0, gained: [], lost: [] });
	feed({ seq: 11, events: 0, gained: null, lost: null });
	await settled(() => asked.length === 2);
	assert.match(asked[1], /since=10(&|$)/);
	await new Promise((resolve) => setImmediate(resolve));
	feed({ seq: 11, events: 0, gained: [], lost: [] });
	later(250); /* its own retry */
	await settled(() => asked.length === 3 && sync.isLive);
	assert.match(asked[2], /since=10(&|$)/);
	assert.equal(state.conversations.has(row(1).id), false);
});
