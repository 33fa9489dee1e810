/*
 * The live view of one account, and its commands: what a page, a phone or a bot needs. link.ts connects, sync.ts
 * follows the log, outbox.ts gets commands answered, sending.ts shows messages being sent, people.ts says who is
 * online; this file joins them.
 */
import type { IPublishPacket } from "mqtt";

import { Api } from "./api.js";
import type { ApiRequest } from "./api.js";
import { Debug } from "./debug.js";
import type { DebugFacts } from "./debug.js";
import { Emitter } from "./emitter.js";
import { isRefused, Link } from "./link.js";
import type { MqttConnect } from "./link.js";
import { newId, Outbox } from "./outbox.js";
import type { CommandAnswer } from "./outbox.js";
import { MemoryOutbox, ofEpoch, openOutboxStorage } from "./outbox_storage.js";
import type { OutboxStorage, StoredCommand } from "./outbox_storage.js";
import { People } from "./people.js";
import type { Person } from "./people.js";
import { Sending } from "./sending.js";
import type { Draft } from "./sending.js";
import { State } from "./state.js";
import { Sync } from "./sync.js";
import { SignedOut, Tokens } from "./tokens.js";
import type { TokenSource } from "./tokens.js";
import { conversationsFilter, liveFilter, makeTopic, parseTopic, presenceFilter } from "./topic.js";
import { Trace } from "./trace.js";
import { watchWake } from "./wake.js";
import { parseEvent } from "./wire.js";
import type {
	Agent, Config, Conversation, Identity, Message, PhoneNumber, ResolveAnswer, SearchAnswer, Template, WireEvent,
} from "./wire.js";

export interface ClientOptions {
	/** The daemon's URL, e.g. https://chat.example.com; "" is the page's own origin. */
	url: string;
	/** Called for a token at first, before it expires, and when it is refused. Throws SignedOut to wait for sign-in. */
	token: TokenSource;
	/** mqtt.js's `connect`. */
	connect: MqttConnect;
	/** The broker's WebSocket URL; fetched from the daemon unless given. */
	mqttUrl?: string;
	/** Account and agent id; unless both are given, the daemon tells them from the token. */
	account?: string;
	subject?: string;
	/** Different in each tab; random unless given. */
	tab?: string;
	/** Where unanswered commands are kept; by default IndexedDB in browsers, else memory. */
	outbox?: OutboxStorage;
	/** Publishes this tab's presence. Default: yes. */
	presence?: boolean;
	fetch?: typeof fetch;
	/** Additional mqtt.js options. */
	mqttOptions?: Record<string, unknown>;
}

/**
 * connecting: not connected yet; catching up: events are missing; live: everything up to the head is here; stale: the
 * server does not respond; offline: not connected; signed out: a person must sign in, then call retryNow(); stopped.
 */
export type ClientStatus = "connecting" | "catching up" | "live" | "stale" | "offline" | "signed out" | "stopped";

export interface ClientEvents {
	/** An event was applied; state already has it. */
	event: WireEvent;
	/** A snapshot replaced everything: reload open threads. */
	reset: undefined;
	/** For agents limited to assigned conversations: one was gained; its row is in state, its thread can be loaded. */
	gained: string;
	/** One was lost, and is removed from state. */
	lost: string;
	status: ClientStatus;
	/** `behind` or `since` has changed. */
	progress: undefined;
	/** Presence, viewing or typing changed. */
	people: undefined;
	/** A message of this page that is not sent yet has changed; carries its conversation. */
	pending: string;
	/** Something failed and is being retried. */
	problem: Error;
}

const KEEPALIVE_S = 10;
const CONFIG_PATH = "/api/v1/config";

/** Follows one account, as one agent, in one tab. */
export class Client {
	readonly state = new State();
	/** For debugging: `client.debug.print()` in the console. */
	readonly debug: Debug;
	readonly api: Api;
	private readonly tokens: Tokens;
	private readonly trace = new Trace();
	private readonly emitter = new Emitter<ClientEvents>();
	private readonly sync: Sync;
	private readonly sending: Sending;
	private link: Link | null = null;
	private outbox: Outbox | null = null;
	private storage: OutboxStorage = new MemoryOutbox();
	private people: People | null = null;
	private who: { account: string; subject: string } | null = null;
	private granted = new Map<string, number>();
	private currentStatus: ClientStatus = "stopped";
	private changedAt = Date.now();
	private isStopped = true;
	private needsSignIn = false;
	/** Since it was last live. */
	private lastProblem: Error | null = null;
	private selectedId: string | null = null;
	private meantId: string | null = null;
	private stopWatching: (() => void) | null = null;
	private startTimer: ReturnType<typeof setTimeout> | null = null;
	private readonly tab: string;
	/** Commands given before the identity was known. */
	private readonly early: (() => void)[] = [];

	constructor(private readonly options: ClientOptions) {
		const fetchIt: typeof fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));

		this.tab = options.tab ?? newId().slice(0, 12);
		this.tokens = new Tokens(options.token);
		this.api = new Api(options.url, this.tokens, fetchIt);
		this.sync = new Sync(this.api, this.state, {
			onEvent: (event, isLive) => this.onEvent(event, isLive),
			onReset: () => this.emitter.emit("reset", undefined),
			onGained: (id) => this.emitter.emit("gained", id),
			onLost: (id) => this.emitter.emit("lost", id),
			onProblem: (error) => this.onProblem(error),
			onChange: () => this.settle(),
		});
		this.sending = new Sending(this.state, {
			storage: () => this.storage,
			whenOpen: (act) => this.whenOpen(act),
			give: (command) => this.give(command, true),
			epoch: () => this.sync.epoch,
			onChange: (conversation) => this.emitter.emit("pending", conversation),
		});
		this.debug = new Debug(this.trace, () => this.facts());
	}

	/** Adds a listener; call the result to remove it. */
	on<K extends keyof ClientEvents>(name: K, listener: (value: ClientEvents[K]) => void): () => void {
		return this.emitter.on(name, listener);
	}

	get status(): ClientStatus {
		return this.currentStatus;
	}

	/** Time of the last status change, ms; for "stale" and "offline", when the server was last heard. */
	get since(): number {
		const heardAt = this.sync.heardAt;

		return this.currentStatus === "stale" && heardAt !== null ? heardAt : this.changedAt;
	}

	/**
	 * What is being tried to become live, and why it last failed: for a page that explains why nothing arrives.
	 * tried: the URL of the server or the broker. failed: null when nothing answered at all.
	 */
	get attempt(): { tried: string; failed: string | null } {
		const tried = this.link === null ? `${this.options.url}${CONFIG_PATH}` :
			this.link.up ? `${this.options.url}/api/v1/sync` : this.link.url;

		return { tried, failed: this.lastProblem?.message ?? null };
	}

	/** How many events are missing, as far as is known. */
	get behind(): number {
		return this.sync.behind;
	}

	/** This agent sees only some conversations, and may lose them. */
	get limited(): boolean {
		return this.sync.limited;
	}

	/** This client's position in the log; -1 before the first sync. */
	get position(): { epoch: string | null; cursor: number; head: number } {
		const { epoch, cursor, head } = this.sync;

		return { epoch, cursor, head };
	}

	/** The identity; null until the server has told it. */
	get identity(): { account: string; subject: string } | null {
		return this.who;
	}

	/** Connects, and keeps connecting until stop(). */
	start(): void {
		if (!this.isStopped) {
			return;
		}
		this.isStopped = false;
		this.setStatus("connecting");
		this.stopWatching = watchWake({
			onSleep: () => (this.link ? this.link.reconnect() : void this.begin()),
			onReturn: () => this.onReturn(),
		});
		void this.begin();
	}

	/** Publishes absence, and disconnects. Unanswered commands are kept for the next start. */
	async stop(): Promise<void> {
		if (this.isStopped) {
			return;
		}
		this.isStopped = true;
		this.stopWatching?.();
		if (this.startTimer !== null) {
			clearTimeout(this.startTimer);
		}
		this.sync.stop();
		this.outbox?.stop();
		this.sending.stopped();
		const { link, people } = this;

		this.link = null;
		this.outbox = null;
		this.people = null;
		this.setStatus("stopped");
		if (link?.up && people?.presenceTopic) {
			/* Goes out before DISCONNECT. */
			void link.publish(people.presenceTopic, "", { qos: 1, retain: true }).catch(() => undefined);
		}
		people?.down();
		await link?.stop();
	}

	/** Continues after "signed out"; when offline, retries at once. */
	retryNow(): void {
		this.needsSignIn = false;
		if (this.isStopped) {
			return;
		}
		if (this.link === null) {
			void this.begin();
		} else {
			this.link.retryNow();
			this.outbox?.wake();
			this.sync.sync();
		}
		this.settle();
	}

	/** Reconnects with another token, when the page knows that its rights or its user have changed. */
	reauthenticate(): void {
		this.tokens.forget();
		this.link?.reconnect();
	}

	/* ---- requests ---- */

	/**
	 * Which conversation an id refers to: a canonical id, an id of another system, a phone number in any spelling or a
	 * business-scoped user id. Null when none or several match; `resolveAll` tells which and why.
	 */
	async resolve(id: string): Promise<string | null> {
		const { matches } = await this.resolveAll(id);
		const found = matches.length === 1 ? (matches[0]?.conversation ?? null) : null;

		if (found !== null) {
			this.trace.resolved.set(id, found);
		}
		return found;
	}

	/** All matches of an id, and what it was compared with if there are none. Throws ApiError, as all requests do. */
	async resolveAll(id: string): Promise<ResolveAnswer> {
		return this.api.ask<ResolveAnswer>(`/api/v1/resolve?id=${encodeURIComponent(id)}`);
	}

	/** Fetches a conversation's row into the state. */
	async loadConversation(id: string): Promise<void> {
		this.state.putConversation(await this.api.ask<Conversation>(`/api/v1/conversations/${encodeURIComponent(id)}`));
	}

	/** Fetches a page of a thread, newest first, into the state. Returns the `before` of the next page, or null. */
	async loadMessages(conversation: string, before?: number): Promise<number | null> {
		const { next } = await this.loadPage(conversation, before === undefined ? "" : `before=${before}`);

		this.state.setLoadedFrom(conversation, next ?? -Infinity, before);
		return next;
	}

	/**
	 * Fetches the messages around one into the state, which then shows only these. Returns where to go on: `next` for
	 * loadMessages, `newer` for loadNewer; null at the thread's beginning and end. ApiError 404: no such message.
	 */
	async loadAround(conversation: string, message: string): Promise<{ next: number | null; newer: number | null }> {
		const { next, newer } = await this.loadPage(conversation, `around=${encodeURIComponent(message)}`);

		this.state.setLoadedAround(conversation, next ?? -Infinity, newer ?? Infinity);
		return { next, newer };
	}

	/** Fetches the page after those of loadAround. Returns the `after` of the next one; null: the newest are loaded. */
	async loadNewer(conversation: string, after: number): Promise<number | null> {
		const { newer } = await this.loadPage(conversation, `after=${after}`);

		this.state.setLoadedUntil(conversation, newer ?? Infinity);
		return newer;
	}

	private async loadPage(conversation: string, query: string): Promise<{ next: number | null; newer: number | null }> {
		const page: { messages: Message[]; next: number | null; newer?: number | null } =
			await this.api.ask(`/api/v1/conversations/${encodeURIComponent(conversation)}/messages?${query}`);

		for (const message of page.messages) {
			this.state.putMessage(message, conversation);
		}
		return { next: page.next, newer: page.newer ?? null };
	}

	/**
	 * Customers by name or number, and messages, newest first. before: the previous page's `next`; conversation: only
	 * messages of this one.
	 */
	search(text: string, { before, conversation }: { before?: number | undefined; conversation?: string } = {}): Promise<SearchAnswer> {
		const query = new URLSearchParams({ q: text, ...(before !== undefined && { before: `${before}` }), ...(conversation !== undefined && { conversation }) });

		return this.api.ask<SearchAnswer>(`/api/v1/search?${query}`);
	}

	/** Agents with a password; ApiError 403 if the role may not read this list, or the next two. */
	async agents(): Promise<Agent[]> {
		return (await this.api.ask<{ agents: Agent[] }>("/api/v1/agents")).agents;
	}

	/** The account's numbers, and whether they are paused. */
	async numbers(): Promise<PhoneNumber[]> {
		return (await this.api.ask<{ numbers: PhoneNumber[] }>("/api/v1/numbers")).numbers;
	}

	/** WhatsApp's templates, as last fetched. */
	async templates(): Promise<Template[]> {
		return (await this.api.ask<{ templates: Template[] }>("/api/v1/templates")).templates;
	}

	/** Starts a conversation with a customer, who may not have written yet; returns its row. */
	async beginConversation(phoneNumberId: string, customer: string): Promise<Conversation> {
		const row = await this.api.ask<Conversation>("/api/v1/conversations", {
			method: "POST", body: { phone_number_id: phoneNumberId, customer },
		});

		this.state.putConversation(row);
		return row;
	}

	/** Uploads a file for a conversation; put its id into a message's content as `media`. */
	async upload(conversation: string, file: Blob, filename: string, signal?: AbortSignal): Promise<{ id: string; mime_type: string; size: number }> {
		const query = `conversation=${encodeURIComponent(conversation)}&filename=${encodeURIComponent(filename)}`;
		const request: ApiRequest = {
			method: "POST", body: file, type: file.type || "application/octet-stream", timeoutMs: 10 * 60_000, ...(signal && { signal }),
		};

		return this.api.ask(`/api/v1/media?${query}`, request);
	}

	/* ---- commands ---- */

	/**
	 * Gives a command; resolves with its answer, however long that takes, and rejects with the ApiError of a refusal.
	 * Until then it is resent under the same id, so that nothing happens twice.
	 */
	command(conversation: string, type: string, data?: unknown): Promise<CommandAnswer> {
		return this.give({ id: newId(), conversation, type, data, at: Date.now(), ...ofEpoch(this.sync.epoch) }, false);
	}

	/** Sends a message: in state at once, and kept beyond the page until answered. Returns the command's id. */
	send(conversation: string, draft: Draft): string {
		return this.sending.send(conversation, draft);
	}

	/**
	 * The same under an id that the caller made with newId() and keeps: if a page ends in between, the next one can send
	 * it again, and it is still sent once. Resolves when the outbox has stored it.
	 */
	sendAs(id: string, conversation: string, draft: Draft): Promise<void> {
		return this.sending.sendAs(id, conversation, draft);
	}

	/** Resends a refused message as a new command; returns its id, or null if there is no such message. */
	resend(commandId: string): string | null {
		return this.sending.resend(commandId);
	}

	/** Discards a refused message. */
	discardPending(commandId: string): void {
		this.sending.discard(commandId);
	}

	/* ---- who is there ---- */

	/**
	 * The conversation on the screen, by whatever id the page uses; null: none. Others see it, and the debug panel
	 * compares with it. means: what the page resolved that id to, if it compares with that.
	 */
	select(id: string | null, means: string | null = id): void {
		this.selectedId = id;
		this.meantId = means;
		this.people?.view(means !== null && this.state.conversations.has(means) ? means : null);
	}

	get selected(): string | null {
		return this.selectedId;
	}

	/** Call on each key press in a composer; on: false when the reply was sent or deleted. */
	typing(conversation: string, on = true): void {
		this.people?.typing(conversation, on);
	}

	/** Others who are viewing a conversation or replying to it. */
	peopleAt(conversation: string): Person[] {
		return this.people?.at(conversation) ?? [];
	}

	/** Agents who are online. */
	get online(): string[] {
		return this.people?.online ?? [];
	}

	/* ---- starting ---- */

	private async begin(): Promise<void> {
		if (this.startTimer !== null) {
			clearTimeout(this.startTimer);
			this.startTimer = null;
		}
		if (this.link !== null || this.isStopped) {
			return;
		}
		try {
			const who = await this.askWho();
			const url = this.options.mqttUrl ?? (await this.api.askOpenly<Config>(CONFIG_PATH)).mqtt_url;
			const storage = this.options.outbox ?? (await openOutboxStorage(`${who.account}/${who.subject}`));

			if (this.link === null && !this.isStopped) {
				this.who = who;
				this.storage = storage;
				this.open(who, url);
				await this.sending.leftovers();
			}
		} catch (error) {
			this.onProblem(error as Error);
			if (!this.needsSignIn && !this.isStopped) {
				this.setStatus("offline");
				this.startTimer = setTimeout(() => void this.begin(), 1000 + Math.random() * 4000);
			}
		}
	}

	private async askWho(): Promise<{ account: string; subject: string }> {
		const { account, subject } = this.options;

		if (account !== undefined && subject !== undefined) {
			return { account, subject };
		}
		const identity = await this.api.ask<Identity>("/api/v1/session");

		return { account: identity.account, subject: identity.subject };
	}

	private open({ account, subject }: { account: string; subject: string }, url: string): void {
		/*
		 * Events may be missed: seq and head show it, and sync fetches them. Acknowledging each event would add nothing
		 * (a clean session forgets what was not acknowledged) and would cost the broker more than the event itself
		 * (docs/benchmarks.md, "Rooms").
		 */
		const topics = Object.fromEntries(([
			[conversationsFilter(account), 0],
			[makeTopic({ kind: "events", account }), 0],
			[makeTopic({ kind: "head", account }), 1],
			[makeTopic({ kind: "feed", account, subject }), 1],
			[makeTopic({ kind: "reply", account, subject }), 1],
			[makeTopic({ kind: "notice", account, subject }), 1],
			[liveFilter(account), 0],
			[presenceFilter(account), 1],
		] as const).flatMap(([topic, qos]) => (topic === null ? [] : [[topic, { qos }]])));
		const publish = (topic: string, payload: string, options: { qos: 0 | 1; retain?: boolean; expiryS?: number }): Promise<void> =>
			this.link?.publish(topic, payload, options) ?? Promise.reject(new Error("not connected"));

		this.people = new People({ account, subject, tab: this.tab, publish, onChange: () => this.emitter.emit("people", undefined) });
		this.outbox = new Outbox({
			api: this.api, account, subject,
			publish: (topic, payload) => publish(topic, payload, { qos: 1 }),
			isUp: () => this.link?.up === true,
			survivorOf: (id) => this.state.survivorOf(id),
			epoch: () => this.sync.epoch,
			refresh: (id) => this.loadConversation(id),
		}, this.storage);
		const presence = this.options.presence === false ? null : this.people.presenceTopic;

		this.link = new Link({
			url, clientId: `${account}:${subject}:${this.tab}`, connect: this.options.connect, tokens: this.tokens, topics,
			will: presence === null ? null : { topic: presence, payload: "" }, keepaliveS: KEEPALIVE_S,
			...(this.options.mqttOptions && { mqttOptions: this.options.mqttOptions }),
		}, {
			onUp: (granted) => this.onUp(granted),
			onDown: () => this.onDown(),
			onMessage: (topic, payload, packet) => this.onMessage(topic, payload, packet),
			onProblem: (error) => this.onProblem(error),
		});
		this.link.start();
		for (const act of this.early.splice(0)) {
			act();
		}
	}

	/* ---- what happens ---- */

	private onUp(granted: Map<string, number>): void {
		this.granted = granted;
		this.needsSignIn = false;
		if (!this.canBeLive) {
			this.onProblem(new Error(`the broker refuses ${[...granted.keys()][0]}: this token cannot be live`));
		}
		if (this.options.presence !== false) {
			this.people?.up();
		}
		this.sync.up();
		this.outbox?.wake();
	}

	private onDown(): void {
		this.outbox?.lost();
		this.people?.down();
		this.sync.down();
	}

	private onReturn(): void {
		if (this.link === null) {
			void this.begin();
		} else if (this.link.up) {
			this.sync.sync();
		} else {
			this.link.retryNow();
		}
	}

	private onMessage(name: string, payload: string, packet: IPublishPacket): void {
		const topic = parseTopic(name);

		if (topic === null) {
			return;
		}
		if (topic.kind === "reply") {
			this.outbox?.takeReply(payload);
		} else if (topic.kind === "presence" || topic.kind === "live") {
			this.people?.take(topic, payload);
		} else if (topic.kind === "conversation" || topic.kind === "events") {
			this.takeEvent(payload, packet);
		} else {
			this.sync.takeHead(topic, name, payload, packet.retain);
			if (!packet.retain) {
				this.outbox?.wake(); /* the server is reachable */
			}
		}
	}

	private takeEvent(payload: string, packet: IPublishPacket): void {
		const event = parseEvent(payload);
		const publishedAt = Number(packet.properties?.userProperties?.["published_at"]);

		if (event !== null) {
			this.trace.arrived(event, publishedAt > 0 ? publishedAt : null);
		}
		this.sync.takeEvent(event);
	}

	private onEvent(event: WireEvent, isLive: boolean): void {
		const tag = event.conversation === null ? null : (this.state.conversations.get(event.conversation)?.tag ?? null);

		this.trace.applied(event, this.selectedId, this.meantId, tag, isLive);
		this.emitter.emit("event", event);
	}

	private onProblem(error: Error): void {
		this.lastProblem = error;
		if (error instanceof SignedOut) {
			this.needsSignIn = true;
			this.settle();
		}
		this.emitter.emit("problem", error);
	}

	/* ---- commands ---- */

	/** Now, or as soon as the identity is known. */
	private whenOpen(act: () => void): void {
		if (this.outbox !== null) {
			act();
		} else {
			this.early.push(act);
		}
	}

	private give(command: StoredCommand, isStored: boolean): Promise<CommandAnswer> {
		return new Promise((resolve, reject) => {
			this.whenOpen(() => this.outbox?.add(command, isStored).then(resolve, reject));
		});
	}

	/* ---- status ---- */

	/** "live" is reported only when the cursor has reached the head. */
	private settle(): void {
		if (this.isStopped) {
			return;
		}
		this.setStatus(this.computeStatus());
		this.emitter.emit("progress", undefined);
	}

	private computeStatus(): ClientStatus {
		if (this.needsSignIn) {
			return "signed out";
		}
		if (!this.link?.up) {
			return this.currentStatus === "connecting" ? "connecting" : "offline";
		}
		if (this.sync.isSilent || !this.canBeLive) {
			return "stale";
		}
		return this.sync.isLive ? "live" : "catching up";
	}

	/** The broker accepted the first subscription, without which nothing would arrive. */
	private get canBeLive(): boolean {
		const [qos] = this.granted.values();

		return qos !== undefined && !isRefused(qos);
	}

	private setStatus(status: ClientStatus): void {
		if (status === "live" || this.currentStatus === "live") {
			this.lastProblem = null; /* what went wrong before is not why it is not live now */
		}
		if (status !== this.currentStatus) {
			this.currentStatus = status;
			this.changedAt = Date.now();
			this.emitter.emit("status", status);
		}
	}

	private facts(): DebugFacts {
		return {
			status: this.currentStatus,
			since: this.since,
			connectedSince: this.link?.since ?? null,
			identity: this.who,
			tokenEndsAt: this.tokens.endsAt,
			subscriptions: [...this.granted].map(([topic, qos]) => ({ topic, qos: isRefused(qos) ? "refused" : qos })),
			...this.position,
			heardAt: this.sync.heardAt,
			selected: this.selectedId,
			outbox: this.outbox?.size ?? 0,
		};
	}
}
