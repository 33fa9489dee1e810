/* SPDX-License-Identifier: MIT */
#include "core/repair.h"

#include <stdint.h>
#include <string.h>

#include "core/text.h"

#define REPLACEMENT "\xef\xbf\xbd"
/* An int64 has at most 19 digits; anything of 19 or more is kept exactly, as a string. */
#define MAX_INTEGER_DIGITS 18
/* DBL_MAX is 1.8e308; two digits of exponent are always safe, three may not be. */
#define MAX_EXPONENT_DIGITS 2

struct cursor {
	const unsigned char *at;
	const unsigned char *end;
	struct cw_buf *out;
};

/* The length of the UTF-8 sequence at the cursor; 0: not valid UTF-8 (RFC 3629 section 4). */
static size_t utf8_length(const unsigned char *at, const unsigned char *end)
{
	size_t len = at[0] < 0x80                   ? 1 :
		     at[0] >= 0xc2 && at[0] <= 0xdf ? 2 :
		     at[0] >= 0xe0 && at[0] <= 0xef ? 3 :
		     at[0] >= 0xf0 && at[0] <= 0xf4 ? 4 :
						      0;

	if (len == 0 || (size_t)(end - at) < len) {
		return 0;
	}
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	bool is_overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
	bool is_surrogate = at[0] == 0xed && at[1] > 0x9f;
	bool is_beyond = at[0] == 0xf4 && at[1] > 0x8f;

	return is_overlong || is_surrogate || is_beyond ? 0 : len;
}

/* The code unit of a \uXXXX escape at `at`, or -1. */
static int32_t escaped_unit(const unsigned char *at, const unsigned char *end)
{
	unsigned char bytes[2];

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u' || !cw_text_unhex((const char *)at + 2, 4, bytes, 2)) {
		return -1;
	}
	return bytes[0] << 8 | bytes[1];
}

static enum cw_status copy(struct cursor *cursor, size_t len)
{
	enum cw_status status = cw_buf_append(cursor->out, cursor->at, len);

	cursor->at += len;
	return status;
}

static enum cw_status replace(struct cursor *cursor, size_t len)
{
	cursor->at += len;
	return cw_buf_append_text(cursor->out, REPLACEMENT);
}

static enum cw_status mend_escape(struct cursor *cursor)
{
	int32_t unit = escaped_unit(cursor->at, cursor->end);

	if (unit < 0) {
		if (cursor->end - cursor->at < 2) {
			return copy(cursor, 1);
		}
		if (strchr("\"\\/bfnrt", cursor->at[1]) && cursor->at[1] != '\0') {
			return copy(cursor, 2);
		}
		return replace(cursor, 1); /* \x or \u12: an invalid escape */
	}
	if (unit >= 0xd800 && unit <= 0xdbff) {
		int32_t low = escaped_unit(cursor->at + 6, cursor->end);

		return low >= 0xdc00 && low <= 0xdfff ? copy(cursor, 12) : replace(cursor, 6);
	}
	return unit == 0 || (unit >= 0xdc00 && unit <= 0xdfff) ? replace(cursor, 6) : copy(cursor, 6);
}

static enum cw_status mend_string(struct cursor *cursor)
{
	enum cw_status status = copy(cursor, 1);

	while (status == CW_OK && cursor->at < cursor->end && *cursor->at != '"') {
		unsigned char byte = *cursor->at;
		size_t len = 0;

		if (byte == '\\') {
			status = mend_escape(cursor);
		} else if (byte == 0) {
			status = replace(cursor, 1);
		} else if (byte < 0x20) {
			status = cw_buf_append_format(cursor->out, "\\u%04x", byte);
			cursor->at++;
		} else if ((len = utf8_length(cursor->at, cursor->end)) == 0) {
			status = replace(cursor, 1);
		} else {
			status = copy(cursor, len);
		}
	}
	return status == CW_OK && cursor->at < cursor->end ? copy(cursor, 1) : status;
}

static enum cw_status mend_number(struct cursor *cursor)
{
	const char *text = (const char *)cursor->at;
	size_t left = (size_t)(cursor->end - cursor->at);
	size_t len = 0;
	size_t digits = 0;
	size_t exponent_digits = 0;
	bool is_integer = true;
	bool is_exponent = false;

	for (; len < left && memchr("0123456789+-.eE", text[len], 15); len++) {
		if (text[len] == 'e' || text[len] == 'E') {
			is_exponent = true;
		}
		is_integer = is_integer && text[len] != '.' && !is_exponent;
		if (text[len] >= '0' && text[len] <= '9') {
			digits += is_exponent ? 0 : 1;
			exponent_digits += is_exponent ? 1 : 0;
		}
	}
	bool is_too_large = (is_integer && digits > MAX_INTEGER_DIGITS) || exponent_digits > MAX_EXPONENT_DIGITS ||
			    digits > 300;

	if (!is_too_large) {
		return copy(cursor, len);
	}
	enum cw_status status = cw_buf_append(cursor->out, "\"", 1);

	if (status == CW_OK) {
		status = copy(cursor, len);
	}
	return status == CW_OK ? cw_buf_append(cursor->out, "\"", 1) : status;
}

enum cw_status cw_repair_json(const char *bytes, size_t len, struct cw_buf *out)
{
	struct cursor cursor = { (const unsigned char *)bytes, (const unsigned char *)bytes + len, out };
	enum cw_status status = CW_OK;

	while (status == CW_OK && cursor.at < cursor.end) {
		unsigned char byte = *cursor.at;

		if (byte == '"') {
			status = mend_string(&cursor);
		} else if (byte == '-' || (byte >= '0' && byte <= '9')) {
			status = mend_number(&cursor);
		} else if (byte == 0) {
			cursor.at++; /* a NUL between tokens becomes a separator */
			status = cw_buf_append(out, " ", 1);
		} else {
			status = copy(&cursor, 1);
		}
	}
	return status;
}
