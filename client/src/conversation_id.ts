/*
 * The canonical conversation id `<account>_<phone_number_id>_<customer>`: the counterpart of core/conversation_id.c,
 * tested with the same vectors (tests/data/conversation_ids.json). Nothing else in a front end joins or splits these
 * strings; ids in events are compared as a whole.
 */
export interface ConversationId {
	account: string;
	phoneNumberId: string;
	customer: string;
}

const ACCOUNT = /^[A-Za-z0-9-]{1,64}$/;
const PHONE_NUMBER_ID = /^[0-9]{1,32}$/;
const CUSTOMER = /^[A-Za-z0-9-]{1,140}$/;
const IDENTITY = /^[A-Za-z0-9.-]{1,140}$/;
const SUBJECT = /^[A-Za-z0-9-]{1,64}$/;

export function isAccount(text: string): boolean {
	return ACCOUNT.test(text);
}

export function isSubject(text: string): boolean {
	return SUBJECT.test(text);
}

/** Joins the parts; null if one of them is malformed. */
export function makeConversationId(id: ConversationId): string | null {
	const isValid = ACCOUNT.test(id.account) && PHONE_NUMBER_ID.test(id.phoneNumberId) && CUSTOMER.test(id.customer);

	return isValid ? `${id.account}_${id.phoneNumberId}_${id.customer}` : null;
}

/** Splits an id; null if it is not one. */
export function parseConversationId(text: string): ConversationId | null {
	const parts = text.split("_");
	const [account, phoneNumberId, customer] = parts;

	if (parts.length !== 3 || account === undefined || phoneNumberId === undefined || customer === undefined) {
		return null;
	}
	const id = { account, phoneNumberId, customer };

	return makeConversationId(id) === text ? id : null;
}

/** The customer part of an identity: digits, or a business-scoped user id with `-` for `.`. */
export function customerOf(identity: string): string | null {
	return IDENTITY.test(identity) ? identity.replaceAll(".", "-") : null;
}
