// A token is asked for once, renewed by its own span of life, and replaced when it was refused.
import assert from "node:assert/strict";
import test from "node:test";

import { Tokens } from "../dist/tokens.js";

const encode = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
const tokenOf = (iat, life, more = {}) => encode({ iat, exp: iat + life, ...more });

test("one question for many callers, and none while the token is good", async () => {
	let asked = 0;
	const tokens = new Tokens(async () => tokenOf(1_000_000 + asked++, 900));
	const all = await Promise.all([tokens.get(), tokens.get(), tokens.get()]);

	assert.equal(asked, 1);
	assert.equal(new Set(all).size, 1);
	assert.equal(await tokens.get(), all[0]);
	assert.equal(asked, 1);
});

test("its life counts from when it came, whatever this machine's clock says", async () => {
	const tokens = new Tokens(() => tokenOf(1, 900)); /* issued in 1970 by that clock */

	await tokens.get();
	assert.ok(Math.abs(tokens.renewIn - 600_000) < 1000, `renewed at two thirds: ${tokens.renewIn}`);
	assert.ok(Math.abs(tokens.endsAt - Date.now() - 900_000) < 1000);
});

test("a refused token is replaced once for all who had it", async () => {
	let asked = 0;
	const tokens = new Tokens(() => tokenOf(1000 + asked++, 900));
	const first = await tokens.get();
	const [one, other] = await Promise.all([tokens.replace(first), tokens.replace(first)]);

	assert.notEqual(one, first);
	assert.equal(one, other);
	assert.equal(await tokens.replace(first), one, "a newer one is there already");
	assert.equal(asked, 2);
});

test("without exp, or when it is no JWT at all, it is asked for anew some time", async () => {
	for (const text of [encode({}), "opaque", ""]) {
		const tokens = new Tokens(() => text);

		assert.equal(await tokens.get(), text);
		assert.ok(tokens.renewIn > 60_000 && tokens.renewIn < 600_000);
	}
});

test("what the source throws is thrown, and asked again next time", async () => {
	let fails = true;
	const tokens = new Tokens(() => {
		if (fails) {
			throw new Error("no network");
		}
		return "good";
	});

	await assert.rejects(tokens.get(), /no network/);
	fails = false;
	assert.equal(await tokens.get(), "good");
});
