/*
 * Marks a conversation as read for the team: looking is not reading. Its end must have been on the screen of a person
 * who is there, and who is not walking through the list, for a moment. A reply needs no mark: it covers what was before.
 */
import type { Client } from "@convwire/client";

const READ_AFTER_MS = 1_000;

export interface ReadingHost {
	client: Client;
	/** The open conversation; null: none. */
	selected(): string | null;
	/** This person may send commands and is not walking. */
	mayMark(): boolean;
}

export class Reading {
	private isAtEnd = false;
	/** Marked as unread by this person: stays so until it is opened again or the customer writes. */
	private isHeld = false;
	private timer: ReturnType<typeof setTimeout> | null = null;
	private readonly readUpTo = new Map<string, string>();

	constructor(private readonly host: ReadingHost) {
		window.addEventListener("focus", () => this.consider());
		window.addEventListener("blur", () => this.consider());
		document.addEventListener("visibilitychange", () => this.consider());
	}

	/** Another conversation is open, or none. */
	opened(): void {
		this.isAtEnd = this.isHeld = false;
		this.consider();
	}

	/** Called by the thread when it scrolls or changes: whether its last message is visible. */
	atEnd(isAtEnd: boolean): void {
		this.isAtEnd = isAtEnd;
		this.consider();
	}

	/** A person is looking at the newest message of this conversation. */
	isSeen(id: string): boolean {
		return id === this.host.selected() && this.isAtEnd && document.hasFocus() && document.visibilityState === "visible";
	}

	hold(): void {
		this.isHeld = true;
		this.consider();
	}

	/** The customer has written. */
	release(): void {
		this.isHeld = false;
		this.consider();
	}

	/** Call after anything has changed that decides whether it is being read. */
	consider(): void {
		const isReading = this.unread() !== null;

		if (!isReading && this.timer !== null) {
			clearTimeout(this.timer);
			this.timer = null;
		} else if (isReading) {
			this.timer ??= setTimeout(() => {
				this.timer = null;
				this.mark();
			}, READ_AFTER_MS);
		}
	}

	/** The conversation that is being read, and its newest message from the customer; null: none. */
	private unread(): { id: string; message: string } | null {
		const id = this.host.selected();
		const { state } = this.host.client;

		if (id === null || this.isHeld || !this.isSeen(id) || !this.host.mayMark() || (state.conversations.get(id)?.unread ?? 0) === 0) {
			return null;
		}
		const last = [...state.messages(id)].reverse().find((message) => message.direction === "in" && !message.local);

		return last && this.readUpTo.get(id) !== last.id ? { id, message: last.id } : null;
	}

	private mark(): void {
		const unread = this.unread();

		if (unread !== null) {
			const { id, message } = unread;

			this.readUpTo.set(id, message);
			this.host.client.command(id, "read", { message }).catch(() => this.readUpTo.delete(id));
		}
	}

	/** The team has not read it after all: the same message may be marked again. */
	forget(id: string): void {
		this.readUpTo.delete(id);
	}
}
