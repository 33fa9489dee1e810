/* A thread as items: messages, days, the "new messages" line. No I/O, no DOM. */
import { traitsOf } from "@convwire/client";
import type { Message } from "@convwire/client";

import { boundsOf, dayOf } from "./format.js";

export type Item =
	| { type: "day"; key: string; at: number }
	| { type: "new"; key: string }
	| { type: "system"; key: string; message: Message } /* a line, with no bubble */
	| { type: "message"; key: string; message: Message; isFirst: boolean; reactions: string[] };

const GROUP_MS = 5 * 60_000;

/** The newest reaction of each sender; an empty one removes it. */
function reactionsOf(messages: Message[]): Map<string, string[]> {
	const byTarget = new Map<string, Map<string, string>>();

	for (const message of messages) {
		const target = message.kind === "reaction" ? message.target?.message : null;

		if (target) {
			const sender = message.direction === "in" ? JSON.stringify(message.author ?? null) : "us";
			const emoji = String((message.content as { emoji?: string } | null)?.emoji ?? "").slice(0, 16);

			byTarget.set(target, (byTarget.get(target) ?? new Map<string, string>()).set(sender, emoji));
		}
	}
	return new Map([...byTarget].map(([target, bySender]) => [target, [...bySender.values()].filter(Boolean)]));
}

/** Of its row: a message of this page keeps its row, and the focus in it, when its event comes. */
export function keyOf(message: Message): string {
	return message.local?.command ?? message.command?.id ?? message.id;
}

/** Where a message stands; -1: nowhere. */
export function indexOf(items: Item[], id: string): number {
	return items.findIndex((item) => "message" in item && item.message.id === id);
}

function senderOf(message: Message): string {
	return message.direction === "in" ? `in ${message.author ? JSON.stringify(message.author) : ""}` : `out ${message.origin} ${message.command?.subject ?? ""}`;
}

/** newFrom: the first new message's id. */
export function itemsOf(messages: Message[], newFrom: string | null): Item[] {
	const items: Item[] = [];
	const reactions = reactionsOf(messages);
	let before: Message | null = null;
	let day = 0;
	/** The day's bounds, cached: a calendar call for each of ten thousand messages would take longer than the rest. */
	let from = 0;
	let until = 0;

	for (const message of messages) {
		if (!traitsOf(message.kind).shown) {
			continue;
		}
		const at = message.local ? message.received_at : message.position;
		const isNewDay = at < from || at >= until;

		if (isNewDay) {
			day = dayOf(at);
			[from, until] = boundsOf(at);
			items.push({ type: "day", key: `day-${day}`, at });
		}
		if (message.id === newFrom) {
			items.push({ type: "new", key: "new" });
		}
		if (message.kind === "system" || message.kind === "call" || (message.kind === "request_welcome" && !message.referral)) {
			items.push({ type: "system", key: message.id, message });
			before = null;
			continue;
		}
		const isFirst: boolean = isNewDay || before === null || message.id === newFrom || senderOf(before) !== senderOf(message) || at - before.position > GROUP_MS;

		items.push({ type: "message", key: keyOf(message), message, isFirst, reactions: reactions.get(message.id) ?? [] });
		before = message;
	}
	return items;
}
