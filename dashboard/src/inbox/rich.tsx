/* Renders a stranger's text: WhatsApp's formatting, links to the web only, long texts folded. Always text, never HTML. */
import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

import { strings } from "../strings.js";
import { blocksOf } from "./formatting.js";
import type { Block, Inline } from "./formatting.js";
import { harmless } from "./harmless.js";

const FOLD_AT = 900;

function inline(parts: Inline[]): ComponentChildren {
	return parts.map((part, i) => {
		if (typeof part === "string") {
			return part;
		}
		if ("href" in part) {
			return <a key={i} href={part.href} target="_blank" rel="noopener noreferrer nofollow">{part.href}</a>;
		}
		const Mark = part.mark;

		return <Mark key={i}>{inline(part.of)}</Mark>;
	});
}

function BlockView({ block }: { block: Block }) {
	switch (block.type) {
	case "ul":
		return <ul>{block.items.map((item, i) => <li key={i}>{inline(item)}</li>)}</ul>;
	case "ol":
		return <ol start={block.start}>{block.items.map((item, i) => <li key={i}>{inline(item)}</li>)}</ol>;
	case "quote":
		return <blockquote>{inline(block.of)}</blockquote>;
	case "pre":
		return <pre>{inline(block.of)}</pre>;
	default:
		return <p>{inline(block.of)}</p>;
	}
}

export function Rich({ text }: { text: string }) {
	const [isOpen, setOpen] = useState(false);
	const whole = harmless(text);
	const isFolded = whole.length > FOLD_AT * 1.3 && !isOpen;
	const shown = isFolded ? `${[...whole.slice(0, FOLD_AT)].slice(0, -1).join("")}…` : whole;
	const blocks = blocksOf(shown);
	const [only] = blocks;

	return (
		<>
			{blocks.length === 1 && only?.type === "text" ?
				<p class="text" dir="auto">{inline(only.of)}</p> :
				<div class="text" dir="auto">{blocks.map((block, i) => <BlockView key={i} block={block} />)}</div>}
			{isFolded && <button type="button" class="link" onClick={() => setOpen(true)}>{strings.message.readMore}</button>}
		</>
	);
}
