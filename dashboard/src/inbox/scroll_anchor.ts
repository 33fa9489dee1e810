/*
 * Keeps a row where it is wanted on the screen: where it was when older rows are inserted before it, or near the top
 * when a thread is opened at its first new message. Heights are estimates until rows are measured, so the position is
 * corrected for some frames.
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";

/** A row, and where it is wanted. */
export interface Held {
	key: string;
	/** Distance of its upper edge from that of the view, px. */
	top: number;
}

const FRAMES = 12;
const STILL_FRAMES = 3;

function topOf(view: HTMLElement, row: Element): number {
	return row.getBoundingClientRect().top - view.getBoundingClientRect().top;
}

/**
 * The first visible message; day rows move when others are inserted before them. The oldest is the last choice: it may
 * become one of a group then, and lower.
 */
function firstSeen(view: HTMLElement, oldest: string): Held | null {
	let last: Held | null = null;

	for (const row of view.querySelectorAll<HTMLElement>("[data-key]")) {
		const top = topOf(view, row);

		if (top + row.offsetHeight > 0 && row.querySelector("[data-message]") !== null) {
			last = { key: row.dataset["key"] as string, top };
			if (last.key !== oldest) {
				return last;
			}
		}
	}
	return last;
}

/** Holds the row until it stands still or the person scrolls; then calls onEnd. Returns how to stop. */
function holdRow(view: HTMLElement, wanted: Held, scrollTo: (key: string, top: number) => void, onEnd: () => void): () => void {
	let frames = 0;
	let still = 0;
	let frame = 0;
	const stop = (): void => {
		cancelAnimationFrame(frame);
		view.removeEventListener("wheel", onPerson);
		view.removeEventListener("touchmove", onPerson);
	};
	const settle = (): void => {
		const row = view.querySelector(`[data-key="${CSS.escape(wanted.key)}"]`);

		if (row) {
			const off = topOf(view, row) - wanted.top;

			still = Math.abs(off) < 1 ? still + 1 : 0;
			if (still === 0) {
				view.scrollTop += off;
			}
		} else {
			scrollTo(wanted.key, wanted.top);
		}
		if (++frames < FRAMES && still < STILL_FRAMES) {
			frame = requestAnimationFrame(settle);
		} else {
			stop();
			onEnd();
		}
	};
	const onPerson = (): void => {
		stop();
		onEnd();
	};

	view.addEventListener("wheel", onPerson, { passive: true });
	view.addEventListener("touchmove", onPerson, { passive: true });
	settle();
	return stop;
}

interface AnchorOptions {
	scroll: RefObject<HTMLElement>;
	/** The first message's id. */
	oldest: string | undefined;
	/** The row at which a thread is opened, once that is known; held once. */
	start: Held | null;
	/** The view is not at the end. */
	isHeld: () => boolean;
	/** Renders the row with this key, its upper edge that many px below the view's. */
	scrollTo: (key: string, top: number) => void;
	/** The row stands where it is wanted. */
	onEnd: () => void;
}

/** What the component can ask of it. */
export interface Anchor {
	/** A row is being held: nothing should be loaded meanwhile. */
	isHolding: () => boolean;
	/** Lets it go: the person wants to be elsewhere. */
	release: () => void;
}

/** Keeps a row where it is wanted; call in the component that draws the rows. */
export function useScrollAnchor({ scroll, oldest, start, isHeld, scrollTo, onEnd }: AnchorOptions): Anchor {
	const before = useRef(oldest);
	const hasStarted = useRef(false);
	const held = useRef<Held | null>(null);
	const stop = useRef<() => void>(() => undefined);

	/* During this render, the document is still unchanged. */
	if (start !== null && !hasStarted.current) {
		hasStarted.current = true;
		held.current = start;
	} else if (oldest !== before.current && before.current !== undefined && scroll.current && isHeld()) {
		held.current ??= firstSeen(scroll.current, before.current);
	}
	before.current = oldest;
	useLayoutEffect(() => {
		if (!held.current || !scroll.current) {
			return undefined;
		}
		stop.current = holdRow(scroll.current, held.current, scrollTo, () => {
			held.current = null;
			onEnd();
		});
		return () => stop.current();
	}, [oldest, start === null]);
	return {
		isHolding: () => held.current !== null,
		release: () => {
			stop.current();
			held.current = null;
		},
	};
}
