/*
 * Files that are attached to a conversation, and what is being sent with them. They belong to their conversation, not
 * to the composer on the screen, and outlive the page. A file waits for the connection as a text does, and what is
 * written after it is sent after it.
 */
import { signal } from "@preact/signals";
import { ApiError, newId } from "@convwire/client";
import type { Client, Draft } from "@convwire/client";

import { strings } from "../strings.js";
import type { Attachment } from "./attachments.js";
import { FileStorage } from "./file_storage.js";

/** A file to be uploaded and sent, or a text that waits for the files before it. */
export interface Upload {
	key: number;
	/** The id of its command: sent again after a crash, it is the same message. */
	command: string;
	attachment: Attachment | null;
	draft: Draft;
	/** Why it was not sent; null: it is being sent, or waits. */
	problem: string | null;
}

const RETRY_MS = 5_000;
const MAX_RETRY_MS = 60_000;
/** What an earlier page left for longer is sent only if a person asks for it, as with texts. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;
const DISK_FULL = 507;
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

	/** In the order of their keys: what an earlier page left comes before what was added meanwhile. */
	insert(conversation: string, items: T[]): void {
		const keys = new Set(items.map(({ key }) => key));

		this.set(conversation, [...this.of(conversation).filter(({ key }) => !keys.has(key)), ...items].sort((one, other) => one.key - other.key));
	}

	drop(conversation: string, key: number): void {
		this.set(conversation, this.of(conversation).filter((one) => one.key !== key));
	}

	clear(): void {
		this.all.value = new Map();
	}
}

/** What the page does with what is ready to be sent; resolves when it is kept beyond the page. */
export type Deliver = (conversation: string, draft: Draft, command: string) => Promise<void>;

/** All files of one agent's page. */
export class Uploads {
	private readonly attached = new Lists<Attachment>();
	private readonly sending = new Lists<Upload>();
	private readonly running = new Set<string>();
	private readonly storage: FileStorage;
	private readonly waiting = new Set<() => void>();
	/** How to give up what this page has claimed. */
	private readonly claims = new Map<number, () => void>();

	/** owner: account and agent. */
	constructor(private readonly client: Client, owner: string, private readonly deliver: Deliver) {
		this.storage = new FileStorage(owner);
		client.on("status", () => this.onStatus());
	}

	/** What an earlier page left; call once. */
	async restore(): Promise<void> {
		for (const { key, conversation, isAttached, value } of await this.storage.all()) {
			if (isAttached) {
				this.attached.insert(conversation, [value as Attachment]);
				continue;
			}
			this.claim(key, () => this.storage.has(key), () => {
				const upload = value as Upload;
				const isOld = !hasLocks || Date.now() - key > MAX_AGE_MS;

				this.sending.insert(conversation, [{ ...upload, problem: isOld ? strings.composer.leftBehind : upload.problem }]);
				void this.run(conversation);
			});
		}
	}

	/**
	 * Calls onClaimed when no other page of this browser sends it: at once, or when that page has been closed. isLeft: it
	 * has not been sent by then. Without locks (only over plain HTTP) nobody can tell, so a person decides.
	 */
	private claim(key: number, isLeft: () => Promise<boolean>, onClaimed: () => void): void {
		if (!hasLocks) {
			onClaimed();
			return;
		}
		void navigator.locks.request(`convwire-upload-${key}`, async () => {
			if (await isLeft()) {
				await new Promise<void>((release) => {
					this.claims.set(key, release);
					onClaimed();
				});
			}
		});
	}

	private async forget(conversation: string, key: number): Promise<void> {
		this.sending.drop(conversation, key);
		await this.storage.remove(key);
		this.claims.get(key)?.();
		this.claims.delete(key);
	}

	/** Signing out leaves nothing on this machine. */
	async clear(): Promise<void> {
		this.attached.clear();
		this.sending.clear();
		await this.storage.clear();
	}

	/** The conversation was merged into another one. */
	move(from: string, to: string): void {
		const attached = this.attached.of(from);
		const sending = this.sending.of(from);

		this.attached.set(from, []);
		this.sending.set(from, []);
		this.attached.insert(to, attached);
		this.sending.insert(to, sending);
		attached.forEach((file) => void this.storage.put({ key: file.key, conversation: to, isAttached: true, value: file }));
		sending.forEach((upload) => this.store(to, upload));
		void this.run(to);
	}

	/* ---- attached, not sent yet ---- */

	/** In the order in which they were attached. */
	attachedTo(conversation: string): Attachment[] {
		return this.attached.of(conversation);
	}

	/** Kept until they are sent or detached, also over a reload. */
	attach(conversation: string, files: Attachment[]): void {
		this.attached.insert(conversation, files);
		for (const file of files) {
			void this.storage.put({ key: file.key, conversation, isAttached: true, value: file });
		}
	}

	/** The person removes one before it is sent. */
	detach(conversation: string, key: number): void {
		this.attached.drop(conversation, key);
		void this.storage.remove(key);
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
			key: attachment.key, command: newId(), attachment, problem: null,
			draft: { kind: attachment.kind, content: { ...(attachment === captioned && text && { caption: text }), ...(attachment.kind === "document" && { filename: attachment.file.name }) }, ...quote },
		}));

		if (text && !captioned) {
			uploads.push({ key: nextKey(), command: newId(), attachment: null, problem: null, draft: { kind: "text", content: { body: text }, ...quote } });
		}
		if (files.length === 0 && this.of(conversation).length === 0) {
			uploads.forEach(({ draft, command }) => void this.deliver(conversation, draft, command)); /* the outbox keeps it */
			return;
		}
		this.attached.set(conversation, []);
		this.sending.insert(conversation, uploads);
		void this.begin(conversation, files.map(({ key }) => key), uploads);
	}

	private async begin(conversation: string, attached: number[], uploads: Upload[]): Promise<void> {
		const taken = await this.storage.dispatch(attached, uploads.map((value) => ({ key: value.key, conversation, isAttached: false, value })));

		for (const upload of uploads.filter(({ key, attachment }) => attachment !== null && !taken.has(key))) {
			this.dropFile(conversation, upload);
		}
		for (const { key } of uploads) {
			this.claim(key, () => Promise.resolve(true), () => void this.run(conversation));
		}
		void this.run(conversation);
	}

	/** Another page has sent the file; what was written with it is new. */
	private dropFile(conversation: string, upload: Upload): void {
		const { caption } = upload.draft.content;

		this.sending.drop(conversation, upload.key);
		if (typeof caption === "string") {
			const text: Upload = { ...upload, attachment: null, draft: { ...upload.draft, kind: "text", content: { body: caption } } };

			this.sending.insert(conversation, [text]);
			this.store(conversation, text);
		}
	}

	private store(conversation: string, value: Upload): void {
		void this.storage.put({ key: value.key, conversation, isAttached: false, value });
	}

	/** The person gives up one that waits or was refused. */
	remove(conversation: string, key: number): void {
		void this.forget(conversation, key).then(() => this.run(conversation));
	}

	/** Tries those that were refused once more. */
	again(conversation: string): void {
		this.sending.set(conversation, this.of(conversation).map((one) => ({ ...one, problem: null })));
		this.wake();
		void this.run(conversation);
	}

	private async run(conversation: string): Promise<void> {
		if (this.running.has(conversation)) {
			return;
		}
		this.running.add(conversation);
		for (let next = this.next(conversation), tries = 0; next !== undefined; next = this.next(conversation)) {
			tries = (await this.send(conversation, next)) ? 0 : tries + 1;
			if (tries > 0) {
				await this.pause(Math.min(RETRY_MS * 2 ** (tries - 1), MAX_RETRY_MS));
			}
		}
		this.running.delete(conversation);
	}

	/** A refused file blocks those behind it: they may belong together. */
	private next(conversation: string): Upload | undefined {
		const [first] = this.of(conversation);

		return first?.problem === null && (!hasLocks || this.claims.has(first.key)) ? first : undefined;
	}

	/** False: try again later. */
	private async send(conversation: string, upload: Upload): Promise<boolean> {
		const { key, attachment, draft, command } = upload;
		const isHere = (): boolean => this.of(conversation).some((one) => one.key === key);

		try {
			const content = attachment === null ? draft.content :
				{ media: (await this.client.upload(conversation, attachment.file, attachment.file.name)).id, ...draft.content };

			if (isHere()) { /* not removed meanwhile, nor moved to the conversation that this one was merged into */
				await this.deliver(conversation, { ...draft, content }, command);
				await this.forget(conversation, key);
			}
			return true;
		} catch (error) {
			const why = await reasonOf(error, attachment);

			if (!isHere()) {
				return true;
			}
			if (why === null) {
				return false;
			}
			this.sending.set(conversation, this.of(conversation).map((one) => (one.key === key ? { ...one, problem: why } : one)));
			this.store(conversation, { ...upload, problem: why });
			return true;
		}
	}

	/** Until it is worth another try: live again, or after a while. */
	private pause(ms: number): Promise<void> {
		return new Promise((resolve) => {
			const go = (): void => {
				clearTimeout(timer);
				this.waiting.delete(go);
				resolve();
			};
			const timer = setTimeout(go, ms);

			this.waiting.add(go);
		});
	}

	private wake(): void {
		[...this.waiting].forEach((go) => go());
	}

	private onStatus(): void {
		if (this.client.status === "live") {
			this.wake();
		}
	}
}

/** Why a person must decide; null: another try may help. */
async function reasonOf(error: unknown, attachment: Attachment | null): Promise<string | null> {
	if (error instanceof ApiError && (!error.isTemporary || error.status === DISK_FULL)) {
		return error.detail;
	}
	try {
		await attachment?.file.slice(0, 1).arrayBuffer();
		return null;
	} catch {
		return strings.composer.unreadable; /* it was changed or deleted since it was attached */
	}
}

let last = 0;

/** Ascending over reloads. */
export function nextKey(): number {
	last = Math.max(Date.now(), last + 1);
	return last;
}
