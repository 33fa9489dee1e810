/* Renders a stranger's text: links to the web only, long texts folded. Always text, never HTML. */
import { useState } from "preact/hooks";

import { strings } from "../strings.js";
import { harmless } from "./harmless.js";

const LINK = /\bhttps?:\/\/[^\s<>"]+/gi;
/** Characters that end a sentence rather than belong to a link. */
const TAIL = /[.,;:!?)\]}'»”]+$/;
const FOLD_AT = 900;

function parts(text: string): (string | { href: string; label: string })[] {
	const out: (string | { href: string; label: string })[] = [];
	let from = 0;

	for (const match of text.matchAll(LINK)) {
		const label = match[0].replace(TAIL, "");

		if (URL.canParse ? URL.canParse(label) : true) {
			out.push(text.slice(from, match.index), { href: label, label });
			from = match.index + label.length;
		}
	}
	out.push(text.slice(from));
	return out;
}

export function Rich({ text }: { text: string }) {
	const [isOpen, setOpen] = useState(false);
	const whole = harmless(text);
	const isFolded = whole.length > FOLD_AT * 1.3 && !isOpen;
	const shown = isFolded ? `${[...whole.slice(0, FOLD_AT)].slice(0, -1).join("")}…` : whole;

	return (
		<>
			<p class="text" dir="auto">
				{parts(shown).map((part, i) => (typeof part === "string" ? part :
					<a key={i} href={part.href} target="_blank" rel="noopener noreferrer nofollow">{part.label}</a>))}
			</p>
			{isFolded && <button type="button" class="link" onClick={() => setOpen(true)}>{strings.message.readMore}</button>}
		</>
	);
}
