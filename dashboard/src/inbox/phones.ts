/* Phone numbers as their countries write them. Loaded after the inbox is shown: the tables are as large as its code. */
import { parsePhoneNumberFromString } from "libphonenumber-js/min";

/** Null: not a number that any country has. */
export function international(digits: string): string | null {
	const phone = parsePhoneNumberFromString(`+${digits}`);

	return phone?.isPossible() ? phone.formatInternational() : null;
}
