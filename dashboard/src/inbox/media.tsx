/* Media files: previews, viewer, players, downloads. The browser's cookie authorizes them. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Message } from "@convwire/client";

import { Icon } from "../icons.js";
import { strings } from "../strings.js";
import { durationOf, sizeOf } from "./format.js";
import { oneLine } from "./harmless.js";
import type { Inbox } from "./model.js";
import { Dialog, IconButton } from "./parts.js";

const text = strings.message;
/** Types that browsers show but cannot execute: no SVG. */
const SHOWN = new Set(["image/jpeg", "image/png", "image/webp", "image/gif"]);
const SPEEDS = [1, 1.5, 2];

type Media = NonNullable<Message["media"]>;

const urlOf = (media: Media): string => `/api/v1/media/${encodeURIComponent(media.id)}`;
const mimeOf = (media: Media): string => media.mime_type.split(";")[0]?.trim().toLowerCase() ?? "";

function fileNameOf(message: Message): string {
	const content = message.content as { filename?: string } | null;

	return oneLine(message.media?.filename ?? content?.filename ?? "") || text.document;
}

/** Where a message's file is, and its name; null: there is none to download. */
export function downloadOf(message: Message): { url: string; name: string } | null {
	const { media } = message;

	return media?.state === "ready" && !message.local ? { url: urlOf(media), name: fileNameOf(message) } : null;
}

function NotHere({ inbox, message, media }: { inbox: Inbox; message: Message; media: Media }) {
	const isFailed = media.state === "failed";

	return (
		<div class={`media-note${isFailed ? " bad" : ""}`}>
			<Icon name={isFailed ? "warning" : "clock"} size={18} />
			<span>{isFailed ? `${text.mediaFailed}${media.error ? `: ${media.error}` : "."}` : media.error ?? text.mediaPending}</span>
			{isFailed && message.direction === "in" && <button class="link" type="button" onClick={() => inbox.retry(message)}>{text.fetchAgain}</button>}
		</div>
	);
}

function FileCard({ message, media }: { message: Message; media: Media }) {
	const name = fileNameOf(message);

	return (
		<a class="file-card" href={urlOf(media)} download={name} title={text.download}>
			<Icon name="file" size={26} />
			<span><span class="sr-only">{text.download}: </span><bdi class="file-name">{name}</bdi><span class="file-facts">{media.size > 0 ? sizeOf(media.size) : mimeOf(media)}</span></span>
		</a>
	);
}

function VoicePlayer({ media }: { media: Media }) {
	const audio = useRef<HTMLAudioElement>(null);
	const [isPlaying, setPlaying] = useState(false);
	const [at, setAt] = useState(0);
	const [length, setLength] = useState(0);
	const [speed, setSpeed] = useState(0);

	useEffect(() => () => audio.current?.pause(), []);
	const toggle = (): void => {
		if (isPlaying) {
			audio.current?.pause();
		} else {
			audio.current?.play().catch(() => setPlaying(false));
		}
	};
	const faster = (): void => {
		const next = (speed + 1) % SPEEDS.length;

		setSpeed(next);
		if (audio.current) {
			audio.current.playbackRate = SPEEDS[next] ?? 1;
		}
	};

	return (
		<div class="voice">
			<audio ref={audio} src={urlOf(media)} preload="metadata" onPlay={() => setPlaying(true)} onPause={() => setPlaying(false)}
				onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)} onEnded={() => setAt(0)}
				onDurationChange={(event) => setLength(Number.isFinite(event.currentTarget.duration) ? event.currentTarget.duration : 0)} />
			<IconButton icon={isPlaying ? "pause" : "play"} label={isPlaying ? text.pause : text.play} onClick={toggle} class="round" />
			<input type="range" min={0} max={Math.max(length, 0.1)} step={0.1} value={at} aria-label={text.seek} aria-valuetext={durationOf(at)}
				onInput={(event) => { if (audio.current) { audio.current.currentTime = event.currentTarget.valueAsNumber; } }} />
			<span class="voice-time">{durationOf(at > 0 || isPlaying ? at : length)}</span>
			<button type="button" class="speed" onClick={faster} aria-label={text.speed(SPEEDS[speed] ?? 1)}>{SPEEDS[speed]}×</button>
		</div>
	);
}

export function MediaBody({ inbox, message }: { inbox: Inbox; message: Message }) {
	const { media } = message;

	if (!media) {
		return null;
	}
	if (media.state !== "ready") {
		return <NotHere inbox={inbox} message={message} media={media} />;
	}
	const isImage = (message.kind === "image" || message.kind === "sticker") && (SHOWN.has(mimeOf(media)) || message.local !== undefined);

	if (isImage) {
		const isSticker = message.kind === "sticker";

		return (
			<button type="button" class={isSticker ? "sticker" : "picture"} aria-label={text.open(isSticker ? text.sticker : text.photo)} onClick={() => { inbox.viewer.value = message; }}>
				<img src={urlOf(media)} alt="" loading="lazy" decoding="async" />
			</button>
		);
	}
	if (message.kind === "video" && mimeOf(media).startsWith("video/")) {
		return (
			<button type="button" class="picture film" aria-label={text.open(text.video)} onClick={() => { inbox.viewer.value = message; }}>
				<Icon name="play" size={40} /><span>{sizeOf(media.size)}</span>
			</button>
		);
	}
	if ((message.kind === "voice" || message.kind === "audio") && mimeOf(media).startsWith("audio/")) {
		return <VoicePlayer media={media} />;
	}
	return <FileCard message={message} media={media} />;
}

/** The viewer for one file. */
export function Viewer({ inbox }: { inbox: Inbox }) {
	const message = inbox.viewer.value;
	const close = (): void => { inbox.viewer.value = null; };

	if (!message?.media) {
		return null;
	}
	const { caption } = (message.content ?? {}) as { caption?: string };

	return (
		<Dialog label={message.kind === "video" ? text.video : text.photo} onClose={close} class="viewer">
			{message.kind === "video" ?
				<video src={urlOf(message.media)} controls autoplay preload="metadata" /> :
				<img src={urlOf(message.media)} alt={caption ?? ""} />}
			<footer>
				<a class="button" href={urlOf(message.media)} download={fileNameOf(message)}>{text.download}</a>
				<button class="button" onClick={close}>{text.closeViewer}</button>
			</footer>
		</Dialog>
	);
}
