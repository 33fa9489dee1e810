/* Who gets or loses a conversation through somebody else is told, with who did it. No I/O, no DOM. */
import type { Conversation } from "@convwire/client";

import { strings } from "../strings.js";
import { nameOf } from "./format.js";

/** What is older is shown, but nobody is called for it. */
export const NEWS_MS = 60_000;

/** News about a conversation that need not be on the screen; it leads there. */
export interface News {
	/** The customer's. */
	name: string;
	text: string;
	conversation: string;
}

/** Follows whose each conversation is. */
export class Handover {
	/** At its last event: to tell who lost it. */
	private readonly assignees = new Map<string, string | null>();

	/** tell: isMine: it was given to this agent. */
	constructor(private readonly subject: string, private readonly nameOfAgent: (subject: string) => string, private readonly tell: (news: News, isMine: boolean) => void) {}

	/** All rows are known anew: nothing of it is news. */
	reset(rows: Iterable<Conversation>): void {
		this.assignees.clear();
		for (const { id, assignee } of rows) {
			this.assignees.set(id, assignee);
		}
	}

	/** A row has changed, at that time. */
	row(row: Conversation, at: number): void {
		const before = this.assignees.get(row.id);
		const isNews = before !== undefined && before !== row.assignee && row.assigned_by !== this.subject && Date.now() - at < NEWS_MS;

		this.assignees.set(row.id, row.assignee);
		if (isNews && row.merged_into === null && (before === this.subject || row.assignee === this.subject)) {
			this.say(row);
		}
	}

	/** An agent who sees only their own conversations can see another one. */
	gained(row: Conversation): void {
		if (row.assignee === this.subject && row.assigned_by !== this.subject) {
			this.assignees.set(row.id, row.assignee);
			this.say(row);
		}
	}

	private say(row: Conversation): void {
		const by = row.assigned_by === null ? strings.handover.operator : this.nameOfAgent(row.assigned_by);
		const name = nameOf(row);
		const text = row.assignee === this.subject ? strings.handover.given(by, name) :
			row.assignee === null ? strings.handover.taken(by, name) :
			row.assignee === row.assigned_by ? strings.handover.took(by, name) :
			strings.handover.moved(by, name, this.nameOfAgent(row.assignee));

		this.tell({ name, text, conversation: row.id }, row.assignee === this.subject);
	}
}
