/* SPDX-License-Identifier: MIT */
#include "core/unicode.h"

#include <stdint.h>
#include <string.h>

#include <unigbrk.h>

#define MAX_CODE_POINT 4 /* bytes */

static size_t cut_at_code_point(const char *text, size_t max)
{
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80) {
		max--;
	}
	return max;
}

size_t cw_unicode_cut(const char *text, size_t max)
{
	char is_boundary[CW_UNICODE_CUT_MAX + MAX_CODE_POINT];
	size_t len = strlen(text);

	if (len <= max) {
		return len;
	}
	if (max > CW_UNICODE_CUT_MAX) {
		return cut_at_code_point(text, max);
	}
	size_t seen = len < max + MAX_CODE_POINT ? len : max + MAX_CODE_POINT;
	size_t cut = max;

	u8_grapheme_breaks((const uint8_t *)text, seen, is_boundary);
	while (cut > 0 && !is_boundary[cut]) {
		cut--;
	}
	return cut > 0 ? cut : cut_at_code_point(text, max);
}
