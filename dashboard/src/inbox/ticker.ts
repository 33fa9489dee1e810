/* Changes come by the hundred, but screens update once per frame: many changes, one render. */
import { signal } from "@preact/signals";

/** Reading `value` re-renders the component after bump(). */
export class Ticker {
	private readonly ticks = signal(0);

	constructor(private readonly frames: Frames) {}

	get value(): number {
		return this.ticks.value;
	}

	bump(): void {
		this.frames.add(this);
	}

	tick(): void {
		this.ticks.value++;
	}
}

/** One animation frame for all changed tickers; onPainted runs in the task after it. */
export class Frames {
	private readonly waiting = new Set<Ticker>();
	private readonly channel = new MessageChannel();

	constructor(onPainted: () => void) {
		this.channel.port1.onmessage = onPainted;
	}

	add(ticker: Ticker): void {
		if (this.waiting.size === 0) {
			requestAnimationFrame(() => this.run());
		}
		this.waiting.add(ticker);
	}

	private run(): void {
		const due = [...this.waiting];

		this.waiting.clear();
		for (const ticker of due) {
			ticker.tick();
		}
		this.channel.port2.postMessage(null); /* after this frame's render, layout and paint */
	}
}
