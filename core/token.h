/* SPDX-License-Identifier: MIT */
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/claim.h"
#include "core/conversation_id.h"
#include "core/status.h"

/*
 * JSON Web Tokens (RFC 7519): the same keys, the same code for the broker's plugin and for HTTP.
 *
 * Keys are a directory: public/KID.pem or shared/KID.secret, each with KID.conf beside it that says
 * what the key may speak for. The algorithm comes from that file, never from the token's header.
 * Base64url must be canonical, names may not repeat, exp is a whole number (docs/protocol.md, "Tokens").
 * Verified tokens are remembered by SHA-256 until they expire. A key set may be shared by threads.
 */
#define CW_TOKEN_MAX_BYTES 8192 /* a browser's token is under 1 KiB */
#define CW_ROLE_MAX 32
#define CW_KID_MAX 64
#define CW_JTI_MAX 64
/* The kid of the pair that `convwire init` makes; only it speaks for _system and for role service. */
#define CW_TOKEN_HOUSE_KID "house"

struct cw_token {
	char account[CW_ACCOUNT_MAX + 1];
	char subject[CW_SUBJECT_MAX + 1];
	char role[CW_ROLE_MAX + 1];
	char kid[CW_KID_MAX + 1]; /* the key that verified it, whatever the header said */
	char jti[CW_JTI_MAX + 1]; /* "" when it has none */
	int64_t issued_at_s;      /* without iat: expires_at_s less the key's longest lifetime */
	int64_t expires_at_s;
	struct cw_claim *claim; /* the acl claim, one reference; NULL without */
};

struct cw_token_keys;

/*
 * Reads every key below dir (the `keys` directory). Any fault in any of them refuses the whole set, as
 * `file:line: what`. *ret_keys is the caller's; destroy accepts NULL.
 */
CW_MUST_CHECK enum cw_status cw_token_keys_load(const char *dir, struct cw_token_keys **ret_keys,
						struct cw_error *reterr);
void cw_token_keys_destroy(struct cw_token_keys *keys);

/* How many keys are in the set; NULL has none. */
size_t cw_token_keys_count(const struct cw_token_keys *keys);

/*
 * Checks a token at now_ms (Unix). CW_EXPIRED, or CW_DENIED with the reason, which never quotes the token, in reterr; CW_NOMEM.
 * *ret_token is untouched unless CW_OK; then it is the caller's, to be finished.
 */
CW_MUST_CHECK enum cw_status cw_token_verify(struct cw_token_keys *keys, const char *text, int64_t now_ms,
					     struct cw_token *ret_token, struct cw_error *reterr);

/* Gives back what the token holds; accepts a zeroed one. */
void cw_token_finish(struct cw_token *token);

/*
 * Signs a token with a PEM private key (ES256) under the house kid. iat is now_ms, exp is
 * token->expires_at_s; jti is made here when empty. *ret_text is the caller's, freed with free().
 */
CW_MUST_CHECK enum cw_status cw_token_mint(const char *private_pem, const struct cw_token *token, int64_t now_ms,
					   char **ret_text, struct cw_error *reterr);

/* Is one of the roles that Convwire ships, and if so how high: viewer < ... < admin < service. -1 otherwise. */
int cw_token_role_rank(const char *role);

/* The longest max_lifetime_s of the set: a token signed now is over by then. 0 for NULL. */
int64_t cw_token_keys_longest_s(const struct cw_token_keys *keys);

#endif
