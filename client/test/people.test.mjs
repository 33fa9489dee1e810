// Who is there, looks, replies: what is not repeated fades; nobody is told of himself.
import assert from "node:assert/strict";
import test from "node:test";

import { parseTopic } from "../dist/index.js";
import { People } from "../dist/people.js";
import { fakeClock } from "./fake_clock.mjs";

const CONVERSATION = "acme_1_923456789012";

function make(t) {
	const said = [];
	const people = new People({
		account: "acme", subject: "ann", tab: "t1", onChange: () => { people.changes = (people.changes ?? 0) + 1; },
		publish: async (topic, payload, options) => { said.push([topic, payload === "" ? "" : JSON.parse(payload), options]); },
	});

	return { people, said, clock: fakeClock(t, 1_000_000) };
}

const live = (people, subject, payload) => people.take(parseTopic(`acct/acme/conv/${CONVERSATION}/live/${subject}`), JSON.stringify(payload));
const presence = (people, subject, tab, payload) => people.take(parseTopic(`acct/acme/agent/${subject}/presence/${tab}`), payload);

test("presence is retained, expires by itself, and is repeated", async (t) => {
	const { people, said, clock } = make(t);

	people.up();
	assert.deepEqual(said[0], ["acct/acme/agent/ann/presence/t1", { at: 1_000_000 }, { qos: 1, retain: true, expiryS: 90 }]);
	clock.tick(60_000);
	assert.equal(said.length, 2);
	people.down();
	clock.tick(600_000);
	assert.equal(said.length, 2);
});

test("an agent is online while any tab is", (t) => {
	const { people, clock } = make(t);

	presence(people, "bob", "a", "{}");
	presence(people, "bob", "b", "{}");
	presence(people, "bob", "a", "");
	assert.deepEqual(people.online, ["bob"]);
	presence(people, "bob", "b", "");
	assert.deepEqual(people.online, []);
});

test("typing and viewing of others fade; junk and oneself change nothing", (t) => {
	const { people, clock } = make(t);

	live(people, "ann", { type: "viewing", on: true });
	for (const junk of ["junk", "null", "7", "[]", "{}", '{"type":"typing"}', '{"type":"typing","on":"yes"}', ""]) {
		people.take(parseTopic(`acct/acme/conv/${CONVERSATION}/live/bob`), junk);
	}
	assert.deepEqual(people.at(CONVERSATION), []);
	live(people, "bob", { type: "viewing", on: true });
	live(people, "bob", { type: "typing", on: true });
	assert.deepEqual(people.at(CONVERSATION), [{ subject: "bob", isTyping: true }]);
	const before = people.changes;

	clock.tick(6_100);
	assert.deepEqual(people.at(CONVERSATION), [{ subject: "bob", isTyping: false }]);
	assert.ok(people.changes > before, "the page is told");
	clock.tick(45_000);
	assert.deepEqual(people.at(CONVERSATION), []);
});

test("typing is said every few seconds, not at every key; looking elsewhere takes viewing back", (t) => {
	const { people, said, clock } = make(t);

	people.view(CONVERSATION);
	for (let i = 0; i < 50; i++) {
		people.typing(CONVERSATION, true);
		clock.tick(100);
	}
	assert.deepEqual(said.map(([, payload]) => payload.type), ["viewing", "typing", "typing"]);
	people.typing(CONVERSATION, false);
	people.typing(CONVERSATION, false);
	people.view(null);
	assert.deepEqual(said.slice(3).map(([, payload]) => payload), [{ type: "typing", on: false }, { type: "viewing", on: false }]);
});
