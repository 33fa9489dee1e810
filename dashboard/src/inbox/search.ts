/* The list's search: customers by name or number, and messages, each a row that leads to where it stands. */
import { signal } from "@preact/signals";
import type { Client, Conversation, Message, SearchAnswer } from "@convwire/client";

const SEARCH_AFTER_MS = 150;

/** A row of the list: a conversation, or one of its messages that was found. */
export interface Entry {
	key: string;
	row: Conversation;
	match: Message | null;
}

/** What was searched for, and what was found. */
export class Search {
	readonly query = signal("");
	readonly found = signal<SearchAnswer | null>(null);
	readonly searching = signal<"no" | "yes" | "failed">("no");
	private timer: ReturnType<typeof setTimeout> | null = null;

	constructor(private readonly client: Client) {}

	/** The list shows what was found, not its tabs. */
	get isOn(): boolean {
		return this.query.value.trim() !== "";
	}

	/** Asks a moment after the last key press. */
	ask(text: string): void {
		this.query.value = text;
		clearTimeout(this.timer ?? undefined);
		if (text.trim() === "") {
			this.found.value = null;
			this.searching.value = "no";
			return;
		}
		this.searching.value = "yes";
		this.timer = setTimeout(() => void this.more(text), SEARCH_AFTER_MS);
	}

	/** The first page, or the next. */
	async more(text = this.query.value): Promise<void> {
		const before = this.found.value;

		try {
			const isNext = before !== null && before.next !== null && this.searching.value === "no";
			const page = await this.client.search(text.trim(), { before: isNext ? (before.next as number) : undefined });

			if (text === this.query.value) {
				this.found.value = isNext ? { ...page, conversations: before.conversations, messages: [...before.messages, ...page.messages] } : page;
				this.searching.value = "no";
			}
		} catch {
			if (text === this.query.value) {
				this.searching.value = "failed";
			}
		}
	}

	/** Drops what this agent may no longer see. */
	forgetUnseen(): void {
		const { conversations } = this.client.state;
		const found = this.found.value;

		if (found !== null) {
			this.found.value = { ...found, conversations: found.conversations.filter(({ id }) => conversations.has(id)), messages: found.messages.filter(({ conversation }) => conversations.has(conversation.id)) };
		}
	}

	/** The rows to show: customers first, then messages; each with its newest known state. */
	entries(): Entry[] {
		const { state } = this.client;
		const newest = (row: Conversation): Conversation => state.conversations.get(state.survivorOf(row.id)) ?? row;
		const { conversations = [], messages = [] } = this.found.value ?? {};

		return [
			...conversations.map((row) => ({ key: row.id, row: newest(row), match: null })),
			...messages.map(({ conversation, message }) => ({ key: message.id, row: newest(conversation), match: message })),
		];
	}
}
