/* SPDX-License-Identifier: MIT */
#ifndef CORE_TOKEN_SIGNATURE_H
#define CORE_TOKEN_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/status.h"

/*
 * Verifies JWT signatures (RFC 7515; RFC 7518, 3.2 to 3.4) with OpenSSL and keys that are parsed once. libjwt 1.x
 * parses the PEM for every token, which takes 0.3 ms of the broker's only thread, and accepts an HS256 token made
 * with a public key. We use it for signing, and as the reference in this file's tests. Only core/token*.c include
 * this.
 *
 * A verifier has one fixed algorithm; threads may share it.
 */
enum cw_token_algorithm { CW_TOKEN_ES256, CW_TOKEN_RS256, CW_TOKEN_HS256, CW_TOKEN_ALGORITHM_COUNT };

struct cw_token_verifier;

/* Parses the name from a header, which must match exactly. CW_INVALID for any other. */
CW_MUST_CHECK enum cw_status cw_token_algorithm_parse(const char *name, enum cw_token_algorithm *ret_algorithm);

/*
 * From a PEM public key, or the bytes of a shared secret. If the key does not suit the algorithm: NULL, and in
 * *ret_fault the rest of a sentence that begins with "the key ". Destroy accepts NULL.
 */
struct cw_token_verifier *cw_token_verifier_create(enum cw_token_algorithm algorithm, const struct cw_buf *material,
						   const char **ret_fault);
void cw_token_verifier_destroy(struct cw_token_verifier *verifier);

/* Is this the signature of these bytes? false also when the library fails. */
bool cw_token_verifier_accepts(const struct cw_token_verifier *verifier, const char *signed_bytes, size_t signed_len,
			       const unsigned char *signature, size_t signature_len);

#endif
