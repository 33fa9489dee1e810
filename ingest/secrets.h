/* SPDX-License-Identifier: MIT */
#ifndef INGEST_SECRETS_H
#define INGEST_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/signature.h"
#include "store/store.h"

/*
 * The app secrets that may sign webhooks, and the verify token. Each secret is a file
 * keys/apps/NAME.secret with NAME.conf beside it, which lists the accounts it may speak for; several are
 * for rotation and for several apps. Loaded once, then read-only: any thread.
 */
struct secrets;

/*
 * Reads keys_dir/apps/ and keys_dir/verify.token. CW_INVALID as `file:line: what`, CW_NOT_FOUND when there
 * is no secret or no verify token. *ret_secrets is the caller's; destroy accepts NULL.
 */
CW_MUST_CHECK enum cw_status secrets_load(const char *keys_dir, struct secrets **ret_secrets, struct cw_error *reterr);
void secrets_destroy(struct secrets *secrets);

/* The name of the secret that made this signature over the body, or NULL. */
const char *secrets_find_signer(const struct secrets *secrets, const void *body, size_t len,
				const unsigned char claimed[CW_HMAC_BYTES]);

/* For our own commands, which play WhatsApp: the first secret that may speak for the account, and its name. NULL: none. */
const struct cw_hmac *secrets_hmac_for(const struct secrets *secrets, const char *account, const char **ret_name);

/* Does the text equal the verify token? In constant time. */
bool secrets_verify_token_is(const struct secrets *secrets, const char *text);

/* What the store asks about secrets. */
struct cw_store_secrets secrets_for_store(struct secrets *secrets);

#endif
