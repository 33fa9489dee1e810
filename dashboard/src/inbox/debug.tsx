/* The old system's five-minute diagnosis, one key press away: what was broadcast, what is selected, do they match. */
import { useEffect, useReducer } from "preact/hooks";
import type { TracedEvent } from "@convwire/client";

import { strings } from "../strings.js";
import { fullTimeOf } from "./format.js";
import type { Inbox } from "./model.js";
import { IconButton } from "./parts.js";

const text = strings.debug;
const REFRESH_MS = 1000;
const SHOWN = 50;

function EventRow({ inbox, event }: { inbox: Inbox; event: TracedEvent }) {
	const hops = inbox.client.debug.hops(event);
	const ms = (value: number | null): string => (value === null ? "–" : String(value));

	return (
		<tr class={event.match ? "match" : ""}>
			<td>{event.seq}</td><td>{event.prev}</td><td>{event.kind}</td>
			<td class="id">{event.conversation ?? "–"}</td><td class="id">{event.selected ?? "–"}</td><td>{event.tag ?? "–"}</td>
			<td><strong>{String(event.match)}</strong></td><td>{event.why}</td><td>{event.by}</td>
			<td>{ms(hops.sent_to_stored)}</td><td>{ms(hops.stored_to_published)}</td><td>{ms(hops.published_to_received)}</td><td>{ms(hops.received_to_painted)}</td>
		</tr>
	);
}

export function DebugPanel({ inbox }: { inbox: Inbox }) {
	const [, refresh] = useReducer((n: number) => n + 1, 0);
	const facts = inbox.client.debug.facts();
	const events = [...inbox.client.debug.events].slice(-SHOWN).reverse();
	const time = (ms: number | null): string => (ms === null ? "–" : fullTimeOf(ms));

	void inbox.listTicker.value;
	useEffect(() => {
		const timer = setInterval(() => refresh(undefined), REFRESH_MS);

		return () => clearInterval(timer);
	}, []);
	const copy = (): void => void navigator.clipboard?.writeText(JSON.stringify({ ...facts, events }, null, "\t"));

	return (
		<section class="debug" aria-label={text.title}>
			<header>
				<h2>{text.title}</h2>
				<span class="grow" />
				<button type="button" class="button" onClick={copy}>{text.copy}</button>
				<IconButton icon="close" label={text.close} onClick={() => { inbox.dialog.value = null; }} />
			</header>
			<div class="debug-body" tabIndex={0}>
				<dl class="debug-facts">
					<div><dt>{text.status}</dt><dd>{facts.status}</dd></div>
					<div><dt>{text.connection}</dt><dd>{time(facts.connectedSince)}</dd></div>
					<div><dt>{text.as}</dt><dd>{facts.identity ? `${facts.identity.account} / ${facts.identity.subject}` : "–"}</dd></div>
					<div><dt>{text.tokenEnds}</dt><dd>{time(facts.tokenEndsAt)}</dd></div>
					<div><dt>{text.position}</dt><dd>{facts.cursor} / {facts.head}</dd></div>
					<div><dt>{text.epoch}</dt><dd>{facts.epoch ?? "–"}</dd></div>
					<div><dt>{text.heard}</dt><dd>{time(facts.heardAt)}</dd></div>
					<div><dt>{text.outbox}</dt><dd>{facts.outbox}</dd></div>
					<div class="whole"><dt>{text.selected}</dt><dd class="id">{facts.selected ?? "–"}</dd></div>
				</dl>
				<table>
					<caption>{text.events} <small>{text.hint}</small></caption>
					<thead><tr>{text.columns.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
					<tbody>
						{events.map((event) => <EventRow key={event.seq} inbox={inbox} event={event} />)}
						{events.length === 0 && <tr><td colSpan={text.columns.length}>{text.none}</td></tr>}
					</tbody>
				</table>
				<table>
					<caption>{text.subscriptions}</caption>
					<thead><tr><th scope="col">{text.topic}</th><th scope="col">{text.qos}</th></tr></thead>
					<tbody>{facts.subscriptions.map(({ topic, qos }) => <tr key={topic}><td class="id">{topic}</td><td>{qos}</td></tr>)}</tbody>
				</table>
			</div>
		</section>
	);
}
