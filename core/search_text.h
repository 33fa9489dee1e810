/* SPDX-License-Identifier: MIT */
#ifndef CORE_SEARCH_TEXT_H
#define CORE_SEARCH_TEXT_H

#include <stddef.h>

/*
 * A message's visible text for the full-text index: bodies, captions, names and titles, for any kind. body is the JSON
 * text of a struct cw_message. The caller frees the result. NULL: out of memory or invalid JSON; "": no text.
 * No state, any thread.
 */
char *cw_search_text(const char *body);

/*
 * Words for the index or a query. Chinese, Japanese, Thai, Lao, Khmer and Burmese are written without spaces, so each
 * of their letters becomes a word of its own; a word of theirs is then found as a phrase, wherever it stands. Other
 * texts are unchanged. The caller frees the result; NULL: out of memory. Invalid UTF-8 is kept. No state, any thread.
 */
char *cw_search_words(const char *text, size_t len);

/*
 * The endings of a phone number (digits only), so that it is found by its last digits or without its country code:
 * each with a space before it, the shortest of 4 digits. out is cut off when it is full; "": not a number.
 */
#define CW_SEARCH_ENDINGS_MAX 400
void cw_search_endings(const char *digits, char out[CW_SEARCH_ENDINGS_MAX]);

#endif
