/* Formats times, sizes and names for people, in their time zone and language. */
import type { Conversation } from "@convwire/client";

import { strings } from "../strings.js";
import { oneLine } from "./harmless.js";

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const DAY_MS = 86_400_000;

const whole = new Intl.NumberFormat();

/** A number as the language writes it. */
export const countOf = (n: number): string => whole.format(n);
export const timeOf = (ms: number): string => clock.format(ms);
export const fullTimeOf = (ms: number): string => full.format(ms);

/** The local day as a number, for comparing. */
export function dayOf(ms: number): number {
	const date = new Date(ms);

	return date.getFullYear() * 10_000 + date.getMonth() * 100 + date.getDate();
}

/** When the local day began, and when the next one begins. */
export function boundsOf(ms: number): [number, number] {
	const date = new Date(ms);

	return [new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime(), new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime()];
}

export function dayLabel(ms: number, now = Date.now()): string {
	const day = dayOf(ms);

	if (day === dayOf(now)) {
		return strings.thread.today;
	}
	return day === dayOf(now - DAY_MS) ? strings.thread.yesterday : longDate.format(ms);
}

/** In the list: the time if today, else the date. */
export function listTimeOf(ms: number, now = Date.now()): string {
	return dayOf(ms) === dayOf(now) ? clock.format(ms) : shortDate.format(ms);
}

/** What is left of the 24-hour window; null: it is closed, or was never open. */
export function windowLeft(row: Conversation, now = Date.now()): string | null {
	const left = (row.window_ends_at ?? 0) - now;

	if (left <= 0) {
		return null;
	}
	return left >= 3600_000 ? strings.window.hours(Math.floor(left / 3600_000)) : strings.window.minutes(Math.ceil(left / 60_000));
}

/** So little left that somebody should answer now. */
export function isWindowShort(row: Conversation, now = Date.now()): boolean {
	return (row.window_ends_at ?? 0) - now < 3 * 3600_000;
}

export function sizeOf(bytes: number): string {
	const units = ["B", "KB", "MB", "GB"];
	const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
	const value = bytes / 1024 ** power;

	return `${value >= 10 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

export function durationOf(seconds: number): string {
	const whole = Number.isFinite(seconds) ? Math.max(0, Math.round(seconds)) : 0;

	return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

let grouping: (digits: string) => string | null = () => null;
const grouped = new Map<string, string>();

/** Called when the countries' tables are here (phones.ts): until then, and for unknown numbers, digits are not grouped. */
export function groupPhonesBy(group: (digits: string) => string | null): void {
	grouping = group;
	grouped.clear();
}

/** A number as its country writes it. */
export function phoneOf(digits: string): string {
	const known = grouped.get(digits);
	const phone = known ?? grouping(digits) ?? `+${digits}`;

	if (known === undefined) {
		grouped.set(digits, phone);
	}
	return phone;
}

/** A customer has at least one of these; a group has none. */
export function isGroup({ contact }: Conversation): boolean {
	return contact.wa_id === null && contact.user_id === null && contact.username === null;
}

export function nameOf(row: Conversation): string {
	const { contact } = row;
	const name = oneLine(contact.name ?? "");

	return name || (contact.username ? `@${contact.username.replace(/^@/, "")}` : "") || (contact.wa_id ? phoneOf(contact.wa_id) : "") ||
		contact.user_id || strings.list.group;
}

/** An amount in its currency; a number in none that is known stays as it was sent. */
export function moneyOf(amount: unknown, currency: string): string {
	try {
		return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(Number(amount));
	} catch {
		return `${String(amount ?? "")} ${currency}`.trim();
	}
}

const graphemes = typeof Intl.Segmenter === "undefined" ? null : new Intl.Segmenter(undefined, { granularity: "grapheme" });

function firstOf(word: string): string {
	return graphemes ? ([...graphemes.segment(word)][0]?.segment ?? "") : ([...word][0] ?? "");
}

/** Of a phone number its last digits, which tell it from others. */
export function initialsOf(name: string): string {
	if (name.startsWith("+")) {
		return name.replace(/\D/g, "").slice(-2);
	}
	const words = name.replace(/^[+@]/, "").slice(0, 80).split(" ").filter(Boolean);

	return (firstOf(words[0] ?? "?") + (words.length > 1 ? firstOf(words[words.length - 1] ?? "") : "")).toUpperCase();
}

/** One of eight colours, always the same for the same id. */
export function hueOf(id: string): number {
	let sum = 0;

	for (let i = 0; i < id.length; i++) {
		sum = (sum * 31 + id.charCodeAt(i)) >>> 0;
	}
	return sum % 8;
}
