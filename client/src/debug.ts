/* What `client.debug` shows: facts for debugging, in a panel or in the console. */
import type { ClientStatus } from "./client.js";
import type { Match, Trace, TracedEvent } from "./trace.js";

export interface DebugFacts {
	status: ClientStatus;
	since: number;
	connectedSince: number | null;
	/** The identity. */
	identity: { account: string; subject: string } | null;
	tokenEndsAt: number | null;
	/** Each with its granted QoS. */
	subscriptions: { topic: string; qos: number | "refused" }[];
	epoch: string | null;
	cursor: number;
	head: number;
	/** When the publisher was last heard. */
	heardAt: number | null;
	/** The id that the page selected. */
	selected: string | null;
	/** Unanswered commands. */
	outbox: number;
}

/** The hops of an event, in ms since the previous one; null: not known. */
export interface Hops {
	sent_to_stored: number | null;
	stored_to_published: number | null;
	published_to_received: number | null;
	received_to_painted: number | null;
}

function between(from: number | null, to: number | null): number | null {
	return from === null || to === null ? null : to - from;
}

export class Debug {
	constructor(private readonly trace: Trace, readonly facts: () => DebugFacts) {}

	/** The last events, newest last. */
	get events(): readonly TracedEvent[] {
		return this.trace.events;
	}

	/** Times from WhatsApp's (whole seconds), the server's and this machine's clocks, as far as these agree. */
	hops(event: TracedEvent): Hops {
		return {
			sent_to_stored: between(event.sentAt, event.storedAt),
			stored_to_published: between(event.storedAt, event.publishedAt),
			published_to_received: between(event.publishedAt, event.receivedAt),
			received_to_painted: between(event.receivedAt, event.paintedAt),
		};
	}

	/** Would an event of `broadcast` be shown while `selected` is selected, and why (not)? */
	compare(broadcast: string, selected: string): Match {
		return this.trace.compare(broadcast, selected);
	}

	/** Called by a page after it has painted its state. */
	painted(): void {
		this.trace.painted();
	}

	/** Prints to the console. */
	print(): void {
		const { subscriptions, ...rest } = this.facts();

		console.log("Convwire", rest);
		console.table(subscriptions);
		console.table(this.events.map((event) => ({
			seq: event.seq, prev: event.prev, kind: event.kind, broadcast: event.conversation, selected: event.selected,
			match: event.match, why: event.why, tag: event.tag, by: event.by, ...this.hops(event),
		})));
	}
}
