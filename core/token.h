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
 * JSON Web Tokens (RFC 7519), with the same keys and code for the broker's plugin and for HTTP.
 *
 * Keys are in a directory: public/KID.pem or shared/KID.secret, each with a KID.conf next to it that says
 * which accounts and roles the key may sign for. The algorithm comes from that file, never from the token's
 * header. Base64url must be canonical, JSON names must not repeat, and exp must be a whole number
 * (docs/protocol.md, "Tokens"). Verified tokens are cached by SHA-256 until they expire. Threads may share a
 * key set.
 */
#define CW_TOKEN_MAX_BYTES 8192 /* tokens for browsers are under 1 KiB */
#define CW_ROLE_MAX 32
#define CW_KID_MAX 64
#define CW_JTI_MAX 64
/* The kid of the first house key, which `convwire init` makes; its successors are `house-…`. */
#define CW_TOKEN_HOUSE_KID "house"

struct cw_token {
	char account[CW_ACCOUNT_MAX + 1];
	char subject[CW_SUBJECT_MAX + 1];
	char role[CW_ROLE_MAX + 1];
	char kid[CW_KID_MAX + 1]; /* the key that verified it, whatever the header says */
	char jti[CW_JTI_MAX + 1]; /* "": none */
	int64_t issued_at_s;      /* without iat: expires_at_s minus the key's max_lifetime_s */
	int64_t expires_at_s;
	struct cw_claim *claim; /* the acl claim, one reference; NULL: none */
};

struct cw_token_keys;

/*
 * Reads every key in dir (the `keys` directory). An error in any of them refuses the whole set, as
 * `file:line: what`. *ret_keys is the caller's; destroy accepts NULL.
 */
CW_MUST_CHECK enum cw_status cw_token_keys_load(const char *dir, struct cw_token_keys **ret_keys,
						struct cw_error *reterr);
void cw_token_keys_destroy(struct cw_token_keys *keys);

/* The number of keys in the set; 0 for NULL. */
size_t cw_token_keys_count(const struct cw_token_keys *keys);

/* What a key may sign for, by its index below the count. The texts live as long as the set. */
struct cw_token_key_facts {
	const char *kid, *accounts, *highest_role;
	int64_t max_lifetime_s;
	bool is_house; /* may sign for _system and role service */
};
struct cw_token_key_facts cw_token_keys_facts(const struct cw_token_keys *keys, size_t i);

/*
 * Verifies a token at now_ms (Unix). CW_EXPIRED; CW_DENIED with the reason, which never quotes the token, in reterr;
 * CW_NOMEM. *ret_token is unchanged unless CW_OK; then the caller must finish it.
 */
CW_MUST_CHECK enum cw_status cw_token_verify(struct cw_token_keys *keys, const char *text, int64_t now_ms,
					     struct cw_token *ret_token, struct cw_error *reterr);

/* Releases what the token holds; accepts a zeroed one. */
void cw_token_finish(struct cw_token *token);

/* The rank of a built-in role: viewer < ... < admin < service. -1: not a built-in role. */
int cw_token_role_rank(const char *role);

/* The longest max_lifetime_s of the set: a token signed now expires within that time. 0 for NULL. */
int64_t cw_token_keys_longest_s(const struct cw_token_keys *keys);

#endif
