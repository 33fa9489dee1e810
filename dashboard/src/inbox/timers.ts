/** For mqtt.js's `timerVariant`: a worker's intervals, which are not throttled in hidden pages. */
export function workerTimers(): { set(act: () => void, ms: number): number; clear(id: number): void } {
	const worker = new Worker(new URL("./timers.worker.ts", import.meta.url), { type: "module" });
	const acts = new Map<number, () => void>();
	let last = 0;

	worker.onmessage = ({ data }: MessageEvent<number>) => acts.get(data)?.();
	return {
		set(act, ms) {
			acts.set(++last, act);
			worker.postMessage({ id: last, ms });
			return last;
		},
		clear(id) {
			acts.delete(id);
			worker.postMessage({ id, ms: null });
		},
	};
}
