/*
 * Older rows are put before those that somebody looks at: what is on the screen stays where it is. The new rows' heights are
 * guesses until they are measured, so it is held for some frames, by its place on the screen.
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";

interface Held {
	key: string;
	/** Of its upper edge, below that of the view, px. */
	top: number;
}

const FRAMES = 12;
const STILL_FRAMES = 3;

function topOf(view: HTMLElement, row: Element): number {
	return row.getBoundingClientRect().top - view.getBoundingClientRect().top;
}

/** The first message in the view; rows of days move when others come before them. */
function firstSeen(view: HTMLElement): Held | null {
	for (const row of view.querySelectorAll<HTMLElement>("[data-key]")) {
		const top = topOf(view, row);

		if (top + row.offsetHeight > 0 && row.querySelector("[data-message]") !== null) {
			return { key: row.dataset["key"] as string, top };
		}
	}
	return null;
}

/**
 * oldest: the first message's id. isHeld: nobody is at the end. scrollTo brings a row, by its key, into the document, its upper
 * edge so many px below the view's.
 */
export function useScrollAnchor(scroll: RefObject<HTMLElement>, oldest: string | undefined, isHeld: () => boolean, scrollTo: (key: string, top: number) => void): void {
	const before = useRef(oldest);
	const held = useRef<Held | null>(null);

	/* While this renders, the document is still as it was. */
	if (oldest !== before.current) {
		held.current = before.current !== undefined && scroll.current && isHeld() ? firstSeen(scroll.current) : null;
		before.current = oldest;
	}
	useLayoutEffect(() => {
		const wanted = held.current;
		const view = scroll.current;
		let frames = 0;
		let still = 0;
		let frame = 0;
		const stop = (): void => {
			cancelAnimationFrame(frame);
			view?.removeEventListener("wheel", stop);
			view?.removeEventListener("touchmove", stop);
		};
		const settle = (): void => {
			const row = view?.querySelector(`[data-key="${CSS.escape(wanted?.key ?? "")}"]`);

			if (!wanted || !view) {
				return;
			}
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
			}
		};

		held.current = null;
		if (wanted && view) {
			view.addEventListener("wheel", stop, { passive: true });
			view.addEventListener("touchmove", stop, { passive: true });
			settle();
		}
		return stop;
	}, [oldest]);
}
