/* Numbers and tables, for all benchmark scripts. */

/** Expects numbers in ascending order; share 0.5 is the median. */
export const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

export const ascending = (values) => [...values].sort((one, other) => one - other);

export const sum = (values) => values.reduce((total, n) => total + n, 0);

export function median(values) {
	const sorted = ascending(values);
	const middle = sorted.length >> 1;

	return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const range = (values, digits) => `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`;

/** The median, with the range in brackets. */
export const spread = (values, digits) => `${median(values).toFixed(digits)} (${range(values, digits)})`;

/** Prints rows with the same members as a table for docs/benchmarks.md. */
export function printTable(rows) {
	console.log(`| ${Object.keys(rows[0]).join(" | ")} |`);
	console.log(`|${Object.keys(rows[0]).map(() => "---|").join("")}`);
	for (const row of rows) {
		console.log(`| ${Object.values(row).join(" | ")} |`);
	}
}

/** Calls `send(n)` at an even rate for some seconds. */
export async function atRate(perSecond, seconds, send) {
	const started = performance.now();

	for (let n = 0; n < perSecond * seconds; n++) {
		const wait = started + (n * 1000) / perSecond - performance.now();

		if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
		send(n);
	}
}
