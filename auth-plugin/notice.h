/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_NOTICE_H
#define AUTH_PLUGIN_NOTICE_H

#include <jansson.h>

#include "auth-plugin/policy.h"

/*
 * Messages that the plugin sends unprompted, on acct/<a>/agent/<s>/notice (docs/protocol.md, "Notices") and to the
 * publisher.
 */

/* Sent only to the session's client, which needs no subscription. */
void notice_expiring(const struct policy *policy, const struct session *session);
void notice_renewed(const struct policy *policy, const struct session *session);
void notice_renew_refused(const struct policy *policy, const struct session *session, const char *reason);

/* Sent to the daemon's publisher. Takes ownership of json; NULL (out of memory) sends nothing. */
void notice_publisher(const struct policy *policy, json_t *json);

/* All counters, as sent to the publisher and answered by `stats`; a new reference, NULL when out of memory. */
json_t *notice_counters(const struct policy *policy);

/* Sends the counters to the publisher when due. */
void notice_stats(struct policy *policy, int64_t monotonic_ms);

#endif
