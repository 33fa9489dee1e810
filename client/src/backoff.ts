/** Full jitter (Amazon, "Exponential Backoff And Jitter"), so that a thousand tabs do not come back in step. */
export class Backoff {
	private attempt = 0;

	constructor(private readonly minMs: number, private readonly maxMs: number) {}

	/** How long to wait before the next try, ms. */
	next(): number {
		return Math.random() * Math.min(this.maxMs, this.minMs * 2 ** this.attempt++);
	}

	reset(): void {
		this.attempt = 0;
	}
}
