/* SPDX-License-Identifier: MIT */
/* Timed work. The fixture's broker ends a session that is kicked, as mosquitto does. */
#include "core/text.h"
#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

#define HOUR_MS (POLICY_HOUR_S * INT64_C(1000))

static struct cw_revocation of_subject(const char *subject)
{
	struct cw_revocation revocation = { .kind = CW_REVOKE_SUBJECT,
					    .account = "acme",
					    .revoked_at_s = POLICY_NOW_S,
					    .forget_at_s = POLICY_NOW_S + 86400 };

	assert_true(cw_text_copy(revocation.value, sizeof(revocation.value), subject));
	return revocation;
}

static int64_t revoke(struct policy_fixture *fixture, const struct cw_revocation *revocation)
{
	int64_t n_hit = -1;

	assert_ok(policy_revoke(&fixture->policy, revocation, POLICY_NOW_S, &n_hit, &fixture->error), fixture->error);
	return n_hit;
}

/* ---- expiry ---- */

static void a_minute_before_its_end_a_client_is_told_once(void **state)
{
	struct policy_fixture *fixture = *state;

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	policy_fixture_tick(fixture, HOUR_MS - 61000);
	assert_null(policy_fixture_told(fixture, "acme:bob:1", "expiring"));
	policy_fixture_tick(fixture, HOUR_MS - 60000);
	const json_t *notice = policy_fixture_told(fixture, "acme:bob:1", "expiring");

	assert_non_null(notice);
	assert_int_equal(policy_fixture_int(notice, "exp"), POLICY_NOW_S + POLICY_HOUR_S);
	policy_fixture_forget_notes(fixture);
	policy_fixture_tick(fixture, HOUR_MS - 30000);
	assert_null(policy_fixture_told(fixture, "acme:bob:1", "expiring"));
	assert_int_equal(fixture->n_kicks, 0);
}

static void the_notice_is_on_the_agents_own_topic(void **state)
{
	struct policy_fixture *fixture = *state;

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	policy_fixture_forget_notes(fixture);
	fixture->policy.next_stats_ms = INT64_MAX;
	policy_fixture_tick(fixture, HOUR_MS - 60000);
	assert_int_equal(fixture->n_told, 1);
	assert_string_equal(fixture->told[0].topic, "acct/acme/agent/bob/notice");
}

static void at_its_end_a_client_is_disconnected_once_with_its_will(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");

	(void)policy_fixture_admit(fixture, 2, "eve", "agent");
	policy_fixture_tick(fixture, HOUR_MS - 1);
	assert_int_equal(fixture->n_kicks, 0);
	policy_fixture_tick(fixture, HOUR_MS);
	assert_int_equal(fixture->n_kicks, 2);
	assert_true(fixture->kicks[0].with_will && fixture->kicks[1].with_will);
	/* The kick checks the subscriptions again: they are kept for the next connection. */
	assert_int_equal(fixture->kicks[0].subscribe, POLICY_ALLOWED);
	assert_false(fixture->policy.is_kicking_expired);
	assert_int_equal(fixture->policy.counters.expired, 2);
	assert_int_equal(fixture->policy.counters.kicked, 2);
	assert_false(bob->is_live);
	policy_fixture_tick(fixture, HOUR_MS + 1000);
	assert_int_equal(fixture->n_kicks, 2);
}

static void who_has_renewed_or_left_is_not_disconnected(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	struct session *eve = policy_fixture_admit(fixture, 2, "eve", "agent");
	const char *token = policy_fixture_token(fixture, "{'account':'acme','sub':'bob','role':'agent','iat':1800003500,"
							  "'exp':1800007200}");

	policy_fixture_tick(fixture, HOUR_MS - 60000);
	assert_ok(policy_renew(&fixture->policy, bob, token, POLICY_NOW_MS + HOUR_MS - 50000, &fixture->error),
		  fixture->error);
	sessions_end(&fixture->policy.sessions, eve, POLICY_NOW_S);
	policy_fixture_tick(fixture, HOUR_MS);
	assert_int_equal(fixture->n_kicks, 0);
	policy_fixture_forget_notes(fixture);
	policy_fixture_tick(fixture, 2 * HOUR_MS - 60000);
	assert_non_null(policy_fixture_told(fixture, "acme:bob:1", "expiring")); /* warned again */
	policy_fixture_tick(fixture, 2 * HOUR_MS);
	assert_int_equal(fixture->n_kicks, 1);
	assert_string_equal(fixture->kicks[0].client_id, "acme:bob:1");
	assert_int_equal(fixture->policy.counters.expired, 1);
}

static void a_clock_that_leaps_over_the_warning_disconnects_all_the_same(void **state)
{
	struct policy_fixture *fixture = *state;

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	policy_fixture_tick(fixture, 10 * HOUR_MS);
	assert_int_equal(fixture->n_kicks, 1);
	assert_null(policy_fixture_told(fixture, "acme:bob:1", "expiring"));
}

/* ---- slices ---- */

static void admit_many(struct policy_fixture *fixture, size_t n)
{
	const char *token = policy_fixture_acme_token(fixture, "bob", "agent");
	char client_id[40];

	fixture->policy.options.max_clients_per_subject = 0;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(client_id, sizeof(client_id), "acme:bob:%zu", i);
		assert_non_null(policy_fixture_try(fixture, i, client_id, token, 0));
	}
}

static void a_storm_of_ends_is_worked_off_in_slices(void **state)
{
	struct policy_fixture *fixture = *state;
	size_t last = 0;

	admit_many(fixture, 550);
	fixture->policy.next_stats_ms = INT64_MAX;
	for (int ticks = 0; fixture->n_kicks < 550; ticks++) {
		assert_true(ticks < 4);
		policy_fixture_tick(fixture, HOUR_MS);
		assert_true(fixture->n_kicks - last <= 200);
		last = fixture->n_kicks;
	}
	assert_int_equal(fixture->policy.counters.expired, 550);
}

static void a_slice_ends_when_it_takes_too_long(void **state)
{
	struct policy_fixture *fixture = *state;

	admit_many(fixture, 100);
	policy_fixture_step_ms = 1; /* every reading of the clock takes 1 ms */
	policy_fixture_tick(fixture, HOUR_MS);
	assert_in_range(fixture->n_kicks, 1, 5);
	policy_fixture_step_ms = 0;
	policy_fixture_tick(fixture, HOUR_MS);
	assert_int_equal(fixture->n_kicks, 100);
}

static void looks_are_so_far_apart_but_what_is_due_does_not_wait(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *eve = policy_fixture_admit(fixture, 2, "eve", "agent");

	policy_tick(&fixture->policy, POLICY_NOW_MS);
	size_t n_told = fixture->n_told;

	fixture->policy.next_stats_ms = 0; /* counters are due, but wait for the next run */
	policy_fixture_monotonic_ms += 19;
	policy_tick(&fixture->policy, POLICY_NOW_MS);
	assert_int_equal(fixture->n_told, n_told);
	assert_true(policy_kick(&fixture->policy, eve));
	policy_tick(&fixture->policy, POLICY_NOW_MS);
	assert_int_equal(fixture->n_kicks, 1);
	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	policy_tick(&fixture->policy, POLICY_NOW_MS + HOUR_MS); /* bob's token has expired */
	assert_int_equal(fixture->n_kicks, 2);
}

/* ---- kicks ---- */

static void a_kick_is_once_and_with_the_will(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");

	assert_true(policy_kick(&fixture->policy, bob));
	assert_false(policy_kick(&fixture->policy, bob));
	assert_int_equal(fixture->n_kicks, 0); /* only at the next tick, not inside the admin's message */
	policy_fixture_tick(fixture, 0);
	assert_int_equal(fixture->n_kicks, 1);
	assert_true(fixture->kicks[0].with_will);
	assert_int_equal(fixture->kicks[0].subscribe, POLICY_ALLOWED);
	assert_false(policy_kick(&fixture->policy, bob)); /* already gone */
	assert_int_equal(fixture->policy.counters.expired, 0);
}

static void a_client_id_that_was_taken_over_meanwhile_is_spared(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *old = policy_fixture_admit(fixture, 1, "bob", "agent");

	assert_true(policy_kick(&fixture->policy, old));
	struct session *new = policy_fixture_try(fixture, 2, "acme:bob:1",
						 policy_fixture_acme_token(fixture, "bob", "agent"), 0);

	assert_non_null(new);
	policy_fixture_tick(fixture, 0);
	assert_int_equal(fixture->n_kicks, 0);
	assert_true(new->is_live);
}

/* ---- revocation ---- */

static void a_revocation_denies_at_once_and_disconnects_without_the_will(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	struct session *eve = policy_fixture_admit(fixture, 2, "eve", "agent");
	const struct cw_revocation revocation = of_subject("bob");
	const struct policy_check check = { .action = CW_ACCESS_READ, .topic = "acct/acme/events" };

	policy_fixture_load_nothing(fixture);
	assert_int_equal(revoke(fixture, &revocation), 1);
	assert_int_equal(policy_fixture_check(fixture, bob, &check, POLICY_NOW_S, NULL), POLICY_REVOKED);
	assert_int_equal(policy_fixture_check(fixture, eve, &check, POLICY_NOW_S, NULL), POLICY_ALLOWED);
	assert_int_equal(revoke(fixture, &revocation), 0); /* already revoked */
	policy_fixture_tick(fixture, 0);
	assert_int_equal(fixture->n_kicks, 1);
	assert_string_equal(fixture->kicks[0].client_id, "acme:bob:1");
	assert_false(fixture->kicks[0].with_will);
	assert_int_equal(fixture->kicks[0].subscribe, POLICY_REVOKED); /* its subscriptions are removed */
	assert_int_equal(fixture->policy.counters.revoked, 1);
}

/* mosquitto 2.0.11 corrupts its list of expiries when an offline session is kicked. */
static void an_offline_session_that_is_revoked_is_not_kicked_and_loses_its_queue(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	const struct cw_revocation revocation = of_subject("bob");

	sessions_end(&fixture->policy.sessions, bob, POLICY_NOW_S);
	assert_int_equal(revoke(fixture, &revocation), 0); /* nobody was connected */
	assert_int_equal(fixture->policy.counters.revoked, 0);
	policy_fixture_tick(fixture, 0);
	assert_int_equal(fixture->n_kicks, 0);
	assert_false(policy_kick(&fixture->policy, bob));
	const char *fresh = policy_fixture_token(
		fixture, "{'account':'acme','sub':'bob','role':'agent','iat':1800000001,'exp':1800003600}");
	struct session *again = policy_fixture_try(fixture, 2, "acme:bob:1", fresh, 1000);

	assert_non_null(again);
	assert_true(again->drops_queue);
	policy_fixture_tick(fixture, 1000);
	assert_false(again->drops_queue);
}

static void a_revocation_that_is_over_does_nothing(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	struct cw_revocation revocation = of_subject("bob");

	revocation.forget_at_s = POLICY_NOW_S;
	assert_int_equal(revoke(fixture, &revocation), 0);
	assert_false(bob->is_revoked);
	assert_int_equal(cw_revocations_count(fixture->policy.revocations), 0);
}

static void a_whole_account_goes_by_one_rule_and_a_new_token_comes_back(void **state)
{
	struct policy_fixture *fixture = *state;
	const struct cw_revocation revocation = { .kind = CW_REVOKE_ACCOUNT,
						  .account = "acme",
						  .revoked_at_s = POLICY_NOW_S,
						  .forget_at_s = POLICY_NOW_S + 9 };
	const char *fresh = policy_fixture_token(
		fixture, "{'account':'acme','sub':'bob','role':'agent','iat':1800000001,'exp':1800003600}");

	admit_many(fixture, 300);
	(void)policy_fixture_admit_publisher(fixture);
	assert_int_equal(revoke(fixture, &revocation), 300);
	policy_fixture_tick(fixture, 0);
	policy_fixture_tick(fixture, 0);
	assert_int_equal(fixture->n_kicks, 300);
	assert_int_equal(fixture->policy.sessions.n_live, 1);
	assert_non_null(policy_fixture_try(fixture, 700, "acme:bob:x", fresh, 1000));
}

/* ---- memory ---- */

static void an_ended_session_is_forgotten_an_hour_later_and_not_before_its_token(void **state)
{
	struct policy_fixture *fixture = *state;
	const char *brief = policy_fixture_token(
		fixture, "{'account':'acme','sub':'eve','role':'agent','iat':1800000000,'exp':1800000100}");
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	struct session *eve = policy_fixture_try(fixture, 2, "acme:eve:2", brief, 0);

	(void)policy_fixture_admit(fixture, 3, "live", "agent");
	sessions_end(&fixture->policy.sessions, bob, POLICY_NOW_S + 3000);
	sessions_end(&fixture->policy.sessions, eve, POLICY_NOW_S + 50);
	policy_fixture_tick(fixture, 3650000);
	assert_non_null(sessions_find(&fixture->policy.sessions, policy_fixture_client(2))); /* kept for a delayed will */
	policy_fixture_tick(fixture, 3720000);
	assert_null(sessions_find(&fixture->policy.sessions, policy_fixture_client(2)));
	assert_non_null(sessions_find(&fixture->policy.sessions, policy_fixture_client(1)));
	policy_fixture_tick(fixture, 6601000 + 60000);
	assert_null(sessions_find(&fixture->policy.sessions, policy_fixture_client(1)));
	assert_null(sessions_find_by_client_id(&fixture->policy.sessions, "acme:bob:1"));
}

static void a_table_that_was_replaced_goes_bit_by_bit(void **state)
{
	struct policy_fixture *fixture = *state;
	struct policy *policy = &fixture->policy;
	char id[40];

	policy_fixture_load_nothing(fixture);
	policy->retired = policy->assignments;
	policy->assignments = NULL;
	for (int i = 0; i < 20000; i++) {
		(void)snprintf(id, sizeof(id), "acme_1_%d", i);
		assert_int_equal(assignments_set(policy->retired, id, "bob"), CW_OK);
	}
	policy_fixture_tick(fixture, 0);
	assert_non_null(policy->retired);
	for (int ticks = 0; policy->retired; ticks++) {
		assert_true(ticks < 50);
		policy_fixture_tick(fixture, 0);
	}
	assert_int_equal(policy->people.persons.n, 0);
}

/* ---- counters ---- */

static void counters_go_to_the_publisher_every_five_seconds(void **state)
{
	struct policy_fixture *fixture = *state;

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	policy_fixture_tick(fixture, 0);
	const json_t *stats = policy_fixture_told(fixture, NULL, "stats");

	assert_non_null(stats);
	assert_string_equal(fixture->told[0].topic, CW_TOPIC_PUBLISHER_NOTICE);
	assert_int_equal(policy_fixture_int(stats, "connects"), 1);
	assert_int_equal(policy_fixture_int(stats, "live"), 1);
	assert_int_equal(policy_fixture_int(json_object_get(stats, "connects_refused"), "token"), 0);
	assert_true(json_is_false(json_object_get(stats, "loaded")));
	policy_fixture_forget_notes(fixture);
	for (int i = 0; i < 4; i++) {
		policy_fixture_tick(fixture, 0);
	}
	assert_null(policy_fixture_told(fixture, NULL, "stats"));
	policy_fixture_tick(fixture, 0);
	assert_non_null(policy_fixture_told(fixture, NULL, "stats"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		POLICY_TEST(a_minute_before_its_end_a_client_is_told_once),
		POLICY_TEST(the_notice_is_on_the_agents_own_topic),
		POLICY_TEST(at_its_end_a_client_is_disconnected_once_with_its_will),
		POLICY_TEST(who_has_renewed_or_left_is_not_disconnected),
		POLICY_TEST(a_clock_that_leaps_over_the_warning_disconnects_all_the_same),
		POLICY_TEST(a_storm_of_ends_is_worked_off_in_slices),
		POLICY_TEST(a_slice_ends_when_it_takes_too_long),
		POLICY_TEST(looks_are_so_far_apart_but_what_is_due_does_not_wait),
		POLICY_TEST(a_kick_is_once_and_with_the_will),
		POLICY_TEST(a_client_id_that_was_taken_over_meanwhile_is_spared),
		POLICY_TEST(a_revocation_denies_at_once_and_disconnects_without_the_will),
		POLICY_TEST(an_offline_session_that_is_revoked_is_not_kicked_and_loses_its_queue),
		POLICY_TEST(a_revocation_that_is_over_does_nothing),
		POLICY_TEST(a_whole_account_goes_by_one_rule_and_a_new_token_comes_back),
		POLICY_TEST(an_ended_session_is_forgotten_an_hour_later_and_not_before_its_token),
		POLICY_TEST(a_table_that_was_replaced_goes_bit_by_bit),
		POLICY_TEST(counters_go_to_the_publisher_every_five_seconds),
	};

	return cmocka_run_group_tests_name("upkeep", tests, NULL, NULL);
}
