/* Files to attach: the kind each is sent as, and its size limit (docs/protocol.md, "What can be sent"). */
import { strings } from "../strings.js";
import { sizeOf } from "./format.js";
import { nextKey } from "./uploads.js";

const MB = 1024 * 1024;
const limits: Record<string, number> = { image: 5 * MB, video: 16 * MB, audio: 16 * MB, document: 100 * MB };
const kinds: Record<string, string> = {
	"image/jpeg": "image", "image/png": "image", "video/mp4": "video", "video/3gpp": "video",
	"audio/aac": "audio", "audio/amr": "audio", "audio/mpeg": "audio", "audio/mp4": "audio", "audio/ogg": "audio",
};

export interface Attachment {
	key: number;
	file: File;
	kind: string;
}

/** The kind it is sent as: what WhatsApp does not accept as a picture or video is sent as a document. */
export function attachmentOf(file: File): Attachment {
	const kind = kinds[file.type] ?? "document";

	return { key: nextKey(), file, kind: file.size > (limits[kind] ?? 0) ? "document" : kind };
}

/** Error text for people; null: nothing is wrong. */
export function problemOf({ file }: Attachment): string | null {
	const limit = limits["document"] as number;

	return file.size > limit ? strings.composer.tooLarge(file.name, sizeOf(limit)) : null;
}
