/*
 * The types of what comes over the wire, and the only place that parses JSON into them. Fields are described in
 * docs/protocol.md and docs/asyncapi.yaml. Unknown members are kept: a newer server may send more.
 * Times are ms since 1970, UTC, unless noted; null: unknown or none.
 */
export interface Contact {
	id: string;
	version: number;
	name: string | null;
	username: string | null;
	wa_id: string | null;
	user_id: string | null;
	/** What the customer said about marketing messages: stopped ("out") or resumed ("in"). */
	marketing: "in" | "out" | null;
}

export interface LastMessage {
	id: string;
	kind: string;
	direction: "in" | "out";
	position: number;
	preview: string | null;
	status: string | null;
}

export interface Conversation {
	id: string;
	version: number;
	tag: string;
	phone_number_id: string;
	created_at: number;
	unread: number;
	window_ends_at: number | null;
	last_message: LastMessage | null;
	merged_into: string | null;
	/** Subject of the agent it is assigned to. */
	assignee: string | null;
	/** Who assigned or unassigned it; null: an operator, or nobody yet. */
	assigned_by: string | null;
	/** done: handled by the team, until the customer writes again. */
	state: "open" | "done";
	contact: Contact;
}

export interface Message {
	id: string;
	version: number;
	conversation: string;
	wamid: string | null;
	direction: "in" | "out";
	origin: "customer" | "phone" | "history" | "agent";
	kind: string;
	position: number;
	sent_at: number | null;
	received_at: number;
	late?: boolean;
	edited_at?: number;
	revoked?: boolean;
	status?: string | null;
	/** For an agent's message, from 1: each retry by a person adds one. */
	attempt?: number;
	/** For an agent's message: who sent it with which command, to match an optimistic bubble with its event. */
	command?: { subject: string; id: string };
	media?: { id: string; state: "pending" | "ready" | "failed"; mime_type: string; size: number; filename?: string; error?: string };
	target?: { message: string | null; wamid: string | null };
	content: Record<string, unknown> | null;
	context?: Record<string, unknown>;
	referral?: Record<string, unknown>;
	errors?: unknown[];
	author?: Record<string, unknown>;
	error?: Record<string, unknown>;
	/** Local only, not on the wire: a message of this page that has no event yet. */
	local?: LocalState;
}

export interface LocalState {
	/** The command's id. */
	command: string;
	/** waiting: for its answer, or its event; refused: it will not be sent. */
	state: "waiting" | "refused";
	/** Why it was refused, for people. */
	detail?: string;
	/** The problem's short name, e.g. "window_closed". */
	type?: string;
}

export interface EventData {
	message?: Message;
	conversation?: Conversation;
	contact?: Contact;
	template?: Record<string, unknown>;
	number?: Record<string, unknown>;
	agent?: Record<string, unknown>;
	settings?: Record<string, unknown>;
}

export interface WireEvent {
	v: number;
	epoch: string;
	seq: number;
	prev: number;
	kind: string;
	account: string;
	conversation: string | null;
	at: number;
	/** null: too large for the broker; fetched with /sync. */
	data: EventData | null;
}

export interface Head {
	epoch: string;
	seq: number;
	at: number;
}

/** The head for an agent who sees only some conversations. */
export interface Feed extends Head {
	/** How many events were published to this agent since the daemon connected; null: an older server. */
	events: number | null;
	/** Conversations gained and lost since the previous feed; null: too many, /sync lists them. */
	gained: string[] | null;
	lost: string[] | null;
}

export interface SyncAnswer {
	epoch: string;
	head: number;
	as_of: number;
	events: WireEvent[];
	more: boolean;
	head_topic: string;
	gained: string[];
	lost: string[];
	reset?: boolean;
	snapshot?: { conversations: Conversation[]; next: string | null };
}

export interface Agent {
	subject: string;
	name: string;
	role: string;
	disabled: boolean;
	/** Conversations can be assigned to them: not disabled, and their role may send commands. */
	may_answer: boolean;
}

export interface PhoneNumber {
	phone_number_id: string;
	/** Digits, as customers dial it; null: no webhook has come yet. */
	display_phone_number: string | null;
	waba_id: string | null;
	simulated: boolean;
	/** Sending is paused until a person resumes it; with the reason. */
	paused: boolean;
	code: number | null;
	reason: string | null;
	since: number | null;
}

export interface Template {
	waba_id: string;
	name: string;
	language: string;
	status: string;
	category: string;
	components: Record<string, unknown>[];
	synced_at: number;
	/** WhatsApp's quality score, e.g. "GREEN"; null: not told. */
	quality: string | null;
}

export interface SearchAnswer {
	conversations: Conversation[];
	messages: { conversation: Conversation; message: Message }[];
	/** The `before` for the next page; null: this was the last. */
	next: number | null;
}

/** The identity of a token. */
export interface Identity {
	account: string;
	subject: string;
	role: string;
	/** Seconds, as in a JWT. */
	expires_at: number;
	/** What the role lets this token do, in a conversation that is assigned to it. Roles have any name: ask this instead. */
	may: May;
}

/** Every member is a permission of `acct/<account>/…` in roles.acl. */
export interface May {
	/** Send commands: messages, read marks, assign, done. */
	command: boolean;
	/** Publish typing and viewing. */
	live: boolean;
	/** Publish presence. */
	presence: boolean;
	/** Read the events that belong to no conversation. */
	events: boolean;
	/** Read every conversation, not only assigned ones. */
	all_conversations: boolean;
}

export interface Config {
	version: string;
	mqtt_url: string;
	limits: { text_characters: number; command_bytes: number; media_bytes: number };
}

export interface ResolveAnswer {
	matches: { conversation: string; tag: string; matched_by: string }[];
	compared_with: string[];
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseObject(text: string): Record<string, unknown> | null {
	try {
		const value: unknown = JSON.parse(text);

		return isObject(value) ? value : null;
	} catch {
		return null;
	}
}

/** Parses an event; null if the payload is not one. */
export function parseEvent(text: string): WireEvent | null {
	const value = parseObject(text);
	const isEvent =
		value !== null && typeof value["epoch"] === "string" && Number.isInteger(value["seq"]) &&
		Number.isInteger(value["prev"]) && typeof value["kind"] === "string" && "data" in value;

	return isEvent ? (value as unknown as WireEvent) : null;
}

function textsOf(value: unknown): string[] | null {
	return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : null;
}

/** Parses a feed; null if the payload is not one. */
export function parseFeed(text: string): Feed | null {
	const value = parseObject(text);
	const head = parseHead(text);

	if (value === null || head === null) {
		return null;
	}
	const events = Number.isInteger(value["events"]) ? (value["events"] as number) : null;

	return { ...head, events, gained: textsOf(value["gained"]), lost: textsOf(value["lost"]) };
}

/** Parses a head; null if the payload is not one. */
export function parseHead(text: string): Head | null {
	const value = parseObject(text);
	const isHead = value !== null && typeof value["epoch"] === "string" && Number.isInteger(value["seq"]);

	return isHead ? (value as unknown as Head) : null;
}

/** Parses the answer of GET /api/v1/sync; throws an Error that says what is malformed. */
export function parseSync(value: unknown): SyncAnswer {
	if (!isObject(value) || typeof value["epoch"] !== "string" || !Number.isInteger(value["as_of"]) ||
	    !Array.isArray(value["events"]) || typeof value["head_topic"] !== "string") {
		throw new Error("/api/v1/sync did not answer in the form of docs/protocol.md; is the URL Convwire's?");
	}
	return value as unknown as SyncAnswer;
}
