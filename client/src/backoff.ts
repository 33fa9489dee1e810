/* Doubled, an outage of two seconds was over for one in a hundred only after seven more: bench/jitter.mjs. */
const GROWTH = 1.5;

/** Full jitter (Amazon, "Exponential Backoff And Jitter"), so that a thousand tabs do not come back in step. */
export class Backoff {
	private attempt = 0;

	constructor(private readonly minMs: number, private readonly maxMs: number) {}

	/** How long to wait before the next try, ms. */
	next(): number {
		return Math.random() * Math.min(this.maxMs, this.minMs * GROWTH ** this.attempt++);
	}

	reset(): void {
		this.attempt = 0;
	}
}
