/* SPDX-License-Identifier: MIT */
#ifndef CORE_TOKEN_SIGNER_H
#define CORE_TOKEN_SIGNER_H

#include "core/token.h"

/*
 * A private house key and the name under which others verify what it signs. It can only be had as a pair that fits, so
 * that nothing signs tokens that nobody takes. Read-only after loading; any thread.
 */
struct cw_token_signer;

/*
 * Reads a PEM private key (P-256), and finds the house key in the set that verifies its signatures. CW_INVALID: none
 * does, or it is no key; or the file's error. *ret_signer is the caller's; destroy accepts NULL. keys is only borrowed.
 */
CW_MUST_CHECK enum cw_status cw_token_signer_load(const char *path, struct cw_token_keys *keys,
						  struct cw_token_signer **ret_signer, struct cw_error *reterr);
void cw_token_signer_destroy(struct cw_token_signer *signer);

/* Lives as long as the signer. */
const char *cw_token_signer_kid(const struct cw_token_signer *signer);

/* max_lifetime_s of its public half: a token that lives longer would be refused. */
int64_t cw_token_signer_longest_s(const struct cw_token_signer *signer);

/* iat is now_ms, exp is token->expires_at_s; an empty jti is filled in. The caller frees *ret_text with free(). */
CW_MUST_CHECK enum cw_status cw_token_mint(const struct cw_token_signer *signer, const struct cw_token *token,
					   int64_t now_ms, char **ret_text, struct cw_error *reterr);

#endif
