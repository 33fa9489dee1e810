/* What this browser stores for its user: settings and drafts. */
import { signal } from "@preact/signals";
import type { Signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

function kept<T extends string>(name: string, fallback: T): Signal<T> {
	const key = `convwire.${name}`;
	const value = signal((localStorage.getItem(key) as T | null) ?? fallback);

	value.subscribe((now) => {
		if (now !== localStorage.getItem(key)) {
			localStorage.setItem(key, now);
		}
	});
	return value;
}

export type Switch = Signal<"on" | "off">;

export const settings = {
	sound: kept<"on" | "off">("sound", "on"),
	notifications: kept<"on" | "off">("notifications", "off"),
	/** WCAG 2.1.4: single-letter shortcuts can be turned off. */
	keys: kept<"on" | "off">("keys", "on"),
	/** The first reply to an unassigned conversation assigns it to the sender. */
	take: kept<"on" | "off">("take", "on"),
	details: kept<"on" | "off">("details", "on"),
	theme: kept<Theme>("theme", "auto"),
};

settings.theme.subscribe((theme) => {
	document.documentElement.dataset["theme"] = theme;
});

/** Drafts, per person and conversation. */
export class Drafts {
	constructor(private readonly owner: string) {}

	get(conversation: string): string {
		return localStorage.getItem(this.key(conversation)) ?? "";
	}

	set(conversation: string, text: string): void {
		if (text === "") {
			localStorage.removeItem(this.key(conversation));
		} else {
			localStorage.setItem(this.key(conversation), text);
		}
	}

	/** Signing out leaves no drafts on this machine. */
	clear(): void {
		for (const key of Object.keys(localStorage)) {
			if (key.startsWith(this.key(""))) {
				localStorage.removeItem(key);
			}
		}
	}

	private key(conversation: string): string {
		return `convwire.draft.${this.owner}.${conversation}`;
	}
}
