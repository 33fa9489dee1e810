/*
 * What this client knows, built only from absolute upserts with versions: applying one twice, or after a
 * newer one, changes nothing. No I/O; the connection feeds it, pages read it.
 */
import type { Contact, Conversation, EventData, LocalState, Message } from "./wire.js";

/** Messages kept of a thread that nobody reads, and of all such threads: a page is open all day. What is missing is fetched when someone goes there. */
const MAX_MESSAGES = 200;
const MAX_TOTAL = 5000;

interface Thread {
	messages: Map<string, Message>;
	/** By position; made when it is asked for. */
	sorted: Message[] | null;
	/** From this position on everything is here; what is known from before would show with holes. */
	from: number;
}

function newThread(): Thread {
	return { messages: new Map(), sorted: null, from: -Infinity };
}

export class State {
	readonly conversations = new Map<string, Conversation>();
	private readonly threads = new Map<string, Thread>();
	/** Messages of this page without an event yet, by command. */
	private readonly pending = new Map<string, Message>();
	/** Threads that someone reads, which keep all that was loaded. */
	private readonly held = new Set<string>();
	private sortedList: Conversation[] | null = null;
	/** Messages of all threads. */
	private total = 0;

	/** Forgets everything but what this page has not sent yet. */
	clear(): void {
		this.conversations.clear();
		this.threads.clear();
		this.total = 0;
		this.sortedList = null;
	}

	/** Applies what an event carries; conversation is the event's own. */
	apply(data: EventData, conversation: string | null = null): void {
		if (data.conversation) {
			this.putConversation(data.conversation);
		}
		if (data.contact) {
			this.putContact(data.contact, conversation);
		}
		if (data.message) {
			this.putMessage(data.message);
		}
	}

	/** A row, as a list or an event gives it. */
	putConversation(row: Conversation): void {
		const known = this.conversations.get(row.id);

		if (known === undefined || row.version >= known.version) {
			const contact = known && known.contact.id === row.contact.id && known.contact.version > row.contact.version ?
				known.contact : row.contact;

			this.conversations.set(row.id, { ...row, contact });
			this.sortedList = null;
		}
		if (row.merged_into !== null) {
			this.moveThread(row.id, row.merged_into);
		}
	}

	/** It is somebody else's now. */
	removeConversation(id: string): void {
		this.conversations.delete(id);
		this.forgetThread(id);
		this.sortedList = null;
	}

	/** The survivor's thread shows both. */
	private moveThread(from: string, to: string): void {
		const messages = this.threads.get(from)?.messages;

		this.forgetThread(from);
		for (const message of messages?.values() ?? []) {
			this.putMessage(message, to);
		}
	}

	/** A contact's name and ids show in every conversation with them; the one named may have got another contact. */
	putContact(contact: Contact, conversation: string | null = null): void {
		for (const row of this.conversations.values()) {
			const isTheirs = row.contact.id === contact.id ? row.contact.version <= contact.version : row.id === conversation;

			if (isTheirs) {
				this.conversations.set(row.id, { ...row, contact });
				this.sortedList = null;
			}
		}
	}

	/** shownIn: a thread that shows messages of another that was merged into it. */
	putMessage(message: Message, shownIn: string = this.survivorOf(message.conversation)): void {
		const thread = this.threads.get(shownIn) ?? newThread();
		const known = thread.messages.get(message.id);

		if (message.command !== undefined) {
			this.pending.delete(message.command.id);
		}
		if (known === undefined || message.version >= known.version) {
			thread.messages.set(message.id, message);
			thread.sorted = null;
			this.total += known === undefined ? 1 : 0;
		}
		this.threads.delete(shownIn); /* to the end: the one that changed last */
		this.threads.set(shownIn, thread);
		if (thread.messages.size > 2 * MAX_MESSAGES && !this.held.has(shownIn)) {
			this.trim(thread);
		}
		if (this.total > MAX_TOTAL) {
			this.forgetOldest(shownIn);
		}
	}

	private forgetThread(id: string): void {
		this.total -= this.threads.get(id)?.messages.size ?? 0;
		this.threads.delete(id);
	}

	/** Threads that nobody reads, those first in which nothing has happened for longest. */
	private forgetOldest(spared: string): void {
		for (const id of this.threads.keys()) {
			if (this.total <= MAX_TOTAL * 0.9) {
				return;
			}
			if (id !== spared && !this.held.has(id)) {
				this.forgetThread(id);
			}
		}
	}

	/** Which conversation shows this one's messages and takes its replies. */
	survivorOf(conversation: string): string {
		return this.conversations.get(conversation)?.merged_into ?? conversation;
	}

	/** The list: last activity first; merged ones are shown by those they went into. */
	list(): Conversation[] {
		this.sortedList ??= [...this.conversations.values()].filter((row) => row.merged_into === null).sort(
			(one, other) => (other.last_message?.position ?? other.created_at) - (one.last_message?.position ?? one.created_at) ||
				(one.id < other.id ? 1 : -1),
		);
		return this.sortedList;
	}

	/** The messages of a conversation that are here, by position; nothing else orders a thread. What is not sent yet comes last. */
	messages(conversation: string): Message[] {
		const thread = this.threads.get(conversation);
		const pending = [...this.pending.values()].filter((message) => this.survivorOf(message.conversation) === conversation);

		if (thread && thread.sorted === null) {
			const { from } = thread;

			thread.sorted = [...thread.messages.values()].filter((message) => message.position >= from)
				.sort((one, other) => one.position - other.position);
		}
		const sorted = thread?.sorted ?? [];

		return pending.length === 0 ? sorted : [...sorted, ...pending];
	}

	/**
	 * The newest messages of a thread were fetched, or those before the position `before`: from `position` on everything is
	 * here, unless what was between has been forgotten meanwhile.
	 */
	setLoadedFrom(conversation: string, position: number, before = Infinity): void {
		const thread = this.threads.get(conversation) ?? newThread();

		if (before !== Infinity && thread.from > before) {
			return;
		}
		thread.from = position;
		thread.sorted = null;
		this.threads.set(conversation, thread);
	}

	/** A message that is here, by its id. */
	message(conversation: string, id: string): Message | null {
		return this.threads.get(conversation)?.messages.get(id) ?? null;
	}

	/** Someone reads this thread: nothing of it is forgotten until it is released. */
	keepWhole(conversation: string, isHeld: boolean): void {
		const thread = this.threads.get(conversation);

		if (isHeld) {
			this.held.add(conversation);
		} else if (this.held.delete(conversation) && thread) {
			this.trim(thread);
		}
	}

	/* ---- what this page has not sent yet ---- */

	/** A message of this page, with `local`: it is shown until its event comes. */
	putPending(message: Message): void {
		if (message.local !== undefined) {
			this.pending.set(message.local.command, message);
		}
	}

	/** Changes what is said of one, if its event has not come already. */
	setPending(command: string, local: LocalState): void {
		const message = this.pending.get(command);

		if (message !== undefined) {
			this.pending.set(command, { ...message, version: message.version + 1, local });
		}
	}

	/** What was sent by this command and has no event yet; null: none. */
	pendingOf(command: string): Message | null {
		return this.pending.get(command) ?? null;
	}

	/** Shows it no longer. */
	dropPending(command: string): void {
		this.pending.delete(command);
	}

	private trim(thread: Thread): void {
		const kept = [...thread.messages.values()].sort((one, other) => one.position - other.position).slice(-MAX_MESSAGES);

		this.total -= thread.messages.size - kept.length;
		thread.messages = new Map(kept.map((message) => [message.id, message]));
		thread.from = Math.max(thread.from, kept[0]?.position ?? -Infinity);
		thread.sorted = null;
	}
}
