/*
 * This client's state, built only from absolute upserts with versions: applying one twice, or after a newer one,
 * changes nothing. No I/O; the connection updates it, pages read it.
 */
import type { Contact, Conversation, EventData, LocalState, Message } from "./wire.js";

/** Messages kept per thread that is not open, and for all of those: pages stay open all day. More is refetched. */
const MAX_MESSAGES = 200;
const MAX_TOTAL = 5000;

interface Thread {
	messages: Map<string, Message>;
	/** By position; built on demand. */
	sorted: Message[] | null;
	/** From this position on the thread is complete; earlier messages may have gaps and are not shown. */
	from: number;
	/** Up to this position, too: later ones are not shown until those in between are loaded. Infinity: to the end. */
	until: number;
}

function newThread(): Thread {
	return { messages: new Map(), sorted: null, from: -Infinity, until: Infinity };
}

export class State {
	readonly conversations = new Map<string, Conversation>();
	private readonly threads = new Map<string, Thread>();
	/** Messages of this page that have no event yet, by command. */
	private readonly pending = new Map<string, Message>();
	/** Threads being read: they keep everything that was loaded. */
	private readonly held = new Set<string>();
	private sortedList: Conversation[] | null = null;
	/** The number of messages in all threads. */
	private total = 0;

	/** Clears everything except this page's unsent messages. */
	clear(): void {
		this.conversations.clear();
		this.threads.clear();
		this.total = 0;
		this.sortedList = null;
	}

	/** Applies an event's data; conversation is the event's. */
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

	/** A row from a list or an event. */
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

	/** It now belongs to another agent. */
	removeConversation(id: string): void {
		this.conversations.delete(id);
		this.forgetThread(id);
		this.sortedList = null;
	}

	/** The surviving conversation's thread shows both. */
	private moveThread(from: string, to: string): void {
		const messages = this.threads.get(from)?.messages;

		this.forgetThread(from);
		for (const message of messages?.values() ?? []) {
			this.putMessage(message, to);
		}
	}

	/** A contact's name and ids appear in all their conversations; the given one may have got another contact. */
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
		this.threads.delete(shownIn); /* move to the end: the latest to change */
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

	/** Threads that nobody reads, the longest inactive first. */
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

	/** The conversation that shows this one's messages and takes its replies. */
	survivorOf(conversation: string): string {
		return this.conversations.get(conversation)?.merged_into ?? conversation;
	}

	/** The list, most recent activity first; merged conversations are shown by the surviving one. */
	list(): Conversation[] {
		this.sortedList ??= [...this.conversations.values()].filter((row) => row.merged_into === null).sort(
			(one, other) => (other.last_message?.position ?? other.created_at) - (one.last_message?.position ?? one.created_at) ||
				(one.id < other.id ? 1 : -1),
		);
		return this.sortedList;
	}

	/** A conversation's loaded messages, ordered only by position; unsent ones come last. */
	messages(conversation: string): Message[] {
		const thread = this.threads.get(conversation);
		const pending = [...this.pending.values()].filter((message) => this.survivorOf(message.conversation) === conversation);

		if (thread && thread.sorted === null) {
			const { from, until } = thread;

			thread.sorted = [...thread.messages.values()].filter(({ position }) => position >= from && position <= until)
				.sort((one, other) => one.position - other.position);
		}
		const sorted = thread?.sorted ?? [];

		return pending.length === 0 ? sorted : [...sorted, ...pending];
	}

	/**
	 * The newest messages of a thread were fetched, or those before the position `before`: from `position` on the
	 * thread is complete, unless the messages in between have been dropped meanwhile. Without `before` it is shown to
	 * its end again.
	 */
	setLoadedFrom(conversation: string, position: number, before = Infinity): void {
		const thread = this.threads.get(conversation) ?? newThread();

		if (before !== Infinity && thread.from > before) {
			return;
		}
		thread.from = position;
		if (before === Infinity) {
			thread.until = Infinity;
		}
		thread.sorted = null;
		this.threads.set(conversation, thread);
	}

	/** Messages in the middle of a thread were fetched: it is shown from there to there, until more is loaded. */
	setLoadedAround(conversation: string, from: number, until: number): void {
		const thread = this.threads.get(conversation) ?? newThread();

		this.threads.set(conversation, { ...thread, from, until, sorted: null });
	}

	/** The next newer messages were fetched; Infinity: with them, the thread is complete to its end. */
	setLoadedUntil(conversation: string, until: number): void {
		const thread = this.threads.get(conversation);

		if (thread && thread.until !== Infinity) {
			thread.until = until;
			thread.sorted = null;
		}
	}

	/** A loaded message, by its id. */
	message(conversation: string, id: string): Message | null {
		return this.threads.get(conversation)?.messages.get(id) ?? null;
	}

	/** Marks a thread as being read: none of it is dropped until it is released. */
	keepWhole(conversation: string, isHeld: boolean): void {
		const thread = this.threads.get(conversation);

		if (isHeld) {
			this.held.add(conversation);
		} else if (this.held.delete(conversation) && thread) {
			if (thread.until === Infinity) {
				this.trim(thread);
			} else {
				this.forgetThread(conversation); /* what was read lies far from the end, which nobody loaded */
			}
		}
	}

	/* ---- what this page has not sent yet ---- */

	/** A message of this page, with `local`; shown until its event comes. */
	putPending(message: Message): void {
		if (message.local !== undefined) {
			this.pending.set(message.local.command, message);
		}
	}

	/** Updates one, unless its event has already come. */
	setPending(command: string, local: LocalState): void {
		const message = this.pending.get(command);

		if (message !== undefined) {
			this.pending.set(command, { ...message, version: message.version + 1, local });
		}
	}

	/** The message of this command, if it has no event yet; else null. */
	pendingOf(command: string): Message | null {
		return this.pending.get(command) ?? null;
	}

	/** Removes it. */
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
