/** Typed events and their listeners. A listener that throws does not keep the others from being called. */
export class Emitter<Events extends object> {
	private readonly listeners = new Map<keyof Events, Set<(value: never) => void>>();

	/** Adds a listener; call the result to remove it. */
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
