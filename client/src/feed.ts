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
	private received = 0;
	private counted: number | null = null;
	/** Nothing was missing since the last sync; until the next one nothing more is proved. */
	private isWhole = false;

	/** A snapshot replaced everything, perhaps of another epoch. */
	restarted(asOf: number): void {
		this.done.clear();
		this.complete = -1;
		this.synced(asOf);
	}

	/** /sync gave everything up to here. */
	synced(asOf: number): void {
		this.completeTo(asOf);
		this.isWhole = true;
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
		this.isWhole = false;
	}

	/** From where to sync: behind the cursor when something may be missing before it. */
	get since(): number {
		return this.complete;
	}

	/** An event arrived, wanted or not. */
	count(): void {
		this.received++;
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

	/** Did every event arrive that went out between the last feed and this one? False asks for a sync. */
	take(feed: Feed, isRetained: boolean, isSyncing: boolean): boolean {
		const counted = this.counted;
		const received = this.received;

		if (isRetained || feed.events === null) {
			return true; /* events may have come since it was said: there is nothing to compare with */
		}
		this.counted = feed.events;
		this.received = 0;
		if (counted === null) {
			return true;
		}
		if (feed.events - counted !== received) {
			this.isWhole = false;
			return false;
		}
		/* What a sync that is under way will bring is not known to be here. */
		if (this.isWhole && !isSyncing) {
			this.completeTo(feed.seq);
		}
		return true;
	}
}
