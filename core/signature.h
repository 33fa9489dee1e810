/* SPDX-License-Identifier: MIT */
#ifndef CORE_SIGNATURE_H
#define CORE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

/*
 * HMAC-SHA256 by OpenSSL, with the key prepared once, and Meta's webhook signature:
 * `X-Hub-Signature-256: sha256=<64 lower-case hex>` over the raw bytes of the body, keyed with the app
 * secret ("Create a webhook endpoint", Validating payloads). Threads may share a key.
 */
#define CW_HMAC_BYTES 32
#define CW_SIGNATURE_TEXT (sizeof("sha256=") - 1 + 2 * CW_HMAC_BYTES)

struct cw_hmac;

/* Copies the key. NULL when out of memory or for an empty key. Destroy accepts NULL. */
struct cw_hmac *cw_hmac_create(const void *key, size_t key_len);
void cw_hmac_destroy(struct cw_hmac *hmac);

/* CW_IO when the library fails; hmac NULL is CW_INVALID. */
CW_MUST_CHECK enum cw_status cw_hmac_compute(const struct cw_hmac *hmac, const void *bytes, size_t len,
					     unsigned char out[CW_HMAC_BYTES]);

/* Parses the header's value. CW_INVALID unless it is "sha256=" and 64 hex digits; also for NULL. */
CW_MUST_CHECK enum cw_status cw_signature_parse(const char *header, unsigned char out[CW_HMAC_BYTES]);

/* Is it the body's signature? Constant time. false also when the library fails. */
bool cw_signature_matches(const struct cw_hmac *secret, const void *body, size_t len,
			  const unsigned char claimed[CW_HMAC_BYTES]);

/* Signs as Meta does, for simulate and tests: header text with its NUL. CW_IO when the library fails. */
CW_MUST_CHECK enum cw_status cw_signature_make(const struct cw_hmac *secret, const void *body, size_t len,
					       char out[CW_SIGNATURE_TEXT + 1]);

/* Constant-time comparison of two strings, for verify tokens; may reveal their lengths. */
bool cw_signature_same_text(const char *one, const char *other);

#endif
