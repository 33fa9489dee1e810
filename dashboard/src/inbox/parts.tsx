/* Small components shared by several panes. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Conversation, Message } from "@convwire/client";

import { Icon } from "../icons.js";
import type { IconName } from "../icons.js";
import { strings } from "../strings.js";
import { hueOf, initialsOf, isWindowShort, timeOf, windowLeft } from "./format.js";
import { harmless } from "./harmless.js";
import type { Inbox } from "./model.js";

export function Avatar({ name, id, small = false }: { name: string; id: string; small?: boolean }) {
	return <span class={`avatar hue-${hueOf(id)}${small ? " small" : ""}`} aria-hidden="true">{initialsOf(name)}</span>;
}

export function IconButton({ icon, label, onClick, pressed, disabled, tabIndex, class: extra = "" }: {
	icon: IconName; label: string; onClick: () => void; pressed?: boolean; disabled?: boolean; tabIndex?: number; class?: string;
}) {
	return (
		<button type="button" class={`icon-button ${extra}`} aria-label={label} title={label} onClick={onClick} tabIndex={tabIndex} aria-pressed={pressed} disabled={disabled}>
			<Icon name={icon} />
		</button>
	);
}

/** The state of an outgoing message: an icon, and text for screen readers. */
export function Ticks({ status }: { status: string | null }) {
	const words = strings.message.ticks[status ?? "waiting"] ?? status ?? "";
	const signs: Record<string, IconName> = {
		accepted: "tick", sent: "tick", delivered: "ticks", read: "ticks", played: "ticks", failed: "warning", unknown: "warning",
	};
	const isSeen = status === "read" || status === "played";

	return (
		<span class={`ticks${isSeen ? " seen" : ""}${status === "failed" || status === "unknown" ? " bad" : ""}`} title={words}>
			<Icon name={signs[status ?? ""] ?? "clock"} size={15} /><span class="sr-only">{words}</span>
		</span>
	);
}

export function WindowPill({ row }: { row: Conversation }) {
	const left = windowLeft(row);

	return left === null ?
		<span class="pill closed" title={row.window_ends_at === null ? strings.window.neverTitle : strings.window.closedTitle}>{strings.window.closed}</span> :
		<span class={`pill ${isWindowShort(row) ? "short" : "quiet"}`} title={strings.window.leftTitle(left)}>{strings.window.left(left)}</span>;
}

/** The connection status: always visible, never by colour alone. */
export function Indicator({ inbox }: { inbox: Inbox }) {
	void inbox.statusTicker.value;
	const { status, since, behind } = inbox.client;
	const text = status === "catching up" && behind > 0 ? strings.status.behind(behind) :
		status === "stale" ? strings.status.stale(timeOf(since)) :
		status === "offline" ? strings.status.offline(timeOf(since)) : strings.status[status];

	return (
		<span class={`indicator ${status.replace(" ", "-")}`} role="status" aria-label={strings.status.label}>
			<span class="dot" aria-hidden="true" />{text}
		</span>
	);
}

/** The platform's dialog element: it traps the focus, and Esc closes it. */
export function Dialog({ label, onClose, class: extra = "", children }: {
	label: string; onClose: () => void; class?: string; children: ComponentChildren;
}) {
	const element = useRef<HTMLDialogElement>(null);

	useLayoutEffect(() => {
		const dialog = element.current;
		const before = document.activeElement as HTMLElement | null;

		dialog?.showModal();
		return () => {
			dialog?.close();
			/* Chromium restores the focus, but a field that gets it before the next frame accepts no text. */
			requestAnimationFrame(() => {
				if (document.activeElement === before || document.activeElement === document.body) {
					before?.blur();
					before?.focus();
				}
			});
		};
	}, []);
	return (
		<dialog ref={element} class={`dialog ${extra}`} aria-label={label} onCancel={(event) => { event.preventDefault(); onClose(); }}
			onClick={(event) => event.target === element.current && onClose()}>
			<div class="dialog-inner">{children}</div>
		</dialog>
	);
}

export function DialogHead({ title, onClose, closeLabel }: { title: string; onClose: () => void; closeLabel: string }) {
	return <header class="dialog-head"><h2>{title}</h2><IconButton icon="close" label={closeLabel} onClick={onClose} /></header>;
}

const kinds = strings.message;
const words: Record<string, [IconName, string]> = {
	image: ["image", kinds.photo], video: ["play", kinds.video], audio: ["mic", kinds.audio], voice: ["mic", kinds.voice],
	document: ["file", kinds.document], sticker: ["emoji", kinds.sticker], location: ["pin", kinds.location], contacts: ["user", kinds.contacts],
	unsupported: ["warning", kinds.notShown], request_welcome: ["user", kinds.welcome], media_placeholder: ["file", kinds.placeholder], system: ["info", kinds.note("")],
	call: ["phone", kinds.call(false, null)], order: ["order", kinds.order], button: ["check", kinds.interactive], template: ["template", kinds.template("")], interactive: ["check", kinds.interactive],
};

/** A message in a line: a list's preview, a quote. */
export function Preview({ kind, text }: { kind: string; text: string | null }) {
	const [icon, word] = words[kind] ?? [null, kind === "text" ? "" : kinds.unknown(kind)];

	return <>{icon && <Icon name={icon} size={15} />}<bdi>{text ?? word}</bdi></>;
}

/** The text of that line, the counterpart of cw_message_preview (core/event.c); null: only its kind. */
export function previewOf(message: Message): string | null {
	const content = (message.content ?? {}) as Record<string, Record<string, unknown> | string | undefined>;
	const inner = (outer: string, name: string): unknown => (content[outer] as Record<string, unknown> | undefined)?.[name];
	const text = [
		typeof content["body"] === "string" ? content["body"] : inner("body", "text"), content["caption"], content["filename"], content["name"], content["text"],
		inner("button_reply", "title"), inner("list_reply", "title"), inner("nfm_reply", "body"),
	].find((part) => typeof part === "string" && part !== "");

	return typeof text === "string" ? harmless(text.slice(0, 200)) : null;
}
