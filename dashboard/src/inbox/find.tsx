/* Search inside the open conversation: a bar over its messages. The page's own search stays one Ctrl F away. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Message } from "@convwire/client";

import { Icon } from "../icons.js";
import { strings } from "../strings.js";
import type { Inbox } from "./model.js";
import { IconButton } from "./parts.js";

const text = strings.find;
const ASK_AFTER_MS = 150;

interface Found {
	/** Newest first. */
	messages: Message[];
	/** The `before` of the next page; null: all are here. */
	next: number | null;
	/** The shown one; -1: there is none. */
	at: number;
}

export function Find({ inbox, id }: { inbox: Inbox; id: string }) {
	const field = useRef<HTMLInputElement>(null);
	const asked = useRef("");
	const [query, setQuery] = useState("");
	const [found, setFound] = useState<Found | null | "failed">(null);

	useLayoutEffect(() => field.current?.focus(), []);
	const show = (messages: Message[], next: number | null, at: number): void => {
		const message = messages[at];

		setFound({ messages, next, at });
		if (message) {
			inbox.showMessage(id, message.id);
		}
	};
	/** The next page of this text, and its first match. */
	const ask = async (wanted: string, known: Message[], before?: number): Promise<void> => {
		try {
			const page = await inbox.client.search(wanted, { conversation: id, before });

			if (asked.current === wanted) { /* nothing else was typed meanwhile */
				const messages = [...known, ...page.messages.map(({ message }) => message)];

				show(messages, page.next, Math.min(known.length, messages.length - 1));
			}
		} catch {
			if (asked.current === wanted) {
				setFound("failed");
			}
		}
	};

	useEffect(() => {
		const wanted = query.trim();

		asked.current = wanted;
		if (wanted === "") {
			setFound(null);
			return undefined;
		}
		const timer = setTimeout(() => void ask(wanted, []), ASK_AFTER_MS);

		return () => clearTimeout(timer);
	}, [query]);
	const step = (by: 1 | -1): void => {
		if (found === null || found === "failed") {
			return;
		}
		const { messages, next, at } = found;

		if (messages[at + by]) {
			show(messages, next, at + by);
		} else if (by > 0 && next !== null) {
			void ask(query.trim(), messages, next);
		}
	};
	const close = (): void => {
		inbox.isFinding.value = false;
	};
	const onKeyDown = (event: KeyboardEvent): void => {
		if (event.key === "Enter") {
			event.preventDefault();
			step(event.shiftKey ? -1 : 1);
		} else if (event.key === "Escape") {
			event.preventDefault();
			close();
		}
	};
	const said = found === null ? "" : found === "failed" ? text.failed : found.at < 0 ? text.none : text.at(found.at + 1, found.messages.length, found.next !== null);
	const has = (by: number): boolean => found !== null && found !== "failed" && (found.messages[found.at + by] !== undefined || (by > 0 && found.next !== null));

	return (
		<search class="find" onKeyDown={onKeyDown}>
			<Icon name="search" size={16} />
			<input ref={field} type="search" id="find" aria-label={text.label} placeholder={text.label} value={query} maxLength={50} onInput={(event) => setQuery(event.currentTarget.value)} />
			<span class="find-count" role="status">{said}</span>
			<IconButton icon="up" label={text.older} disabled={!has(1)} onClick={() => step(1)} />
			<IconButton icon="down" label={text.newer} disabled={!has(-1)} onClick={() => step(-1)} />
			<IconButton icon="close" label={text.close} onClick={close} />
		</search>
	);
}
