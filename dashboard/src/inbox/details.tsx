/* Who the customer is, and the ids in use. */
import { useState } from "preact/hooks";

import { Icon } from "../icons.js";
import { strings } from "../strings.js";
import { copyText } from "./copy.js";
import { fullTimeOf, nameOf, phoneOf, windowLeft } from "./format.js";
import { oneLine } from "./harmless.js";
import type { Inbox } from "./model.js";
import { Avatar, IconButton } from "./parts.js";

const text = strings.contact;

function Fact({ label, value, canCopy = false }: { label: string; value: string | null; canCopy?: boolean }) {
	const [isCopied, setCopied] = useState(false);

	if (!value) {
		return null;
	}
	const copy = (): void => {
		void copyText(value).then((isDone) => { setCopied(isDone); setTimeout(() => setCopied(false), 1500); });
	};

	return (
		<div class="fact">
			<dt>{label}</dt>
			<dd><bdi>{value}</bdi>{canCopy && <button type="button" class="icon-button" aria-label={isCopied ? text.copied : text.copy(label)} title={isCopied ? text.copied : text.copy(label)} onClick={copy}><Icon name={isCopied ? "check" : "copy"} size={16} /></button>}</dd>
		</div>
	);
}

export function Details({ inbox }: { inbox: Inbox }) {
	void inbox.listTicker.value;
	const id = inbox.selected.value;
	const row = id === null ? undefined : inbox.client.state.conversations.get(id);

	if (!row || !inbox.hasDetails.value || inbox.lost.value === id) {
		return null;
	}
	const { contact } = row;
	const name = nameOf(row);

	return (
		<aside class="pane details" aria-label={text.title}>
			<header><h2>{text.title}</h2><IconButton icon="close" label={text.close} onClick={() => inbox.toggleDetails()} /></header>
			<div class="portrait"><Avatar name={name} id={contact.id} /><bdi class="strong">{name}</bdi></div>
			<dl>
				<Fact label={text.phone} value={contact.wa_id && phoneOf(contact.wa_id)} canCopy />
				<Fact label={text.username} value={contact.username && oneLine(contact.username)} canCopy />
				<Fact label={text.userId} value={contact.user_id} canCopy />
				<Fact label={text.number} value={inbox.nameOfNumber(row.phone_number_id)} />
				<Fact label={text.since} value={fullTimeOf(row.created_at)} />
				<Fact label={text.window} value={windowLeft(row) === null ? strings.window.closed : text.windowOpen(fullTimeOf(row.window_ends_at ?? 0))} />
				<Fact label={text.marketing} value={contact.marketing && text.marketingSaid[contact.marketing]} />
				<Fact label={text.assignee} value={row.assignee === null ? strings.thread.nobody : inbox.nameOfAgent(row.assignee)} />
				<Fact label={text.assignedBy} value={row.assigned_by && inbox.nameOfAgent(row.assigned_by)} />
				<Fact label={text.state} value={strings.list[row.state]} />
				<Fact label={text.id} value={row.id} canCopy />
				<Fact label={text.tag} value={row.tag} canCopy />
			</dl>
		</aside>
	);
}
