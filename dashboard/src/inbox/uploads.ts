/*
 * Files that are attached to a conversation, and what is being sent with them. They belong to their conversation, not
 * to the composer on the screen, and outlive the page. A file waits for the connection as a text does, and what is
 * written after it is sent after it.
 */
import { signal } from "@preact/signals";
import { ApiError } from "@convwire/client";
import type { Client, Draft } from "@convwire/client";

import { strings } from "../strings.js";
import type { Attachment } from "./attachments.js";
import { FileStorage } from "./file_storage.js";

/** A file to be uploaded and sent, or a text that waits for the files before it. */
export interface Upload {
	key: number;
	conversation: string;
	attachment: Attachment | null;
	draft: Draft;
	/** Why it was not sent; null: it is being sent, or waits. */
	problem: string | null;
}

const RETRY_MS = 5_000;
const hasLocks = typeof navigator !== "undefined" && "locks" in navigator;

/** Lists by conversation, as one signal. */
class Lists<T extends { key: number }> {
	private readonly all = signal(new Map<string, T[]>());

	of(conversation: string): T[] {
		return this.all.value.get(conversation) ?? [];
	}

	set(conversation: string, items: T[]): void {
		const all = new Map(this.all.value);

		if (items.length === 0) {
			all.delete(conversation);
		} else {
			all.set(conversation, items);
		}
		this.all.value = all;
	}

	/** After a reload: what was stored comes before what was added meanwhile. */
	restore(conversation: string, item: T): void {
		this.set(conversation, [...this.of(conversation).filter(({ key }) => key !== item.key), item].sort((one, other) => one.key - other.key));
	}

	clear(): void {
		this.all.value = new Map();
	}
}

export class Uploads {
	private readonly attached = new Lists<Attachment>();
	private readonly sending = new Lists<Upload>();
	private readonly running = new Set<string>();
	private readonly attachedStorage: FileStorage;
	private readonly sendingStorage: FileStorage;
	private wake: (() => void)[] = [];
	/** How to give up what this page has claimed. */
	private readonly claims = new Map<number, () => void>();

	/** owner: account and agent. send: gives a message to the outbox. */
	constructor(private readonly client: Client, owner: string, private readonly send: (conversation: string, draft: Draft) => void) {
		this.attachedStorage = new FileStorage(`${owner} attached`);
		this.sendingStorage = new FileStorage(`${owner} sending`);
		client.on("status", () => this.onStatus());
	}

	/** What an earlier page left; call once. */
	async restore(): Promise<void> {
		for (const { conversation, value } of await this.attachedStorage.all()) {
			this.attached.restore(conversation, value as Attachment);
		}
		for (const { key, conversation, value } of await this.sendingStorage.all()) {
			this.claim(key, () => {
				this.sending.restore(conversation, { ...(value as Upload), problem: hasLocks ? null : strings.composer.leftBehind });
				void this.run(conversation);
			});
		}
	}

	/**
	 * Calls onClaimed when no other page of this browser sends it: at once, or when that page has been closed without
	 * having sent it. Without locks (only over plain HTTP) nobody can tell, so a person decides.
	 */
	private claim(key: number, onClaimed: () => void): void {
		if (!hasLocks) {
			onClaimed();
			return;
		}
		void navigator.locks.request(`convwire-upload-${key}`, async () => {
			if (await this.sendingStorage.has(key)) {
				onClaimed();
				await new Promise<void>((release) => this.claims.set(key, release));
			}
		});
	}

	private forget(key: number): void {
		void this.sendingStorage.remove(key).then(() => {
			this.claims.get(key)?.();
			this.claims.delete(key);
		});
	}

	/** Signing out leaves nothing on this machine. */
	async clear(): Promise<void> {
		this.attached.clear();
		this.sending.clear();
		await Promise.all([this.attachedStorage.clear(), this.sendingStorage.clear()]);
	}

	/* ---- attached, not sent yet ---- */

	attachedTo(conversation: string): Attachment[] {
		return this.attached.of(conversation);
	}

	attach(conversation: string, files: Attachment[]): void {
		this.attached.set(conversation, [...this.attached.of(conversation), ...files]);
		for (const file of files) {
			void this.attachedStorage.put({ key: file.key, conversation, value: file });
		}
	}

	detach(conversation: string, key: number): void {
		this.attached.set(conversation, this.attached.of(conversation).filter((one) => one.key !== key));
		void this.attachedStorage.remove(key);
	}

	/* ---- being sent ---- */

	/** Files, and texts behind them. */
	of(conversation: string): Upload[] {
		return this.sending.of(conversation);
	}

	/**
	 * Sends what is attached, with a text: the caption of the first file that may have one, else a message of its own.
	 * In order, also behind what is still waiting.
	 */
	dispatch(conversation: string, text: string, replyTo: string | undefined): void {
		const files = this.attached.of(conversation);
		const captioned = files.find(({ kind }) => kind !== "audio");
		const quote = replyTo === undefined ? {} : { reply_to: replyTo };
		const uploads: Upload[] = files.map((attachment) => ({
			key: attachment.key, conversation, attachment, problem: null,
			draft: { kind: attachment.kind, content: { ...(attachment === captioned && text && { caption: text }), ...(attachment.kind === "document" && { filename: attachment.file.name }) }, ...quote },
		}));

		if (text && !captioned) {
			uploads.push({ key: nextKey(), conversation, attachment: null, problem: null, draft: { kind: "text", content: { body: text }, ...quote } });
		}
		for (const { key } of files) {
			this.detach(conversation, key);
		}
		this.add(conversation, uploads);
	}

	private add(conversation: string, uploads: Upload[]): void {
		const waiting = this.sending.of(conversation);

		if (waiting.length === 0 && uploads.every(({ attachment }) => attachment === null)) {
			uploads.forEach(({ draft }) => this.send(conversation, draft)); /* the outbox keeps it */
			return;
		}
		this.sending.set(conversation, [...waiting, ...uploads]);
		for (const upload of uploads) {
			void this.sendingStorage.put({ key: upload.key, conversation, value: upload }).then(() => this.claim(upload.key, () => undefined));
		}
		void this.run(conversation);
	}

	remove(conversation: string, key: number): void {
		this.sending.set(conversation, this.of(conversation).filter((one) => one.key !== key));
		this.forget(key);
		void this.run(conversation);
	}

	again(conversation: string): void {
		this.sending.set(conversation, this.of(conversation).map((one) => ({ ...one, problem: null })));
		void this.run(conversation);
	}

	private async run(conversation: string): Promise<void> {
		if (this.running.has(conversation)) {
			return;
		}
		this.running.add(conversation);
		for (let next = this.next(conversation); next !== undefined; next = this.next(conversation)) {
			await this.deliver(conversation, next);
		}
		this.running.delete(conversation);
	}

	/** A refused file blocks those behind it: they may belong together. */
	private next(conversation: string): Upload | undefined {
		const [first] = this.of(conversation);

		return first?.problem === null ? first : undefined;
	}

	private async deliver(conversation: string, { key, attachment, draft }: Upload): Promise<void> {
		try {
			const content = attachment === null ? draft.content :
				{ media: (await this.client.upload(conversation, attachment.file, attachment.file.name)).id, ...draft.content };

			if (this.of(conversation).some((one) => one.key === key)) { /* not removed meanwhile */
				this.send(conversation, { ...draft, content });
			}
			this.sending.set(conversation, this.of(conversation).filter((one) => one.key !== key));
			this.forget(key);
		} catch (error) {
			if (error instanceof ApiError && !error.isTemporary) {
				this.sending.set(conversation, this.of(conversation).map((one) => (one.key === key ? { ...one, problem: error.detail } : one)));
			} else {
				await this.connected();
			}
		}
	}

	/** Resolves when it is worth another try: live again, or after a while. */
	private connected(): Promise<void> {
		return new Promise((resolve) => {
			this.wake.push(resolve);
			setTimeout(resolve, RETRY_MS);
		});
	}

	private onStatus(): void {
		if (this.client.status === "live") {
			this.wake.splice(0).forEach((resolve) => resolve());
		}
	}
}

let last = 0;

/** Ascending over reloads. */
export function nextKey(): number {
	last = Math.max(Date.now(), last + 1);
	return last;
}
