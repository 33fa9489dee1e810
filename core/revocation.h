/* SPDX-License-Identifier: MIT */
#ifndef CORE_REVOCATION_H
#define CORE_REVOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/status.h"
#include "core/token.h"

/*
 * Tokens that are refused although their signature is good and they have not expired: the same rules for the
 * broker's plugin and for HTTP (docs/protocol.md, "Revocation"). A rule hits tokens issued up to its moment, so
 * that one signed afterwards works again, and is forgotten when no token it could hit can still be valid.
 *
 * A set may be shared by threads.
 */
enum cw_revocation_kind {
	CW_REVOKE_JTI,     /* one token of an account */
	CW_REVOKE_SUBJECT, /* every token of an agent */
	CW_REVOKE_ACCOUNT, /* every token of an account */
	CW_REVOKE_KEY,     /* every token that a key signed, whatever its account */
	CW_REVOKE_KIND_COUNT
};

struct cw_revocation {
	enum cw_revocation_kind kind;
	char account[CW_ACCOUNT_MAX + 1]; /* "" for a key */
	char value[CW_KID_MAX + 1];       /* jti, subject or kid; "" for an account */
	int64_t revoked_at_s;             /* tokens with iat up to this second; a jti whenever it was issued */
	int64_t forget_at_s;
};

/* The words of `kind` on the wire: jti, subject, account, key. */
const char *cw_revocation_kind_text(enum cw_revocation_kind kind);
CW_MUST_CHECK enum cw_status cw_revocation_kind_parse(const char *text, enum cw_revocation_kind *ret_kind);

/* Parts missing, too many, or outside their grammar: CW_INVALID and a sentence. */
CW_MUST_CHECK enum cw_status cw_revocation_check(const struct cw_revocation *revocation, struct cw_error *reterr);

/* {"kind","account","value","revoked_at","forget_at"}; a new reference, NULL without memory. */
json_t *cw_revocation_to_json(const struct cw_revocation *revocation);
CW_MUST_CHECK enum cw_status cw_revocation_from_json(const json_t *json, struct cw_revocation *ret_revocation,
						     struct cw_error *reterr);

/* Does the rule hit the token? */
bool cw_revocation_hits(const struct cw_revocation *revocation, const struct cw_token *token);

struct cw_revocations;

/* An empty set; NULL without memory. Destroy accepts NULL. */
struct cw_revocations *cw_revocations_create(void);
void cw_revocations_destroy(struct cw_revocations *revocations);

/* Adds a rule; one for the same thing that reaches less far is replaced. Rules that are over at now_s go, once a minute. CW_NOMEM. */
CW_MUST_CHECK enum cw_status cw_revocations_add(struct cw_revocations *revocations,
						const struct cw_revocation *revocation, int64_t now_s);

/* Is the token hit by any rule that is not over at now_s? NULL holds no rules. */
bool cw_revocations_hit(struct cw_revocations *revocations, const struct cw_token *token, int64_t now_s);

/* Is there a rule for the same thing that reaches as far? */
bool cw_revocations_hold(struct cw_revocations *revocations, const struct cw_revocation *revocation);

size_t cw_revocations_count(struct cw_revocations *revocations);

/* Every rule, in no order; the callback must not call back into the set. */
void cw_revocations_each(struct cw_revocations *revocations,
			 void (*on_revocation)(void *context, const struct cw_revocation *revocation), void *context);

#endif
