/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_STATE_H
#define AUTH_PLUGIN_STATE_H

#include "auth-plugin/policy.h"

/*
 * plugin_opt_state: the revocations, as JSON, so that a broker that restarts while the daemon is down still knows them.
 * The publisher's table is authoritative.
 */

/*
 * Reads the file into policy->revocations and sets knows_revocations. If the file is missing or cannot be read,
 * revocations stay unknown, and tenants can neither send nor receive until the publisher has loaded its table.
 * CW_INVALID: the file could never be written.
 */
CW_MUST_CHECK enum cw_status state_load(struct policy *policy, struct cw_error *reterr);

/* Rewrites the file and syncs it: revocations are rare. */
CW_MUST_CHECK enum cw_status state_save(const struct policy *policy, struct cw_error *reterr);

#endif
