/* SPDX-License-Identifier: MIT */
/*
 * Timed work: tokens expire, sessions are disconnected, memory is freed. Done in slices, since the broker delivers
 * nothing meanwhile.
 */
#include <string.h>

#include "auth-plugin/notice.h"
#include "auth-plugin/policy.h"
#include "core/clock.h"

#define UPKEEP_MS 20 /* between two runs; the broker ticks thousands of times a second */
#define SLICE_MS 4   /* the most one call may take */
#define MAX_PER_SLICE 200
/*
 * The broker closes WebSockets in a later loop iteration; many in one iteration would keep all other clients waiting.
 */
#define MAX_GOING 25
#define FREE_PER_SLICE 5000
#define REAP_S 60
#define AT_ONCE 1 /* a deadline before all others */
/* A delayed will may be published this long after the session ended. */
#define KEEP_ENDED_S 3600

/* ---- revoking and kicking ---- */

bool policy_kick(struct policy *policy, struct session *session)
{
	/*
	 * If an offline session is kicked, mosquitto 2.0.11 adds it to its list of expiries a second time and later
	 * reads freed memory. Instead, its queue is dropped when it reconnects (drops_queue).
	 */
	if (session->must_kick || !session->is_live) {
		return false;
	}
	session->must_kick = true;
	/* Due at once: the heap is also the queue of sessions to be disconnected. */
	sessions_set_deadline(&policy->sessions, session, AT_ONCE);
	return true;
}

struct sweeping {
	struct policy *policy;
	int64_t now_s, n_hit;
};

static void revoke_if_hit(void *context, struct session *session)
{
	struct sweeping *sweeping = context;
	struct policy *policy = sweeping->policy;

	if (session->is_revoked || !cw_revocations_hit(policy->revocations, &session->token, sweeping->now_s)) {
		return;
	}
	session->is_revoked = true;
	sessions_refresh(&policy->sessions, session);
	sweeping->n_hit += session->is_live ? 1 : 0;
	(void)policy_kick(policy, session); /* an offline session has no connection to end */
}

int64_t policy_revoke_hit(struct policy *policy, int64_t now_s)
{
	struct sweeping sweeping = { .policy = policy, .now_s = now_s };

	sessions_each(&policy->sessions, revoke_if_hit, &sweeping);
	policy->counters.revoked += sweeping.n_hit;
	return sweeping.n_hit;
}

enum cw_status policy_revoke(struct policy *policy, const struct cw_revocation *revocation, int64_t now_s,
			     int64_t *ret_n_hit, struct cw_error *reterr)
{
	*ret_n_hit = 0;
	if (revocation->forget_at_s <= now_s) {
		return CW_OK;
	}
	if (cw_revocations_add(policy->revocations, revocation, now_s) != CW_OK) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	*ret_n_hit = policy_revoke_hit(policy, now_s);
	return CW_OK;
}

static bool is_newest(const struct policy *policy, const struct session *session)
{
	return sessions_find_by_client_id(&policy->sessions, session->client_id) == session;
}

static void kick_now(struct policy *policy, struct session *session)
{
	bool is_revoked = session->is_revoked;

	session->must_kick = false;
	if (!session->is_live || !is_newest(policy, session)) {
		return; /* already gone, or another connection has the client id now */
	}
	policy->counters.kicked++;
	policy->is_kicking_expired = !is_revoked;
	policy->broker.kick(session->client_id, !is_revoked); /* session may have ended on return, but still exists */
	policy->is_kicking_expired = false;
	sessions_note_going(&policy->sessions, session);
}

/* ---- expiry ---- */

/* Handles a session whose deadline has passed. */
static void on_due(struct policy *policy, struct session *session, int64_t now_s)
{
	sessions_set_deadline(&policy->sessions, session, 0);
	if (session->must_kick) {
		kick_now(policy, session);
	} else if (!session->is_live) {
		return; /* it is reaped later */
	} else if (now_s >= session->token.expires_at_s) {
		policy->counters.expired++;
		session->must_kick = true;
		kick_now(policy, session);
	} else {
		if (!session->was_warned) {
			session->was_warned = true;
			notice_expiring(policy, session);
		}
		sessions_set_deadline(&policy->sessions, session, session->token.expires_at_s);
	}
}

static bool is_due(const struct policy *policy, int64_t now_s)
{
	const struct session *next = sessions_next_due(&policy->sessions);

	return next && next->deadline_at_s <= now_s;
}

/* ---- reaping ---- */

struct reaping {
	struct policy *policy;
	int64_t now_s;
};

/* An ended session is kept for its will and, until its token expires, for deliveries to the offline client. */
static void reap(void *context, struct session *session)
{
	const struct reaping *reaping = context;
	int64_t until_s = session->ended_at_s + KEEP_ENDED_S;

	if (!session->is_live && !session->must_kick && reaping->now_s > until_s &&
	    reaping->now_s > session->token.expires_at_s) {
		sessions_forget(&reaping->policy->sessions, session);
	}
}

static void let_in(void *context, struct session *session)
{
	if (session->drops_queue) {
		session->drops_queue = false;
		sessions_refresh(context, session);
	}
}

void policy_tick(struct policy *policy, int64_t now_ms)
{
	int64_t monotonic_ms = cw_clock_monotonic_ms();
	int64_t now_s = now_ms / 1000;

	if (policy->has_dropping) {
		policy->has_dropping = false;
		sessions_each(&policy->sessions, let_in, &policy->sessions);
	}
	if (monotonic_ms < policy->next_upkeep_ms && !is_due(policy, now_s)) {
		return;
	}
	policy->next_upkeep_ms = monotonic_ms + UPKEEP_MS;
	for (int n = 0; n < MAX_PER_SLICE && policy->sessions.n_going < MAX_GOING && is_due(policy, now_s) &&
			cw_clock_monotonic_ms() - monotonic_ms < SLICE_MS;
	     n++) {
		on_due(policy, sessions_next_due(&policy->sessions), now_s);
	}
	if (policy->retired && assignments_free_some(policy->retired, FREE_PER_SLICE)) {
		policy->retired = NULL;
	}
	if (now_s >= policy->next_reap_s) {
		struct reaping reaping = { policy, now_s };

		policy->next_reap_s = now_s + REAP_S;
		sessions_each(&policy->sessions, reap, &reaping);
	}
	notice_stats(policy, monotonic_ms);
}
