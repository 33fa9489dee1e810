/* SPDX-License-Identifier: MIT */
#ifndef CORE_REPAIR_H
#define CORE_REPAIR_H

#include <stdbool.h>

#include "core/buf.h"

/*
 * Makes JSON that a strict parser refuses over one odd character readable again, so that one broken
 * update never hides the others of its batch. Called only after strict parsing
 * failed. Lone surrogate escapes, \u0000, raw NULs and invalid UTF-8 become U+FFFD; raw control
 * characters in strings become escapes; numbers beyond 64 bits or beyond a double become strings.
 * Structure is not touched: a missing brace stays missing. No state, any thread.
 */

/* Appends the mended copy of len bytes to out. CW_TOO_LARGE or CW_NOMEM from the buffer. */
CW_MUST_CHECK enum cw_status cw_repair_json(const char *bytes, size_t len, struct cw_buf *out);

#endif
