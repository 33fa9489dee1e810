/* The arrow keys go from message to message; on the log itself, to the last one. */
import { useRef } from "preact/hooks";
import type { RefObject } from "preact";

import type { Item } from "./thread_items.js";

/** A handler for the log's keydown. show: draws the item of that index. */
export function useMessageKeys(scroll: RefObject<HTMLElement>, items: Item[], show: (index: number) => void): (event: KeyboardEvent) => void {
	/** Where the focus is going: it gets there only when the row is drawn. */
	const reached = useRef<string | null>(null);

	/** False: its row is not drawn yet. */
	const focusOn = (key: string): boolean => {
		const bubble = scroll.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"] [data-message]`);

		bubble?.focus();
		reached.current = bubble ? null : key;
		return bubble !== null && bubble !== undefined;
	};

	return (event) => {
		const row = (event.target as HTMLElement).matches("[data-message]") ? (event.target as HTMLElement).closest<HTMLElement>("[data-key]") : null;
		const from = reached.current ?? row?.dataset["key"];
		const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;

		if (by === 0 || (from === undefined && event.target !== scroll.current)) {
			return;
		}
		let to = (from === undefined ? items.length : items.findIndex(({ key }) => key === from)) + by;

		while (items[to] && items[to]?.type !== "message") {
			to += by;
		}
		const item = items[to];

		event.preventDefault();
		if (item) {
			show(to);
			if (!focusOn(item.key)) {
				requestAnimationFrame(() => {
					focusOn(item.key);
					reached.current = null;
				});
			}
		}
	};
}
