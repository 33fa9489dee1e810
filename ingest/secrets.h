/* SPDX-License-Identifier: MIT */
#ifndef INGEST_SECRETS_H
#define INGEST_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/signature.h"
#include "store/store.h"

/*
 * The app secrets that may sign webhooks, and the verify token. Each secret is a file
 * keys/apps/NAME.secret with a NAME.conf next to it, which lists the accounts it may sign for. There may be
 * several, for rotation and for several apps. Loaded once, then read-only: any thread.
 */
struct secrets;

/*
 * Reads keys_dir/apps/ and keys_dir/verify.token. CW_INVALID as `file:line: what`; CW_NOT_FOUND: no secret or
 * no verify token. *ret_secrets is the caller's; destroy accepts NULL.
 */
CW_MUST_CHECK enum cw_status secrets_load(const char *keys_dir, struct secrets **ret_secrets, struct cw_error *reterr);
void secrets_destroy(struct secrets *secrets);

/* The name of the secret with which the body was signed; NULL: none. */
const char *secrets_find_signer(const struct secrets *secrets, const void *body, size_t len,
				const unsigned char claimed[CW_HMAC_BYTES]);

/* For our commands that simulate WhatsApp: the first secret that may sign for the account, and its name. NULL: none. */
const struct cw_hmac *secrets_hmac_for(const struct secrets *secrets, const char *account, const char **ret_name);

/* Does text equal the verify token? Constant time. */
bool secrets_verify_token_is(const struct secrets *secrets, const char *text);

/* The callbacks that the store needs. */
struct cw_store_secrets secrets_for_store(struct secrets *secrets);

#endif
