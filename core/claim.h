/* SPDX-License-Identifier: MIT */
#ifndef CORE_CLAIM_H
#define CORE_CLAIM_H

#include <jansson.h>

#include "core/filter.h"
#include "core/status.h"

/*
 * The `acl` claim of a token, in the list form of EMQX (its documentation, "Access control list" of JWT
 * authentication, new format), so that such tokens work with both brokers:
 *
 *	[{"permission":"allow","action":"sub","topics":["acct/a1/conv/+"]},
 *	 {"permission":"deny","action":"all","topic":"acct/a1/conv/${clientid}","qos":[1],"retain":false}]
 *
 * The first matching entry decides. Here a claim can only narrow what the token's role grants. If no entry
 * matches, a list with an allow entry refuses, and a list of deny entries only leaves the decision to the role.
 * A claim that is not understood makes the whole token refused. Immutable once parsed, any thread;
 * reference-counted, since both its session and the cache keep a token.
 */
struct cw_claim;

enum cw_claim_action { CW_CLAIM_PUBLISH, CW_CLAIM_SUBSCRIBE, CW_CLAIM_DELIVERY };

struct cw_claim_request {
	enum cw_claim_action action;
	const struct cw_filter_names *names;
	const struct cw_levels *levels;
	int qos; /* publish and subscribe */
	bool retain;
};

enum cw_claim_answer { CW_CLAIM_LEAVES, CW_CLAIM_ALLOWS, CW_CLAIM_REFUSES };

/* *ret_claim is one reference, owned by the caller. CW_INVALID with a sentence that quotes nothing from the claim. */
CW_MUST_CHECK enum cw_status cw_claim_parse(const json_t *acl, struct cw_claim **ret_claim, struct cw_error *reterr);

/* Both accept NULL. ref returns its argument. */
struct cw_claim *cw_claim_ref(struct cw_claim *claim);
void cw_claim_unref(struct cw_claim *claim);

/* NULL leaves everything to the role. *ret_entry (may be NULL): which entry decided, from 1; 0: none. */
enum cw_claim_answer cw_claim_decide(const struct cw_claim *claim, const struct cw_claim_request *request,
				     size_t *ret_entry);

/* Can the claim refuse a delivery that the role allows? Then lists must be checked row by row. false for NULL. */
bool cw_claim_narrows(const struct cw_claim *claim);

#endif
