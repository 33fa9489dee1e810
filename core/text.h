/* SPDX-License-Identifier: MIT */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/* Small string helpers that report truncation and bad numbers instead of hiding them. No state, any thread. */

/* snprintf that returns whether everything fitted. out is always NUL-terminated when size > 0. */
CW_MUST_CHECK bool cw_text_format(char *out, size_t size, const char *format, ...) CW_PRINTF(3, 4);

/* Copies text. false, with an empty out, when it does not fit. */
CW_MUST_CHECK bool cw_text_copy(char *out, size_t size, const char *text);

/* Parses the whole text as a decimal integer with an optional minus. CW_INVALID on anything else or overflow. */
CW_MUST_CHECK enum cw_status cw_text_to_int64(const char *text, int64_t *ret_value);

/* Are all len bytes in the ASCII set allowed, and is len 1..max? */
bool cw_text_is_made_of(const char *text, size_t len, size_t max, const char *allowed);

/* Lower-case hex of len bytes; out holds 2 * len + 1. */
void cw_text_hex(const unsigned char *bytes, size_t len, char *out);

/* The reverse. false when text is not exactly 2 * len hex digits. */
CW_MUST_CHECK bool cw_text_unhex(const char *text, size_t text_len, unsigned char *out, size_t len);

/* Converts ASCII upper case to lower case, in place. */
void cw_text_lower(char *text);

/* Is the item in a comma-separated list (spaces around items are ignored)? "*" in the list matches everything. */
bool cw_text_list_has(const char *list, const char *item);

#define CW_TEXT_DIGITS "0123456789"
#define CW_TEXT_ID CW_TEXT_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"

#endif
