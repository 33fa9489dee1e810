/*
 * How an agent who sees only some conversations detects missed events (docs/protocol.md, "Feed"). Their events have
 * gaps in seq, where other people's messages are; so each is checked against the previous one in its conversation, and
 * their total against the feed, which follows them on the same connection. No I/O.
 */
import type { Feed, WireEvent } from "./wire.js";

export class FeedWatch {
	/** All of our events up to here have been applied. */
	private complete = -1;
	private readonly last = new Map<string, number>();
	/** Seqs beyond `complete` that have been applied: a sync from there returns them again. */
	private readonly done = new Set<number>();
	/** The seqs of what arrived since the last feed; -1: not an event for us. */
	private arrived: number[] = [];
	private counted: number | null = null;
	/** No event has been missed since the last sync; once false, only the next sync can restore it. */
	private isWhole = false;
	/** Something was missed since the running sync began: its answer may be older. */
	private isDoubted = false;

	/** A snapshot replaced everything, perhaps of another epoch. */
	restarted(asOf: number): void {
		this.done.clear();
		this.complete = -1;
		this.synced(asOf, true);
	}

	/** A sync begins: its answer includes what was missed so far. */
	begun(): void {
		this.isDoubted = false;
	}

	/** /sync returned everything up to here. isLast: there are no more pages. */
	synced(asOf: number, isLast: boolean): void {
		this.completeTo(asOf);
		this.isWhole = isLast && !this.isDoubted;
		this.last.clear();
	}

	private completeTo(seq: number): void {
		this.complete = Math.max(this.complete, seq);
		for (const done of this.done) {
			if (done <= this.complete) {
				this.done.delete(done);
			}
		}
	}

	/** A new connection: the feed's earlier counts cannot be compared. */
	reconnected(): void {
		this.counted = null;
		this.arrived = [];
		this.doubt();
	}

	private doubt(): void {
		this.isWhole = false;
		this.isDoubted = true;
	}

	/** Where to sync from: before the cursor if something may be missing there. */
	get since(): number {
		return this.complete;
	}

	/** An event arrived, wanted or not. null: not understood. */
	count(event: WireEvent | null): void {
		this.arrived.push(event?.seq ?? -1);
	}

	/** Whether it follows the previous event we have of its conversation. isKnown: the conversation is in our list. */
	follows(event: WireEvent, isKnown: boolean): boolean {
		const before = Math.max(this.last.get(event.conversation ?? "") ?? -1, this.complete);

		return event.prev <= before || (event.conversation !== null && !isKnown);
	}

	/** Whether it was already applied, after the sync's starting point. */
	has(event: WireEvent): boolean {
		return this.done.has(event.seq);
	}

	applied(event: WireEvent): void {
		this.done.add(event.seq);
		this.last.set(event.conversation ?? "", event.seq);
	}

	/**
	 * Whether every event sent between the last feed and this one has arrived; if not, a sync is needed. Compares seqs,
	 * not the order of arrival: while a broker queues a feed at QoS 1, later events at QoS 0 may overtake it.
	 */
	take(feed: Feed, isRetained: boolean, isSyncing: boolean): boolean {
		const counted = this.counted;
		if (isRetained || feed.events === null) {
			return true; /* events may have come since it was published: nothing to compare with */
		}
		const received = this.arrived.filter((seq) => seq <= feed.seq).length;

		this.arrived = this.arrived.filter((seq) => seq > feed.seq);
		this.counted = feed.events;
		if (counted === null) {
			return true;
		}
		if (feed.events - counted !== received || feed.gained === null || feed.lost === null) {
			this.doubt(); /* gains and losses up to here are not known: the sync begins before it */
			return false;
		}
		/* What the running sync will bring is not here yet. */
		if (this.isWhole && !isSyncing) {
			this.completeTo(feed.seq);
		}
		return true;
	}
}
