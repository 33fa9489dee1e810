/* SPDX-License-Identifier: MIT */
#ifndef CORE_UNICODE_H
#define CORE_UNICODE_H

#include <stddef.h>

/* What needs Unicode's tables, which libunistring has. Texts are valid UTF-8. No state, any thread. */

/*
 * How many bytes of text to keep so that at most max remain and no character, as people see it, is cut in two
 * (Unicode Standard Annex #29, grapheme clusters). If the first character is longer than max, or max is more than
 * CW_UNICODE_CUT_MAX, only code points are kept whole.
 */
#define CW_UNICODE_CUT_MAX 1024
size_t cw_unicode_cut(const char *text, size_t max);

#endif
