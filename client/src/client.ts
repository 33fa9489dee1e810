/*
 * The live view of one account (docs/protocol.md, "Sync"). The database is the log and the broker only a
 * fast hint: this client subscribes first, then fetches what it missed, then applies what arrives, and
 * fetches again whenever seq or a head shows a gap.
 */
import type { MqttClient } from "mqtt";

import { FeedWatch } from "./feed.js";
import { conversationsFilter, makeTopic, parseTopic } from "./topic.js";
import { State } from "./state.js";
import { parseEvent, parseFeed, parseHead, parseSync } from "./wire.js";
import type { Conversation, Feed, Head, Message, ResolveAnswer, SyncAnswer, WireEvent } from "./wire.js";

/** How to open an MQTT connection; mqtt.js's `connect` fits. Given by the caller, so that a page loads mqtt.js when it likes. */
export type MqttConnect = (url: string, options: Record<string, unknown>) => MqttClient;

export interface ClientOptions {
	/** Where the daemon answers, e.g. https://chat.example.com. */
	url: string;
	/** The broker's WebSocket URL, e.g. wss://chat.example.com/mqtt. */
	mqttUrl: string;
	account: string;
	/** The agent id that the token names. */
	subject: string;
	/** Asked before each connect and after a 401. */
	token: () => Promise<string> | string;
	connect: MqttConnect;
	/** Different in each tab; random unless given. */
	tab?: string;
	fetch?: typeof fetch;
}

export type ClientStatus = "connecting" | "catching up" | "live" | "stale" | "offline" | "stopped";

export interface ClientEvents {
	/** An event was applied; state already has it. */
	event: WireEvent;
	/** A snapshot replaced everything. */
	reset: undefined;
	/** For agents limited to assigned conversations: one came, its row is in state; its thread can be loaded. */
	gained: string;
	/** One went, and is out of state. */
	lost: string;
	status: ClientStatus;
	/** Something failed that is being tried again. */
	problem: Error;
}

type Listener<K extends keyof ClientEvents> = (value: ClientEvents[K]) => void;

const SYNC_LIMIT = 500;
/** A head may overtake its events by a little; only one that stays ahead is a gap. */
const HEAD_GRACE_MS = 300;
/** No head for this long: not live, whatever MQTT says. */
const HEAD_SILENCE_MS = 40_000;
const KEEPALIVE_S = 10;
const MIN_RETRY_MS = 250;
const MAX_RETRY_MS = 30_000;

export class Client {
	readonly state = new State();
	private readonly options: ClientOptions;
	private readonly tab: string;
	private readonly listeners = new Map<keyof ClientEvents, Set<(value: never) => void>>();
	private mqtt: MqttClient | null = null;
	private currentStatus: ClientStatus = "stopped";
	private epoch: string | null = null;
	private cursor = -1;
	private head = -1;
	private headTopic: string | null = null;
	/** null: this agent sees every conversation, and every seq. */
	private feed: FeedWatch | null = null;
	private buffer: WireEvent[] = [];
	private syncing: Promise<void> | null = null;
	private mustSyncAgain = false;
	private isStopped = true;
	/** The broker took the subscription without which nothing would arrive. */
	private isSubscribed = false;
	/** No head for so long that the publisher may be cut off; the next head ends it. */
	private isSilent = false;
	private attempt = 0;
	private headTimer: ReturnType<typeof setTimeout> | null = null;
	private silenceTimer: ReturnType<typeof setTimeout> | null = null;
	private retryTimer: ReturnType<typeof setTimeout> | null = null;

	constructor(options: ClientOptions) {
		this.options = options;
		this.tab = options.tab ?? Math.random().toString(36).slice(2, 12).padEnd(6, "0");
	}

	get status(): ClientStatus {
		return this.currentStatus;
	}

	/** Where this client stands in the log; -1 before the first sync. */
	get position(): { epoch: string | null; cursor: number; head: number } {
		return { epoch: this.epoch, cursor: this.cursor, head: this.head };
	}

	/** Listens; the answer ends it. */
	on<K extends keyof ClientEvents>(name: K, listener: Listener<K>): () => void {
		const set = this.listeners.get(name) ?? new Set();

		set.add(listener as (value: never) => void);
		this.listeners.set(name, set);
		return () => set.delete(listener as (value: never) => void);
	}

	/** Connects, and keeps connecting until stop(). */
	start(): void {
		if (this.isStopped) {
			this.isStopped = false;
			void this.open();
		}
	}

	stop(): void {
		this.isStopped = true;
		this.clearTimers();
		this.mqtt?.end(true);
		this.mqtt = null;
		this.setStatus("stopped");
	}

	/**
	 * Which conversation an id means: canonical, of another system, a phone number in any spelling, a
	 * business-scoped user id. Null when none or several match; `resolveAll` tells which and why.
	 */
	async resolve(id: string): Promise<string | null> {
		const { matches } = await this.resolveAll(id);

		return matches.length === 1 ? (matches[0]?.conversation ?? null) : null;
	}

	async resolveAll(id: string): Promise<ResolveAnswer> {
		return (await this.get(`/api/v1/resolve?id=${encodeURIComponent(id)}`)) as ResolveAnswer;
	}

	/** Fetches a page of a thread, newest first, into the state. The answer is the `before` of the next page, or null. */
	async loadMessages(conversation: string, before?: number): Promise<number | null> {
		const query = before === undefined ? "" : `?before=${before}`;
		const page = (await this.get(`/api/v1/conversations/${conversation}/messages${query}`)) as {
			messages: Message[];
			next: number | null;
		};

		for (const message of page.messages) {
			this.state.putMessage(message, conversation);
		}
		return page.next;
	}

	/* ---- connection ---- */

	private async open(): Promise<void> {
		this.setStatus("connecting");
		try {
			const token = await this.options.token();

			if (!this.isStopped) {
				this.connect(token);
			}
		} catch (error) {
			this.fail(error);
		}
	}

	private connect(token: string): void {
		const mqtt = this.options.connect(this.options.mqttUrl, {
			protocolVersion: 5,
			clean: true,
			clientId: `${this.options.account}:${this.options.subject}:${this.tab}`,
			username: "convwire",
			password: token,
			keepalive: KEEPALIVE_S,
			reconnectPeriod: 0, /* each connect needs a token of its own */
		});

		this.mqtt = mqtt;
		this.isSubscribed = false;
		this.buffer = [];
		this.feed?.reconnected();
		mqtt.on("connect", () => void this.subscribe(mqtt));
		mqtt.on("message", (topic, payload, packet) => this.onMessage(topic, payload.toString(), packet?.retain === true));
		mqtt.on("error", (error) => this.emit("problem", error));
		mqtt.on("close", () => this.onClose(mqtt));
	}

	private onClose(mqtt: MqttClient): void {
		if (this.mqtt === mqtt && !this.isStopped) {
			this.mqtt = null;
			mqtt.end(true);
			this.setStatus("offline");
			this.retry(() => void this.open());
		}
	}

	/** Full jitter, so that a thousand tabs do not come back in step. */
	private retry(again: () => void): void {
		const ceiling = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** this.attempt++);

		if (this.retryTimer !== null) {
			clearTimeout(this.retryTimer);
		}
		this.retryTimer = setTimeout(again, Math.random() * ceiling);
	}

	private async subscribe(mqtt: MqttClient): Promise<void> {
		const { account, subject } = this.options;
		const wanted = [
			conversationsFilter(account),
			makeTopic({ kind: "events", account }),
			makeTopic({ kind: "head", account }),
			makeTopic({ kind: "feed", account, subject }),
		].filter((topic): topic is string => topic !== null);

		try {
			/* A role that may not read all of these is refused single ones; sync says which head counts. */
			const taken = await Promise.all(wanted.map((topic) =>
				mqtt.subscribeAsync(topic, { qos: 1 }).then(() => true, () => false)));

			if (this.mqtt !== mqtt) {
				return;
			}
			this.isSubscribed = taken[0] === true;
			if (!this.isSubscribed) {
				this.emit("problem", new Error(`the broker refuses ${wanted[0]}: this token cannot be live`));
			}
			this.attempt = 0;
			this.sync();
		} catch (error) {
			this.fail(error);
		}
	}

	private fail(error: unknown): void {
		this.emit("problem", error instanceof Error ? error : new Error(String(error)));
		if (!this.isStopped) {
			this.retry(() => (this.mqtt ? this.sync() : void this.open()));
		}
	}

	/* ---- what arrives ---- */

	private onMessage(topic: string, payload: string, isRetained: boolean): void {
		const parsed = parseTopic(topic);

		if (parsed?.kind === "conversation" || parsed?.kind === "events") {
			const event = parseEvent(payload);

			this.feed?.count();
			if (event !== null) {
				this.onEvent(event);
			}
		} else if (parsed?.kind === "feed" && this.feed !== null) {
			const feed = parseFeed(payload);

			if (feed !== null) {
				this.onFeed(this.feed, feed, isRetained);
			}
		} else if (topic === this.headTopic || (this.headTopic === null && parsed?.kind === "head")) {
			const head = parseHead(payload);

			if (head !== null) {
				this.onHead(head);
			}
		}
	}

	private onEvent(event: WireEvent): void {
		if (this.syncing !== null || this.cursor < 0) {
			this.buffer.push(event);
		} else if (event.epoch !== this.epoch || (event.seq > this.cursor && !this.isNext(event))) {
			this.buffer.push(event);
			this.sync();
		} else if (event.seq > this.cursor) {
			this.apply(event);
			this.settle();
		}
	}

	/** Nothing of ours is missing between what was applied and this one, and it is whole. */
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
			void this.takeGained(feed.gained ?? []);
		}
		this.onHead(feed);
		if (!isWhole || feed.lost === null || feed.gained === null) {
			this.sync();
		}
	}

	private takeLost(ids: string[]): void {
		for (const id of ids) {
			if (this.state.conversations.has(id)) {
				this.state.removeConversation(id);
				this.emit("lost", id);
			}
		}
	}

	/** The event that brought it carries its row; what came before it is fetched. */
	private async takeGained(ids: string[]): Promise<void> {
		for (const id of ids) {
			try {
				const row = (await this.get(`/api/v1/conversations/${id}`)) as Conversation;

				this.state.putConversation(row);
				this.emit("gained", id);
			} catch (error) {
				this.emit("problem", error instanceof Error ? error : new Error(String(error))); /* lost again, most likely */
			}
		}
	}

	private onHead(head: Head): void {
		this.isSilent = false;
		this.watchForSilence();
		this.head = head.seq;
		if (this.cursor < 0 || this.syncing !== null) {
			return;
		}
		if (head.epoch !== this.epoch) {
			this.sync();
		} else if (head.seq > this.cursor && this.headTimer === null) {
			this.headTimer = setTimeout(() => {
				this.headTimer = null;
				if (this.head > this.cursor) {
					this.sync();
				}
			}, HEAD_GRACE_MS);
		}
		this.settle();
	}

	private watchForSilence(): void {
		if (this.silenceTimer !== null) {
			clearTimeout(this.silenceTimer);
		}
		this.silenceTimer = setTimeout(() => {
			this.isSilent = true;
			this.setStatus("stale");
			this.sync();
		}, HEAD_SILENCE_MS);
	}

	private apply(event: WireEvent): void {
		if (event.data !== null) {
			this.state.apply(event.data, event.conversation);
		}
		this.cursor = Math.max(this.cursor, event.seq);
		this.feed?.applied(event);
		this.emit("event", event);
	}

	/* ---- sync ---- */

	/** Fetches what is missing; one at a time, and once more if something happened meanwhile. */
	private sync(): void {
		if (this.syncing !== null) {
			this.mustSyncAgain = true;
			return;
		}
		if (this.currentStatus !== "stale") {
			this.setStatus("catching up");
		}
		this.syncing = this.fetchMissing().then(
			() => this.afterSync(null),
			(error: unknown) => this.afterSync(error),
		);
	}

	private afterSync(error: unknown): void {
		this.syncing = null;
		if (this.isStopped) {
			return;
		}
		if (error !== null) {
			this.fail(error);
			return;
		}
		this.applyBuffer();
		if (this.mustSyncAgain || this.buffer.length > 0) {
			this.mustSyncAgain = false;
			this.sync();
		} else {
			this.watchForSilence();
			this.settle();
		}
	}

	/** Applies what was buffered in order; what leaves a gap stays, and asks for another sync. */
	private applyBuffer(): void {
		const waiting = this.buffer.filter((event) => event.epoch === this.epoch && event.seq > this.cursor);

		waiting.sort((one, other) => one.seq - other.seq);
		this.buffer = [];
		for (const event of waiting) {
			if (this.isNext(event)) {
				this.apply(event);
			} else if (event.seq > this.cursor) {
				this.buffer.push(event);
			}
		}
	}

	private async fetchMissing(): Promise<void> {
		let answer: SyncAnswer;

		do {
			const from = this.feed?.since ?? this.cursor;
			const since = this.cursor >= 0 && from >= 0 && this.epoch !== null ? `&epoch=${this.epoch}&since=${from}` : "";

			answer = parseSync(await this.get(`/api/v1/sync?limit=${SYNC_LIMIT}${since}`));
			this.take(answer);
			await this.takeGained(answer.gained.filter((id) => !this.state.conversations.has(id)));
			await this.loadRest(answer.snapshot?.next ?? null);
		} while (answer.more && !this.isStopped);
	}

	/** What a snapshot had no room for. Rows are newer than as_of at most, and events that follow are upserts. */
	private async loadRest(cursor: string | null): Promise<void> {
		while (cursor !== null && !this.isStopped) {
			const page = (await this.get(`/api/v1/conversations?limit=${SYNC_LIMIT}&cursor=${encodeURIComponent(cursor)}`)) as {
				conversations: Conversation[];
				next: string | null;
			};

			for (const row of page.conversations) {
				this.state.putConversation(row);
			}
			cursor = page.next;
		}
	}

	private take(answer: SyncAnswer): void {
		if (this.headTopic !== null && this.headTopic !== answer.head_topic && answer.reset !== true) {
			/* Other rights than before: what is here was made with those. */
			this.headTopic = answer.head_topic;
			this.cursor = -1;
			this.epoch = null;
			this.feed = null;
			this.mustSyncAgain = true;
			return;
		}
		this.headTopic = answer.head_topic;
		if (parseTopic(answer.head_topic)?.kind === "feed") {
			this.feed ??= new FeedWatch();
		} else {
			this.feed = null;
		}
		this.head = Math.max(answer.head, answer.epoch === this.epoch ? this.head : -1);
		if (answer.reset === true) {
			this.state.clear();
			this.epoch = answer.epoch;
			for (const row of answer.snapshot?.conversations ?? []) {
				this.state.putConversation(row);
			}
			this.cursor = answer.as_of;
			this.feed?.synced(answer.as_of);
			this.emit("reset", undefined);
			return;
		}
		this.takeLost(answer.lost);
		for (const event of answer.events) {
			/* With a feed some may have been applied before: upserts. */
			if (event.seq > this.cursor || this.feed !== null) {
				this.apply(event);
			}
		}
		this.cursor = this.feed === null ? answer.as_of : Math.max(this.cursor, answer.as_of);
		this.feed?.synced(answer.as_of);
	}

	/** Live is said only when the cursor has reached the head. */
	private settle(): void {
		if (this.mqtt === null || !this.mqtt.connected || this.syncing !== null || this.cursor < 0) {
			return;
		}
		if (this.isSilent || !this.isSubscribed) {
			this.setStatus("stale");
		} else {
			this.setStatus(this.cursor >= this.head ? "live" : "catching up");
		}
	}

	/* ---- HTTP ---- */

	private async get(path: string): Promise<unknown> {
		const fetchIt = this.options.fetch ?? globalThis.fetch;
		const answer = await fetchIt(this.options.url + path, {
			headers: { Authorization: `Bearer ${await this.options.token()}` },
			cache: "no-store",
		});
		const body: unknown = await answer.json().catch(() => null);

		if (!answer.ok) {
			const detail = (body as { detail?: string } | null)?.detail ?? answer.statusText;

			throw new Error(`${path.split("?")[0]}: ${answer.status}: ${detail}`);
		}
		return body;
	}

	/* ---- small things ---- */

	private setStatus(status: ClientStatus): void {
		if (status !== this.currentStatus) {
			this.currentStatus = status;
			this.emit("status", status);
		}
	}

	private emit<K extends keyof ClientEvents>(name: K, value: ClientEvents[K]): void {
		for (const listener of this.listeners.get(name) ?? []) {
			(listener as Listener<K>)(value);
		}
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
