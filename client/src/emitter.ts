/** Typed events: who listens, and who is told. A listener that throws does not keep the others from being told. */
export class Emitter<Events extends object> {
	private readonly listeners = new Map<keyof Events, Set<(value: never) => void>>();

	/** Listens; the answer ends it. */
	on<K extends keyof Events>(name: K, listener: (value: Events[K]) => void): () => void {
		const set = this.listeners.get(name) ?? new Set();

		set.add(listener as (value: never) => void);
		this.listeners.set(name, set);
		return () => set.delete(listener as (value: never) => void);
	}

	emit<K extends keyof Events>(name: K, value: Events[K]): void {
		for (const listener of [...(this.listeners.get(name) ?? [])]) {
			try {
				(listener as (value: Events[K]) => void)(value);
			} catch (error) {
				queueMicrotask(() => {
					throw error; /* the page's own fault, for its own console */
				});
			}
		}
	}
}

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
