/*
 * The inbox's state and actions: the client library, and the page's own state around it. Components read it, and its
 * tickers and signals re-render them. They may set what the page shows (a dialog, a draft, a filter); the server's
 * state changes only through methods.
 */
import { computed, signal } from "@preact/signals";
import { ApiError, Client, newId, SignedOut, traitsOf } from "@convwire/client";
import type { Agent, Conversation, Draft, Message, MqttConnect, PhoneNumber, Template, WireEvent } from "@convwire/client";

import type { Me, Session } from "../session.js";
import { strings } from "../strings.js";
import { nameOf, phoneOf } from "./format.js";
import { Handover, NEWS_MS } from "./handover.js";
import type { News } from "./handover.js";
import { Notifier } from "./notify.js";
import { Reading } from "./reading.js";
import { Search } from "./search.js";
import type { Entry } from "./search.js";
import { Drafts, settings } from "./settings.js";
import { Threads } from "./threads.js";
import { Frames, Ticker } from "./ticker.js";
import { workerTimers } from "./timers.js";
import { Uploads } from "./uploads.js";
import { Walk } from "./walk.js";

export type Tab = "mine" | "unassigned" | "all";
export type Dialog = "help" | "palette" | "templates" | "begin" | "debug" | null;

/** WhatsApp shows the typing indicator for 25 seconds. */
const TYPING_EVERY_MS = 20_000;
const STUCK_AFTER_MS = 8_000;
/** The list keeps its order for so long after the last J or K. */
const WALK_ENDS_AFTER_MS = 120_000;
const WIDE = matchMedia("(min-width: 1101px)");
const PATH = /^\/c\/([^/]+)$/;

/** The page's address for a conversation, or for one of its messages. */
export function addressOf(id: string | null, message: string | null): string {
	return id === null ? "/" : `/c/${id}${message === null ? "" : `?message=${encodeURIComponent(message)}`}`;
}

/** The message that a link leads to. */
function messageInAddress(): string | null {
	return new URLSearchParams(location.search).get("message");
}

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
	/** The opened row of the list: a conversation, or a message that was found. */
	readonly openKey = signal<string | null>(null);
	/** The open conversation is being searched. */
	readonly isFinding = signal(false);
	readonly dialog = signal<Dialog>(null);
	readonly viewer = signal<Message | null>(null);
	readonly replyTo = signal<Message | null>(null);
	/** The message whose menu is open. */
	readonly menuOf = signal<Message | null>(null);
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

	readonly search: Search;
	readonly threads: Threads;
	readonly uploads: Uploads;
	private readonly notifier: Notifier;
	private readonly handover: Handover;
	private lastCursor = -1;
	private stuckTimer: ReturnType<typeof setTimeout> | null = null;
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
		this.handover = new Handover(this.me.subject, (subject) => this.nameOfAgent(subject), (news, isMine) => {
			this.news.value = news;
			if (isMine) {
				this.notifier.tell(news.name, news.text, news.conversation);
			}
		});
		this.reading = new Reading({
			client: this.client, selected: () => this.selected.value, mayMark: () => this.mayCommand && !this.isPassing,
		});
		this.search = new Search(this.client);
		this.threads = new Threads({
			client: this.client, selected: () => this.selected.value, onMeant: (id) => this.open(id),
			onChange: () => this.onThread(), onProblem: (text) => { this.problem.value = text; },
		});
		this.uploads = new Uploads(this.client, `${this.me.account}/${this.me.subject}`, (id, draft, command) => this.deliver(id, draft, command));
		this.listen();
	}

	/** By the newest token's rights; what does not work is not offered. */
	get mayCommand(): boolean {
		return (this.session.me ?? this.me).may.command;
	}

	start(): void {
		this.selectByAddress();
		this.client.start();
		void this.uploads.restore();
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
		window.addEventListener("popstate", () => this.selectByAddress());
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
			this.handover.row(event.data.conversation, event.at);
		}
		if (event.kind === "merge" && event.conversation !== null) {
			this.onMerge(event.conversation);
		}
		if (event.kind === "message" && message?.direction === "in" && traitsOf(message.kind).unread) {
			this.onCustomerWrites(event, message);
		}
		this.showTitle();
	}

	private onGained(id: string): void {
		const row = this.client.state.conversations.get(id);

		this.showTitle();
		this.listTicker.bump();
		if (row) {
			this.handover.gained(row);
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
		this.uploads.move(id, survivor);
		if (this.selected.value === id) {
			this.open(survivor, { walks: this.walk.isOn });
		} else if (this.selected.value === survivor) {
			this.threads.begin(survivor, null);
		}
	}

	private onReset(): void {
		this.threads.clear();
		this.isLoaded.value = true;
		this.handover.reset(this.client.state.conversations.values());
		this.listTicker.bump();
		this.showTitle();
		this.forgetUnseen();
		if (this.selected.value !== null) {
			this.select(this.selected.value, messageInAddress());
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
				void this.threads.retry(this.selected.value);
			}
		}
		this.statusTicker.bump();
		this.listTicker.bump();
		this.threadTicker.bump();
	}

	/** Drops search results and an open viewer that the agent may no longer see. */
	private forgetUnseen(): void {
		const viewed = this.viewer.value;

		if (this.client.limited) {
			this.search.forgetUnseen();
		}
		if (viewed !== null && !this.client.state.conversations.has(viewed.conversation)) {
			this.viewer.value = null;
		}
	}

	private onLost(id: string): void {
		this.threads.forget(id);
		this.showTitle();
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
		await this.uploads.clear();
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

	/** A number of ours as customers know it; until a webhook has told it, by its place among them. */
	nameOfNumber(phoneNumberId: string): string {
		const at = this.numbers.value.findIndex((one) => one.phone_number_id === phoneNumberId);
		const digits = this.numbers.value[at]?.display_phone_number;

		return digits ? phoneOf(digits) : strings.list.number(at + 1);
	}

	/** The rows of a tab, for one state. */
	rows(tab: Tab = this.tab.value, state: "open" | "done" = this.stateFilter.value): Conversation[] {
		return this.client.state.list().filter((row) => row.state === state && this.isIn(row, tab));
	}

	/** The list as it is shown now, top to bottom. */
	entries(): Entry[] {
		return this.search.isOn ? this.search.entries() :
			this.walk.order(this.rows(), (id) => this.client.state.conversations.get(id)).map((row) => ({ key: row.id, row, match: null }));
	}

	private isIn(row: Conversation, tab: Tab): boolean {
		return tab === "all" || (tab === "mine" ? row.assignee === this.me.subject : row.assignee === null);
	}

	showTab(tab: Tab, state: "open" | "done"): void {
		this.endWalk();
		this.tab.value = tab;
		this.stateFilter.value = state;
	}

	/** Searches all conversations; "" shows the list again. */
	searchFor(text: string): void {
		this.endWalk();
		this.search.ask(text);
	}

	private showTitle(): void {
		let unread = 0;

		for (const row of this.client.state.list()) {
			unread += row.unread > 0 && row.state === "open" && (row.assignee === null || row.assignee === this.me.subject) ? 1 : 0;
		}
		document.title = strings.notify.title(unread);
	}

	/* ---- threads ---- */

	/**
	 * Shows a conversation and updates the address. message: at this message, which a search has found. writes: focuses
	 * the composer; else the list keeps the focus. walks: on a walk through the list, which goes on; else it ends.
	 */
	open(id: string | null, { message = null, writes = message === null, walks = false }: { message?: string | null; writes?: boolean; walks?: boolean } = {}): void {
		this.wantsComposer = writes;
		this.isPassing = walks && !writes;
		if (!walks) {
			this.endWalk();
		}
		if (addressOf(id, message) !== location.pathname + location.search) {
			history.pushState(null, "", addressOf(id, message));
		}
		this.select(id, message);
	}

	openEntry({ row, match }: Entry, how: { writes?: boolean; walks?: boolean } = {}): void {
		this.open(row.id, { ...how, message: match?.id ?? null });
	}

	private selectByAddress(): void {
		this.select(PATH.exec(location.pathname)?.[1] ?? null, messageInAddress());
	}

	private select(wanted: string | null, message: string | null): void {
		const before = this.selected.value;
		const id = wanted === null ? null : this.client.state.survivorOf(wanted);

		if (before !== id && this.dialog.value === "templates") {
			this.dialog.value = null; /* it belonged to the previous conversation */
		}
		if (before !== null && before !== id) {
			this.client.state.keepWhole(before, false);
			this.threads.forget(before);
		}
		this.lost.value = null;
		this.replyTo.value = null;
		this.menuOf.value = null;
		this.isOver.value = false;
		if (before !== id) {
			this.place = this.entries().map(({ row }) => row.id);
			this.isFinding.value = false;
		}
		this.selected.value = id;
		this.openKey.value = message ?? id;
		this.client.select(id);
		this.reading.opened();
		if (id !== null) {
			this.walk.visit(id);
			this.client.state.keepWhole(id, true);
			if (this.isLoaded.value) { /* else when the first rows come: they would replace what was loaded */
				this.showThread(id, message);
			}
		}
		this.threadTicker.bump();
	}

	private showThread(id: string, message: string | null): void {
		const thread = this.threads.get(id);

		if (message !== null) {
			this.showMessage(id, message);
		} else if (thread === null || thread.problem !== null) {
			void this.threads.retry(id);
		} else if (thread.found !== null) {
			this.threads.begin(id, null); /* it was opened at a message before */
		}
	}

	/** Goes to a message of the open conversation: scrolls there, or loads what is around it. */
	showMessage(id: string, message: string): void {
		const thread = this.threads.get(id);

		if (thread && this.client.state.messages(id).some((one) => one.id === message)) {
			thread.found = { message };
			this.threadTicker.bump();
		} else {
			this.threads.begin(id, message);
		}
	}

	/** From the middle of a thread back to its newest messages. */
	showNewest(id: string): void {
		history.replaceState(null, "", addressOf(id, null));
		this.threads.begin(id, null);
	}

	private onThread(): void {
		this.client.select(this.selected.value); /* its row may have arrived only now */
		this.listTicker.bump();
		this.threadTicker.bump();
		this.reading.consider();
	}

	/* ---- through the list ---- */

	/** To the next row (1), or the previous one (-1); false: there is none. */
	step(by: 1 | -1, writes = false): boolean {
		this.beginWalk();
		const entries = this.entries();
		const opened = entries.findIndex(({ key }) => key === this.openKey.value);
		const at = opened >= 0 ? opened : entries.findIndex(({ row }) => row.id === this.selected.value);
		const next = entries[at < 0 ? 0 : at + by];

		if (next) {
			this.openEntry(next, { writes, walks: true });
		}
		return next !== undefined;
	}

	/** Before what may take the open row out of the list: its neighbours are known then. */
	private beginWalk(): void {
		if (!this.search.isOn) {
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

	/** Starts a conversation, as its agent. Throws ApiError. */
	async begin(phoneNumberId: string, customer: string): Promise<void> {
		const row = await this.client.beginConversation(phoneNumberId, customer);

		if (row.assignee === null) {
			this.assign(row.id, "me");
		}
		this.open(row.id);
	}

	/** Gives a message to the outbox, perhaps long after its conversation was left. Resolves when it is stored there. */
	private deliver(id: string, draft: Draft, command: string): Promise<void> {
		const row = this.client.state.conversations.get(id);
		const thread = this.threads.get(id);

		if (row?.assignee === null && settings.take.value === "on") {
			this.assign(id, "me");
		}
		if (thread) {
			thread.newFrom = null;
		}
		return this.client.sendAs(command, id, draft);
	}

	/** What was written in the composer: a text, behind the files that wait and with those that are attached. */
	reply(id: string, text: string, replyTo: string | undefined): void {
		this.uploads.dispatch(id, text, replyTo);
		this.sent(id);
	}

	/** Sends a message that is complete, from the open conversation. */
	send(id: string, draft: Draft): void {
		void this.deliver(id, draft, newId());
		this.sent(id);
	}

	private sent(id: string): void {
		const thread = this.threads.get(id);

		if (thread && thread.newer !== null) {
			this.showNewest(id); /* where the sent message is */
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
		this.act(id, "unread", undefined, strings.thread.markUnread, () => {
			if (thread) {
				thread.newFrom = this.threads.firstUnread(id);
				this.threadTicker.bump();
			}
		});
	}

	/** Quotes the message that has the focus, if one has. */
	quoteFocused(): void {
		const id = (document.activeElement as HTMLElement | null)?.dataset["message"];
		const message = id === undefined || this.selected.value === null ? null : this.client.state.message(this.selected.value, id);

		this.replyTo.value = message ?? this.replyTo.value;
	}

	/** "" removes our reaction. */
	react(message: Message, emoji: string): void {
		this.act(message.conversation, "send", { kind: "reaction", content: { message: message.id, emoji } }, strings.messageMenu.react);
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

	private act(id: string, type: string, data: unknown, what: string, onDone?: () => void): void {
		this.client.command(id, type, data).then(onDone, (error: unknown) => {
			this.problem.value = strings.problem.command(what, detailOf(error));
		});
	}
}
