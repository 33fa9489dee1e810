/*
 * What is loaded of each thread: its newest messages, or those around one that a search has found, and from there older
 * and newer ones. The messages themselves are in the client's state.
 */
import { ApiError, traitsOf } from "@convwire/client";
import type { Client } from "@convwire/client";

import { strings } from "../strings.js";

/** A thread's state besides its messages. */
export interface ThreadState {
	/** Another number: it shows another part of the thread, and is drawn anew. */
	view: number;
	isLoading: boolean;
	problem: string | null;
	/** The `before` of the next older page; null: loaded from the beginning; undefined: nothing is loaded. */
	next: number | null | undefined;
	/** The `after` of the next newer page; null: loaded to the end. */
	newer: number | null;
	/** Asks again for what could not be loaded; null: nothing has failed. */
	again: (() => Promise<void>) | null;
	/** The message to be shown, which a search has found; it stays marked. Another object: it is to be shown again. */
	found: { message: string } | null;
	/** The first message that was new when the thread was opened: the "new messages" line is shown before it. */
	newFrom: string | null;
	/** Earlier messages that have arrived late since then. */
	late: string[];
}

export interface ThreadsHost {
	client: Client;
	/** The open conversation; null: none. */
	selected(): string | null;
	/** A link's id meant this conversation. */
	onMeant(id: string): void;
	/** A thread has changed. */
	onChange(): void;
	onProblem(text: string): void;
}

/** Of unread messages, when a thread is opened: pages of 50. */
const MAX_UNREAD_PAGES = 10;
const NOT_LOADED: ThreadState = { view: 0, isLoading: true, problem: null, next: undefined, newer: null, again: null, found: null, newFrom: null, late: [] };

function detailOf(error: unknown): string {
	return error instanceof ApiError ? error.detail : String((error as Error).message ?? error);
}

function isMissing(error: unknown): boolean {
	return error instanceof ApiError && error.status === 404;
}

/** One request at a time for each thread; what was asked for a thread that is forgotten meanwhile changes nothing. */
export class Threads {
	private readonly all = new Map<string, ThreadState>();
	/** The last request of each thread: the next one waits, so that an older answer never overwrites a newer one. */
	private readonly last = new Map<string, Promise<void>>();
	private views = 0;

	constructor(private readonly host: ThreadsHost) {}

	/** Null: nothing has been asked for yet. */
	get(id: string): ThreadState | null {
		return this.all.get(id) ?? null;
	}

	/** For drawing: while nothing has been asked for, as if it were being loaded. */
	shown(id: string): ThreadState {
		return this.all.get(id) ?? NOT_LOADED;
	}

	forget(id: string): void {
		this.all.delete(id);
	}

	clear(): void {
		this.all.clear();
	}

	/** Begins anew: at the newest messages, or at the one that was found. */
	begin(id: string, message: string | null): void {
		this.all.set(id, { ...NOT_LOADED, isLoading: false, late: [], view: ++this.views, found: message === null ? null : { message } });
		void this.load(id);
	}

	/** Loads what a thread begins with, or the page before what is loaded. */
	async load(id: string): Promise<void> {
		const state = this.all.get(id);

		if (state === undefined) {
			this.begin(id, null);
		} else if (state.next !== null) {
			await this.run(id, state, () => (state.next === undefined ? this.first(id, state) : this.older(id, state)));
		}
	}

	/** Asks once more for what could not be loaded. */
	async retry(id: string): Promise<void> {
		const state = this.all.get(id);

		await (state?.again ? this.run(id, state, state.again) : this.load(id));
	}

	/** Loads the page after what is loaded. */
	async loadNewer(id: string): Promise<void> {
		const state = this.all.get(id);

		if (state && state.newer !== null) {
			await this.run(id, state, async () => {
				state.newer = await this.host.client.loadNewer(id, state.newer as number);
			});
		}
	}

	private run(id: string, state: ThreadState, ask: () => Promise<void>): Promise<void> {
		if (state.isLoading) {
			return Promise.resolve();
		}
		state.isLoading = true;
		state.problem = state.again = null;
		this.host.onChange();
		const asked = (this.last.get(id) ?? Promise.resolve()).then(() => (this.all.get(id) === state ? this.settle(id, state, ask) : undefined));

		this.last.set(id, asked);
		return asked.finally(() => {
			if (this.last.get(id) === asked) {
				this.last.delete(id);
			}
		});
	}

	private async settle(id: string, state: ThreadState, ask: () => Promise<void>): Promise<void> {
		try {
			await ask();
		} catch (error) {
			const meant = isMissing(error) ? await this.host.client.resolve(id).catch(() => null) : null;

			if (meant !== null && meant !== id && this.host.selected() === id) {
				this.host.onMeant(meant); /* a link with another system's id */
				return;
			}
			state.problem = isMissing(error) ? strings.thread.missing : detailOf(error);
			state.again = ask;
		}
		state.isLoading = false;
		this.host.onChange();
	}

	private async first(id: string, state: ThreadState): Promise<void> {
		const { client } = this.host;

		if (!client.state.conversations.has(id)) {
			await client.loadConversation(id);
		}
		if (state.found !== null && await this.around(id, state, state.found.message)) {
			return;
		}
		state.found = null;
		state.next = await client.loadMessages(id);
		await this.loadUnread(id, state);
	}

	/** False: the message is gone. */
	private async around(id: string, state: ThreadState, message: string): Promise<boolean> {
		try {
			({ next: state.next, newer: state.newer } = await this.host.client.loadAround(id, message));
			return true;
		} catch (error) {
			if (!isMissing(error)) {
				throw error;
			}
			this.host.onProblem(strings.thread.messageGone);
			return false;
		}
	}

	private async older(id: string, state: ThreadState): Promise<void> {
		state.next = await this.host.client.loadMessages(id, state.next as number);
	}

	/** Reading begins at the first message that is new, so it must be here. */
	private async loadUnread(id: string, state: ThreadState): Promise<void> {
		const { unread } = this.host.client.state.conversations.get(id) ?? { unread: 0 };

		for (let i = 0; i < MAX_UNREAD_PAGES && typeof state.next === "number" && this.countUnread(id) < unread; i++) {
			await this.older(id, state);
		}
		state.newFrom = this.firstUnread(id);
	}

	private countUnread(id: string): number {
		return this.host.client.state.messages(id).filter((message) => message.direction === "in" && traitsOf(message.kind).unread).length;
	}

	/** As many messages from the end as are unread. */
	firstUnread(id: string): string | null {
		let left = this.host.client.state.conversations.get(id)?.unread ?? 0;
		let first: string | null = null;

		for (const message of [...this.host.client.state.messages(id)].reverse()) {
			if (left > 0 && message.direction === "in" && traitsOf(message.kind).unread) {
				first = message.id;
				left--;
			}
		}
		return first;
	}
}
