/*
 * Detects when something may have been missed: the machine slept, the network went or came back, the page is visible
 * again.
 * For browsers and Node.js.
 */
export interface WakeListener {
	/** The clock jumped, or the network is gone: treat connections as dead. */
	onSleep(): void;
	/** The network is back, or the page is visible again. */
	onReturn(): void;
}

const TICK_MS = 2_000;
/** Some browsers run a hidden page's timers once a minute: only a longer gap means sleep. */
const SLEEP_MS = 15_000;
const SLEEP_HIDDEN_MS = 90_000;

function isHidden(): boolean {
	return typeof document !== "undefined" && document.visibilityState === "hidden";
}

/** Listens until the returned function is called. */
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
	const onOffline = (): void => listener.onSleep();
	const timer = setInterval(tick, TICK_MS);

	(timer as { unref?: () => void }).unref?.(); /* Node.js: do not keep the process alive */
	if (typeof window !== "undefined") {
		window.addEventListener("offline", onOffline);
		window.addEventListener("online", onReturn);
		window.addEventListener("pageshow", onReturn);
		document.addEventListener("visibilitychange", onReturn);
	}
	return () => {
		clearInterval(timer);
		if (typeof window !== "undefined") {
			window.removeEventListener("offline", onOffline);
			window.removeEventListener("online", onReturn);
			window.removeEventListener("pageshow", onReturn);
			document.removeEventListener("visibilitychange", onReturn);
		}
	};
}
