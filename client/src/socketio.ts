/*
 * The calls of a page that used Socket.IO with the replaced server: only one import changes
 * (docs/moving-from-socketio.md). Ids are returned in the form in which the page joined, so that its comparisons work.
 */
import mqtt from "mqtt";

import { Client } from "./client.js";
import type { ClientOptions } from "./client.js";
import { Emitter } from "./emitter.js";
import { traitsOf } from "./kinds.js";
import type { Message, WireEvent } from "./wire.js";

export interface SocketOptions extends Partial<Omit<ClientOptions, "url" | "token">> {
	/** As in Socket.IO: your backend's token, or a function that gets one. */
	auth: { token: string | (() => string | Promise<string>) };
	/** Converts a message to your page's format; default: toLegacyMessage. */
	toMessage?: (message: Message) => unknown;
}

/** A message with the members that such pages usually read, in addition to Convwire's own. */
export function toLegacyMessage(message: Message): Message & { _id: string; text: string | null; fromMe: boolean; timestamp: string } {
	const { body, caption } = (message.content ?? {}) as { body?: string; caption?: string };

	return {
		...message, _id: message.id, text: body ?? caption ?? null, fromMe: message.direction === "out",
		timestamp: new Date(message.position).toISOString(),
	};
}

interface SocketEvents {
	connect: undefined;
	disconnect: string;
	connect_error: Error;
	/** A reply that Convwire did not accept; its text is not kept. */
	send_error: { conversationId: string; reason: string };
	/** The id matches no conversation, or several; reason says what it was compared with. */
	join_error: { conversationId: string; reason: string };
	new_message: { conversationId: string; message: unknown };
	message_status: { conversationId: string; messageId: string; status: string | null };
}

const MAX_SEEN = 10_000;

/** A socket as the page knows it. */
export class Socket {
	readonly client: Client;
	private readonly emitter = new Emitter<SocketEvents>();
	/** The form in which the page joined, by canonical id. */
	private readonly joined = new Map<string, Set<string>>();
	/** The position up to which each joined conversation's messages were emitted. */
	private readonly toldUpTo = new Map<string, number>();
	/** Replies in the order in which they were given, however long their ids take to resolve. */
	private sending: Promise<void> = Promise.resolve();
	private hasState = false;
	/** Events that came while a join was still being resolved. */
	private waiting: WireEvent[] = [];
	private joining = 0;
	private readonly seen = new Set<string>();

	constructor(url: string, private readonly options: SocketOptions) {
		const { auth, toMessage: _, ...rest } = options;

		this.client = new Client({ connect: mqtt.connect, ...rest, url, token: () => (typeof auth.token === "function" ? auth.token() : auth.token) });
		this.client.on("status", (status) => {
			if (status === "live") {
				this.emitter.emit("connect", undefined);
			} else if (status === "offline") {
				this.emitter.emit("disconnect", "transport close");
			}
		});
		this.client.on("problem", (error) => this.emitter.emit("connect_error", error));
		this.client.on("event", (event) => this.onEvent(event));
		this.client.on("reset", () => void this.onReset());
		this.client.start();
	}

	get connected(): boolean {
		return this.client.status === "live";
	}

	on<K extends keyof SocketEvents>(name: K, listener: (value: SocketEvents[K]) => void): this {
		this.emitter.on(name, listener);
		return this;
	}

	/** join_conversation and leave_conversation take any id of it; send_message {conversationId, text}. */
	emit(name: "join_conversation" | "leave_conversation", id: string): this;
	emit(name: "send_message", data: { conversationId: string; text: string }): this;
	emit(name: string, data: unknown): this {
		if (name === "join_conversation") {
			void this.join(data as string);
		} else if (name === "leave_conversation") {
			this.leave(data as string);
		} else if (name === "send_message") {
			this.sending = this.sending.then(() => this.send(data as { conversationId: string; text: string }));
		} else {
			throw new Error(`${name}: this page knows join_conversation, leave_conversation and send_message; for others use socket.client`);
		}
		return this;
	}

	disconnect(): this {
		void this.client.stop();
		return this;
	}

	private async join(id: string): Promise<void> {
		this.joining++;
		this.client.select(id);
		try {
			const conversation = await this.client.resolve(id);

			if (conversation === null) {
				const { matches, compared_with } = await this.client.resolveAll(id);
				const reason = matches.length > 1 ?
					`"${id}" matches several: ${matches.map((match) => match.conversation).join(", ")}.` :
					`"${id}" matches no conversation. Compared with: ${compared_with.join("; ")}. ` +
					"`convwire alias import` imports ids of another system.";

				this.emitter.emit("join_error", { conversationId: id, reason });
			} else {
				this.client.select(id, conversation);
				this.joined.set(conversation, (this.joined.get(conversation) ?? new Set()).add(id));
				this.toldUpTo.set(conversation, this.client.state.conversations.get(conversation)?.last_message?.position ?? 0);
			}
		} catch (error) {
			this.emitter.emit("join_error", { conversationId: id, reason: (error as Error).message });
		}
		this.joining--;
		for (const event of this.waiting.splice(0)) {
			this.onEvent(event);
		}
	}

	private leave(id: string): void {
		for (const forms of this.joined.values()) {
			forms.delete(id);
		}
	}

	/** The canonical id for any form of id; null: no match. Throws ApiError. */
	private async meaning(id: string): Promise<string | null> {
		for (const [conversation, forms] of this.joined) {
			if (conversation === id || forms.has(id)) {
				return conversation;
			}
		}
		return this.client.resolve(id);
	}

	private async send({ conversationId, text }: { conversationId: string; text: string }): Promise<void> {
		try {
			const conversation = await this.meaning(conversationId);

			if (conversation === null) {
				throw new Error(`"${conversationId}" means no conversation.`);
			}
			this.client.send(conversation, { kind: "text", content: { body: text } });
		} catch (error) {
			this.emitter.emit("send_error", { conversationId, reason: (error as Error).message });
		}
	}

	/** The forms under which a conversation, or one merged into it, was joined. */
	private formsOf(conversation: string): string[] {
		const survivor = this.client.state.survivorOf(conversation);

		return [...this.joined].filter(([joined]) => this.client.state.survivorOf(joined) === survivor).flatMap(([, forms]) => [...forms]);
	}

	private onEvent(event: WireEvent): void {
		const message = event.data?.message;

		if (this.joining > 0) {
			this.waiting.push(event);
		} else if (message !== undefined && event.conversation !== null) {
			for (const conversationId of this.formsOf(event.conversation)) {
				this.tell(event.kind, conversationId, message);
			}
		}
	}

	/** Away longer than the log is kept, or the server was restored: the missed messages are in the threads. */
	private async onReset(): Promise<void> {
		const isFirst = !this.hasState;

		this.hasState = true;
		for (const conversation of isFirst ? [] : this.joined.keys()) {
			const shown = this.client.state.survivorOf(conversation);

			try {
				await this.client.loadMessages(shown);
			} catch (error) {
				this.emitter.emit("connect_error", error as Error);
			}
			for (const message of this.client.state.messages(shown)) {
				if (message.position > (this.toldUpTo.get(conversation) ?? 0) && message.local === undefined) {
					this.formsOf(conversation).forEach((form) => this.tell("message", form, message));
				}
			}
		}
	}

	/** An event may come twice; a message is emitted as new only once. */
	private tell(kind: string, conversationId: string, message: Message): void {
		const key = `${conversationId} ${message.id}`;

		if (kind === "status") {
			this.emitter.emit("message_status", { conversationId, messageId: message.id, status: message.status ?? null });
		} else if (kind === "message" && traitsOf(message.kind).shown && !this.seen.has(key)) {
			this.seen.add(key);
			if (this.seen.size > MAX_SEEN) {
				this.seen.delete(this.seen.values().next().value as string);
			}
			for (const [conversation, forms] of this.joined) {
				if (forms.has(conversationId)) {
					this.toldUpTo.set(conversation, Math.max(message.position, this.toldUpTo.get(conversation) ?? 0));
				}
			}
			this.emitter.emit("new_message", { conversationId, message: (this.options.toMessage ?? toLegacyMessage)(message) });
		}
	}
}

/** Connects as `io(url, { auth: { token } })` did. url: Convwire's daemon. */
export function connect(url: string, options: SocketOptions): Socket {
	return new Socket(url, options);
}

export { connect as io };
