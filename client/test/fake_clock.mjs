/** Time that stands still until tick(ms): Date.now, setTimeout, setInterval. Given back when the test ends. */
export function fakeClock(t, start) {
	const real = { now: Date.now, setTimeout, setInterval, clearTimeout, clearInterval };
	const timers = new Map();
	let now = start;
	let last = 0;
	const add = (act, ms, every) => {
		timers.set(++last, { act, at: now + ms, every });
		return last;
	};

	Date.now = () => now;
	globalThis.setTimeout = (act, ms = 0) => add(act, ms, null);
	globalThis.setInterval = (act, ms) => add(act, ms, ms);
	globalThis.clearTimeout = globalThis.clearInterval = (id) => timers.delete(id);
	t.after(() => {
		Date.now = real.now;
		Object.assign(globalThis, { setTimeout: real.setTimeout, setInterval: real.setInterval, clearTimeout: real.clearTimeout, clearInterval: real.clearInterval });
	});
	return {
		tick(ms) {
			const end = now + ms;

			for (;;) {
				const [id, next] = [...timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0] ?? [];

				if (id === undefined) {
					break;
				}
				now = next.at;
				if (next.every === null) {
					timers.delete(id);
				} else {
					next.at += next.every;
				}
				next.act();
			}
			now = end;
		},
	};
}
