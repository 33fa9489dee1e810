/* Where replies are written. The draft belongs to the conversation; when the window is closed, templates take its place. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Conversation } from "@convwire/client";

import { Icon } from "../icons.js";
import { strings } from "../strings.js";
import { attachmentOf, problemOf } from "./attachments.js";
import { emoji } from "./emoji.js";
import { nameOf, windowLeft } from "./format.js";
import type { Inbox } from "./model.js";
import { IconButton, Preview, previewOf } from "./parts.js";
import type { Upload } from "./uploads.js";

const text = strings.composer;
const MAX_CHARACTERS = 4096;
const MAX_ROWS_PX = 180;

function EmojiSheet({ onChoose, onClose }: { onChoose: (sign: string) => void; onClose: () => void }) {
	const box = useRef<HTMLDivElement>(null);

	useEffect(() => {
		const onPointer = (event: Event): void => {
			if (!box.current?.contains(event.target as Node)) {
				onClose();
			}
		};

		box.current?.querySelector("button")?.focus();
		document.addEventListener("pointerdown", onPointer);
		return () => document.removeEventListener("pointerdown", onPointer);
	}, []);
	return (
		<div class="emoji-sheet" ref={box} role="group" aria-label={text.emoji} onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); onClose(); } }}>
			{emoji.map(([name, signs]) => (
				<section key={name}>
					<h3>{name}</h3>
					<div>{signs.split(" ").map((sign) => <button key={sign} type="button" onClick={() => onChoose(sign)}>{sign}</button>)}</div>
				</section>
			))}
		</div>
	);
}

function ReplyTo({ inbox, row }: { inbox: Inbox; row: Conversation }) {
	const message = inbox.replyTo.value;

	if (message === null) {
		return null;
	}
	return (
		<div class="reply-to">
			<Icon name="reply" size={16} />
			<span class="preview"><span class="strong">{text.replyTo(message.direction === "in" ? nameOf(row) : text.you)}</span> <Preview kind={message.kind} text={previewOf(message)} /></span>
			<IconButton icon="close" label={text.cancelReply} onClick={() => { inbox.replyTo.value = null; }} />
		</div>
	);
}

/** What is attached, but not sent yet. */
function Attached({ inbox, conversation }: { inbox: Inbox; conversation: string }) {
	const files = inbox.uploads.attachedTo(conversation);

	return files.length === 0 ? null : (
		<ul class="attachments">
			{files.map(({ key, file, kind }) => (
				<li key={key}><Icon name={kind === "image" ? "image" : "file"} size={16} /><bdi>{file.name}</bdi>
					<IconButton icon="close" label={text.removeFile(file.name)} onClick={() => inbox.uploads.detach(conversation, key)} /></li>
			))}
		</ul>
	);
}

/** A file's name, or the beginning of a text that waits behind it. */
function nameOfUpload({ attachment, draft }: Upload): string {
	return attachment?.file.name ?? String(draft.content["body"] ?? "").slice(0, 80);
}

function Uploading({ inbox, conversation }: { inbox: Inbox; conversation: string }) {
	void inbox.statusTicker.value;
	const uploads = inbox.uploads.of(conversation);
	const isLive = inbox.client.status === "live";

	return uploads.length === 0 ? null : (
		<div role="status"><ul class="attachments">
			{uploads.map((one) => {
				const { key, problem } = one;

				return (
				<li key={key} class={problem === null ? "" : "bad"}>
					<Icon name={problem === null ? "clock" : "warning"} size={16} /><bdi>{problem !== null ? text.uploadFailed(nameOfUpload(one), problem) : isLive ? `${text.uploading} ${nameOfUpload(one)}` : text.waits(nameOfUpload(one))}</bdi>
					{problem !== null && <button type="button" class="link" onClick={() => inbox.uploads.again(conversation)}>{text.sendAgain}</button>}
					<IconButton icon="close" label={text.removeFile(nameOfUpload(one))} onClick={() => inbox.uploads.remove(conversation, key)} />
				</li>
			); })}
		</ul></div>
	);
}

export function Composer({ inbox, row }: { inbox: Inbox; row: Conversation }) {
	const field = useRef<HTMLTextAreaElement>(null);
	const picker = useRef<HTMLInputElement>(null);
	const [draft, setDraft] = useState(() => inbox.drafts.get(row.id));
	const files = inbox.uploads.attachedTo(row.id);
	const [hasEmoji, setEmoji] = useState(false);
	const [isOver, setOver] = useState(false);
	const replyTo = inbox.replyTo.value;
	const tooLong = [...draft].length - MAX_CHARACTERS;
	const canSend = tooLong <= 0 && (draft.trim() !== "" || files.length > 0);

	useLayoutEffect(() => {
		const element = field.current;

		if (element) {
			element.style.height = "auto";
			element.style.height = `${Math.min(element.scrollHeight, MAX_ROWS_PX)}px`;
		}
	}, [draft]);
	useEffect(() => { if (replyTo !== null) { field.current?.focus(); } }, [replyTo]);
	useEffect(() => {
		if (inbox.wantsComposer && matchMedia("(pointer: fine)").matches) {
			field.current?.focus();
		}
	}, []);

	const write = (value: string): void => {
		setDraft(value);
		inbox.drafts.set(row.id, value);
		inbox.typing(row.id, value !== "");
	};
	const add = (added: FileList | File[] | null | undefined): void => {
		const all = [...(added ?? [])].map(attachmentOf);
		const problem = all.map(problemOf).find((one) => one !== null) ?? null;

		inbox.problem.value = problem ?? inbox.problem.value;
		inbox.uploads.attach(row.id, all.filter((one) => problemOf(one) === null));
	};
	const send = (goesOn = false): void => {
		const body = (field.current?.value ?? draft).trim(); /* the latest key presses may not be rendered yet */

		if ([...body].length > MAX_CHARACTERS || (body === "" && files.length === 0)) {
			return;
		}
		inbox.reply(row.id, body, replyTo?.id);
		write("");
		inbox.replyTo.value = null;
		field.current?.focus();
		if (goesOn) {
			inbox.sentAndNext();
		}
	};
	const insert = (sign: string): void => {
		const element = field.current as HTMLTextAreaElement;
		const { selectionStart: from, selectionEnd: to } = element;

		write(draft.slice(0, from) + sign + draft.slice(to));
		setEmoji(false);
		requestAnimationFrame(() => { element.focus(); element.setSelectionRange(from + sign.length, from + sign.length); });
	};
	const onKeyDown = (event: KeyboardEvent): void => {
		if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
			event.preventDefault();
			send(event.ctrlKey || event.metaKey);
		}
	};

	if (!inbox.mayCommand) {
		return null;
	}
	if (windowLeft(row) === null) {
		return (
			<footer class="composer closed">
				<Attached inbox={inbox} conversation={row.id} />
				<Uploading inbox={inbox} conversation={row.id} />
				<p>{row.window_ends_at === null ? text.neverOpen : text.closed}</p>
				<button type="button" class="button primary" onClick={() => { inbox.dialog.value = "templates"; }}>{text.chooseTemplate}</button>
			</footer>
		);
	}
	return (
		<footer class={`composer${isOver ? " over" : ""}`} data-drop={text.drop}
			onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
			onDrop={(event) => { event.preventDefault(); setOver(false); add(event.dataTransfer?.files); }}>
			<ReplyTo inbox={inbox} row={row} />
			<Attached inbox={inbox} conversation={row.id} />
			<Uploading inbox={inbox} conversation={row.id} />
			<div class="composer-line">
				<input type="file" multiple hidden ref={picker} onChange={(event) => { add(event.currentTarget.files); event.currentTarget.value = ""; }} />
				<IconButton icon="attach" label={text.attach} onClick={() => picker.current?.click()} />
				<IconButton icon="emoji" label={text.emoji} onClick={() => setEmoji(!hasEmoji)} />
				<IconButton icon="template" label={text.templates} onClick={() => { inbox.dialog.value = "templates"; }} />
				<textarea ref={field} id="composer" rows={1} value={draft} placeholder={text.placeholder} aria-label={text.label} dir="auto"
					aria-invalid={tooLong > 0} onInput={(event) => write(event.currentTarget.value)} onKeyDown={onKeyDown}
					onPaste={(event) => { if (event.clipboardData?.files.length) { event.preventDefault(); add(event.clipboardData.files); } }} />
				<button type="button" class="icon-button send" aria-label={text.send} title={text.send} onClick={() => send()} disabled={!canSend}><Icon name="send" /></button>
				<button type="button" class="icon-button send-next wide-only" aria-label={text.sendAndNext} title={`${text.sendAndNext} (Ctrl Enter)`} onClick={() => send(true)} disabled={!canSend}><Icon name="next" /></button>
				{hasEmoji && <EmojiSheet onChoose={insert} onClose={() => { setEmoji(false); field.current?.focus(); }} />}
			</div>
			{tooLong > 0 && <p class="problem" role="alert">{text.tooLong(tooLong)}</p>}
		</footer>
	);
}
