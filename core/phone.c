/* SPDX-License-Identifier: MIT */
#include "core/phone.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <unictype.h>
#include <unistr.h>

#include "core/text.h"
#include "core/unicode.h"

#define MIN_DIGITS 5
#define MAX_DIGITS 20
#define MAX_SHOWN 40 /* of the text, in an error; longer than any number */
#define FULLWIDTH_PLUS 0xff0b

struct reader {
	const uint8_t *text;
	size_t len; /* left */
	char digits[CW_PHONE_MAX + 1];
	size_t n;
	bool has_plus;
};

/* The next code point, which is taken. 0 at the end; -1: not UTF-8. */
static int take(struct reader *reader)
{
	ucs4_t code_point = 0;
	int n_bytes = reader->len ? u8_mbtoucr(&code_point, reader->text, reader->len) : 0;

	if (n_bytes < 0) {
		return -1;
	}
	reader->text += n_bytes;
	reader->len -= (size_t)n_bytes;
	return (int)code_point;
}

/* "(0)" after the country code, of which the parenthesis has been taken. */
static bool take_trunk_prefix(struct reader *reader)
{
	struct reader ahead = *reader;
	bool is_italy = (reader->n == 2 && memcmp(reader->digits, "39", 2) == 0) ||
			(reader->n == 4 && memcmp(reader->digits, "0039", 4) == 0);

	if (reader->n == 0 || is_italy || uc_decimal_value((ucs4_t)take(&ahead)) != 0 || take(&ahead) != ')') {
		return false;
	}
	*reader = ahead;
	return true;
}

static bool is_ignored(int code_point)
{
	return code_point == '(' || code_point == ')' || code_point == '.' || code_point == '\t' ||
	       uc_is_general_category_withtable((ucs4_t)code_point,
						UC_CATEGORY_MASK_Zs | UC_CATEGORY_MASK_Pd | UC_CATEGORY_MASK_Cf);
}

static bool read_digits(struct reader *reader)
{
	int code_point = 0;

	while ((code_point = take(reader)) > 0) {
		int digit = uc_decimal_value((ucs4_t)code_point);

		if (digit >= 0) {
			if (reader->n == CW_PHONE_MAX) {
				return false;
			}
			reader->digits[reader->n++] = (char)('0' + digit);
		} else if ((code_point == '+' || code_point == FULLWIDTH_PLUS) && reader->n == 0 && !reader->has_plus) {
			reader->has_plus = true;
		} else if (!is_ignored(code_point)) {
			return false;
		} else if (code_point == '(') {
			(void)take_trunk_prefix(reader);
		}
	}
	return code_point == 0;
}

enum cw_status cw_phone_digits(const char *text, char out[CW_PHONE_MAX + 1], struct cw_error *reterr)
{
	struct reader reader = { .text = (const uint8_t *)text, .len = text ? strlen(text) : 0 };
	bool is_read = text && read_digits(&reader);
	size_t skip = !reader.has_plus && reader.n > 2 && memcmp(reader.digits, "00", 2) == 0 ? 2 : 0;
	size_t n = reader.n - skip;
	int shown = text ? (int)cw_unicode_cut(text, MAX_SHOWN) : 0;

	if (!is_read || n < MIN_DIGITS || n > MAX_DIGITS) {
		return cw_error_set(reterr, CW_INVALID, "\"%.*s\" is not a phone number", shown, text ? text : "");
	}
	if (reader.digits[skip] == '0') {
		return cw_error_set(reterr, CW_INVALID,
				    "\"%.*s\" begins with 0: begin with the country code, for example +20 for Egypt",
				    shown, text);
	}
	memcpy(out, reader.digits + skip, n);
	out[n] = '\0';
	return CW_OK;
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool cw_phone_part(const char *text, char out[CW_PHONE_MAX + 1])
{
	struct reader reader = { .text = (const uint8_t *)text, .len = strlen(text) };
	bool is_part = read_digits(&reader) && reader.n > 0;

	memcpy(out, reader.digits, reader.n);
	out[reader.n] = '\0';
	return is_part;
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
