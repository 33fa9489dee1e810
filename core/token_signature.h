/* SPDX-License-Identifier: MIT */
#ifndef CORE_TOKEN_SIGNATURE_H
#define CORE_TOKEN_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/status.h"

/*
 * Signatures of JWTs (RFC 7515; RFC 7518, 3.2 to 3.4) by OpenSSL, with keys that are parsed once. libjwt 1.x
 * parses the PEM at every token, 0.3 ms of the broker's one thread, and takes an HS256 token made with a public
 * key; it signs ours, and in the tests it is the oracle of this file. Only core/token*.c include this.
 *
 * A verifier has one algorithm for life and may be shared by threads.
 */
enum cw_token_algorithm { CW_TOKEN_ES256, CW_TOKEN_RS256, CW_TOKEN_HS256, CW_TOKEN_ALGORITHM_COUNT };

struct cw_token_verifier;

/* The name in a header, to the letter. CW_INVALID for any other. */
CW_MUST_CHECK enum cw_status cw_token_algorithm_parse(const char *name, enum cw_token_algorithm *ret_algorithm);

/*
 * From a PEM public key, or the bytes of a shared secret. NULL and the rest of a sentence that begins with "the
 * key " when it cannot serve the algorithm. Destroy accepts NULL.
 */
struct cw_token_verifier *cw_token_verifier_create(enum cw_token_algorithm algorithm, const struct cw_buf *material,
						   const char **ret_fault);
void cw_token_verifier_destroy(struct cw_token_verifier *verifier);

/* Is it the signature of these bytes? false also when the library fails. */
bool cw_token_verifier_accepts(const struct cw_token_verifier *verifier, const char *signed_bytes, size_t signed_len,
			       const unsigned char *signature, size_t signature_len);

#endif
