/* One message: sender, content, time and delivery status. */
import type { Message } from "@convwire/client";

import { Icon } from "../icons.js";
import { strings } from "../strings.js";
import { Body } from "./bodies.js";
import { fullTimeOf, timeOf } from "./format.js";
import { oneLine } from "./harmless.js";
import { menuHandlers } from "./message_menu.js";
import type { Inbox } from "./model.js";
import { IconButton, Preview, previewOf, Ticks } from "./parts.js";

const text = strings.message;

interface BubbleProps {
	inbox: Inbox;
	message: Message;
	/** The first in a row by the same sender. */
	isFirst: boolean;
	/** The quoted message, if it is loaded. */
	quoted: Message | null;
	reactions: string[];
	customer: string;
	onJump: (id: string) => void;
}

function authorOf({ inbox, message }: BubbleProps): string | null {
	const author = message.author as { name?: string; wa_id?: string } | undefined;

	if (message.direction === "in") {
		return author ? oneLine(author.name ?? author.wa_id ?? "") : null; /* in a group */
	}
	if (message.origin === "phone") {
		return text.phone;
	}
	const subject = message.command?.subject ?? (message.local ? inbox.me.subject : null);

	return subject === null || subject === inbox.me.subject ? null : inbox.nameOfAgent(subject);
}

function Quote({ inbox, message, quoted, customer, onJump }: BubbleProps) {
	const context = message.context as { message?: string; wamid?: string } | undefined;

	if (!context?.message && !context?.wamid) {
		return null;
	}
	if (quoted === null) {
		return <div class="quote"><span>{text.quoteMissing}</span></div>;
	}
	const who = quoted.direction === "in" ? customer : inbox.nameOfAgent(quoted.command?.subject ?? text.phone);

	return (
		<button type="button" class="quote" title={text.jump} onClick={() => onJump(quoted.id)}>
			<bdi class="strong">{who}</bdi>
			<span class="preview"><Preview kind={quoted.kind} text={previewOf(quoted)} /></span>
		</button>
	);
}

/** Why it was not sent, and what a person can do. */
function Trouble({ inbox, message }: BubbleProps) {
	const error = message.error as { explanation?: string; title?: string; message?: string; details?: string } | undefined;
	const isRefused = message.local?.state === "refused";
	const isFailed = message.status === "failed" || isRefused;
	const isUnknown = message.status === "unknown";
	const why = message.local?.detail ?? error?.explanation ?? error?.title ?? error?.message ?? "";

	if (!isFailed && !isUnknown && (message.status !== "retrying" || why === "")) {
		return null;
	}

	return (
		<div class="trouble">
			<Icon name="warning" size={16} />
			<span>
				{isUnknown ? text.unknownFate : !isFailed ? text.waitsWhy(why) : why ? text.failedWhy(why) : text.failed}
				{error?.details && error.details !== why && <bdi class="trouble-details">{oneLine(error.details)}</bdi>}
			</span>
			<span class="trouble-actions">
				{(isFailed || isUnknown) &&
					<button type="button" class="link" onClick={() => inbox.retry(message)}>{isUnknown ? text.retryUnknown : text.retry}</button>}
				{!(isFailed && !isRefused) &&
					<button type="button" class="link" onClick={() => inbox.discard(message)}>{isRefused ? text.remove : text.discard}</button>}
			</span>
		</div>
	);
}

function statusOf(message: Message): string | null {
	return message.local ? (message.local.state === "refused" ? "failed" : "waiting") : (message.status ?? null);
}

export function Bubble(props: BubbleProps) {
	const { inbox, message, isFirst, reactions } = props;
	const isOut = message.direction === "out";
	const author = isFirst ? authorOf(props) : null;
	const isBare = message.kind === "sticker" && message.media?.state === "ready";

	return (
		<div class={`bubble-line ${isOut ? "out" : "in"}${isFirst ? " first" : ""}`}>
			<article class={`bubble${isBare ? " bare" : ""}${message.revoked ? " revoked" : ""}`} data-message={message.id} tabIndex={-1} {...menuHandlers(inbox, message)}>
				{author && <p class="author"><bdi>{author}</bdi></p>}
				<Quote {...props} />
				<Body inbox={inbox} message={message} />
				<Trouble {...props} />
				<footer class="meta">
					{message.edited_at !== undefined && <span>{text.edited}</span>}
					<time dateTime={new Date(message.position).toISOString()} title={fullTimeOf(message.sent_at ?? message.received_at)}>{timeOf(message.position)}</time>
					{isOut && <Ticks status={statusOf(message)} />}
				</footer>
				{reactions.length > 0 && <p class="reactions"><span class="sr-only">{text.reaction}: </span>{reactions.join("")}</p>}
			</article>
			<span class="bubble-actions">
				{!message.local && !message.revoked && inbox.mayCommand &&
					<IconButton icon="reply" label={text.reply} tabIndex={-1} onClick={() => { inbox.replyTo.value = message; }} />}
				<IconButton icon="more" label={strings.messageMenu.more} tabIndex={-1} onClick={() => { inbox.menuOf.value = message; }} />
			</span>
		</div>
	);
}
