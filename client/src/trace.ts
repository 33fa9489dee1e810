/*
 * The old system's five-minute diagnosis, built in: for the latest events, the broadcast id, the selected id, whether
 * they match or why not, and how long each hop took. Shown by the debug panel, and by `client.debug` in any page's
 * console.
 */
import { parseConversationId } from "./conversation_id.js";
import type { WireEvent } from "./wire.js";

export interface Match {
	match: boolean;
	why: string;
}

/** The path of one event, times in ms since 1970; null: not known. */
export interface TracedEvent extends Match {
	seq: number;
	prev: number;
	kind: string;
	/** The id that was broadcast. */
	conversation: string | null;
	/** The id that was selected when it arrived. */
	selected: string | null;
	tag: string | null;
	/** "mqtt", or "sync" if it was fetched. */
	by: "mqtt" | "sync";
	sentAt: number | null;
	storedAt: number;
	publishedAt: number | null;
	receivedAt: number;
	paintedAt: number | null;
}

const KEPT = 200;

export class Trace {
	/** Newest last. */
	readonly events: TracedEvent[] = [];
	private readonly published = new Map<number, number>();
	private readonly received = new Map<number, number>();

	/** Records what `id` was resolved to, so that a mismatch can name the right id. */
	readonly resolved = new Map<string, string>();

	/** Called for each publish before it is handled. publishedAt: from its user property. */
	arrived(event: WireEvent, publishedAt: number | null): void {
		this.received.set(event.seq, Date.now());
		if (publishedAt !== null) {
			this.published.set(event.seq, publishedAt);
		}
		for (const map of [this.received, this.published]) {
			if (map.size > KEPT) {
				map.delete(map.keys().next().value as number);
			}
		}
	}

	applied(event: WireEvent, selected: string | null, means: string | null, tag: string | null, isLive: boolean): void {
		this.events.push({
			seq: event.seq,
			prev: event.prev,
			kind: event.kind,
			conversation: event.conversation,
			selected,
			tag,
			...this.compare(event.conversation, selected, means),
			by: isLive ? "mqtt" : "sync",
			sentAt: event.data?.message?.sent_at ?? null,
			storedAt: event.at,
			publishedAt: this.published.get(event.seq) ?? null,
			receivedAt: this.received.get(event.seq) ?? Date.now(),
			paintedAt: null,
		});
		if (this.events.length > KEPT) {
			this.events.shift();
		}
	}

	/** The page has painted its state up to here. */
	painted(at: number = Date.now()): void {
		for (let i = this.events.length - 1; i >= 0; i--) {
			const event = this.events[i];

			if (event === undefined || event.paintedAt !== null) {
				return;
			}
			event.paintedAt = at;
		}
	}

	/**
	 * Whether an event of this conversation belongs to what is selected, and why (not). means: the conversation that
	 * the page resolved the selected id to; default: the id itself.
	 */
	compare(broadcast: string | null, selected: string | null, means: string | null = selected): Match {
		if (broadcast === null) {
			return { match: false, why: "the event belongs to no conversation" };
		}
		if (selected === null) {
			return { match: false, why: "nothing is selected" };
		}
		if (means === broadcast) {
			return { match: true, why: selected === broadcast ? "the same id" : `"${selected}" was resolved to it` };
		}
		if (means !== null && parseConversationId(means) !== null) {
			return { match: false, why: "another conversation is selected" };
		}
		const meant = this.resolved.get(selected);
		const hint = meant === undefined ? "resolve() tells which it means" : `it means ${meant}`;

		return meant === broadcast ?
			{
				match: false,
				why: `the page compares with "${selected}", which is not a conversation id: ${hint}; compare with that`,
			} :
			{ match: false, why: `"${selected}" is not a conversation id: ${hint}` };
	}
}
