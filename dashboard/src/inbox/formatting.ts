/*
 * WhatsApp's formatting of text ("Send messages", Text; its help page "How to format your messages"), as a tree. Pure:
 * no DOM, and never HTML. What is not closed, or stands within a word, is text.
 */
export type Inline = string | { href: string } | { mark: "strong" | "em" | "s" | "code"; of: Inline[] };
export type Block = { type: "text" | "quote" | "pre"; of: Inline[] } | { type: "ul" | "ol"; items: Inline[][]; start: number };

const LINK = /https?:\/\/[^\s<>"]+/iy;
/** Characters that end a sentence rather than belong to a link. */
const TAIL = /[.,;:!?)\]}'»”*_~]+$/;
const MARKS = { "*": "strong", _: "em", "~": "s" } as const;
const WORD = /[\p{L}\p{N}]/u;
/** A mark is not looked for any further: a hostile text must not take long. */
const MAX_MARKED = 1000;
const MAX_DEPTH = 4;

const isWord = (character: string | undefined): boolean => character !== undefined && WORD.test(character);
const isSpace = (character: string | undefined): boolean => character === undefined || /\s/.test(character);

function linkAt(text: string, at: number): string | null {
	LINK.lastIndex = at;
	const label = isWord(text[at - 1]) ? undefined : LINK.exec(text)?.[0].replace(TAIL, "");

	return label !== undefined && (URL.canParse ? URL.canParse(label) : true) ? label : null;
}

/** Where the mark that opens at `at` closes; -1: nowhere. Marks in links do not count. */
function closingOf(text: string, at: number, mark: string): number {
	const end = Math.min(text.length, at + MAX_MARKED);

	if (isSpace(text[at + 1]) || text[at + 1] === mark) {
		return -1;
	}
	for (let i = at + 1; i < end && text[i] !== "\n"; i++) {
		const link = text[i] === "h" ? linkAt(text, i) : null;

		if (link !== null) {
			i += link.length - 1;
		} else if (text[i] === mark && !isSpace(text[i - 1]) && !isWord(text[i + 1])) {
			return i;
		}
	}
	return -1;
}

function inlineOf(text: string, depth = 0): Inline[] {
	const out: Inline[] = [];
	let plain = "";
	const add = (part: Exclude<Inline, string>): void => {
		out.push(...(plain ? [plain] : []), part);
		plain = "";
	};

	for (let i = 0; i < text.length; i++) {
		const character = text[i] as string;
		const mark = MARKS[character as keyof typeof MARKS] as "strong" | "em" | "s" | undefined;
		const link = character === "h" || character === "H" ? linkAt(text, i) : null;

		if (link !== null) {
			add({ href: link });
			i += link.length - 1;
			continue;
		}
		const end = depth < MAX_DEPTH && (mark !== undefined || character === "`") && !isWord(text[i - 1]) ? closingOf(text, i, character) : -1;

		if (end > 0) {
			const inner = text.slice(i + 1, end);

			add(mark === undefined ? { mark: "code", of: [inner] } : { mark, of: inlineOf(inner, depth + 1) });
			i = end;
		} else {
			plain += character;
		}
	}
	return plain ? [...out, plain] : out;
}

function linesOf(text: string): Block[] {
	const blocks: Block[] = [];

	for (const line of text.split("\n")) {
		const last = blocks.at(-1);
		const quote = /^> ?(.*)$/.exec(line);
		const item = /^(?:[*-] (.+)|(\d{1,3})\. (.+))$/.exec(line);

		if (quote) {
			const of = inlineOf(quote[1] as string);

			if (last?.type === "quote") {
				last.of.push("\n", ...of);
			} else {
				blocks.push({ type: "quote", of });
			}
		} else if (item) {
			const type = item[1] === undefined ? "ol" : "ul";
			const of = inlineOf((item[1] ?? item[3]) as string);

			if (last?.type === type) {
				last.items.push(of);
			} else {
				blocks.push({ type, items: [of], start: Number(item[2] ?? 1) });
			}
		} else if (last?.type === "text") {
			last.of.push("\n", ...inlineOf(line));
		} else {
			blocks.push({ type: "text", of: inlineOf(line) });
		}
	}
	return blocks;
}

/** Text as WhatsApp shows it, on both sides. */
export function blocksOf(text: string): Block[] {
	const pieces = text.split("```");

	if (pieces.length % 2 === 0) { /* the last fence does not close: it is text */
		const tail = pieces.pop() as string;

		pieces[pieces.length - 1] += `${"```"}${tail}`;
	}
	return pieces.flatMap((piece, i): Block[] => (
		i % 2 === 1 ? [{ type: "pre", of: [piece.replace(/^\n|\n$/g, "")] }] :
			piece.trim() === "" && pieces.length > 1 ? [] : linesOf(pieces.length > 1 ? piece.replace(/^\n|\n$/g, "") : piece)));
}
