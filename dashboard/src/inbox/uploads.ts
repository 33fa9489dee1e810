/*
 * Files being sent to a customer. They belong to their conversation, not to the composer on the screen: nothing is lost
 * if the agent opens another conversation, and failed files wait for the agent.
 */
import { signal } from "@preact/signals";
import type { Client, Draft } from "@convwire/client";

import type { Attachment } from "./attachments.js";

export interface Upload extends Attachment {
	caption: string;
	reply_to: string | undefined;
	/** Why it was not sent; null: being sent. */
	problem: string | null;
}

export class Uploads {
	/** By conversation, in sending order. */
	readonly all = signal(new Map<string, Upload[]>());
	private readonly running = new Set<string>();

	constructor(private readonly client: Client, private readonly send: (conversation: string, draft: Draft) => void) {}

	of(conversation: string): Upload[] {
		return this.all.value.get(conversation) ?? [];
	}

	/** The caption goes with the first file that may have one; returns what is left of it. */
	add(conversation: string, files: Attachment[], caption: string, replyTo: string | undefined): string {
		const first = files.find(({ kind }) => kind !== "audio");

		this.change(conversation, [...this.of(conversation), ...files.map((file) => ({
			...file, caption: file === first ? caption : "", reply_to: replyTo, problem: null,
		}))]);
		void this.run(conversation);
		return first ? "" : caption;
	}

	remove(conversation: string, key: number): void {
		this.change(conversation, this.of(conversation).filter((one) => one.key !== key));
	}

	again(conversation: string): void {
		this.change(conversation, this.of(conversation).map((one) => ({ ...one, problem: null })));
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

	/** A failed file blocks those behind it: they may belong together. */
	private next(conversation: string): Upload | undefined {
		const [first] = this.of(conversation);

		return first?.problem === null ? first : undefined;
	}

	private async deliver(conversation: string, { key, file, kind, caption, reply_to }: Upload): Promise<void> {
		try {
			const { id } = await this.client.upload(conversation, file, file.name);
			const content = { media: id, ...(caption && { caption }), ...(kind === "document" && { filename: file.name }) };

			if (this.of(conversation).some((one) => one.key === key)) { /* not removed meanwhile */
				this.send(conversation, { kind, content, ...(reply_to !== undefined && { reply_to }) });
			}
			this.remove(conversation, key);
		} catch (error) {
			this.change(conversation, this.of(conversation).map((one) => (one.key === key ? { ...one, problem: (error as Error).message } : one)));
		}
	}

	private change(conversation: string, uploads: Upload[]): void {
		const all = new Map(this.all.value);

		if (uploads.length === 0) {
			all.delete(conversation);
		} else {
			all.set(conversation, uploads);
		}
		this.all.value = all;
	}
}
