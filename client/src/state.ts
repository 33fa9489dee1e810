/*
 * What this client knows, built only from absolute upserts with versions: applying one twice, or after a
 * newer one, changes nothing. No I/O; the connection feeds it, pages read it.
 */
import type { Contact, Conversation, EventData, Message } from "./wire.js";

/** Messages kept per conversation; older ones are fetched when someone scrolls there. */
const MAX_MESSAGES = 500;

export class State {
	readonly conversations = new Map<string, Conversation>();
	private readonly threads = new Map<string, Map<string, Message>>();

	clear(): void {
		this.conversations.clear();
		this.threads.clear();
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

	putConversation(row: Conversation): void {
		const known = this.conversations.get(row.id);

		if (known === undefined || row.version >= known.version) {
			const contact = known && known.contact.id === row.contact.id && known.contact.version > row.contact.version ?
				known.contact : row.contact;

			this.conversations.set(row.id, { ...row, contact });
		}
		if (row.merged_into !== null) {
			this.moveThread(row.id, row.merged_into);
		}
	}

	/** It is somebody else's now. */
	removeConversation(id: string): void {
		this.conversations.delete(id);
		this.threads.delete(id);
	}

	/** The survivor's thread shows both. */
	private moveThread(from: string, to: string): void {
		const messages = this.messages(from);

		this.threads.delete(from);
		for (const message of messages) {
			this.putMessage(message, to);
		}
	}

	/** A contact's name and ids show in every conversation with them; the one named may have got another contact. */
	putContact(contact: Contact, conversation: string | null = null): void {
		for (const row of this.conversations.values()) {
			const isTheirs = row.contact.id === contact.id ? row.contact.version <= contact.version : row.id === conversation;

			if (isTheirs) {
				this.conversations.set(row.id, { ...row, contact });
			}
		}
	}

	/** shownIn: a thread that shows messages of another that was merged into it. */
	putMessage(message: Message, shownIn: string = this.survivorOf(message.conversation)): void {
		const thread = this.threads.get(shownIn) ?? new Map<string, Message>();
		const known = thread.get(message.id);

		if (known === undefined || message.version >= known.version) {
			thread.set(message.id, message);
		}
		this.threads.set(shownIn, thread);
		if (thread.size > 2 * MAX_MESSAGES) {
			this.trim(shownIn);
		}
	}

	private survivorOf(conversation: string): string {
		return this.conversations.get(conversation)?.merged_into ?? conversation;
	}

	/** The list: last activity first. */
	list(): Conversation[] {
		return [...this.conversations.values()].sort(
			(one, other) => (other.last_message?.position ?? 0) - (one.last_message?.position ?? 0),
		);
	}

	/** The messages of a conversation that are here, by position; nothing else orders a thread. */
	messages(conversation: string): Message[] {
		const thread = this.threads.get(conversation);

		return thread ? [...thread.values()].sort((one, other) => one.position - other.position) : [];
	}

	private trim(conversation: string): void {
		const kept = this.messages(conversation).slice(-MAX_MESSAGES);

		this.threads.set(conversation, new Map(kept.map((message) => [message.id, message])));
	}
}
