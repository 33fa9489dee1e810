/* Changes come by the hundred, screens change by the frame: many changes, one rendering. */
import { signal } from "@preact/signals";

/** Read `value` to be rendered again after bump(). */
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

/** One animation frame for all tickers that changed; onPainted runs in the task after it. */
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
		this.channel.port2.postMessage(null); /* after the rendering, the layout and the paint of this frame */
	}
}
