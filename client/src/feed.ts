/*
 * What an agent who sees only some conversations can prove (docs/protocol.md, "Feed"). Their events have gaps in
 * seq, where other people's messages are; so each is held against the one before in its conversation, and the
 * number of all of them against the feed, which follows them on the same connection. No I/O.
 */
import type { Feed, WireEvent } from "./wire.js";

export class FeedWatch {
	/** Everything of ours up to here has been applied. */
	private complete = -1;
	private readonly last = new Map<string, number>();
	/** Seqs beyond `complete` that have been applied: a sync from there gives them again. */
	private readonly done = new Set<number>();
	/** The seqs of what arrived since the last feed; -1: it was no event of ours. */
	private arrived: number[] = [];
	private counted: number | null = null;
	/** Nothing was missing since the last sync; until the next one nothing more is proved. */
	private isWhole = false;
	/** Something was missed since the sync under way began: what it brings may be older. */
	private isDoubted = false;

	/** A snapshot replaced everything, perhaps of another epoch. */
	restarted(asOf: number): void {
		this.done.clear();
		this.complete = -1;
		this.synced(asOf, true);
	}

	/** A sync begins: what was missed so far is in what it brings. */
	begun(): void {
		this.isDoubted = false;
	}

	/** /sync gave everything up to here. isLast: there is no more of it to ask for. */
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

	/** A new connection: what the feed counted before is not ours to compare. */
	reconnected(): void {
		this.counted = null;
		this.arrived = [];
		this.doubt();
	}

	private doubt(): void {
		this.isWhole = false;
		this.isDoubted = true;
	}

	/** From where to sync: behind the cursor when something may be missing before it. */
	get since(): number {
		return this.complete;
	}

	/** An event arrived, wanted or not. null: it says nothing that we understand. */
	count(event: WireEvent | null): void {
		this.arrived.push(event?.seq ?? -1);
	}

	/** Does it follow what we have of its conversation? isKnown: the conversation is in our list. */
	follows(event: WireEvent, isKnown: boolean): boolean {
		const before = Math.max(this.last.get(event.conversation ?? "") ?? -1, this.complete);

		return event.prev <= before || (event.conversation !== null && !isKnown);
	}

	/** Was it applied since the place that a sync begins at? */
	has(event: WireEvent): boolean {
		return this.done.has(event.seq);
	}

	applied(event: WireEvent): void {
		this.done.add(event.seq);
		this.last.set(event.conversation ?? "", event.seq);
	}

	/**
	 * Did every event arrive that went out between the last feed and this one? False asks for a sync. By seq, not by the order of
	 * arrival: a broker that queues a feed at QoS 1 lets later events at QoS 0 overtake it.
	 */
	take(feed: Feed, isRetained: boolean, isSyncing: boolean): boolean {
		const counted = this.counted;
		if (isRetained || feed.events === null) {
			return true; /* events may have come since it was said: there is nothing to compare with */
		}
		const received = this.arrived.filter((seq) => seq <= feed.seq).length;

		this.arrived = this.arrived.filter((seq) => seq > feed.seq);
		this.counted = feed.events;
		if (counted === null) {
			return true;
		}
		if (feed.events - counted !== received || feed.gained === null || feed.lost === null) {
			this.doubt(); /* what changed hands up to here is not known: the sync begins before it */
			return false;
		}
		/* What a sync that is under way will bring is not known to be here. */
		if (this.isWhole && !isSyncing) {
			this.completeTo(feed.seq);
		}
		return true;
	}
}
