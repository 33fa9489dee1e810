/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_AUDIT_H
#define AUTH_PLUGIN_AUDIT_H

#include <jansson.h>

#include "auth-plugin/policy.h"

/*
 * One JSON line in the broker's log for every refused CONNECT, SUBSCRIBE and PUBLISH and every command of an
 * administrator: `convwire audit {"event":…}`. Refusals are limited, so that nobody can fill the disk with them;
 * commands have a limit of their own, so that refusals cannot hide them. Conversations are named by tags, and
 * nothing of a token is ever written. Not for deliveries.
 */
struct audit_bucket {
	int64_t tokens, filled_ms;
	int64_t suppressed; /* since it was last said */
};

struct audit {
	struct audit_bucket refusals, commands;
	int64_t next_say_ms;
};

/* event: connect_refused, or renew_refused for a session that stays as it is. */
void audit_connect(struct audit *audit, const struct policy *policy, const char *event,
		   const struct policy_connect *connect, const char *reason);

/* A SUBSCRIBE or PUBLISH. session NULL: a client that is not ours. */
void audit_refusal(struct audit *audit, const struct policy *policy, const struct session *session,
		   const struct policy_check *check, const char *reason, const char *line);

/* details (texts by name; a new reference, stolen; NULL: none) are added to the line. error NULL: it was done. */
void audit_command(struct audit *audit, const struct policy *policy, const struct session *session, const char *command,
		   json_t *details, const char *error);

/* Says how many lines were left out, if some were and it is time. */
void audit_tick(struct audit *audit, const struct policy *policy, int64_t monotonic_ms);

/* A topic as a log may show it: conversation ids as tags, long numbers cut to their last digits. */
void audit_topic(const struct policy *policy, const char *topic, char *out, size_t size);

#endif
