/*
 * The canonical conversation id `<account>_<phone_number_id>_<customer>`: the twin of
 * core/conversation_id.c, held to the same vectors (tests/data/conversation_ids.json). Nothing else in a
 * front end joins or splits these strings; ids that events carry are compared whole.
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

/** Joins the parts; null when one of them breaks its grammar. */
export function makeConversationId(id: ConversationId): string | null {
	const isValid = ACCOUNT.test(id.account) && PHONE_NUMBER_ID.test(id.phoneNumberId) && CUSTOMER.test(id.customer);

	return isValid ? `${id.account}_${id.phoneNumberId}_${id.customer}` : null;
}

/** Splits an id; null for everything that is none. */
export function parseConversationId(text: string): ConversationId | null {
	const parts = text.split("_");
	const [account, phoneNumberId, customer] = parts;

	if (parts.length !== 3 || account === undefined || phoneNumberId === undefined || customer === undefined) {
		return null;
	}
	const id = { account, phoneNumberId, customer };

	return makeConversationId(id) === text ? id : null;
}

/** The customer part for an identity: digits, or a business-scoped user id with `.` written `-`. */
export function customerOf(identity: string): string | null {
	return IDENTITY.test(identity) ? identity.replaceAll(".", "-") : null;
}
