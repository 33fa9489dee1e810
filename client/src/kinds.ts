/*
 * What each kind of message counts as. Made from CW_MESSAGE_KIND_LIST (core/message.h) by UPDATE_GOLDEN=1
 * ctest -R unit.message; that test fails when the two differ.
 */
export interface KindTraits {
	/** It can be a conversation's last message; reactions, edits and revokes cannot. */
	shown: boolean;
	/** A customer's makes the conversation unread. */
	unread: boolean;
	/** A customer's opens the 24-hour customer service window. */
	window: boolean;
	/** Its content is a file. */
	file: boolean;
}

const TRAITS: Record<string, KindTraits> = {
	text: { shown: true, unread: true, window: true, file: false },
	image: { shown: true, unread: true, window: true, file: true },
	video: { shown: true, unread: true, window: true, file: true },
	audio: { shown: true, unread: true, window: true, file: true },
	voice: { shown: true, unread: true, window: true, file: true },
	document: { shown: true, unread: true, window: true, file: true },
	sticker: { shown: true, unread: true, window: true, file: true },
	location: { shown: true, unread: true, window: true, file: false },
	contacts: { shown: true, unread: true, window: true, file: false },
	interactive: { shown: true, unread: true, window: true, file: false },
	button: { shown: true, unread: true, window: true, file: false },
	reaction: { shown: false, unread: false, window: false, file: false },
	order: { shown: true, unread: true, window: true, file: false },
	system: { shown: true, unread: false, window: false, file: false },
	unsupported: { shown: true, unread: true, window: true, file: false },
	edit: { shown: false, unread: false, window: false, file: false },
	revoke: { shown: false, unread: false, window: false, file: false },
	request_welcome: { shown: true, unread: false, window: true, file: false },
	media_placeholder: { shown: true, unread: true, window: true, file: false },
	call: { shown: true, unread: true, window: true, file: false },
	template: { shown: true, unread: true, window: true, file: false },
};

/** Of a kind; one of a newer server counts as `unsupported` does. */
export function traitsOf(kind: string): KindTraits {
	return TRAITS[kind] ?? (TRAITS["unsupported"] as KindTraits);
}
