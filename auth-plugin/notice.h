/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_NOTICE_H
#define AUTH_PLUGIN_NOTICE_H

#include <jansson.h>

#include "auth-plugin/policy.h"

/* What the plugin says of its own accord, on acct/<a>/agent/<s>/notice (docs/protocol.md, "Notices"). */

/* To the session's client alone; no subscription is needed. */
void notice_expiring(const struct policy *policy, const struct session *session);
void notice_renewed(const struct policy *policy, const struct session *session);
void notice_renew_refused(const struct policy *policy, const struct session *session, const char *reason);

/* To the daemon's publisher. Steals json; NULL, for want of memory, says nothing. */
void notice_publisher(const struct policy *policy, json_t *json);

/* Every counter, as the publisher gets them and `stats` answers; a new reference, NULL without memory. */
json_t *notice_counters(const struct policy *policy);

/* The counters to the publisher, when they are due. */
void notice_stats(struct policy *policy, int64_t monotonic_ms);

#endif
