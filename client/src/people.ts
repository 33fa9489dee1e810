/*
 * Presence: which agents are online, per tab, who is viewing which conversation, who is replying. Never stored; it
 * expires unless repeated (docs/protocol.md, "People").
 */
import { makeTopic } from "./topic.js";
import type { Topic } from "./topic.js";

export interface LivePayload {
	type: "typing" | "viewing";
	/** false: no longer. */
	on: boolean;
}

export interface Person {
	subject: string;
	isTyping: boolean;
}

interface Seen {
	typingUntil: number;
	viewingUntil: number;
}

const PRESENCE_EXPIRY_S = 90;
const PRESENCE_EVERY_MS = 60_000;
const TYPING_MS = 6_000;
const TYPING_EVERY_MS = 3_000;
const VIEWING_MS = 45_000;
const VIEWING_EVERY_MS = 30_000;

/** Parses what anybody may have published; null: unknown. */
function parseLive(text: string): LivePayload | null {
	try {
		const said = JSON.parse(text) as LivePayload | null;

		return typeof said === "object" && said !== null && typeof said.on === "boolean" ? said : null;
	} catch {
		return null;
	}
}

export interface PeopleHost {
	account: string;
	subject: string;
	tab: string;
	publish(topic: string, payload: string, options: { qos: 0 | 1; retain?: boolean; expiryS?: number }): Promise<void>;
	onChange(): void;
}

export class People {
	/** Live tabs by subject. */
	private readonly tabs = new Map<string, Set<string>>();
	private readonly seen = new Map<string, Map<string, Seen>>();
	private viewed: string | null = null;
	private typedAt = 0;
	private timers: ReturnType<typeof setInterval>[] = [];
	private fading: ReturnType<typeof setTimeout> | null = null;

	constructor(private readonly host: PeopleHost) {}

	/** The topic on which this tab publishes its presence. */
	get presenceTopic(): string | null {
		const { account, subject, tab } = this.host;

		return makeTopic({ kind: "presence", account, subject, tab });
	}

	/** Agents who are online. */
	get online(): string[] {
		return [...this.tabs.keys()].sort();
	}

	/** Others who are viewing a conversation or replying to it. */
	at(conversation: string): Person[] {
		const now = Date.now();
		const people = [...(this.seen.get(conversation) ?? [])];

		return people
			.filter(([, seen]) => Math.max(seen.viewingUntil, seen.typingUntil) > now)
			.map(([subject, seen]) => ({ subject, isTyping: seen.typingUntil > now }));
	}

	/** Connected and subscribed: others' retained presence may have arrived already. */
	up(): void {
		this.stopSaying();
		this.sayPresent();
		this.sayViewing();
		this.timers = [
			setInterval(() => this.sayPresent(), PRESENCE_EVERY_MS),
			setInterval(() => this.sayViewing(), VIEWING_EVERY_MS),
		];
	}

	down(): void {
		this.stopSaying();
		this.tabs.clear();
		this.seen.clear();
		if (this.fading !== null) {
			clearTimeout(this.fading);
			this.fading = null;
		}
		this.host.onChange();
	}

	private stopSaying(): void {
		for (const timer of this.timers) {
			clearInterval(timer);
		}
		this.timers = [];
	}

	/** The conversation on the screen; null: none. */
	view(conversation: string | null): void {
		if (this.viewed !== null && this.viewed !== conversation) {
			this.say(this.viewed, { type: "viewing", on: false });
		}
		this.viewed = conversation;
		this.typedAt = 0;
		this.sayViewing();
	}

	/** Call on each key press; publishes every few seconds. false: the reply was sent or deleted. */
	typing(conversation: string, on: boolean): void {
		const now = Date.now();

		if (on ? now - this.typedAt > TYPING_EVERY_MS : this.typedAt > 0) {
			this.say(conversation, { type: "typing", on });
			this.typedAt = on ? now : 0;
		}
	}

	/** A publish on a presence or live topic. */
	take(topic: Topic, payload: string): void {
		if (topic.kind === "presence") {
			this.takePresence(topic.subject, topic.tab, payload !== "");
		} else if (topic.kind === "live" && topic.subject !== this.host.subject) {
			this.takeLive(topic.conversation, topic.subject, payload);
		}
	}

	private takePresence(subject: string, tab: string, isThere: boolean): void {
		const tabs = this.tabs.get(subject) ?? new Set<string>();

		if (isThere) {
			tabs.add(tab);
			this.tabs.set(subject, tabs);
		} else {
			tabs.delete(tab);
			if (tabs.size === 0) {
				this.tabs.delete(subject);
			}
		}
		this.host.onChange();
	}

	private takeLive(conversation: string, subject: string, payload: string): void {
		const said = parseLive(payload);

		if (said === null) {
			return;
		}
		const people = this.seen.get(conversation) ?? new Map<string, Seen>();
		const seen = people.get(subject) ?? { typingUntil: 0, viewingUntil: 0 };
		const now = Date.now();

		if (said.type === "typing") {
			seen.typingUntil = said.on ? now + TYPING_MS : 0;
		} else if (said.type === "viewing") {
			seen.viewingUntil = said.on ? now + VIEWING_MS : 0;
			seen.typingUntil = said.on ? seen.typingUntil : 0;
		}
		people.set(subject, seen);
		this.seen.set(conversation, people);
		this.fadeLater();
		this.host.onChange();
	}

	/** Emits again when the next of them has expired. */
	private fadeLater(): void {
		const now = Date.now();
		const ends = [...this.seen.values()].flatMap((people) => [...people.values()])
			.flatMap((seen) => [seen.typingUntil, seen.viewingUntil]).filter((end) => end > now);

		if (this.fading !== null) {
			clearTimeout(this.fading);
			this.fading = null;
		}
		if (ends.length > 0) {
			this.fading = setTimeout(() => {
				this.fading = null;
				this.fadeLater();
				this.host.onChange();
			}, Math.min(...ends) - now + 1);
		}
	}

	private sayPresent(): void {
		const topic = this.presenceTopic;

		if (topic !== null) {
			const payload = JSON.stringify({ at: Date.now() });

			/* A role without permission is not seen by others: no error. */
			this.host.publish(topic, payload, { qos: 1, retain: true, expiryS: PRESENCE_EXPIRY_S }).catch(() => undefined);
		}
	}

	private sayViewing(): void {
		if (this.viewed !== null) {
			this.say(this.viewed, { type: "viewing", on: true });
		}
	}

	private say(conversation: string, payload: LivePayload): void {
		const { account, subject } = this.host;
		const topic = makeTopic({ kind: "live", account, conversation, subject });

		if (topic !== null) {
			this.host.publish(topic, JSON.stringify(payload), { qos: 0 }).catch(() => undefined);
		}
	}
}
