/* A conversation's messages: virtualized; stays at the end while the reader is there, else keeps the position. */
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { traitsOf } from "@convwire/client";
import type { Conversation, Message } from "@convwire/client";

import { Icon } from "../icons.js";
import { strings } from "../strings.js";
import { systemText } from "./bodies.js";
import { Bubble } from "./bubble.js";
import { dayLabel, isGroup, nameOf, phoneOf, timeOf } from "./format.js";
import { Composer } from "./composer.js";
import { Find } from "./find.js";
import { useMessageKeys } from "./message_keys.js";
import { useScrollAnchor } from "./scroll_anchor.js";
import type { Held } from "./scroll_anchor.js";
import type { Inbox } from "./model.js";
import { Avatar, IconButton, Indicator, previewOf, WindowPill } from "./parts.js";
import { indexOf, itemsOf, keyOf } from "./thread_items.js";
import type { Item } from "./thread_items.js";
import { useVirtual } from "./virtual.js";

const text = strings.thread;
const NEAR_END_PX = 60;
const NEAR_TOP_PX = 400;
/** Where the "new messages" line stands when a thread is opened: some of what was before it is in view. */
const NEW_LINE = { key: "new", top: 80 };
/** The same for a message that a search has found. */
const FOUND_TOP = 120;
const OVERSCAN = 8;

function isAtEnd(element: HTMLElement): boolean {
	return element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
}

function estimate(item: Item | undefined): number {
	if (item?.type !== "message") {
		return 40;
	}
	const { message } = item;
	const length = (previewOf(message) ?? "").length;

	return message.media && message.kind !== "audio" && message.kind !== "voice" && message.kind !== "document" ? 280 : 46 + 20 * Math.floor(length / 60);
}

function Head({ inbox, row }: { inbox: Inbox; row: Conversation }) {
	void inbox.peopleTicker.value;
	const name = nameOf(row);
	const others = inbox.client.peopleAt(row.id);
	const named = (people: typeof others): string => people.map(({ subject }) => inbox.nameOfAgent(subject)).join(", ");
	const typing = others.filter((person) => person.isTyping);
	const agents = inbox.agents.value.filter((agent) => agent.may_answer);
	const mayAct = inbox.mayCommand;

	return (
		<header class="thread-head">
			<IconButton icon="back" label={text.back} onClick={() => inbox.open(null)} class="narrow-only" />
			<Avatar name={name} id={row.contact.id} small />
			<div class="thread-who">
				<h2 tabIndex={-1}><bdi>{name}</bdi></h2>
				<p>
					{typing.length > 0 ? <span class="replying">{text.replying(named(typing))}</span> :
						others.length > 0 ? <span>{text.viewing(named(others))}</span> :
						<bdi>{row.contact.wa_id ? phoneOf(row.contact.wa_id) : (row.contact.username ?? (isGroup(row) && row.contact.name ? strings.list.group : ""))}</bdi>}
					<WindowPill row={row} />
				</p>
			</div>
			<span class="narrow-only"><Indicator inbox={inbox} /></span>
			{mayAct && (
				<label class="assign">
					<span class="sr-only">{text.assign}</span>
					<select value={row.assignee ?? ""} onChange={(event) => inbox.assign(row.id, event.currentTarget.value || null)}>
						<option value="">{text.nobody}</option>
						<option value={inbox.me.subject}>{text.me(inbox.me.name)}</option>
						{agents.filter((agent) => agent.subject !== inbox.me.subject).map((agent) => <option key={agent.subject} value={agent.subject}>{agent.name}</option>)}
						{row.assignee !== null && row.assignee !== inbox.me.subject && !agents.some((agent) => agent.subject === row.assignee) &&
							<option value={row.assignee}>{inbox.nameOfAgent(row.assignee)}</option>}
					</select>
				</label>
			)}
			{mayAct && <button type="button" class={`button${row.state === "done" ? "" : " primary"}`} onClick={() => inbox.toggleDone(row.id)}>{row.state === "done" ? text.reopen : text.done}</button>}
			{mayAct && row.state === "open" && <IconButton icon="next" label={text.doneAndNext} class="wide-only" onClick={() => inbox.doneAndNext(row.id)} />}
			{mayAct && <IconButton icon="unread" label={text.markUnread} class="wide-only" onClick={() => inbox.markUnread(row.id)} />}
			{mayAct && <IconButton icon="more" label={strings.palette.title} class="narrow-only" onClick={() => { inbox.dialog.value = "palette"; }} />}
			<IconButton icon="search" label={text.find} pressed={inbox.isFinding.value} onClick={() => { inbox.isFinding.value = !inbox.isFinding.value; }} />
			<IconButton icon="info" label={text.details} pressed={inbox.hasDetails.value} onClick={() => inbox.toggleDetails()} />
		</header>
	);
}

/** Announces new messages to screen readers: one by one, or their number. */
function useAnnouncer(messages: Message[], name: string, isAtNewest: boolean): string {
	const last = useRef<{ id: string | null; said: string }>({ id: null, said: "" });
	const newest = messages[messages.length - 1];

	if (!isAtNewest) {
		last.current = { id: null, said: "" }; /* older ones are being loaded: they are not news */
	} else if (newest && newest.id !== last.current.id) {
		const from = last.current.id === null ? messages.length : messages.findIndex((message) => message.id === last.current.id) + 1;
		const fresh = messages.slice(from).filter((message) => message.direction === "in" && traitsOf(message.kind).shown);

		last.current = {
			id: newest.id,
			said: fresh.length === 0 ? "" : fresh.length === 1 ?
				text.announce(name, (previewOf(fresh[0] as Message) ?? "")) : text.announceMany(fresh.length),
		};
	}
	return last.current.said;
}

function Notice({ title, hint, action, onAction }: { title: string; hint: string; action?: string; onAction?: () => void }) {
	return <div class="empty"><p class="empty-title">{title}</p><p>{hint}</p>{action && <button class="button" onClick={onAction}>{action}</button>}</div>;
}

function Messages({ inbox, row }: { inbox: Inbox; row: Conversation }) {
	void inbox.threadTicker.value;
	const scroll = useRef<HTMLDivElement>(null);
	const stick = useRef(true);
	const [below, setBelow] = useState(0);
	const [flash, setFlash] = useState<string | null>(null);
	const state = inbox.threads.shown(row.id);
	const isToEnd = state.newer === null;
	const messages = inbox.client.state.messages(row.id);
	const items = useMemo(() => itemsOf(messages, state.newFrom), [messages, state.newFrom]);
	const name = nameOf(row);
	const said = useAnnouncer(messages, name, isToEnd);
	const count = items.length;
	const virtual = useVirtual({ count, scroll, estimate: (i) => estimate(items[i]), keyOf: (i) => items[i]?.key ?? String(i), overscan: OVERSCAN, paddingEnd: 12, growsUpwards: true });
	const byId = (id: string | undefined): Message | null => (id ? inbox.client.state.message(row.id, id) : null);

	const scrollTo = (key: string, top: number): void => {
		const start = virtual.measurementsCache[items.findIndex((one) => one.key === key)]?.start;

		if (start !== undefined && scroll.current) {
			scroll.current.scrollTop = start - top;
		}
	};
	/** The row at which the thread is opened; null: at its end; undefined: not known yet. */
	const start = useRef<Held | null | undefined>(undefined);
	const shownFound = useRef(state.found);

	if (start.current === undefined && state.next !== undefined && !state.isLoading) {
		const found = state.found === null ? undefined : items[indexOf(items, state.found.message)];

		start.current = found ? { key: found.key, top: FOUND_TOP } : state.newFrom === null ? null : NEW_LINE;
		stick.current = start.current === null;
		shownFound.current = state.found;
	}
	const anchor = useScrollAnchor({
		scroll, oldest: messages[0] && keyOf(messages[0]), start: start.current ?? null, isHeld: () => !stick.current, scrollTo,
		onEnd: () => onScroll(),
	});

	useLayoutEffect(() => {
		const element = scroll.current;

		if (element && stick.current) {
			element.scrollTop = element.scrollHeight;
		}
		if (element && start.current !== undefined) {
			stick.current ||= isToEnd && element.scrollHeight <= element.clientHeight;
			inbox.reading.atEnd(isToEnd && isAtEnd(element));
		}
	});
	useLayoutEffect(() => {
		if (start.current !== undefined && state.found !== null && state.found !== shownFound.current) {
			shownFound.current = state.found;
			jump(state.found.message);
		}
	}, [state.found]);
	const newest = messages[messages.length - 1];
	const lastSeen = useRef<string | null>(null);

	useLayoutEffect(() => {
		if (!isToEnd) {
			lastSeen.current = null;
		} else if (newest && newest.id !== lastSeen.current) {
			if (newest.direction === "out" && newest.local) {
				stick.current = true; /* after sending, show the sent message */
			}
			if (!stick.current && lastSeen.current !== null && newest.direction === "in") {
				setBelow((n) => n + 1);
			}
			lastSeen.current = newest.id;
		}
	}, [newest]);

	const onScroll = (): void => {
		const element = scroll.current;

		if (element === null) {
			return; /* the thread is being closed */
		}
		stick.current = isToEnd && isAtEnd(element);
		inbox.reading.atEnd(stick.current);
		if (stick.current && below > 0) {
			setBelow(0);
		}
		if (anchor.isHolding()) {
			return;
		}
		if (element.scrollTop < NEAR_TOP_PX && typeof state.next === "number" && !state.isLoading) {
			void inbox.threads.load(row.id);
		} else if (!isToEnd && element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_TOP_PX && !state.isLoading) {
			void inbox.threads.loadNewer(row.id);
		}
	};
	const toEnd = (): void => {
		if (!isToEnd) {
			inbox.showNewest(row.id);
			return;
		}
		stick.current = true;
		virtual.scrollToIndex(count - 1, { align: "end" });
		requestAnimationFrame(() => { const element = scroll.current; if (element) { element.scrollTop = element.scrollHeight; } });
	};
	const jump = (id: string): void => {
		const at = indexOf(items, id);

		if (at >= 0) {
			stick.current = false;
			anchor.release();
			virtual.scrollToIndex(at, { align: "center" });
			setFlash(id);
			setTimeout(() => setFlash(null), 1600);
		}
	};
	const onKeyDown = useMessageKeys(scroll, items, (index) => {
		stick.current = false;
		anchor.release();
		virtual.scrollToIndex(index, { align: "auto" });
	});
	const shown = virtual.getVirtualItems();

	const isOffline = inbox.client.status === "offline";

	if (isOffline && state.next === undefined && count === 0) {
		return <Notice title={text.offline} hint={text.offlineHint} />;
	}
	if (state.problem !== null && count === 0) {
		return <Notice title={text.failed} hint={state.problem} action={text.retry} onAction={() => void inbox.threads.retry(row.id)} />;
	}
	return (
		<div class="thread-body">
			<div class="thread-scroll" ref={scroll} onScroll={onScroll} onKeyDown={onKeyDown} onPointerDown={() => inbox.engage()} role="log" aria-live="off" aria-label={text.log(name)} tabIndex={0}>
				<div class="thread-rows" style={{ height: `${virtual.getTotalSize()}px` }}>
					{shown.map(({ index, key, start }) => {
						const item = items[index] as Item;

						return (
							<div key={key} ref={virtual.measureElement} data-index={index} data-key={item.key} class={`thread-row${"message" in item && flash === item.message.id ? " flash" : ""}${"message" in item && state.found?.message === item.message.id ? " found" : ""}`} style={{ transform: `translateY(${start}px)` }}>
								{item.type === "day" && <p class="day"><span>{dayLabel(item.at)}</span></p>}
								{item.type === "new" && <p class="new-line"><span>{text.newLine}</span></p>}
								{item.type === "system" && <p class="system">{item.message.kind === "call" && <Icon name="phone" size={15} />}<bdi>{systemText(item.message)}</bdi><span>{timeOf(item.message.position)}</span></p>}
								{item.type === "message" && <Bubble inbox={inbox} message={item.message} isFirst={item.isFirst} reactions={item.reactions}
									quoted={byId((item.message.context as { message?: string } | undefined)?.message)} customer={name} onJump={jump} />}
							</div>
						);
					})}
				</div>
			</div>
			{isOffline && state.next === undefined ? <p class="floating top" role="status">{text.offlineKnown}</p> :
				state.problem !== null && <button class="floating top button" onClick={() => void inbox.threads.retry(row.id)}>{text.failed} {text.retry}</button>}
			{state.isLoading && !isOffline && <p class="floating top" role="status">{count === 0 ? text.loading : isToEnd ? text.older : text.more}</p>}
			{state.late.length > 0 && <button class="floating top button" onClick={() => { jump(state.late[0] as string); state.late.length = 0; inbox.threadTicker.bump(); }}>{text.late(state.late.length)}</button>}
			{below > 0 && <button class="floating bottom button primary" onClick={toEnd}>{text.newBelow(below)}</button>}
			{!isToEnd && <button class="floating bottom button" onClick={toEnd}>{text.toNewest}</button>}
			{isToEnd && below === 0 && count > 0 && !stick.current && <IconButton icon="down" label={text.toBottom} class="floating bottom round" onClick={toEnd} />}
			<p class="sr-only" aria-live="polite" role="status">{said}</p>
		</div>
	);
}

export function Thread({ inbox }: { inbox: Inbox }) {
	const id = inbox.selected.value;

	void inbox.listTicker.value;
	void inbox.threadTicker.value;
	if (id === null) {
		return <main class="pane thread none"><Notice title={text.none} hint={text.noneHint} /></main>;
	}
	if (inbox.lost.value === id) {
		return <main class="pane thread"><Notice title={text.lost} hint={text.lostHint} action={text.close} onAction={() => inbox.open(null)} /></main>;
	}
	const row = inbox.client.state.conversations.get(id);

	if (!row) {
		const { problem } = inbox.threads.shown(id);

		return (
			<main class="pane thread">
				{problem === null ? <Notice title={text.loading} hint="" /> :
					problem === text.missing ? <Notice title={text.missing} hint={text.missingHint} action={text.close} onAction={() => inbox.open(null)} /> :
					<Notice title={text.failed} hint={problem} action={text.retry} onAction={() => void inbox.threads.retry(id)} />}
			</main>
		);
	}
	return (
		<main class="pane thread" aria-label={text.log(nameOf(row))}>
			<Head inbox={inbox} row={row} />
			{inbox.isFinding.value && <Find key={`find-${id}`} inbox={inbox} id={id} />}
			<Messages key={`${id} ${inbox.threads.shown(id).view}`} inbox={inbox} row={row} />
			<Composer key={`composer-${id}`} inbox={inbox} row={row} />
		</main>
	);
}
