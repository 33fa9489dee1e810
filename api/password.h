/* SPDX-License-Identifier: MIT */
#ifndef API_PASSWORD_H
#define API_PASSWORD_H

#include "store/read_agent.h"

/* Password hashes: crypt(5), method yescrypt, by libcrypt. Any thread; each call takes tens of ms and 16 MB. */

/* In characters. NIST SP 800-63B, section 5.1.1.2, requires 8 and advises against composition rules. */
#define PASSWORD_MIN 10
/* In bytes; crypt(3) accepts no more. */
#define PASSWORD_MAX 511

/* Hashes a password for storing. CW_INVALID with the reason: too short or too long; CW_NOMEM. */
CW_MUST_CHECK enum cw_status password_hash(const char *password, char out[CW_PASSWORD_HASH_MAX + 1],
					   struct cw_error *reterr);

/* Does the password match the hash? For a NULL or empty hash: false, after the same time. */
bool password_matches(const char *password, const char *hash);

#endif
