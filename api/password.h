/* SPDX-License-Identifier: MIT */
#ifndef API_PASSWORD_H
#define API_PASSWORD_H

#include "store/read_agent.h"

/* Passwords as crypt(5) hashes of method yescrypt, by libcrypt. Any thread; each call takes tens of ms and 16 MB. */

/* In characters; NIST SP 800-63B, section 5.1.1.2 asks for 8, and for no rules of composition. */
#define PASSWORD_MIN 10
/* In bytes; crypt(3) takes no more. */
#define PASSWORD_MAX 511

/* A hash for storing. CW_INVALID with the reason when the password is too short or too long; CW_NOMEM. */
CW_MUST_CHECK enum cw_status password_hash(const char *password, char out[CW_PASSWORD_HASH_MAX + 1],
					   struct cw_error *reterr);

/* Is it the password? NULL or "" is nobody's hash: false, after the same time. */
bool password_matches(const char *password, const char *hash);

#endif
