// The diagnosis: does what was broadcast match what is selected, and if not, why not, and what should it have been?
import assert from "node:assert/strict";
import test from "node:test";

import { Debug } from "../dist/debug.js";
import { Trace } from "../dist/trace.js";

const ID = "695a_1003_923456789012";
const event = (seq, more = {}) => ({ v: 1, epoch: "e", seq, prev: seq - 1, kind: "message", account: "695a", conversation: ID, at: 2000, data: { message: { sent_at: 1000 } }, ...more });

test("each way not to match says what to do", () => {
	const trace = new Trace();

	assert.deepEqual(trace.compare(ID, ID), { match: true, why: "the same id" });
	assert.deepEqual(trace.compare(ID, null), { match: false, why: "nothing is selected" });
	assert.deepEqual(trace.compare(null, ID), { match: false, why: "the event belongs to no conversation" });
	assert.deepEqual(trace.compare(ID, "695a_1003_4"), { match: false, why: "another conversation is selected" });
	assert.deepEqual(trace.compare(ID, "64f0c0ffee", ID), { match: true, why: '"64f0c0ffee" was resolved to it' });
	assert.match(trace.compare(ID, "64f0c0ffee").why,
		/"64f0c0ffee" is not a conversation id: resolve\(\) tells which it means/);
	trace.resolved.set("64f0c0ffee", ID);
	assert.match(trace.compare(ID, "64f0c0ffee").why, new RegExp(`it means ${ID}; compare with that`));
	trace.resolved.set("64f0c0ffee", "695a_1003_4");
	assert.match(trace.compare(ID, "64f0c0ffee").why, /it means 695a_1003_4$/);
});

test("the time of each hop, as far as it is known", () => {
	const trace = new Trace();
	const debug = new Debug(trace, () => ({}));

	trace.arrived(event(1), 2010);
	trace.applied(event(1), ID, ID, "…9012#a1", true);
	trace.painted(Date.now() + 5);
	const [one] = debug.events;
	const hops = debug.hops(one);

	assert.deepEqual([one.tag, one.by, one.match, hops.sent_to_stored, hops.stored_to_published], ["…9012#a1", "mqtt", true, 1000, 10]);
	assert.ok(hops.received_to_painted >= 0 && hops.received_to_painted < 1000);
	trace.applied(event(2, { data: null }), null, null, null, false);
	assert.deepEqual([debug.events[1].by, debug.hops(debug.events[1])],
		["sync", { sent_to_stored: null, stored_to_published: null, published_to_received: null, received_to_painted: null }]);
});

test("only the last are kept", () => {
	const trace = new Trace();

	for (let seq = 1; seq <= 1000; seq++) {
		trace.arrived(event(seq), null);
		trace.applied(event(seq), null, null, null, true);
	}
	assert.equal(trace.events.length, 200);
	assert.equal(trace.events.at(-1).seq, 1000);
});
