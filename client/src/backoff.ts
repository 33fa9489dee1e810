/* With doubling, one client in a hundred took seven more seconds after an outage of two: bench/jitter.mjs. */
const GROWTH = 1.5;

/** Full jitter (Amazon, "Exponential Backoff And Jitter"), so that a thousand tabs do not reconnect in step. */
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
