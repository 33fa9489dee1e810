/* The keyboard. Single letters work outside text fields, and can be turned off; keys are matched by the character they
 * produce, so that any layout works. */
import type { Inbox } from "./model.js";
import { settings } from "./settings.js";

function isWriting(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function focusOn(id: string): void {
	document.getElementById(id)?.focus();
}

/** Leaves the field first, then the conversation. */
function escape(inbox: Inbox): void {
	if (inbox.dialog.value === "debug") {
		inbox.dialog.value = null;
	} else if (inbox.replyTo.value !== null) {
		inbox.replyTo.value = null;
	} else if (document.activeElement?.id === "search") {
		inbox.searchFor("");
		(document.activeElement as HTMLElement).blur();
	} else if (isWriting(document.activeElement)) {
		(document.activeElement as HTMLElement).blur();
		document.querySelector<HTMLElement>(".row.open a")?.focus();
	} else {
		inbox.open(null);
	}
}

function onLetter(inbox: Inbox, key: string): boolean {
	const id = inbox.mayCommand ? inbox.selected.value : null;

	switch (key) {
	case "j":
		inbox.step(1);
		break;
	case "k":
		inbox.step(-1);
		break;
	case "r":
		inbox.quoteFocused();
		focusOn("composer");
		break;
	case "a":
		if (id !== null) {
			inbox.assign(id, "me");
		}
		break;
	case "e":
		if (id !== null) {
			inbox.toggleDone(id);
		}
		break;
	case "E":
		if (id !== null) {
			inbox.doneAndNext(id);
		}
		break;
	case "u":
		if (id !== null) {
			inbox.markUnread(id);
		}
		break;
	case "/":
		focusOn("search");
		break;
	case "?":
		inbox.dialog.value = "help";
		break;
	default:
		return false;
	}
	return true;
}

export function watchKeys(inbox: Inbox): void {
	document.addEventListener("keydown", (event) => {
		const hasDialog = document.querySelector("dialog[open]") !== null;
		const isCommand = event.ctrlKey || event.metaKey;
		const key = event.key.toLowerCase();

		if (isCommand && event.shiftKey && key === "d") {
			event.preventDefault();
			inbox.dialog.value = inbox.dialog.value === "debug" ? null : "debug";
		} else if (isCommand && key === "k" && !inbox.needsSignIn.value) {
			event.preventDefault();
			inbox.dialog.value = "palette";
		} else if (isCommand && key === "f" && !event.shiftKey && !hasDialog && inbox.selected.value !== null && document.activeElement?.id !== "find") {
			event.preventDefault();
			inbox.isFinding.value = true;
			focusOn("find");
		} else if (!hasDialog && event.key === "Escape" && !event.defaultPrevented) {
			escape(inbox);
		} else if (!hasDialog && !isCommand && !event.altKey && settings.keys.value === "on" && !isWriting(event.target) && onLetter(inbox, event.shiftKey ? event.key : key)) {
			event.preventDefault();
		}
	});
}
