/*
 * Messages being sent: shown in the thread at once, and kept until they are answered or, if refused, until a person has
 * seen why.
 */
import { ApiError } from "./api.js";
import { newId } from "./outbox.js";
import type { CommandAnswer } from "./outbox.js";
import { ofEpoch } from "./outbox_storage.js";
import type { OutboxStorage, StoredCommand } from "./outbox_storage.js";
import type { State } from "./state.js";
import type { Message } from "./wire.js";

/** A message to send: docs/protocol.md, "What can be sent". */
export interface Draft {
	kind: string;
	content: Record<string, unknown>;
	/** The id of the message to quote. */
	reply_to?: string;
}

export interface SendingHost {
	storage(): OutboxStorage;
	/** Acts now, or as soon as the identity is known. */
	whenOpen(act: () => void): void;
	/** Resolves with the answer, however long that takes; rejects with the ApiError of a refusal. */
	give(command: StoredCommand): Promise<CommandAnswer>;
	/** The log's epoch, if known. */
	epoch(): string | null;
	/** An unsent message of this conversation has changed. */
	onChange(conversation: string): void;
}

/** A reply without an answer for this long is resent only if a person asks for it. */
const OUTBOX_MAX_AGE_MS = 24 * 60 * 60 * 1000;
const CONTENT_BY_REFERENCE = "media";

export class Sending {
	/** Commands that this run sends. */
	private readonly followed = new Set<string>();

	constructor(private readonly state: State, private readonly host: SendingHost) {}

	/** Stops; unanswered commands are kept for the next run. */
	stopped(): void {
		this.followed.clear();
	}

	/** Sends a message: in state at once, and kept beyond the page until answered. Returns the command's id. */
	send(conversation: string, draft: Draft): string {
		const id = newId();

		void this.sendAs(id, conversation, draft);
		return id;
	}

	/** The same as a command whose id the caller keeps: given twice, it is sent once. Resolves when it is stored. */
	sendAs(id: string, conversation: string, draft: Draft): Promise<void> {
		const command: StoredCommand = { id, conversation, type: "send", data: draft, at: Date.now(), ...ofEpoch(this.host.epoch()) };

		this.showPending(command);
		this.followed.add(id);
		return new Promise((resolve) => {
			this.host.whenOpen(() => {
				void this.host.storage().put(command).catch(() => undefined).then(() => {
					resolve();
					void this.follow(command);
				});
			});
		});
	}

	/** Resends a refused message as a new command. */
	resend(commandId: string): string | null {
		const message = this.state.pendingOf(commandId);

		if (message === null) {
			return null;
		}
		this.discard(commandId);
		return this.send(message.conversation, draftOf(message));
	}

	/** Discards a refused message. */
	discard(commandId: string): void {
		const message = this.state.pendingOf(commandId);

		this.state.dropPending(commandId);
		void this.host.storage().remove(commandId).catch(() => undefined);
		if (message !== null) {
			this.host.onChange(message.conversation);
		}
	}

	private async follow(command: StoredCommand): Promise<void> {
		this.followed.add(command.id);
		try {
			await this.host.give(command);
		} catch (error) {
			const { detail, type } = error instanceof ApiError ? error : { detail: String(error), type: "internal" };

			await this.refuse(command, detail, type);
		}
		this.host.onChange(command.conversation);
	}

	private showPending(command: StoredCommand): void {
		const draft = command.data as Draft;

		this.state.putPending({
			id: `local-${command.id}`, version: 1, conversation: command.conversation, wamid: null, direction: "out", origin: "agent",
			kind: draft.kind, position: command.at, sent_at: null, received_at: command.at, status: null, content: draft.content,
			...(draft.reply_to !== undefined && { context: { message: draft.reply_to } }),
			...(typeof draft.content[CONTENT_BY_REFERENCE] === "string" && {
				media: { id: draft.content[CONTENT_BY_REFERENCE], state: "ready" as const, mime_type: "", size: 0 },
			}),
			local: { command: command.id, state: "waiting" },
		});
		this.host.onChange(command.conversation);
	}

	/** It stays in the thread, even after a reload, until a person resends or discards it. */
	private async refuse(command: StoredCommand, detail: string, type: string): Promise<void> {
		this.state.setPending(command.id, { command: command.id, state: "refused", detail, type });
		await this.host.storage().put({ ...command, refused: { detail, type } }).catch(() => undefined);
	}

	/** Commands that an earlier page left unanswered. */
	async leftovers(): Promise<void> {
		for (const command of await this.host.storage().all()) {
			if (this.followed.has(command.id)) {
				continue;
			}
			if (this.state.pendingOf(command.id) === null) {
				this.showPending(command);
			}
			if (command.refused !== undefined) {
				this.state.setPending(command.id, { command: command.id, state: "refused", ...command.refused });
			} else if (Date.now() - command.at > OUTBOX_MAX_AGE_MS) {
				await this.refuse(command, "It is not known whether it was sent: there was no answer for over a day. " +
					"Send it again if it is still needed.", "too_old");
			} else {
				void this.follow(command);
			}
			this.host.onChange(command.conversation);
		}
	}
}

function draftOf(message: Message): Draft {
	const quoted = (message.context as { message?: string } | undefined)?.message;

	return { kind: message.kind, content: message.content ?? {}, ...(quoted !== undefined && { reply_to: quoted }) };
}
