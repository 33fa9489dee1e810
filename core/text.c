/* SPDX-License-Identifier: MIT */
#include "core/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cw_text_format(char *out, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int len = vsnprintf(out, size, format, arguments);

	va_end(arguments);
	return len >= 0 && (size_t)len < size;
}

bool cw_text_copy(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size) {
		if (size > 0) {
			out[0] = '\0';
		}
		return false;
	}
	memcpy(out, text, len + 1);
	return true;
}

enum cw_status cw_text_to_int64(const char *text, int64_t *ret_value)
{
	const char *digits = text && text[0] == '-' ? text + 1 : text;

	if (!text || digits[0] == '\0' || digits[strspn(digits, CW_TEXT_DIGITS)] != '\0') {
		return CW_INVALID;
	}
	errno = 0;
	long long value = strtoll(text, NULL, 10);

	if (errno != 0) {
		return CW_INVALID;
	}
	*ret_value = value;
	return CW_OK;
}

bool cw_text_is_made_of(const char *text, size_t len, size_t max, const char *allowed)
{
	if (!text || len == 0 || len > max) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0' || !strchr(allowed, text[i])) {
			return false;
		}
	}
	return true;
}

void cw_text_hex(const unsigned char *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return digit - '0';
	}
	if (digit >= 'a' && digit <= 'f') {
		return digit - 'a' + 10;
	}
	if (digit >= 'A' && digit <= 'F') {
		return digit - 'A' + 10;
	}
	return -1;
}

bool cw_text_unhex(const char *text, size_t text_len, unsigned char *out, size_t len)
{
	if (text_len != 2 * len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0) {
			return false;
		}
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

void cw_text_lower(char *text)
{
	for (; *text; text++) {
		*text = (char)(*text >= 'A' && *text <= 'Z' ? *text + ('a' - 'A') : *text);
	}
}

bool cw_text_list_has(const char *list, const char *item)
{
	size_t item_len = strlen(item);

	while (list && *list) {
		list += strspn(list, ", \t");
		size_t len = strcspn(list, ", \t");

		if ((len == 1 && *list == '*') || (len > 0 && len == item_len && memcmp(list, item, len) == 0)) {
			return true;
		}
		list += len;
	}
	return false;
}
