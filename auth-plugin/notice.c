/* SPDX-License-Identifier: MIT */
#include "auth-plugin/notice.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/topic.h"

#define STATS_MS 5000

/* ---- to an agent ---- */

/* Takes ownership of json. */
static void tell(const struct policy *policy, const struct session *session, json_t *json)
{
	struct cw_topic topic = { .kind = CW_TOPIC_NOTICE };
	char text[CW_TOPIC_MAX + 1];
	char *payload = json ? json_dumps(json, JSON_COMPACT) : NULL;

	memcpy(topic.account, session->token.account, sizeof(topic.account));
	memcpy(topic.subject, session->token.subject, sizeof(topic.subject));
	/* _system has no such topic; its clients renew by reconnecting. */
	if (payload && cw_topic_make(&topic, text) == CW_OK) {
		policy->broker.tell(session->client_id, text, payload, strlen(payload), 1);
	}
	free(payload);
	json_decref(json);
}

void notice_expiring(const struct policy *policy, const struct session *session)
{
	tell(policy, session,
	     json_pack("{s:s, s:I}", "type", "expiring", "exp", (json_int_t)session->token.expires_at_s));
}

void notice_renewed(const struct policy *policy, const struct session *session)
{
	tell(policy, session, json_pack("{s:s, s:I}", "type", "renewed", "exp", (json_int_t)session->token.expires_at_s));
}

void notice_renew_refused(const struct policy *policy, const struct session *session, const char *reason)
{
	tell(policy, session, json_pack("{s:s, s:s}", "type", "renew_refused", "reason", reason));
}

/* ---- to the publisher ---- */

void notice_publisher(const struct policy *policy, json_t *json)
{
	char *payload = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (payload) {
		policy->broker.tell(NULL, CW_TOPIC_PUBLISHER_NOTICE, payload, strlen(payload), 1);
	}
	free(payload);
	json_decref(json);
}

static json_t *refusals(const struct policy_counters *counters)
{
	static const char *const names[POLICY_REFUSAL_COUNT] = {
		[POLICY_REFUSED_TOKEN] = "token",     [POLICY_REFUSED_EXPIRED] = "expired",
		[POLICY_REFUSED_REVOKED] = "revoked", [POLICY_REFUSED_CLIENT_ID] = "client_id",
		[POLICY_REFUSED_LIMIT] = "limit",     [POLICY_REFUSED_OTHER] = "other",
	};
	json_t *json = json_object();

	for (int i = 0; json && i < POLICY_REFUSAL_COUNT; i++) {
		if (json_object_set_new(json, names[i], json_integer(counters->refused[i])) != 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

json_t *notice_counters(const struct policy *policy)
{
	const struct policy_counters *counters = &policy->counters;

	return json_pack("{s:I, s:o, s:{s:I, s:I, s:I}, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "connects",
			 (json_int_t)counters->connects, "connects_refused", refusals(counters), "denied", "read",
			 (json_int_t)counters->denied[CW_ACCESS_READ], "write",
			 (json_int_t)counters->denied[CW_ACCESS_WRITE], "subscribe",
			 (json_int_t)counters->denied[CW_ACCESS_SUBSCRIBE], "live", (json_int_t)policy->sessions.n_live,
			 "expired", (json_int_t)counters->expired, "revoked", (json_int_t)counters->revoked, "renewed",
			 (json_int_t)counters->renewed, "kicked", (json_int_t)counters->kicked, "check_samples",
			 (json_int_t)counters->check_samples, "check_nanoseconds", (json_int_t)counters->check_ns,
			 "assignments", (json_int_t)assignments_count(policy->assignments), "revocations",
			 (json_int_t)cw_revocations_count(policy->revocations), "loaded", policy->assignments != NULL);
}

void notice_stats(struct policy *policy, int64_t monotonic_ms)
{
	json_t *json = NULL;

	if (monotonic_ms < policy->next_stats_ms) {
		return;
	}
	policy->next_stats_ms = monotonic_ms + STATS_MS;
	json = notice_counters(policy);
	if (json && json_object_set_new(json, "type", json_string("stats")) == 0) {
		notice_publisher(policy, json);
	} else {
		json_decref(json);
	}
}
