/*
 * Commands being sent (docs/protocol.md, "Commands"): one is accepted only when its answer has arrived. Until then it
 * is kept, and resent under the same id, over MQTT and then over HTTP. Those of a conversation are sent one at a time,
 * so that none overtakes another; a 4xx ends the retries.
 */
import { ApiError, shortName } from "./api.js";
import type { Api } from "./api.js";
import { Backoff } from "./backoff.js";
import { ofEpoch } from "./outbox_storage.js";
import type { OutboxStorage, StoredCommand } from "./outbox_storage.js";
import { makeTopic } from "./topic.js";

export interface CommandAnswer {
	/** The message that the command created or concerned; null for other commands. */
	message: string | null;
}

export interface OutboxHost {
	api: Api;
	account: string;
	subject: string;
	/** Publishes at QoS 1 over MQTT; throws if that is not possible. */
	publish(topic: string, payload: string): Promise<void>;
	isUp(): boolean;
	/** Where messages for a conversation go: it may have been merged into another. */
	survivorOf(conversation: string): string;
	/** The log's epoch, if known. */
	epoch(): string | null;
	/** Refetches its row: the server says that it was merged. */
	refresh(conversation: string): Promise<void>;
}

interface Entry extends StoredCommand {
	/** How often it was sent, if known. */
	nSent: number;
	resolve(answer: CommandAnswer): void;
	reject(error: Error): void;
	isStored: boolean;
}

const ANSWER_MS = 10_000;
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;

interface Reply {
	id?: string;
	ok?: boolean;
	message?: string | null;
	problem?: { type: string; status: number; detail: string };
}

function answerOf(reply: Reply): CommandAnswer {
	if (reply.ok !== true) {
		const { type, status = 500, detail = "The server refused the command." } = reply.problem ?? {};

		throw new ApiError(status, shortName(type), detail);
	}
	return { message: reply.message ?? null };
}

/** Unique, not secret: pages without TLS have no crypto.randomUUID, and Node.js 18 has no global crypto. */
export function newId(): string {
	const bytes = new Uint8Array(16);

	if (globalThis.crypto === undefined) {
		bytes.forEach((_, i) => {
			bytes[i] = Math.random() * 256;
		});
	} else {
		crypto.getRandomValues(bytes);
	}
	return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Outbox {
	private readonly lanes = new Map<string, Entry[]>();
	private readonly running = new Set<string>();
	/** Resolvers by command id, waiting for a reply. */
	private readonly replies = new Map<string, (reply: Reply | null) => void>();
	private readonly wakers = new Set<() => void>();
	private isStopped = false;
	/** Older commands come from another page, which may have sent them. */
	private readonly startedAt = Date.now();

	constructor(private readonly host: OutboxHost, private readonly storage: OutboxStorage) {}

	/** How many commands are unanswered. */
	get size(): number {
		return [...this.lanes.values()].reduce((sum, lane) => sum + lane.length, 0);
	}

	/**
	 * Resolves with the answer, however long; rejects with the ApiError of a refusal. isStored: it survives the
	 * page, and is sent by the next one.
	 */
	add(command: StoredCommand, isStored: boolean): Promise<CommandAnswer> {
		return new Promise((resolve, reject) => {
			const lane = this.lanes.get(command.conversation) ?? [];

			lane.push({ ...command, nSent: command.at < this.startedAt ? 1 : 0, resolve, reject, isStored });
			this.lanes.set(command.conversation, lane);
			void this.run(command.conversation);
		});
	}

	/** A publish on our reply topic. */
	takeReply(payload: string): void {
		try {
			const reply = JSON.parse(payload) as Reply;

			this.replies.get(reply.id ?? "")?.(reply);
		} catch {
			/* not a reply for us */
		}
	}

	/** Connected (again): commands waiting for their next try are sent now. */
	wake(): void {
		for (const wake of [...this.wakers]) {
			wake();
		}
	}

	/** The connection is lost: commands waiting for a reply go over HTTP. */
	lost(): void {
		for (const answer of [...this.replies.values()]) {
			answer(null);
		}
	}

	stop(): void {
		this.isStopped = true;
		this.lost();
		this.wake();
	}

	private async run(conversation: string): Promise<void> {
		if (this.running.has(conversation)) {
			return;
		}
		this.running.add(conversation);
		for (let entry = this.lanes.get(conversation)?.[0]; entry && !this.isStopped; entry = this.lanes.get(conversation)?.[0]) {
			await this.deliver(entry);
			if (!this.isStopped) {
				this.lanes.get(conversation)?.shift();
			}
		}
		this.running.delete(conversation);
		if (this.lanes.get(conversation)?.length === 0) {
			this.lanes.delete(conversation);
		}
	}

	/** Returns when the answer is there, or the outbox was stopped. */
	private async deliver(entry: Entry): Promise<void> {
		const backoff = new Backoff(MIN_RETRY_MS, MAX_RETRY_MS);

		while (!this.isStopped) {
			const target = this.host.survivorOf(entry.conversation);

			try {
				const answer = await this.attempt(entry, target);

				await this.forget(entry);
				entry.resolve(answer);
				return;
			} catch (error) {
				const isFinal = error instanceof ApiError && !error.isTemporary && error.status !== 401;

				if (isFinal && !this.mayBeOfThisLog(entry, error) && !(await this.wasMerged(target, error))) {
					entry.reject(error); /* the caller decides what to do with it */
					return;
				}
				await this.pause(isFinal && this.host.survivorOf(target) !== target ? 0 : Math.max(backoff.next(), ((error as ApiError).retryAfter ?? 0) * 1000));
			}
		}
	}

	/** Over MQTT if connected; if no answer comes in time, or it is refused there, over HTTP, which says why. */
	private async attempt(entry: Entry, conversation: string): Promise<CommandAnswer> {
		if (entry.nSent === 0 && entry.epoch === undefined) { /* given before the first sync */
			Object.assign(entry, ofEpoch(this.host.epoch()));
		}
		const { id, type, data, epoch } = entry;
		const body = { id, type, ...(data !== undefined && { data }), ...(epoch !== undefined && { epoch }) };
		const { account, subject } = this.host;
		const topic = makeTopic({ kind: "command", account, conversation, subject });

		if (this.host.isUp() && topic !== null) {
			entry.nSent++;
			const reply = await this.publishAndWait(id, topic, JSON.stringify(body)).catch(() => null);

			if (reply !== null) {
				return answerOf(reply);
			}
		}
		const path = `/api/v1/conversations/${encodeURIComponent(conversation)}/commands`;

		entry.nSent++;
		return answerOf(await this.host.api.ask<Reply>(path, { method: "POST", body }));
	}

	private async publishAndWait(id: string, topic: string, payload: string): Promise<Reply | null> {
		let timer: ReturnType<typeof setTimeout> | null = null;
		const answered = new Promise<Reply | null>((resolve) => {
			timer = setTimeout(() => resolve(null), ANSWER_MS);
			this.replies.set(id, resolve);
		});

		try {
			await Promise.race([this.host.publish(topic, payload), answered]);
			return await answered;
		} finally {
			this.replies.delete(id);
			if (timer !== null) {
				clearTimeout(timer);
			}
		}
	}

	/** If its first sending was refused because the epoch changed, it was not executed: resent under the new one. */
	private mayBeOfThisLog(entry: Entry, error: ApiError): boolean {
		if (error.type !== "other_epoch" || entry.nSent > 1) {
			return false;
		}
		const epoch = this.host.epoch();

		entry.nSent = 0;
		if (epoch !== null) {
			entry.epoch = epoch;
		}
		return true; /* or the epoch is not known yet: the next try may know it */
	}

	/**
	 * Then it goes, under the same id, to the conversation that target was merged into. Throws nothing: if that cannot
	 * be fetched, it is retried.
	 */
	private async wasMerged(target: string, error: ApiError): Promise<boolean> {
		if (error.type !== "conversation_merged") {
			return false;
		}
		if (this.host.survivorOf(target) === target) {
			try {
				await this.host.refresh(target);
			} catch {
				return true;
			}
		}
		return this.host.survivorOf(target) !== target;
	}

	private async forget(entry: Entry): Promise<void> {
		if (entry.isStored) {
			await this.storage.remove(entry.id).catch(() => undefined); /* else resent: the same answer */
		}
	}

	private pause(ms: number): Promise<void> {
		return new Promise((resolve) => {
			const end = (): void => {
				clearTimeout(timer);
				this.wakers.delete(end);
				resolve();
			};
			const timer = setTimeout(end, ms);

			this.wakers.add(end);
		});
	}
}
