/* SPDX-License-Identifier: MIT */
/*
 * Decides whether a session may publish, subscribe or receive. Runs for every delivery: no allocation, no I/O, no lock.
 */
#include <string.h>

#include "auth-plugin/policy.h"
#include "core/text.h"
#include "core/topic.h"

struct asking {
	const struct policy *policy;
	const struct person *person;
};

/* conversation points into policy->topic, whose hash is known, or into a topic too long to be kept there. */
static bool is_assigned(void *context, const char *conversation, size_t len)
{
	const struct asking *asking = context;
	const struct policy *policy = asking->policy;
	bool is_known = policy->topic.is_cut && conversation >= policy->topic.text &&
			conversation < policy->topic.text + sizeof(policy->topic.text);
	uint64_t hash = is_known ? policy->topic.conversation_hash : assignments_hash(&policy->people, conversation, len);

	return assignments_has(policy->assignments, hash, conversation, len, asking->person);
}

void policy_expect(struct policy *policy, const char *topic)
{
	struct policy_topic *kept = &policy->topic;

	if (strcmp(kept->text, topic) == 0) {
		return;
	}
	kept->is_cut = cw_text_copy(kept->text, sizeof(kept->text), topic) && cw_levels_split(kept->text, &kept->levels);
	if (kept->is_cut && kept->levels.n >= 4) {
		kept->conversation_hash = assignments_hash(&policy->people, kept->text + kept->levels.items[3].start,
							   kept->levels.items[3].len);
		assignments_prefetch(policy->assignments, kept->conversation_hash);
	}
}

/* acct/<a>/conv/<c>/cmd/<s> */
static bool is_command(const char *topic)
{
	size_t level = 0;

	for (; topic && level < 4; level++) {
		topic = strchr(topic, '/');
		topic = topic ? topic + 1 : NULL;
	}
	return topic && strncmp(topic, "cmd/", 4) == 0;
}

/*
 * Checks the session's state before any rule. Once a session has ended, only its will and its queue are still checked.
 */
static enum policy_denial check_state(const struct policy *policy, const struct glance *glance,
				      const struct policy_check *check, int64_t now_s)
{
	/* A kick makes the broker check every subscription again. After expiry they are kept for the next connection. */
	bool is_kept = policy->is_kicking_expired && check->action == CW_ACCESS_SUBSCRIBE;
	bool is_will = !glance->is_live && check->action == CW_ACCESS_WRITE;

	if (glance->is_revoked) {
		return POLICY_REVOKED;
	}
	if (!glance->is_live && check->action == CW_ACCESS_SUBSCRIBE && !is_kept) {
		return POLICY_ENDED;
	}
	if (is_will) {
		return is_command(check->topic) ? POLICY_WILL_COMMAND : POLICY_ALLOWED;
	}
	if (now_s >= glance->expires_at_s && !is_kept) {
		return POLICY_EXPIRED;
	}
	if (glance->drops_queue && check->action == CW_ACCESS_READ) {
		return POLICY_QUEUE_DROPPED;
	}
	if (!glance->is_system && !policy->knows_revocations && check->action != CW_ACCESS_SUBSCRIBE &&
	    check->topic[0] != '$') {
		return POLICY_NOT_LOADED;
	}
	return POLICY_ALLOWED;
}

enum policy_denial policy_check(struct policy *policy, const struct glance *glance, const struct policy_check *check,
				int64_t now_s, struct cw_access_verdict *ret_verdict)
{
	enum policy_denial denial = check_state(policy, glance, check, now_s);

	if (denial != POLICY_ALLOWED) {
		return denial;
	}
	policy_expect(policy, check->topic);
	/* Only pointers into the person and the session: their memory is read only if a rule needs it. */
	struct asking asking = { policy, glance->person };
	const struct cw_access_request request = {
		.account = glance->account,
		.subject = glance->person->subject,
		.role = glance->session->token.role,
		.resolved = glance->role,
		.client_id = glance->session->client_id,
		.claim = glance->claim,
		.action = check->action,
		.topic = check->topic,
		.levels = policy->topic.is_cut ? &policy->topic.levels : NULL,
		.qos = check->qos,
		.retain = check->retain,
		.is_assigned = is_assigned,
		.assigned_context = &asking,
	};
	const struct cw_access_verdict verdict = cw_access_decide(policy->access, &request);

	if (ret_verdict) {
		*ret_verdict = verdict;
	}
	return verdict.is_allowed ? POLICY_ALLOWED : POLICY_BY_RULES;
}

enum policy_denial policy_check_absent(const struct policy *policy, const char *username,
				       const struct policy_check *check, int64_t now_s)
{
	struct cw_token token = { .issued_at_s = 0 }; /* the token is unknown: any revocation of the person counts */
	const char *slash = username ? strchr(username, '/') : NULL;
	size_t len = slash ? (size_t)(slash - username) : 0;

	if (!slash || len >= sizeof(token.account) || !cw_subject_is_valid(slash + 1) ||
	    !cw_text_copy(token.subject, sizeof(token.subject), slash + 1)) {
		return POLICY_UNKNOWN_CLIENT;
	}
	memcpy(token.account, username, len);
	if (cw_revocations_hit(policy->revocations, &token, now_s)) {
		return POLICY_REVOKED;
	}
	if (strcmp(token.account, CW_SYSTEM_ACCOUNT) == 0) {
		const struct cw_access_request request = { .account = token.account,
							   .subject = token.subject,
							   .role = "service",
							   .client_id = "",
							   .action = check->action,
							   .topic = check->topic };

		return cw_access_allows(policy->access, &request) ? POLICY_ALLOWED : POLICY_BY_RULES;
	}
	/* Its role is unknown, so its messages are queued; they are checked by its token's rules when it reconnects. */
	return cw_topic_is_inside(check->topic, token.account) ? POLICY_ALLOWED : POLICY_BY_RULES;
}

const char *policy_denial_text(enum policy_denial denial)
{
	static const char *const texts[POLICY_DENIAL_COUNT] = {
		[POLICY_ALLOWED] = "allowed",
		[POLICY_BY_RULES] = "the rules refuse it",
		[POLICY_EXPIRED] = "the token has expired",
		[POLICY_REVOKED] = "the token was revoked",
		[POLICY_ENDED] = "the session has ended",
		[POLICY_NOT_LOADED] = "the daemon has not sent its table of revocations since the broker started",
		[POLICY_WILL_COMMAND] = "a will must not be a command",
		[POLICY_QUEUE_DROPPED] = "queued for a session that was revoked",
		[POLICY_UNKNOWN_CLIENT] = "the client was not admitted by this plugin",
	};

	return (unsigned)denial < POLICY_DENIAL_COUNT ? texts[denial] : "";
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool policy_is_ours(const char *topic)
{
	/* A shared subscription's filter follows the group's name. */
	if (begins_with(topic, "$share/")) {
		const char *filter = strchr(topic + 7, '/');

		return !filter || policy_is_ours(filter + 1);
	}
	return begins_with(topic, "acct/") || strcmp(topic, "acct") == 0 || begins_with(topic, "$CONTROL/convwire");
}
