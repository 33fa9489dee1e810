/* SPDX-License-Identifier: MIT */
#ifndef CORE_BASE64URL_H
#define CORE_BASE64URL_H

#include "core/buf.h"

/*
 * Strict base64url without padding (RFC 4648 section 5, RFC 7515 section 2): OpenSSL decodes, this
 * module refuses non-canonical encodings. No state, any thread.
 */

/* Appends the decoded bytes. CW_INVALID: a bad character, padding, an impossible length, non-zero trailing bits. */
CW_MUST_CHECK enum cw_status cw_base64url_decode(const char *text, size_t len, struct cw_buf *out);

#endif
