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
 * Tokens that are refused although their signature is valid and they have not expired: the same rules for the
 * broker's plugin and for HTTP (docs/protocol.md, "Revocation"). A rule applies to tokens issued up to its time,
 * so that one signed later works again. It is forgotten once every token it applies to has expired.
 *
 * Threads may share a set.
 */
enum cw_revocation_kind {
	CW_REVOKE_JTI,     /* one token of an account */
	CW_REVOKE_SUBJECT, /* every token of an agent */
	CW_REVOKE_ACCOUNT, /* every token of an account */
	CW_REVOKE_KEY,     /* every token signed by a key, of any account */
	CW_REVOKE_KIND_COUNT
};

struct cw_revocation {
	enum cw_revocation_kind kind;
	char account[CW_ACCOUNT_MAX + 1]; /* "" for a key */
	char value[CW_KID_MAX + 1];       /* jti, subject or kid; "" for an account */
	int64_t revoked_at_s;             /* applies to tokens with iat up to this second; a jti: to any iat */
	int64_t forget_at_s;
};

/* `kind` on the wire: jti, subject, account, key. */
const char *cw_revocation_kind_text(enum cw_revocation_kind kind);
CW_MUST_CHECK enum cw_status cw_revocation_kind_parse(const char *text, enum cw_revocation_kind *ret_kind);

/* CW_INVALID with a sentence: parts are missing, superfluous or invalid. */
CW_MUST_CHECK enum cw_status cw_revocation_check(const struct cw_revocation *revocation, struct cw_error *reterr);

/* {"kind","account","value","revoked_at","forget_at"}; a new reference; NULL when out of memory. */
json_t *cw_revocation_to_json(const struct cw_revocation *revocation);
CW_MUST_CHECK enum cw_status cw_revocation_from_json(const json_t *json, struct cw_revocation *ret_revocation,
						     struct cw_error *reterr);

/* Does the rule apply to the token? */
bool cw_revocation_hits(const struct cw_revocation *revocation, const struct cw_token *token);

struct cw_revocations;

/* An empty set; NULL when out of memory. Destroy accepts NULL. */
struct cw_revocations *cw_revocations_create(void);
void cw_revocations_destroy(struct cw_revocations *revocations);

/*
 * Adds a rule, extending an existing one for the same thing. Once a minute, removes the rules that are over at now_s.
 * CW_NOMEM.
 */
CW_MUST_CHECK enum cw_status cw_revocations_add(struct cw_revocations *revocations,
						const struct cw_revocation *revocation, int64_t now_s);

/* Does any rule that is not over at now_s apply to the token? NULL is an empty set. */
bool cw_revocations_hit(struct cw_revocations *revocations, const struct cw_token *token, int64_t now_s);

/* Does the set have a rule for the same thing that reaches at least as far? */
bool cw_revocations_hold(struct cw_revocations *revocations, const struct cw_revocation *revocation);

size_t cw_revocations_count(struct cw_revocations *revocations);

/* Every rule, in no particular order. The callback must not use the set. */
void cw_revocations_each(struct cw_revocations *revocations,
			 void (*on_revocation)(void *context, const struct cw_revocation *revocation), void *context);

#endif
