/*
 * When something may have been missed without any event saying so: the machine slept, the network came back, the page
 * is looked at again. Browser and Node.
 */
export interface WakeListener {
	/** The clock jumped: connections are dead, whatever they look like. */
	onSleep(): void;
	/** The network is there again, or the page is shown again. */
	onReturn(): void;
}

const TICK_MS = 2_000;
/** Hidden pages are called once a minute by some browsers: only a longer gap is sleep. */
const SLEEP_MS = 15_000;
const SLEEP_HIDDEN_MS = 90_000;

function isHidden(): boolean {
	return typeof document !== "undefined" && document.visibilityState === "hidden";
}

/** Listens until the answer is called. */
export function watchWake(listener: WakeListener): () => void {
	let last = Date.now();
	let wasHidden = isHidden();
	const tick = (): void => {
		const now = Date.now();
		const gap = Math.abs(now - last);
		const limit = wasHidden || isHidden() ? SLEEP_HIDDEN_MS : SLEEP_MS;

		last = now;
		wasHidden = isHidden();
		if (gap > limit) {
			listener.onSleep();
		}
	};
	const onReturn = (): void => {
		tick();
		if (!isHidden()) {
			listener.onReturn();
		}
	};
	const timer = setInterval(tick, TICK_MS);

	(timer as { unref?: () => void }).unref?.(); /* Node: no reason to stay alive */
	if (typeof window !== "undefined") {
		window.addEventListener("online", onReturn);
		window.addEventListener("pageshow", onReturn);
		document.addEventListener("visibilitychange", onReturn);
	}
	return () => {
		clearInterval(timer);
		if (typeof window !== "undefined") {
			window.removeEventListener("online", onReturn);
			window.removeEventListener("pageshow", onReturn);
			document.removeEventListener("visibilitychange", onReturn);
		}
	};
}
