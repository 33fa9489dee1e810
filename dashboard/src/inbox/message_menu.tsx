/* What can be done with one message: for the keyboard (Enter on it), touch (a long press) and the mouse. */
import type { Message } from "@convwire/client";

import { Icon } from "../icons.js";
import type { IconName } from "../icons.js";
import { strings } from "../strings.js";
import { copyText } from "./copy.js";
import { downloadOf } from "./media.js";
import type { Inbox } from "./model.js";
import { Dialog, previewOf } from "./parts.js";

const text = strings.messageMenu;
/** WhatsApp's own six. */
const REACTIONS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
/** WhatsApp takes reactions to messages of the last 30 days. */
const REACT_FOR_MS = 30 * 86_400_000;
const LONG_PRESS_MS = 500;

/** The whole of what a person would copy: the text, not the preview's beginning. */
function copiedOf(message: Message): string | null {
	const content = (message.content ?? {}) as Record<string, unknown>;
	const whole = [content["body"], content["caption"], content["text"]].find((part) => typeof part === "string" && part !== "");

	return typeof whole === "string" ? whole : previewOf(message);
}

/** WhatsApp knows the message, and takes a reaction to it. */
export function mayReact(inbox: Inbox, message: Message): boolean {
	return inbox.mayCommand && !message.local && !message.revoked && message.wamid !== null && Date.now() - message.position < REACT_FOR_MS;
}

function Item({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
	return <button type="button" class="menu-item" onClick={onClick}><Icon name={icon} />{label}</button>;
}

export function MessageMenu({ inbox }: { inbox: Inbox }) {
	const message = inbox.menuOf.value;

	if (message === null) {
		return null;
	}
	const close = (): void => { inbox.menuOf.value = null; };
	const choose = (act: () => void) => () => {
		close();
		act();
	};
	const copied = copiedOf(message);
	const download = downloadOf(message);
	const isFailed = message.status === "failed" || message.status === "unknown" || message.local?.state === "refused";
	const mayAnswer = inbox.mayCommand && !message.local && !message.revoked;

	return (
		<Dialog label={text.label} onClose={close} class="message-menu">
			{mayReact(inbox, message) && (
				<div class="reaction-row" role="group" aria-label={text.react}>
					{REACTIONS.map((sign) => <button key={sign} type="button" aria-label={text.reactWith(sign)} onClick={choose(() => inbox.react(message, sign))}>{sign}</button>)}
					<button type="button" aria-label={text.unreact} title={text.unreact} onClick={choose(() => inbox.react(message, ""))}><Icon name="close" size={18} /></button>
				</div>
			)}
			{mayAnswer && <Item icon="reply" label={strings.message.reply} onClick={choose(() => { inbox.replyTo.value = message; })} />}
			{copied !== null && <Item icon="copy" label={text.copy} onClick={choose(() => void copyText(copied))} />}
			{isFailed && inbox.mayCommand && <Item icon="send" label={message.status === "unknown" ? strings.message.retryUnknown : strings.message.retry} onClick={choose(() => inbox.retry(message))} />}
			{download !== null && <a class="menu-item" href={download.url} download={download.name} onClick={() => setTimeout(close)}><Icon name="file" />{strings.message.download}</a>}
			<Item icon="close" label={text.close} onClick={close} />
		</Dialog>
	);
}

/** The press that is under way: there is one at a time, and bubbles are drawn anew meanwhile. */
let timer: ReturnType<typeof setTimeout> | undefined;
/** It has opened the menu: lifting the finger must not click on what is there now. */
let hasOpened = false;

/** Handlers of a bubble: a long press, Enter, and the keyboard's menu key open its menu. */
export function menuHandlers(inbox: Inbox, message: Message): Record<string, (event: never) => void> {
	const open = (): void => { inbox.menuOf.value = message; };
	const cancel = (): void => clearTimeout(timer);

	return {
		onKeyDown: (event: KeyboardEvent) => {
			if (event.target === event.currentTarget && (event.key === "Enter" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey))) {
				event.preventDefault();
				open();
			}
		},
		onPointerDown: (event: PointerEvent) => {
			if (event.pointerType !== "mouse") {
				cancel(); /* of another finger */
				hasOpened = false;
				timer = setTimeout(() => {
					hasOpened = true;
					open();
				}, LONG_PRESS_MS);
			}
		},
		onPointerUp: cancel,
		onPointerCancel: cancel, /* it moves: the browser scrolls */
		onTouchEnd: (event: TouchEvent) => {
			if (hasOpened) {
				hasOpened = false;
				event.preventDefault();
			}
		},
		onContextMenu: (event: PointerEvent) => {
			if (event.pointerType === "touch" || event.pointerType === "pen") {
				event.preventDefault(); /* the browser's own long press */
			}
		},
	};
}
