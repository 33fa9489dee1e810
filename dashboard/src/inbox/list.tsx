/* The list: tabs, search, rows. Roving focus: one row is a tab stop, the arrow keys go through the others. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Conversation, Message } from "@convwire/client";

import { Icon } from "../icons.js";
import { strings } from "../strings.js";
import { countOf, listTimeOf, nameOf, fullTimeOf } from "./format.js";
import { harmless } from "./harmless.js";
import { Menu } from "./menu.js";
import { addressOf } from "./model.js";
import type { Inbox, Tab } from "./model.js";
import { Avatar, IconButton, Indicator, Preview, previewOf, Ticks, WindowPill } from "./parts.js";
import type { Entry } from "./search.js";
import { useVirtual } from "./virtual.js";

const text = strings.list;
const ROW_PX = 76;
const TABS: Tab[] = ["mine", "unassigned", "all"];

function Badge({ n }: { n: number }) {
	return n === 0 ? null : <span class="badge"><span aria-hidden="true">{n > 99 ? "99+" : n}</span><span class="sr-only">{text.unread(n)}</span></span>;
}

function RowPreview({ inbox, row, match }: { inbox: Inbox; row: Conversation; match: Message | null }) {
	const typing = inbox.client.peopleAt(row.id).find((person) => person.isTyping);
	const last = row.last_message;

	if (match !== null) {
		return <span class="preview"><Preview kind={match.kind} text={previewOf(match)} /></span>;
	}
	if (typing) {
		return <span class="preview replying">{text.replying(inbox.nameOfAgent(typing.subject))}</span>;
	}
	const draft = inbox.selected.value === row.id ? "" : inbox.drafts.get(row.id);

	if (draft !== "") {
		return <span class="preview draft"><bdi>{text.draft(draft.slice(0, 200))}</bdi></span>;
	}
	if (last === null) {
		return <span class="preview" />;
	}
	return (
		<span class="preview">
			{last.direction === "out" && <Ticks status={last.status} />}
			{last.direction === "out" && last.status === "failed" && <span class="bad">{strings.message.failed}</span>}
			<Preview kind={last.kind} text={last.preview === null ? null : harmless(last.preview)} />
		</span>
	);
}

function Row({ inbox, entry, isStop, onFocus }: { inbox: Inbox; entry: Entry; isStop: boolean; onFocus: () => void }) {
	const { row, match, key } = entry;
	const name = nameOf(row);
	const at = match?.position ?? row.last_message?.position ?? row.created_at;
	const number = inbox.numbers.value.length > 1 ? inbox.nameOfNumber(row.phone_number_id) : null;
	const isOpen = (inbox.search.isOn ? inbox.openKey.value : inbox.selected.value) === key;

	return (
		<div class={`row${row.unread > 0 ? " unread" : ""}${isOpen ? " open" : ""}`}>
			<a href={addressOf(row.id, match?.id ?? null)} tabIndex={isStop ? 0 : -1} aria-current={isOpen ? "true" : undefined} data-key={key} onFocus={onFocus}
				onClick={(event) => {
					if (!event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
						event.preventDefault();
						inbox.openEntry(entry);
					}
				}}>
				<Avatar name={name} id={row.contact.id} />
				<span class="row-body">
					<span class="row-line">
						<bdi class="name">{name}</bdi>
						<time dateTime={new Date(at).toISOString()} title={fullTimeOf(at)}>{listTimeOf(at)}</time>
					</span>
					<span class="row-line">
						<RowPreview inbox={inbox} row={row} match={match} />
						<Badge n={row.unread} />
					</span>
					<span class="row-line marks">
						{row.state === "done" && inbox.stateFilter.value !== "done" && <span class="pill quiet">{text.done}</span>}
						<WindowPill row={row} />
						{number !== null && <span class="pill quiet">{text.via(number)}</span>}
						{row.assignee !== null && inbox.tab.value !== "mine" &&
							<span class="pill quiet"><span class="sr-only">{text.assignedTo("")}</span>{inbox.nameOfAgent(row.assignee)}</span>}
					</span>
				</span>
			</a>
			{inbox.mayCommand && <span class="row-actions">
				{row.assignee !== inbox.me.subject && <IconButton icon="user" label={text.take} tabIndex={-1} onClick={() => inbox.assign(row.id, "me")} />}
				<IconButton icon="check" label={row.state === "done" ? text.reopen : text.finish} tabIndex={-1} onClick={() => inbox.toggleDone(row.id)} />
			</span>}
		</div>
	);
}

function Empty({ title, hint }: { title: string; hint: string }) {
	return <div class="empty"><p class="empty-title">{title}</p><p>{hint}</p></div>;
}

function NothingHere({ inbox }: { inbox: Inbox }) {
	if (inbox.search.isOn) {
		const state = inbox.search.searching.value;

		return state === "no" ? <Empty title={text.noResults(inbox.search.query.value.trim())} hint={text.noResultsHint} /> :
			<Empty title={state === "yes" ? text.searching : text.searchFailed} hint="" />;
	}
	if (inbox.stateFilter.value === "done") {
		return <Empty title={text.noneDone} hint={text.noneDoneHint} />;
	}
	const tab = inbox.tab.value;

	return tab === "mine" ? <Empty title={text.noneMine} hint={text.noneMineHint} /> :
		tab === "unassigned" && inbox.client.state.conversations.size > 0 ? <Empty title={text.noneUnassigned} hint={text.noneUnassignedHint} /> :
		<Empty title={text.empty} hint={text.emptyHint} />;
}

function Skeleton() {
	return (
		<div aria-label={text.loading} role="status">
			{Array.from({ length: 8 }, (_, i) => <div class="row skeleton" key={i} aria-hidden="true"><span class="bone round" /><span class="bone-lines"><span class="bone" /><span class="bone short" /></span></div>)}
		</div>
	);
}

/** Explains a failed connection: what was tried, what failed, and what helps. */
function Stuck({ inbox }: { inbox: Inbox }) {
	void inbox.statusTicker.value;
	const { tried, failed } = inbox.client.attempt;
	const stuck = strings.stuck;

	return (
		<div class="stuck" role="alert">
			<p class="empty-title">{stuck.title}</p>
			<dl>
				<dt>{stuck.tried}</dt><dd class="id">{new URL(tried, location.href).href}</dd>
				<dt>{stuck.failed}</dt><dd>{failed ?? stuck.noAnswer}</dd>
				<dt>{stuck.next}</dt><dd>{stuck.doctor}<code>convwire doctor</code></dd>
			</dl>
		</div>
	);
}

function Rows({ inbox }: { inbox: Inbox }) {
	void inbox.listTicker.value;
	void inbox.peopleTicker.value;
	const scroll = useRef<HTMLDivElement>(null);
	const stop = useRef<string | null>(null);
	const entries = inbox.entries();
	const virtual = useVirtual({
		count: entries.length, scroll, estimate: () => ROW_PX, keyOf: (i) => entries[i]?.key ?? String(i), overscan: 6,
	});
	const openKey = inbox.search.isOn ? inbox.openKey.value : inbox.selected.value;
	const stopAt = Math.max(0, entries.findIndex(({ key }) => key === (stop.current ?? openKey)));

	/* The open conversation stays in view when J and K move through the list. */
	useLayoutEffect(() => {
		const at = entries.findIndex(({ key }) => key === openKey);

		if (at >= 0) {
			virtual.scrollToIndex(at, { align: "auto" });
		}
	}, [openKey]);

	const focusRow = (at: number): void => {
		const entry = entries[at];

		if (entry) {
			stop.current = entry.key;
			virtual.scrollToIndex(at, { align: "auto" });
			requestAnimationFrame(() => scroll.current?.querySelector<HTMLElement>(`a[data-key="${CSS.escape(entry.key)}"]`)?.focus());
		}
	};
	const onKeyDown = (event: KeyboardEvent): void => {
		const at = entries.findIndex(({ key }) => key === (document.activeElement as HTMLElement).dataset["key"]);
		const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 };

		if (to[event.key] !== undefined) {
			event.preventDefault();
			focusRow(to[event.key] as number);
		}
	};

	return (
		<div class="rows" ref={scroll} onKeyDown={onKeyDown}>
			{entries.length === 0 && inbox.isStuck.value ? null : !inbox.isLoaded.value && entries.length === 0 ? <Skeleton /> : entries.length === 0 ? <NothingHere inbox={inbox} /> : (
				<ul style={{ height: `${virtual.getTotalSize()}px` }} aria-label={text.label}>
					{virtual.getVirtualItems().map(({ index, key, start }) => {
						const entry = entries[index] as Entry;

						return (
							<li key={key} style={{ transform: `translateY(${start}px)`, height: `${ROW_PX}px` }} aria-setsize={entries.length} aria-posinset={index + 1}>
								<Row inbox={inbox} entry={entry} isStop={index === stopAt} onFocus={() => { stop.current = entry.key; }} />
							</li>
						);
					})}
				</ul>
			)}
			{inbox.search.found.value?.next != null && <button class="button more" onClick={() => void inbox.search.more()}>{text.more}</button>}
		</div>
	);
}

function Tabs({ inbox }: { inbox: Inbox }) {
	void inbox.listTicker.value;
	return (
		<div class="tabs">
			<div role="group" aria-label={text.tabs}>
				{TABS.map((tab) => (
					<button key={tab} type="button" aria-pressed={inbox.tab.value === tab} onClick={() => inbox.showTab(tab, inbox.stateFilter.value)}>
						{text[tab]} <span class="count">{countOf(inbox.rows(tab).length)}</span>
					</button>
				))}
			</div>
			<select aria-label={text.states} value={inbox.stateFilter.value} onChange={(event) => inbox.showTab(inbox.tab.value, event.currentTarget.value as "open" | "done")}>
				<option value="open">{text.open}</option>
				<option value="done">{text.done}</option>
			</select>
		</div>
	);
}

export function List({ inbox }: { inbox: Inbox }) {
	return (
		<nav class="pane list" aria-label={text.title}>
			<header class="list-head">
				<h1>{text.title}</h1>
				<Indicator inbox={inbox} />
				<Menu inbox={inbox} />
			</header>
			<div class="search">
				<Icon name="search" size={16} />
				<input type="search" id="search" placeholder={text.search} aria-label={text.search} value={inbox.search.query.value} maxLength={50}
					onInput={(event) => inbox.searchFor(event.currentTarget.value)} />
			</div>
			<Tabs inbox={inbox} />
			{inbox.isStuck.value && <Stuck inbox={inbox} />}
			<Rows inbox={inbox} />
		</nav>
	);
}
