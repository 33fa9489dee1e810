/* Sanitizes texts of strangers: nothing that reverses, hides or floods the text around it. */

/** Characters that reverse or hide the text around them: UAX #9's overrides, embeddings and isolates. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;
/** Runs of zero-width characters: joiners, zero-width spaces, combining marks by the dozen. */
const FLOOD = /([\u200b-\u200f\u2060-\u2064\ufeff\u00ad]{3})[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]+|(\p{M}{6})\p{M}+/gu;

/** A stranger's text, safe to show next to others. */
export function harmless(text: string): string {
	return text.replace(TURNING, "").replace(FLOOD, "$1$2");
}

/** A name or file name, on one line. */
export function oneLine(text: string): string {
	return harmless(text).replace(/\s+/g, " ").trim();
}
