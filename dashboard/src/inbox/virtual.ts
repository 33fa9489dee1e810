/* Renders only the rows around the view: @tanstack/virtual-core, as a hook. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import { useLayoutEffect, useReducer, useState } from "preact/hooks";
import type { RefObject } from "preact";

type ElementVirtualizer = Virtualizer<HTMLElement, HTMLElement>;

interface VirtualOptions {
	count: number;
	scroll: RefObject<HTMLElement>;
	estimate: (index: number) => number;
	keyOf: (index: number) => string;
	overscan: number;
	paddingEnd?: number;
	/** Rows may be inserted before existing ones: sizes are kept by key, not by index. */
	growsUpwards?: boolean;
}

export function useVirtual(options: VirtualOptions): ElementVirtualizer {
	const [, render] = useReducer((n: number) => n + 1, 0);
	const all = {
		count: options.count,
		getScrollElement: () => options.scroll.current,
		estimateSize: options.estimate,
		getItemKey: options.keyOf,
		overscan: options.overscan,
		paddingEnd: options.paddingEnd ?? 0,
		anchorTo: options.growsUpwards ? ("end" as const) : ("start" as const),
		observeElementRect,
		observeElementOffset,
		scrollToFn: elementScroll,
		onChange: () => render(undefined),
	};
	const [virtualizer] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(all));

	virtualizer.setOptions(all);
	useLayoutEffect(() => virtualizer._didMount(), []);
	useLayoutEffect(() => virtualizer._willUpdate());
	return virtualizer;
}
