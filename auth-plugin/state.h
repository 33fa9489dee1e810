/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_STATE_H
#define AUTH_PLUGIN_STATE_H

#include "auth-plugin/policy.h"

/*
 * plugin_opt_state: the revocations, as JSON, so that a broker that restarts while the daemon is down still
 * knows them. The publisher's table is the authority and replaces them.
 */

/*
 * Reads the file into policy->revocations and says so in knows_revocations. A file that is not there, or cannot be
 * read, leaves them unknown, which keeps tenants still until the publisher has loaded its table. CW_INVALID when the
 * file could never be written.
 */
CW_MUST_CHECK enum cw_status state_load(struct policy *policy, struct cw_error *reterr);

/* Writes it anew, synced: a rare act of an administrator. */
CW_MUST_CHECK enum cw_status state_save(const struct policy *policy, struct cw_error *reterr);

#endif
