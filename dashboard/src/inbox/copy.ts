/* Copies a text. The clipboard's interface exists only on pages from HTTPS or this machine; the older way works on all. */
export async function copyText(text: string): Promise<boolean> {
	if (navigator.clipboard) {
		return navigator.clipboard.writeText(text).then(() => true, () => false);
	}
	const field = document.createElement("textarea");

	field.value = text;
	document.body.append(field);
	field.select();
	const isCopied = document.execCommand("copy");

	field.remove();
	return isCopied;
}
