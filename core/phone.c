/* SPDX-License-Identifier: MIT */
#include "core/phone.h"

#include <stdbool.h>
#include <string.h>

#include "core/text.h"

#define MIN_DIGITS 5
#define MAX_DIGITS 20

enum cw_status cw_phone_digits(const char *text, char out[CW_PHONE_MAX + 1])
{
	char digits[CW_PHONE_MAX + 1];
	size_t n = 0;
	bool has_plus = false;

	for (; text && *text; text++) {
		if (*text >= '0' && *text <= '9') {
			if (n >= CW_PHONE_MAX) {
				return CW_INVALID;
			}
			digits[n++] = *text;
		} else if (*text == '+' && n == 0 && !has_plus) {
			has_plus = true;
		} else if (!strchr(" -().\t", *text)) {
			return CW_INVALID;
		}
	}
	size_t skip = !has_plus && n > 2 && digits[0] == '0' && digits[1] == '0' ? 2 : 0;

	if (n - skip < MIN_DIGITS || n - skip > MAX_DIGITS) {
		return CW_INVALID;
	}
	memcpy(out, digits + skip, n - skip);
	out[n - skip] = '\0';
	return CW_OK;
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* 55 DD 9XXXXXXXX, or 55 DD XXXXXXXX for accounts older than the ninth digit; not beginning with [6-9], a landline. */
static bool key_of_brazil(const char *digits, size_t len, char *out)
{
	if (len == 13 && digits[4] == '9' && digits[5] >= '6' && digits[5] <= '9') {
		return cw_text_copy(out, CW_PHONE_MAX + 1, digits);
	}
	if (len == 12 && digits[4] >= '6' && digits[4] <= '9') {
		return cw_text_format(out, CW_PHONE_MAX + 1, "%.4s9%s", digits, digits + 4);
	}
	return false;
}

/* 52 + 10 digits, or 521 + 10. */
static bool key_of_mexico(const char *digits, size_t len, char *out)
{
	if (len == 13 && digits[2] == '1') {
		return cw_text_format(out, CW_PHONE_MAX + 1, "52%s", digits + 3);
	}
	return len == 12 && cw_text_copy(out, CW_PHONE_MAX + 1, digits);
}

/* 549 + 10 digits is a mobile; 54 + 10 may be the same mobile or a landline, so it is only used as a key. */
static bool key_of_argentina(const char *digits, size_t len, char *out)
{
	if (len == 13 && digits[2] == '9') {
		return cw_text_format(out, CW_PHONE_MAX + 1, "54%s", digits + 3);
	}
	return len == 12 && cw_text_copy(out, CW_PHONE_MAX + 1, digits);
}

enum cw_status cw_phone_match_key(const char *digits, char out[CW_PHONE_MAX + 1])
{
	static const struct {
		const char *prefix;
		bool (*key)(const char *digits, size_t len, char *out);
	} countries[] = { { "55", key_of_brazil }, { "52", key_of_mexico }, { "54", key_of_argentina } };
	size_t len = digits ? strlen(digits) : 0;

	if (!digits || !cw_text_is_made_of(digits, len, MAX_DIGITS, CW_TEXT_DIGITS)) {
		return CW_NOT_FOUND;
	}
	for (size_t i = 0; i < sizeof(countries) / sizeof(countries[0]); i++) {
		if (begins_with(digits, countries[i].prefix)) {
			return countries[i].key(digits, len, out) ? CW_OK : CW_NOT_FOUND;
		}
	}
	return CW_NOT_FOUND;
}
