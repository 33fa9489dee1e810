/* SPDX-License-Identifier: MIT */
#ifndef CORE_REPAIR_H
#define CORE_REPAIR_H

#include <stdbool.h>

#include "core/buf.h"

/*
 * Repairs JSON that a strict parser refuses because of an odd character, so that one broken update
 * never hides the others in its batch. Called only after strict parsing has failed. Lone surrogate
 * escapes, \u0000, raw NULs and invalid UTF-8 become U+FFFD; raw control characters in strings become
 * escapes; numbers beyond 64 bits or beyond a double become strings.
 * The structure is not changed: a missing brace stays missing. No state, any thread.
 */

/* Appends a repaired copy of len bytes to out. CW_TOO_LARGE or CW_NOMEM from the buffer. */
CW_MUST_CHECK enum cw_status cw_repair_json(const char *bytes, size_t len, struct cw_buf *out);

#endif
