/*
 * This client's position in the account's log, and how it reaches the head (docs/protocol.md, "Sync"). The database is
 * the log; the broker is only a fast hint: an event that arrives is applied if it is the next one; a gap, a head beyond
 * the cursor, a new epoch or a reconnect starts a /sync.
 */
import type { Api } from "./api.js";
import { Backoff } from "./backoff.js";
import { FeedWatch } from "./feed.js";
import type { State } from "./state.js";
import { parseTopic } from "./topic.js";
import type { Topic } from "./topic.js";
import { parseFeed, parseHead, parseSync } from "./wire.js";
import type { Conversation, Feed, Head, SyncAnswer, WireEvent } from "./wire.js";

export interface SyncListener {
	/** An event was applied; state already has it. isLive: it came over MQTT, not from /sync. */
	onEvent(event: WireEvent, isLive: boolean): void;
	/** A snapshot replaced everything. */
	onReset(): void;
	onGained(conversation: string): void;
	onLost(conversation: string): void;
	onProblem(error: Error): void;
	/** `isLive`, `isSilent` or `behind` may have changed. */
	onChange(): void;
}

const SYNC_LIMIT = 500;
/** A head may arrive slightly before its events; only if it stays ahead is there a gap. */
const HEAD_GRACE_MS = 300;
/** No head for this long: not live, even if MQTT is connected. */
const HEAD_SILENCE_MS = 40_000;
const MIN_RETRY_MS = 250;
const MAX_RETRY_MS = 30_000;

export class Sync {
	epoch: string | null = null;
	cursor = -1;
	head = -1;
	/** When the publisher was last heard, ms. */
	heardAt: number | null = null;
	/** null: this agent sees all conversations, and every seq. */
	private feed: FeedWatch | null = null;
	private headTopic: string | null = null;
	private buffer: WireEvent[] = [];
	/** How often each conversation was lost, so that an earlier request does not put it back. */
	private readonly losses = new Map<string, number>();
	/** Lost while a sync was running, whose answer may be older. */
	private lostMeanwhile: string[] = [];
	private syncing: Promise<void> | null = null;
	private mustSyncAgain = false;
	/** The last sync failed: what it was to fetch is still unknown. */
	private hasFailed = false;
	private isUp = false;
	private isStopped = true;
	private silent = false;
	private headTimer: ReturnType<typeof setTimeout> | null = null;
	private silenceTimer: ReturnType<typeof setTimeout> | null = null;
	private retryTimer: ReturnType<typeof setTimeout> | null = null;
	private readonly backoff = new Backoff(MIN_RETRY_MS, MAX_RETRY_MS);

	constructor(private readonly api: Api, private readonly state: State, private readonly listener: SyncListener) {}

	/** Everything up to the head is here, and what follows will arrive. */
	get isLive(): boolean {
		return this.isUp && !this.silent && this.syncing === null && !this.hasFailed && this.cursor >= 0 && this.cursor >= this.head;
	}

	/** No head for so long that the publisher may be cut off, even if MQTT is connected. */
	get isSilent(): boolean {
		return this.silent;
	}

	/** How many events are missing, as far as is known. */
	get behind(): number {
		return this.cursor < 0 ? 0 : Math.max(0, this.head - this.cursor);
	}

	get limited(): boolean {
		return this.feed !== null;
	}

	/** Connected and subscribed. */
	up(): void {
		this.isStopped = false;
		this.isUp = true;
		this.buffer = [];
		this.feed?.reconnected();
		this.watchForSilence();
		this.sync();
	}

	down(): void {
		this.isUp = false;
		this.clearTimers();
		this.listener.onChange();
	}

	stop(): void {
		this.isStopped = true;
		this.down();
	}

	/** Fetches what is missing; one run at a time, and one more if something happened meanwhile. */
	sync(): void {
		if (this.isStopped) {
			return;
		}
		if (this.syncing !== null) {
			this.mustSyncAgain = true;
			return;
		}
		this.syncing = this.fetchMissing().then(
			() => this.afterSync(null),
			(error: unknown) => this.afterSync(error),
		);
		this.listener.onChange();
	}

	/** A publish on an events topic; null: not an event, but it counts. */
	takeEvent(event: WireEvent | null): void {
		this.feed?.count(event);
		if (event !== null) {
			this.onEvent(event);
		}
	}

	/** A publish on a head or feed topic. isRetained: it was a retained message. */
	takeHead(topic: Topic, name: string, payload: string, isRetained: boolean): void {
		if (topic.kind === "feed" && this.feed !== null) {
			const feed = parseFeed(payload);

			if (feed !== null) {
				this.onFeed(this.feed, feed, isRetained);
			}
		} else if (name === this.headTopic || (this.headTopic === null && topic.kind === "head")) {
			const head = parseHead(payload);

			if (head !== null) {
				this.onHead(head, isRetained);
			}
		}
	}

	/* ---- what arrives ---- */

	private onEvent(event: WireEvent): void {
		if (this.syncing !== null || this.cursor < 0) {
			this.buffer.push(event);
		} else if (event.epoch !== this.epoch || (event.seq > this.cursor && !this.isNext(event))) {
			this.buffer.push(event);
			this.sync();
		} else if (event.seq > this.cursor) {
			this.apply(event, true);
			this.listener.onChange();
		}
	}

	/** None of our events is missing before this one, and it is complete. */
	private isNext(event: WireEvent): boolean {
		if (event.data === null) {
			return false;
		}
		return this.feed === null ?
			event.seq === this.cursor + 1 :
			this.feed.follows(event, event.conversation !== null && this.state.conversations.has(event.conversation));
	}

	private onFeed(watch: FeedWatch, feed: Feed, isRetained: boolean): void {
		const isWhole = watch.take(feed, isRetained, this.syncing !== null);

		if (feed.epoch === this.epoch && !isRetained) {
			this.takeLost(feed.lost ?? []);
			if (this.syncing !== null) {
				this.lostMeanwhile.push(...(feed.lost ?? []));
			}
			this.lostMeanwhile = this.lostMeanwhile.filter((id) => !feed.gained?.includes(id));
			void this.takeGained(feed.gained ?? []);
		}
		this.onHead(feed, isRetained);
		if (!isWhole || feed.lost === null || feed.gained === null) {
			this.sync();
		}
	}

	private takeLost(ids: string[]): void {
		for (const id of ids) {
			this.losses.set(id, (this.losses.get(id) ?? 0) + 1);
			if (this.state.conversations.has(id)) {
				this.state.removeConversation(id);
				this.listener.onLost(id);
			}
		}
	}

	/** The event that brought it carries its row; earlier messages are fetched. */
	private async takeGained(ids: string[]): Promise<void> {
		for (const id of ids) {
			const losses = this.losses.get(id);

			try {
				const row = await this.api.ask<Conversation>(`/api/v1/conversations/${encodeURIComponent(id)}`);

				if (this.losses.get(id) === losses) { /* not lost again meanwhile */
					this.state.putConversation(row);
					this.listener.onGained(id);
				}
			} catch (error) {
				this.listener.onProblem(error as Error); /* most likely lost again */
			}
		}
	}

	/** A retained head was published before we connected: it proves that there is more, not a live publisher. */
	private onHead(head: Head, isRetained: boolean): void {
		if (!isRetained) {
			this.silent = false;
			this.heardAt = Date.now();
			this.watchForSilence();
		}
		if (head.epoch !== this.epoch) {
			/* From before or after a restore: /sync tells which. Its seq cannot be compared with ours. */
			if (this.cursor >= 0) {
				this.sync();
			}
		} else {
			this.head = Math.max(this.head, head.seq);
			if (this.cursor >= 0 && this.syncing === null && head.seq > this.cursor) {
				this.syncUnlessItComes();
			}
		}
		this.listener.onChange();
	}

	private syncUnlessItComes(): void {
		this.headTimer ??= setTimeout(() => {
			this.headTimer = null;
			if (this.head > this.cursor) {
				this.sync();
			}
		}, HEAD_GRACE_MS);
	}

	private watchForSilence(): void {
		if (this.silenceTimer !== null) {
			clearTimeout(this.silenceTimer);
		}
		this.silenceTimer = setTimeout(() => {
			this.silent = true;
			this.sync();
			this.watchForSilence(); /* repeated as long as it lasts */
		}, HEAD_SILENCE_MS);
	}

	private apply(event: WireEvent, isLive: boolean): void {
		if (event.data !== null) {
			this.state.apply(event.data, event.conversation);
		}
		this.cursor = Math.max(this.cursor, event.seq);
		this.feed?.applied(event);
		this.listener.onEvent(event, isLive);
	}

	/* ---- /sync ---- */

	private afterSync(error: unknown): void {
		this.syncing = null;
		this.hasFailed = error !== null;
		if (this.isStopped) {
			return;
		}
		if (error !== null) {
			this.listener.onProblem(error as Error);
			this.syncLater();
			return;
		}
		this.backoff.reset();
		this.takeLost(this.lostMeanwhile.splice(0));
		this.applyBuffer();
		if (this.mustSyncAgain || this.buffer.length > 0) {
			this.mustSyncAgain = false;
			this.sync();
			return;
		}
		if (this.head > this.cursor) { /* a newer head came meanwhile */
			this.syncUnlessItComes();
		}
		this.listener.onChange();
	}

	private syncLater(): void {
		if (this.retryTimer !== null) {
			clearTimeout(this.retryTimer);
		}
		if (this.isUp) {
			this.retryTimer = setTimeout(() => this.sync(), this.backoff.next());
		}
		this.listener.onChange();
	}

	/** Applies buffered events in order; those after a gap stay buffered, which leads to another sync. */
	private applyBuffer(): void {
		const waiting = this.buffer.filter((event) => event.epoch === this.epoch && event.seq > this.cursor);

		waiting.sort((one, other) => one.seq - other.seq);
		this.buffer = [];
		for (const event of waiting) {
			if (this.isNext(event)) {
				this.apply(event, true);
			} else if (event.seq > this.cursor) {
				this.buffer.push(event);
			}
		}
	}

	private async fetchMissing(): Promise<void> {
		let answer: SyncAnswer;

		this.feed?.begun();
		do {
			const from = this.feed?.since ?? this.cursor;
			const since = this.cursor >= 0 && from >= 0 && this.epoch !== null ? `&epoch=${this.epoch}&since=${from}` : "";

			answer = parseSync(await this.api.ask<unknown>(`/api/v1/sync?limit=${SYNC_LIMIT}${since}`));
			this.takeAnswer(answer);
			this.listener.onChange();
			await this.takeGained(answer.gained.filter((id) => !this.state.conversations.has(id)));
			await this.loadRest(answer.snapshot?.next ?? null).catch((error: unknown) => {
				this.forgetPlace();
				throw error;
			});
		} while (answer.more && !this.isStopped);
	}

	/** Fetches what the snapshot had no room for. Rows may be newer than as_of, but later events are upserts. */
	private async loadRest(cursor: string | null): Promise<void> {
		while (cursor !== null && !this.isStopped) {
			const page: { conversations: Conversation[]; next: string | null } =
				await this.api.ask(`/api/v1/conversations?limit=${SYNC_LIMIT}&cursor=${encodeURIComponent(cursor)}`);

			for (const row of page.conversations) {
				this.state.putConversation(row);
			}
			cursor = page.next;
		}
	}

	/** The state is incomplete: the next sync fetches everything. */
	private forgetPlace(): void {
		this.cursor = -1;
		this.epoch = null;
		this.feed = null;
	}

	private takeAnswer(answer: SyncAnswer): void {
		if (this.headTopic !== null && this.headTopic !== answer.head_topic && answer.reset !== true) {
			/* The rights have changed: the state was built with the old ones. */
			this.headTopic = answer.head_topic;
			this.forgetPlace();
			this.mustSyncAgain = true;
			return;
		}
		this.headTopic = answer.head_topic;
		if (parseTopic(answer.head_topic)?.kind === "feed") {
			this.feed ??= new FeedWatch();
		} else {
			this.feed = null;
		}
		this.head = answer.epoch === this.epoch ? Math.max(answer.head, this.head) : answer.head;
		if (this.feed !== null) {
			this.head = answer.as_of; /* the account's head counts others' events, too; ours is the feed's */
		}
		if (answer.reset === true) {
			this.takeSnapshot(answer);
			return;
		}
		this.takeLost(answer.lost);
		for (const event of answer.events) {
			/* With a feed the sync begins before the cursor: some have been applied already. */
			if (this.feed === null ? event.seq > this.cursor : !this.feed.has(event)) {
				this.apply(event, false);
			}
		}
		this.cursor = this.feed === null ? answer.as_of : Math.max(this.cursor, answer.as_of);
		this.feed?.synced(answer.as_of, !answer.more);
	}

	private takeSnapshot(answer: SyncAnswer): void {
		this.state.clear();
		this.epoch = answer.epoch;
		for (const row of answer.snapshot?.conversations ?? []) {
			this.state.putConversation(row);
		}
		this.cursor = answer.as_of;
		this.feed?.restarted(answer.as_of);
		this.listener.onReset();
	}

	private clearTimers(): void {
		for (const timer of [this.headTimer, this.silenceTimer, this.retryTimer]) {
			if (timer !== null) {
				clearTimeout(timer);
			}
		}
		this.headTimer = this.silenceTimer = this.retryTimer = null;
	}
}
