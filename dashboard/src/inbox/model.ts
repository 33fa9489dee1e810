/*
 * The inbox's state and actions: the client library, and the page's own state around it. Components read it, and its
 * tickers and signals re-render them. They may set what the page shows (a dialog, a draft, a filter); the server's
 * state changes only through methods.
 */
import { computed, signal } from "@preact/signals";
import { ApiError, Client, SignedOut, traitsOf } from "@convwire/client";
import type { Agent, Conversation, Draft, Message, MqttConnect, PhoneNumber, SearchAnswer, Template, WireEvent } from "@convwire/client";

import type { Me, Session } from "../session.js";
import { strings } from "../strings.js";
import { nameOf } from "./format.js";
import { Notifier } from "./notify.js";
import { Reading } from "./reading.js";
import { Drafts, settings } from "./settings.js";
import { Frames, Ticker } from "./ticker.js";
import { workerTimers } from "./timers.js";
import { Uploads } from "./uploads.js";
import { Walk } from "./walk.js";

export type Tab = "mine" | "unassigned" | "all";
/** News about a conversation that is not on the screen; it leads there. */
export interface News {
	text: string;
	conversation: string;
}

export type Dialog = "help" | "palette" | "templates" | "begin" | "debug" | null;

/** A thread's state besides its messages. */
export interface ThreadState {
	isLoading: boolean;
	problem: string | null;
	/** The `before` of the next older page; null: loaded from the beginning; undefined: nothing is loaded. */
	next: number | null | undefined;
	/** The first message that was new when the thread was opened: the "new messages" line is shown before it. */
	newFrom: string | null;
	/** Earlier messages that have arrived late since then. */
	late: string[];
}

function newThreadState(): ThreadState {
	return { isLoading: true, problem: null, next: undefined, newFrom: null, late: [] };
}

/** WhatsApp shows the typing indicator for 25 seconds. */
const TYPING_EVERY_MS = 20_000;
const SEARCH_AFTER_MS = 150;
const STUCK_AFTER_MS = 8_000;
/** What is older is shown, but nobody is called for it. */
const NEWS_MS = 60_000;
/** The list keeps its order for so long after the last J or K. */
const WALK_ENDS_AFTER_MS = 120_000;
/** Of unread messages, when a thread is opened: pages of 50. */
const MAX_UNREAD_PAGES = 10;
const WIDE = matchMedia("(min-width: 1101px)");
const PATH = /^\/c\/([^/]+)$/;

function detailOf(error: unknown): string {
	return error instanceof ApiError ? error.detail : String((error as Error).message ?? error);
}

export class Inbox {
	readonly client: Client;
	readonly me: Me;
	readonly drafts: Drafts;
	/* Reading `.value` re-renders the component when it changes. */
	readonly listTicker: Ticker;
	readonly threadTicker: Ticker;
	readonly peopleTicker: Ticker;
	readonly statusTicker: Ticker;

	readonly selected = signal<string | null>(null);
	readonly tab = signal<Tab>("all");
	readonly stateFilter = signal<"open" | "done">("open");
	readonly query = signal("");
	readonly found = signal<SearchAnswer | null>(null);
	readonly searching = signal<"no" | "yes" | "failed">("no");
	readonly dialog = signal<Dialog>(null);
	readonly viewer = signal<Message | null>(null);
	readonly replyTo = signal<Message | null>(null);
	readonly needsSignIn = signal(false);
	/** Lost while it was open. */
	readonly lost = signal<string | null>(null);
	readonly problem = signal<string | null>(null);
	readonly news = signal<News | null>(null);
	readonly agents = signal<Agent[]>([]);
	readonly numbers = signal<PhoneNumber[]>([]);
	readonly templates = signal<Template[] | "failed" | null>(null);
	/** Not live for so long that people must be told. */
	readonly isStuck = signal(false);
	/** The first rows are loaded. */
	readonly isLoaded = signal(false);
	/** Next to the thread its state is kept; on a small screen, where it covers the thread, it starts closed. */
	private readonly isWide = signal(WIDE.matches);
	private readonly isOver = signal(false);
	readonly hasDetails = computed(() => (this.isWide.value ? settings.details.value === "on" : this.isOver.value));
	readonly names = computed(() => new Map(this.agents.value.map(({ subject, name }) => [subject, name])));

	private readonly threads = new Map<string, ThreadState>();
	readonly uploads: Uploads;
	private readonly notifier: Notifier;
	/** Whose each conversation was at its last event: to tell who lost it. */
	private readonly assignees = new Map<string, string | null>();
	private lastCursor = -1;
	private stuckTimer: ReturnType<typeof setTimeout> | null = null;
	private searchTimer: ReturnType<typeof setTimeout> | null = null;
	readonly reading: Reading;
	private readonly walk = new Walk();
	private walkTimer: ReturnType<typeof setTimeout> | null = null;
	/** The open conversation was reached with J or K, and nothing was done in it so far. */
	private isPassing = false;
	/** The ids in the list when the open conversation was opened. */
	private place: string[] = [];
	private typedToCustomerAt = 0;
	/** The next composer takes the focus. */
	wantsComposer = true;

	constructor(readonly session: Session, connect: MqttConnect) {
		const frames = new Frames(() => this.client.debug.painted());

		this.me = session.me as Me;
		session.keepTo(this.me);
		this.drafts = new Drafts(`${this.me.account}.${this.me.subject}`);
		this.listTicker = new Ticker(frames);
		this.threadTicker = new Ticker(frames);
		this.peopleTicker = new Ticker(frames);
		this.statusTicker = new Ticker(frames);
		this.notifier = new Notifier((id) => this.open(id));
		this.client = new Client({
			url: "", token: session.token, connect, account: this.me.account, subject: this.me.subject,
			mqttOptions: { timerVariant: workerTimers() },
		});
		this.reading = new Reading({
			client: this.client, selected: () => this.selected.value, mayMark: () => this.mayCommand && !this.isPassing,
		});
		this.uploads = new Uploads(this.client, (id, draft) => this.send(id, draft));
		this.listen();
	}

	/** By the newest token's rights; what does not work is not offered. */
	get mayCommand(): boolean {
		return (this.session.me ?? this.me).may.command;
	}

	start(): void {
		this.select(PATH.exec(location.pathname)?.[1] ?? null);
		this.client.start();
		void this.loadLists();
	}

	/* ---- events from the client ---- */

	private listen(): void {
		const { client } = this;

		client.on("event", (event) => this.onEvent(event));
		client.on("reset", () => this.onReset());
		client.on("status", () => this.onStatus());
		client.on("progress", () => this.onProgress());
		client.on("people", () => this.peopleTicker.bump());
		client.on("pending", () => this.threadTicker.bump());
		client.on("gained", (id) => this.onGained(id));
		client.on("lost", (id) => this.onLost(id));
		WIDE.addEventListener("change", () => { this.isWide.value = WIDE.matches; });
		window.addEventListener("popstate", () => this.select(PATH.exec(location.pathname)?.[1] ?? null));
	}

	private onEvent(event: WireEvent): void {
		const { message } = event.data ?? {};

		if (event.data?.agent || event.data?.number || event.data?.template) {
			void this.loadLists();
		}
		this.listTicker.bump();
		if (event.conversation !== null && this.client.state.survivorOf(event.conversation) === this.selected.value) {
			this.threadTicker.bump();
		}
		if (event.data?.conversation) {
			this.onRow(event.data.conversation, event.at);
		}
		if (event.kind === "merge" && event.conversation !== null) {
			this.onMerge(event.conversation);
		}
		if (event.kind === "message" && message?.direction === "in" && traitsOf(message.kind).unread) {
			this.onCustomerWrites(event, message);
		}
		this.showTitle();
	}

	/** Tells who gets or loses a conversation through somebody else. */
	private onRow(row: Conversation, at: number): void {
		const before = this.assignees.get(row.id);
		const { subject } = this.me;
		const isNews = before !== undefined && before !== row.assignee && row.assigned_by !== subject && Date.now() - at < NEWS_MS;

		this.assignees.set(row.id, row.assignee);
		if (isNews && row.merged_into === null && (before === subject || row.assignee === subject)) {
			this.tellHandover(row);
		}
	}

	private onGained(id: string): void {
		const row = this.client.state.conversations.get(id);

		this.listTicker.bump();
		if (row && row.assignee === this.me.subject && row.assigned_by !== this.me.subject) {
			this.assignees.set(id, row.assignee);
			this.tellHandover(row);
		}
	}

	private tellHandover(row: Conversation): void {
		const by = row.assigned_by === null ? strings.handover.operator : this.nameOfAgent(row.assigned_by);
		const text = row.assignee === this.me.subject ? strings.handover.given(by, nameOf(row)) :
			row.assignee === null ? strings.handover.taken(by, nameOf(row)) :
			row.assignee === row.assigned_by ? strings.handover.took(by, nameOf(row)) :
			strings.handover.moved(by, nameOf(row), this.nameOfAgent(row.assignee));

		this.news.value = { text, conversation: row.id };
		if (row.assignee === this.me.subject) {
			this.notifier.tell(nameOf(row), text, row.id);
		}
	}

	private onCustomerWrites(event: WireEvent, message: Message): void {
		const id = this.client.state.survivorOf(message.conversation);
		const row = this.client.state.conversations.get(id);
		const isSeen = this.reading.isSeen(id);
		const thread = this.threads.get(id);

		if (id === this.selected.value && thread) {
			if (message.late === true && message.position < (row?.last_message?.position ?? 0)) {
				thread.late.push(message.id);
			}
			thread.newFrom ??= isSeen ? null : message.id;
			this.reading.release();
		}
		if (!isSeen && row && (row.assignee === null || row.assignee === this.me.subject) && Date.now() - event.at < NEWS_MS) {
			this.notifier.tell(nameOf(row), row.last_message?.preview ?? strings.message.from, id);
		}
	}

	/** The surviving thread shows both: messages of the other that were never loaded must be fetched. */
	private onMerge(id: string): void {
		const survivor = this.client.state.survivorOf(id);

		this.walk.replace(id, survivor);
		if (this.selected.value === id) {
			this.open(survivor, { walks: this.walk.isOn });
		} else if (this.selected.value === survivor) {
			this.threads.delete(survivor);
			void this.loadThread(survivor);
		}
	}

	private onReset(): void {
		this.threads.clear();
		this.isLoaded.value = true;
		this.assignees.clear();
		for (const row of this.client.state.conversations.values()) {
			this.assignees.set(row.id, row.assignee);
		}
		this.listTicker.bump();
		this.showTitle();
		this.forgetUnseen();
		if (this.selected.value !== null) {
			this.select(this.selected.value);
		}
	}

	/** Regardless of its status meanwhile: endless retries count as stuck, too. */
	private watchStuck(): void {
		if (this.client.status === "live" || this.client.status === "signed out" || this.client.status === "stopped") {
			this.forgetStuck();
		} else {
			this.stuckTimer ??= setTimeout(() => {
				this.isStuck.value = true;
			}, STUCK_AFTER_MS);
		}
	}

	private forgetStuck(): void {
		clearTimeout(this.stuckTimer ?? undefined);
		this.stuckTimer = null;
		this.isStuck.value = false;
	}

	/** A client that is catching up is not stuck while events arrive. */
	private onProgress(): void {
		const { cursor } = this.client.position;

		if (this.client.status === "catching up" && cursor !== this.lastCursor) {
			this.forgetStuck();
			this.watchStuck();
		}
		this.lastCursor = cursor;
		this.statusTicker.bump();
	}

	private onStatus(): void {
		this.watchStuck();
		if (this.client.status === "signed out") {
			this.needsSignIn.value = true;
		}
		if (this.client.status === "live") {
			this.isLoaded.value = true;
			if (this.selected.value !== null && this.threads.get(this.selected.value)?.problem) {
				void this.loadThread(this.selected.value);
			}
		}
		this.statusTicker.bump();
		this.listTicker.bump();
		this.threadTicker.bump();
	}

	/** Drops search results and an open viewer that the agent may no longer see. */
	private forgetUnseen(): void {
		const { conversations } = this.client.state;
		const found = this.found.value;
		const viewed = this.viewer.value;

		if (found !== null && this.client.limited) {
			this.found.value = { ...found, conversations: found.conversations.filter(({ id }) => conversations.has(id)), messages: found.messages.filter(({ conversation }) => conversations.has(conversation.id)) };
		}
		if (viewed !== null && !conversations.has(viewed.conversation)) {
			this.viewer.value = null;
		}
	}

	private onLost(id: string): void {
		this.threads.delete(id);
		this.forgetUnseen();
		if (this.selected.value === id) {
			this.lost.value = id;
			this.client.select(null);
		}
		this.listTicker.bump();
		this.threadTicker.bump();
	}

	/** Signed in again, over the page. */
	signedIn(): void {
		if (this.session.me?.subject !== this.me.subject || this.session.me.account !== this.me.account) {
			location.assign("/"); /* another person: nothing on this page belongs to them */
			return;
		}
		this.needsSignIn.value = false;
		this.client.retryNow();
		void this.loadLists();
	}

	/** Signs out at the server first, so that a page that shows "signed out" tells the truth. */
	async signOut(): Promise<void> {
		try {
			await this.session.signOut();
		} catch {
			this.problem.value = strings.menu.signOutFailed;
			return;
		}
		this.drafts.clear();
		await this.client.stop();
		location.assign("/");
	}

	/* ---- lists ---- */

	private async loadLists(): Promise<void> {
		try {
			const [agents, numbers] = await Promise.all([this.client.agents(), this.client.numbers()]);

			this.agents.value = agents;
			this.numbers.value = numbers;
		} catch (error) {
			if (!(error instanceof SignedOut) && !(error instanceof ApiError)) {
				throw error;
			}
			/* ids are shown instead of names; some roles may not read these lists */
		}
	}

	async loadTemplates(): Promise<void> {
		this.templates.value = null;
		try {
			this.templates.value = await this.client.templates();
		} catch {
			this.templates.value = "failed";
		}
	}

	nameOfAgent(subject: string): string {
		return this.names.value.get(subject) ?? subject;
	}

	/** The rows of a tab, for one state. */
	rows(tab: Tab = this.tab.value, state: "open" | "done" = this.stateFilter.value): Conversation[] {
		return this.client.state.list().filter((row) => row.state === state && this.isIn(row, tab));
	}

	/** The rows shown now, top to bottom. */
	shown(): Conversation[] {
		const found = this.found.value;

		if (this.query.value.trim() === "") {
			return this.walk.order(this.rows(), (id) => this.client.state.conversations.get(id));
		}
		return found === null ? [] : [...found.conversations, ...found.messages.map(({ conversation }) => conversation)];
	}

	private isIn(row: Conversation, tab: Tab): boolean {
		return tab === "all" || (tab === "mine" ? row.assignee === this.me.subject : row.assignee === null);
	}

	showTab(tab: Tab, state: "open" | "done"): void {
		this.endWalk();
		this.tab.value = tab;
		this.stateFilter.value = state;
	}

	search(text: string): void {
		this.endWalk();
		this.query.value = text;
		if (this.searchTimer !== null) {
			clearTimeout(this.searchTimer);
		}
		if (text.trim() === "") {
			this.found.value = null;
			this.searching.value = "no";
			return;
		}
		this.searching.value = "yes";
		this.searchTimer = setTimeout(() => void this.findMore(text), SEARCH_AFTER_MS);
	}

	/** The first page, or the next. */
	async findMore(text = this.query.value): Promise<void> {
		const before = this.found.value;

		try {
			const isNext = before !== null && before.next !== null && this.searching.value === "no";
			const page = await this.client.search(text.trim(), isNext ? (before.next as number) : undefined);

			if (text === this.query.value) {
				this.found.value = isNext ? { ...page, conversations: before.conversations, messages: [...before.messages, ...page.messages] } : page;
				this.searching.value = "no";
			}
		} catch {
			this.searching.value = "failed";
		}
	}

	private showTitle(): void {
		let unread = 0;

		for (const row of this.client.state.list()) {
			unread += row.unread > 0 && (row.assignee === null || row.assignee === this.me.subject) ? 1 : 0;
		}
		document.title = strings.notify.title(unread);
	}

	/* ---- threads ---- */

	/**
	 * Shows a conversation and updates the address. writes: focuses the composer; else the list keeps the focus.
	 * walks: on a walk through the list, which goes on; else it ends.
	 */
	open(id: string | null, { writes = true, walks = false }: { writes?: boolean; walks?: boolean } = {}): void {
		this.wantsComposer = writes;
		this.isPassing = walks && !writes;
		if (!walks) {
			this.endWalk();
		}
		const path = id === null ? "/" : `/c/${id}`;

		if (location.pathname !== path) {
			history.pushState(null, "", path);
		}
		this.select(id);
	}

	private select(wanted: string | null): void {
		const before = this.selected.value;
		const id = wanted === null ? null : this.client.state.survivorOf(wanted);

		if (before !== id && this.dialog.value === "templates") {
			this.dialog.value = null; /* it belonged to the previous conversation */
		}
		if (before !== null && before !== id) {
			this.client.state.keepWhole(before, false);
			this.threads.delete(before);
		}
		this.lost.value = null;
		this.replyTo.value = null;
		this.isOver.value = false;
		if (before !== id) {
			this.place = this.shown().map((row) => row.id);
		}
		this.selected.value = id;
		this.client.select(id);
		this.reading.opened();
		if (id !== null) {
			this.walk.visit(id);
			this.client.state.keepWhole(id, true);
			if (this.isLoaded.value) {
				void this.loadThread(id); /* else when the first rows come: they would replace what was loaded */
			}
		}
		this.threadTicker.bump();
	}

	threadState(id: string): ThreadState {
		return this.threads.get(id) ?? newThreadState();
	}

	/** Loads the newest messages, or the page before the loaded ones. */
	async loadThread(id: string): Promise<void> {
		const known = this.threads.get(id);

		if (known?.isLoading || known?.next === null) {
			return;
		}
		const state = known ?? newThreadState();

		state.isLoading = true;
		state.problem = null;
		this.threads.set(id, state);
		this.threadTicker.bump();
		try {
			const isFirst = state.next === undefined;

			if (isFirst && !this.client.state.conversations.has(id)) {
				await this.client.loadConversation(id);
				this.listTicker.bump();
			}
			state.next = await this.client.loadMessages(id, state.next ?? undefined);
			if (isFirst) {
				await this.loadUnread(id, state);
			}
		} catch (error) {
			const isMissing = error instanceof ApiError && error.status === 404;
			const meant = isMissing ? await this.client.resolve(id).catch(() => null) : null;

			if (meant !== null && this.selected.value === id) {
				this.open(meant); /* a link with another system's id */
				return;
			}
			state.problem = isMissing ? strings.thread.missing : detailOf(error);
		}
		state.isLoading = false;
		this.client.select(this.selected.value); /* its row may have arrived only now */
		this.threadTicker.bump();
		this.reading.consider();
	}

	/** Reading begins at the first message that is new, so it must be here. */
	private async loadUnread(id: string, state: ThreadState): Promise<void> {
		const { unread } = this.client.state.conversations.get(id) ?? { unread: 0 };

		for (let i = 0; i < MAX_UNREAD_PAGES && typeof state.next === "number" && this.countUnread(id) < unread; i++) {
			state.next = await this.client.loadMessages(id, state.next);
		}
		state.newFrom = this.firstUnread(id);
	}

	private countUnread(id: string): number {
		return this.client.state.messages(id).filter((message) => message.direction === "in" && traitsOf(message.kind).unread).length;
	}

	private firstUnread(id: string): string | null {
		let left = this.client.state.conversations.get(id)?.unread ?? 0;
		let first: string | null = null;

		for (const message of [...this.client.state.messages(id)].reverse()) {
			if (left > 0 && message.direction === "in" && traitsOf(message.kind).unread) {
				first = message.id;
				left--;
			}
		}
		return first;
	}

	/* ---- through the list ---- */

	/** To the next row (1), or the previous one (-1); false: there is none. */
	step(by: 1 | -1, writes = false): boolean {
		this.beginWalk();
		const rows = this.shown();
		const at = rows.findIndex((row) => row.id === this.selected.value);
		const next = rows[at < 0 ? 0 : at + by];

		if (next) {
			this.open(next.id, { writes, walks: true });
		}
		return next !== undefined;
	}

	/** Before what may take the open row out of the list: its neighbours are known then. */
	private beginWalk(): void {
		if (this.query.value.trim() === "") {
			this.walk.begin(this.rows().map((row) => row.id), this.selected.value, this.place);
			clearTimeout(this.walkTimer ?? undefined);
			this.walkTimer = setTimeout(() => this.endWalk(), WALK_ENDS_AFTER_MS);
			this.listTicker.bump();
		}
	}

	private endWalk(): void {
		clearTimeout(this.walkTimer ?? undefined);
		this.walk.end();
		this.listTicker.bump();
	}

	/** Somebody works in the open conversation: they write, or point at something in it. */
	engage(): void {
		this.isPassing = false;
		this.reading.consider();
	}

	/** After "send and next" and "done and next"; at the end of the list, back to it. */
	private goOn(writes: boolean): void {
		if (!this.step(1, writes)) {
			this.open(null);
		}
	}

	doneAndNext(id: string): void {
		this.beginWalk();
		if (this.client.state.conversations.get(id)?.state === "open") {
			this.toggleDone(id);
		}
		this.goOn(false);
	}

	/** The composer has sent what was written. */
	sentAndNext(): void {
		this.goOn(true);
	}

	/* ---- user actions ---- */

	send(id: string, draft: Draft): void {
		const row = this.client.state.conversations.get(id);

		if (row?.assignee === null && settings.take.value === "on") {
			this.assign(id, "me");
		}
		this.client.send(id, draft);
		const thread = this.threads.get(id);

		if (thread) {
			thread.newFrom = null;
		}
		this.typing(id, false);
		this.typedToCustomerAt = 0;
	}

	toggleDetails(): void {
		if (this.isWide.value) {
			settings.details.value = settings.details.value === "on" ? "off" : "on";
		} else {
			this.isOver.value = !this.isOver.value;
		}
	}

	/** On each key press in the composer: shown to colleagues and, if WhatsApp may be told, to the customer. */
	typing(id: string, on: boolean): void {
		const now = Date.now();

		this.engage();
		this.client.typing(id, on);
		if (on && this.client.status === "live" && now - this.typedToCustomerAt > TYPING_EVERY_MS) {
			this.typedToCustomerAt = now;
			this.client.command(id, "typing").catch(() => undefined); /* not important */
		}
	}

	assign(id: string, assignee: string | null): void {
		this.act(id, "assign", { assignee }, strings.contact.assignee);
	}

	toggleDone(id: string): void {
		const isDone = this.client.state.conversations.get(id)?.state === "done";

		this.act(id, isDone ? "reopen" : "done", undefined, isDone ? strings.thread.reopen : strings.thread.done);
	}

	/** For the whole team, until somebody reads or answers it. */
	markUnread(id: string): void {
		const thread = this.threads.get(id);

		this.reading.hold();
		this.reading.forget(id);
		this.client.command(id, "unread").then(() => {
			if (thread) {
				thread.newFrom = this.firstUnread(id);
				this.threadTicker.bump();
			}
		}, (error: unknown) => {
			this.problem.value = strings.problem.command(strings.thread.markUnread, detailOf(error));
		});
	}

	retry(message: Message): void {
		if (message.local) {
			this.client.resend(message.local.command);
		} else {
			this.act(message.conversation, "retry", { message: message.id }, strings.message.retry);
		}
	}

	discard(message: Message): void {
		if (message.local) {
			this.client.discardPending(message.local.command);
		} else {
			this.act(message.conversation, "discard", { message: message.id }, strings.message.discard);
		}
	}

	private act(id: string, type: string, data: unknown, what: string): void {
		this.client.command(id, type, data).catch((error: unknown) => {
			this.problem.value = strings.problem.command(what, detailOf(error));
		});
	}
}
