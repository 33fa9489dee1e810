/*
 * The topics of docs/protocol.md: the counterpart of core/topic.c, tested with the same vectors. The only place in a
 * front end that builds or parses topics.
 */
import { isAccount, isSubject, parseConversationId } from "./conversation_id.js";

export type Topic =
	| { kind: "conversation"; account: string; conversation: string }
	| { kind: "command" | "live"; account: string; conversation: string; subject: string }
	| { kind: "events" | "head"; account: string }
	| { kind: "reply" | "feed" | "notice"; account: string; subject: string }
	| { kind: "presence"; account: string; subject: string; tab: string };

const TAB = /^[A-Za-z0-9_-]{1,64}$/;

function isOf(conversation: string, account: string): boolean {
	return parseConversationId(conversation)?.account === account;
}

function path(topic: Topic): string | null {
	switch (topic.kind) {
	case "conversation":
		return isOf(topic.conversation, topic.account) ? `conv/${topic.conversation}` : null;
	case "command":
	case "live": {
		const level = topic.kind === "command" ? "cmd" : "live";
		const isValid = isOf(topic.conversation, topic.account) && isSubject(topic.subject);

		return isValid ? `conv/${topic.conversation}/${level}/${topic.subject}` : null;
	}
	case "events":
	case "head":
		return topic.kind;
	case "reply":
	case "feed":
	case "notice":
		return isSubject(topic.subject) ? `agent/${topic.subject}/${topic.kind}` : null;
	case "presence":
		return isSubject(topic.subject) && TAB.test(topic.tab) ? `agent/${topic.subject}/presence/${topic.tab}` : null;
	}
}

/** The topic as text; null if a part is malformed or the conversation belongs to another account. */
export function makeTopic(topic: Topic): string | null {
	const rest = isAccount(topic.account) ? path(topic) : null;

	return rest === null ? null : `acct/${topic.account}/${rest}`;
}

function read(account: string, levels: string[]): Topic | null {
	const [first, second = "", third, fourth = ""] = levels;

	if (first === "conv" && levels.length === 2) {
		return { kind: "conversation", account, conversation: second };
	}
	if (first === "conv" && levels.length === 4 && (third === "cmd" || third === "live")) {
		return { kind: third === "cmd" ? "command" : "live", account, conversation: second, subject: fourth };
	}
	if (levels.length === 1 && (first === "events" || first === "head")) {
		return { kind: first, account };
	}
	if (first === "agent" && levels.length === 3 && (third === "reply" || third === "feed" || third === "notice")) {
		return { kind: third, account, subject: second };
	}
	if (first === "agent" && levels.length === 4 && third === "presence") {
		return { kind: "presence", account, subject: second, tab: fourth };
	}
	return null;
}

/** Parses a topic; null for any other topic. */
export function parseTopic(text: string): Topic | null {
	const [root, account, ...levels] = text.split("/");
	const topic = root === "acct" && account !== undefined ? read(account, levels) : null;

	return topic !== null && makeTopic(topic) === text ? topic : null;
}

/** The filter for all conversations of an account. */
export function conversationsFilter(account: string): string | null {
	return isAccount(account) ? `acct/${account}/conv/+` : null;
}

/** The filter for typing and viewing, in all conversations of an account. */
export function liveFilter(account: string): string | null {
	return isAccount(account) ? `acct/${account}/conv/+/live/+` : null;
}

/** The filter for all agents' presence. */
export function presenceFilter(account: string): string | null {
	return isAccount(account) ? `acct/${account}/agent/+/presence/+` : null;
}
