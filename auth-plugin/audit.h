/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_AUDIT_H
#define AUTH_PLUGIN_AUDIT_H

#include <jansson.h>

#include "auth-plugin/policy.h"

/*
 * Writes one JSON line to the broker's log for every refused CONNECT, SUBSCRIBE and PUBLISH and every administrator's
 * command: `convwire audit {"event":…}`. Refusals are rate-limited, so that nobody can fill the disk with them;
 * commands have a separate limit, so that refusals cannot hide them. Conversations appear as tags, and no part of a
 * token is ever written. Refused deliveries are not logged.
 */
struct audit_bucket {
	int64_t tokens, filled_ms;
	int64_t suppressed; /* since the last `suppressed` line */
};

struct audit {
	struct audit_bucket refusals, commands;
	int64_t next_say_ms;
};

/* event: connect_refused, or renew_refused for a session that continues unchanged. */
void audit_connect(struct audit *audit, const struct policy *policy, const char *event,
		   const struct policy_connect *connect, const char *reason);

/* A refused SUBSCRIBE or PUBLISH. session NULL: not one of our clients. */
void audit_refusal(struct audit *audit, const struct policy *policy, const struct session *session,
		   const struct policy_check *check, const char *reason, const char *line);

/*
 * details (an object of strings; takes ownership; NULL: none) are added to the line. error NULL: the command succeeded.
 */
void audit_command(struct audit *audit, const struct policy *policy, const struct session *session, const char *command,
		   json_t *details, const char *error);

/* Writes how many lines were suppressed, if any, once it is due. */
void audit_tick(struct audit *audit, const struct policy *policy, int64_t monotonic_ms);

/* A topic in a form that may be logged: conversation ids as tags, long numbers cut to their last digits. */
void audit_topic(const struct policy *policy, const char *topic, char *out, size_t size);

#endif
