/* SPDX-License-Identifier: MIT */
/* What a session may do, and the reasons for denials. */
#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

#define OTHERS "acme_1001_111111"
#define R CW_ACCESS_READ
#define W CW_ACCESS_WRITE
#define S CW_ACCESS_SUBSCRIBE

static enum policy_denial ask(struct policy_fixture *fixture, const struct session *session,
			      enum cw_access_action action, const char *topic, int64_t after_s)
{
	const struct policy_check check = { .action = action, .topic = topic, .qos = 1 };

	return policy_fixture_check(fixture, session, &check, POLICY_NOW_S + after_s, NULL);
}

static void assert_asked(struct policy_fixture *fixture, const struct session *session, enum cw_access_action action,
			 const char *topic, enum policy_denial expected)
{
	enum policy_denial found = ask(fixture, session, action, topic, 0);

	if (found != expected) {
		fail_msg("%s: %s, not %s", topic, policy_denial_text(found), policy_denial_text(expected));
	}
}

static void a_session_may_what_its_role_may_until_the_second_it_expires(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");

	policy_fixture_load_nothing(fixture);
	assert_asked(fixture, bob, R, "acct/acme/head", POLICY_ALLOWED);
	assert_asked(fixture, bob, S, "acct/acme/conv/+", POLICY_ALLOWED);
	assert_asked(fixture, bob, W, "acct/acme/conv/" OTHERS "/cmd/bob", POLICY_ALLOWED);
	assert_asked(fixture, bob, W, "acct/acme/conv/" OTHERS "/cmd/eve", POLICY_BY_RULES);
	assert_asked(fixture, bob, W, "acct/acme/head", POLICY_BY_RULES);
	assert_asked(fixture, bob, R, "acct/other/head", POLICY_BY_RULES);
	assert_asked(fixture, bob, S, "#", POLICY_BY_RULES);
	assert_int_equal(ask(fixture, bob, R, "acct/acme/head", POLICY_HOUR_S - 1), POLICY_ALLOWED);
	for (int action = 0; action < CW_ACCESS_ACTION_COUNT; action++) {
		assert_int_equal(ask(fixture, bob, (enum cw_access_action)action, "acct/acme/head", POLICY_HOUR_S),
				 POLICY_EXPIRED);
	}
	assert_int_equal(ask(fixture, bob, W, CW_TOPIC_CONTROL_RENEW, POLICY_HOUR_S), POLICY_EXPIRED);
}

static void the_verdict_says_which_line_it_was(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	const struct policy_check check = { .action = R, .topic = "acct/acme/head" };
	struct cw_access_verdict verdict = { .reason = CW_ACCESS_NO_RULE };
	char line[100];

	policy_fixture_load_nothing(fixture);
	assert_int_equal(policy_fixture_check(fixture, bob, &check, POLICY_NOW_S, &verdict), POLICY_ALLOWED);
	assert_true(cw_access_verdict_line(fixture->policy.access, &verdict, line, sizeof(line)));
	assert_contains(line, "acct/%a/head");
}

static void until_revocations_are_known_tenants_are_kept_still(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	struct session *publisher = policy_fixture_admit_publisher(fixture);

	assert_asked(fixture, bob, R, "acct/acme/head", POLICY_NOT_LOADED);
	assert_asked(fixture, bob, W, "acct/acme/conv/" OTHERS "/cmd/bob", POLICY_NOT_LOADED);
	assert_asked(fixture, bob, S, "acct/acme/conv/+", POLICY_ALLOWED);
	assert_asked(fixture, bob, W, CW_TOPIC_CONTROL_RENEW, POLICY_ALLOWED);
	assert_asked(fixture, publisher, W, "acct/acme/head", POLICY_ALLOWED);
	assert_asked(fixture, publisher, W, CW_TOPIC_CONTROL_ASSIGN, POLICY_ALLOWED);
	assert_asked(fixture, publisher, R, CW_TOPIC_PUBLISHER_NOTICE, POLICY_ALLOWED);
	fixture->policy.knows_revocations = true; /* from the state file */
	assert_asked(fixture, bob, R, "acct/acme/head", POLICY_ALLOWED);
}

static void a_limited_role_sees_what_is_assigned_once_a_table_is_there(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "assigned-agent");
	struct session *eve = policy_fixture_admit(fixture, 2, "eve", "assigned-agent");
	struct session *agent = policy_fixture_admit(fixture, 3, "bob", "agent");

	fixture->policy.knows_revocations = true;
	assert_asked(fixture, bob, R, "acct/acme/conv/" POLICY_CONVERSATION, POLICY_BY_RULES);
	assert_asked(fixture, bob, S, "acct/acme/conv/+", POLICY_ALLOWED);
	assert_asked(fixture, bob, R, "acct/acme/events", POLICY_ALLOWED);
	assert_asked(fixture, agent, R, "acct/acme/conv/" POLICY_CONVERSATION, POLICY_ALLOWED);
	policy_fixture_load_nothing(fixture);
	assert_int_equal(assignments_set(fixture->policy.assignments, POLICY_CONVERSATION, "bob"), CW_OK);
	assert_asked(fixture, bob, R, "acct/acme/conv/" POLICY_CONVERSATION, POLICY_ALLOWED);
	assert_asked(fixture, bob, W, "acct/acme/conv/" POLICY_CONVERSATION "/cmd/bob", POLICY_ALLOWED);
	assert_asked(fixture, bob, R, "acct/acme/conv/" POLICY_CONVERSATION "/live/eve", POLICY_ALLOWED);
	assert_asked(fixture, bob, R, "acct/acme/conv/" OTHERS, POLICY_BY_RULES);
	assert_asked(fixture, eve, R, "acct/acme/conv/" POLICY_CONVERSATION, POLICY_BY_RULES);
	assert_asked(fixture, eve, W, "acct/acme/conv/" POLICY_CONVERSATION "/cmd/eve", POLICY_BY_RULES);
	assert_int_equal(assignments_set(fixture->policy.assignments, POLICY_CONVERSATION, "eve"), CW_OK);
	assert_asked(fixture, bob, R, "acct/acme/conv/" POLICY_CONVERSATION, POLICY_BY_RULES);
	assert_asked(fixture, eve, R, "acct/acme/conv/" POLICY_CONVERSATION, POLICY_ALLOWED);
}

static void a_claim_of_the_token_narrows_the_session(void **state)
{
	struct policy_fixture *fixture = *state;
	const char *token = policy_fixture_token(
		fixture, "{'account':'acme','sub':'bob','role':'agent','iat':1800000000,'exp':1800003600,"
			 "'acl':[{'permission':'allow','action':'sub','topics':['acct/acme/head','acct/other/#']}]}");
	struct session *bob = policy_fixture_try(fixture, 1, "acme:bob:1", token, 0);

	assert_non_null(bob);
	policy_fixture_load_nothing(fixture);
	assert_asked(fixture, bob, R, "acct/acme/head", POLICY_ALLOWED);
	assert_asked(fixture, bob, S, "acct/acme/head", POLICY_ALLOWED);
	assert_asked(fixture, bob, R, "acct/acme/events", POLICY_BY_RULES);
	assert_asked(fixture, bob, S, "acct/acme/conv/+", POLICY_BY_RULES);
	assert_asked(fixture, bob, W, "acct/acme/conv/" OTHERS "/cmd/bob", POLICY_BY_RULES);
	assert_asked(fixture, bob, R, "acct/other/head", POLICY_BY_RULES);
	assert_asked(fixture, bob, W, CW_TOPIC_CONTROL_RENEW, POLICY_ALLOWED); /* for another claim */
}

static void a_revoked_session_may_nothing_not_even_its_will(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");

	policy_fixture_load_nothing(fixture);
	policy_fixture_mark_revoked(fixture, bob);
	assert_asked(fixture, bob, R, "acct/acme/head", POLICY_REVOKED);
	assert_asked(fixture, bob, S, "acct/acme/conv/+", POLICY_REVOKED);
	assert_asked(fixture, bob, W, CW_TOPIC_CONTROL_RENEW, POLICY_REVOKED);
	sessions_end(&fixture->policy.sessions, bob, POLICY_NOW_S);
	assert_asked(fixture, bob, W, "acct/acme/agent/bob/presence/1", POLICY_REVOKED);
}

static void a_will_may_what_the_role_may_but_not_command(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	const char *presence = "acct/acme/agent/bob/presence/1";

	/* Presence is cleared even without the table and after the token's expiry. */
	sessions_end(&fixture->policy.sessions, bob, POLICY_NOW_S);
	assert_asked(fixture, bob, W, presence, POLICY_ALLOWED);
	assert_int_equal(ask(fixture, bob, W, presence, 2 * POLICY_HOUR_S), POLICY_ALLOWED);
	assert_asked(fixture, bob, W, "acct/acme/agent/eve/presence/1", POLICY_BY_RULES);
	assert_asked(fixture, bob, W, "acct/acme/conv/" OTHERS "/live/bob", POLICY_ALLOWED);
	assert_asked(fixture, bob, W, "acct/acme/conv/" OTHERS "/cmd/bob", POLICY_WILL_COMMAND);
	assert_asked(fixture, bob, W, "acct/other/conv/x/cmd/bob", POLICY_WILL_COMMAND);
	assert_asked(fixture, bob, W, "acct/acme/agent/cmd/x", POLICY_BY_RULES); /* elsewhere, cmd is just a name */
}

static void an_offline_session_is_kept_its_deliveries_while_its_token_holds(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");

	policy_fixture_load_nothing(fixture);
	sessions_end(&fixture->policy.sessions, bob, POLICY_NOW_S);
	assert_asked(fixture, bob, R, "acct/acme/events", POLICY_ALLOWED);
	assert_asked(fixture, bob, R, "acct/acme/agent/eve/reply", POLICY_BY_RULES);
	assert_int_equal(ask(fixture, bob, R, "acct/acme/events", POLICY_HOUR_S), POLICY_EXPIRED);
}

static void a_queue_of_a_revoked_session_is_dropped_until_the_next_tick(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *old = policy_fixture_admit(fixture, 1, "bob", "agent");
	const char *fresh = policy_fixture_token(
		fixture, "{'account':'acme','sub':'bob','role':'agent','iat':1800000050,'exp':1800003600}");

	policy_fixture_load_nothing(fixture);
	policy_fixture_mark_revoked(fixture, old);
	sessions_end(&fixture->policy.sessions, old, POLICY_NOW_S);
	struct session *new = policy_fixture_try(fixture, 2, "acme:bob:1", fresh, 50000);

	assert_non_null(new);
	assert_asked(fixture, new, R, "acct/acme/events", POLICY_QUEUE_DROPPED);
	assert_asked(fixture, new, S, "acct/acme/conv/+", POLICY_ALLOWED);
	assert_asked(fixture, new, W, "acct/acme/conv/" OTHERS "/cmd/bob", POLICY_ALLOWED);
	policy_fixture_tick(fixture, 51000);
	assert_asked(fixture, new, R, "acct/acme/events", POLICY_ALLOWED);
}

static void a_kick_for_expiry_keeps_subscriptions_and_one_for_revocation_does_not(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");

	fixture->policy.is_kicking_expired = true; /* as policy_tick sets it during the broker's kick */
	assert_int_equal(ask(fixture, bob, S, "acct/acme/conv/+", POLICY_HOUR_S), POLICY_ALLOWED);
	assert_int_equal(ask(fixture, bob, S, "acct/other/conv/+", POLICY_HOUR_S), POLICY_BY_RULES);
	assert_int_equal(ask(fixture, bob, R, "acct/acme/events", POLICY_HOUR_S), POLICY_EXPIRED);
	policy_fixture_mark_revoked(fixture, bob);
	assert_int_equal(ask(fixture, bob, S, "acct/acme/conv/+", POLICY_HOUR_S), POLICY_REVOKED);
}

/* The last topic is cached, split into levels: one topic must not get another's result. */
static void answers_do_not_depend_on_what_was_asked_before(void **state)
{
	static const char *const tails[] = { "", "/live/eve", "/a/long" };
	struct policy_fixture *fixture = *state;
	char topics[6][600];
	unsigned seed = 13;

	temp_dir_write_text(&fixture->dir, "roles.acl", "role assigned-agent\nassigned\npattern read acct/%a/conv/#\n");
	assert_ok(policy_reload(&fixture->policy, &fixture->error), fixture->error);
	policy_fixture_load_nothing(fixture);
	assert_int_equal(assignments_set(fixture->policy.assignments, POLICY_CONVERSATION, "bob"), CW_OK);
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "assigned-agent");

	for (size_t i = 0; i < 6; i++) {
		int n_more = i % 3 == 2 ? 500 : 0; /* too long for the cache */

		(void)snprintf(topics[i], sizeof(topics[i]), "acct/acme/conv/%s%s%0*d",
			       i < 3 ? POLICY_CONVERSATION : OTHERS, tails[i % 3], n_more, 0);
		topics[i][strlen(topics[i]) - (n_more ? 0 : 1)] = '\0';
	}
	for (int round = 0; round < 2000; round++) {
		seed = seed * 1103515245U + 12345U;
		size_t i = (seed >> 16) % 6;

		assert_asked(fixture, bob, R, topics[i], i < 3 ? POLICY_ALLOWED : POLICY_BY_RULES);
		assert_asked(fixture, bob, (seed >> 8) % 2 ? S : R, "acct/acme/events", POLICY_BY_RULES);
	}
}

/* ---- clients without a connection ---- */

static enum policy_denial ask_absent(const struct policy_fixture *fixture, const char *username,
				     enum cw_access_action action, const char *topic)
{
	const struct policy_check check = { .action = action, .topic = topic };

	return policy_check_absent(&fixture->policy, username, &check, POLICY_NOW_S);
}

static void an_absent_client_is_known_by_the_username_that_we_set(void **state)
{
	static const struct {
		const char *username;
		enum cw_access_action action;
		const char *topic;
		enum policy_denial denial;
	} rows[] = {
		{ "acme/bob", R, "acct/acme/events", POLICY_ALLOWED }, /* checked again when it reconnects */
		{ "acme/bob", W, "acct/acme/agent/bob/presence/1", POLICY_ALLOWED },
		{ "acme/bob", R, "acct/other/events", POLICY_BY_RULES },
		{ "acme/bob", R, "acct/acme", POLICY_BY_RULES },
		{ "acme/bob", R, "$SYS/broker/uptime", POLICY_BY_RULES },
		{ "acme/bob", W, CW_TOPIC_CONTROL, POLICY_BY_RULES },
		{ "_system/publisher", W, "acct/acme/head", POLICY_ALLOWED }, /* whose retained message is checked again */
		{ "_system/publisher", R, "acct/acme/head", POLICY_BY_RULES },
		{ "_system/bridge", R, "acct/acme/conv/x/cmd/bob", POLICY_ALLOWED },
		{ "_system/ops", W, CW_TOPIC_CONTROL, POLICY_BY_RULES },
		{ "_system/publisher", R, "acct/_system/x", POLICY_BY_RULES },
		{ NULL, R, "acct/acme/events", POLICY_UNKNOWN_CLIENT },
		{ "", R, "acct/acme/events", POLICY_UNKNOWN_CLIENT },
		{ "acme", R, "acct/acme/events", POLICY_UNKNOWN_CLIENT },
		{ "acme/", R, "acct/acme/events", POLICY_UNKNOWN_CLIENT },
		{ "acme/a/b", R, "acct/acme/events", POLICY_UNKNOWN_CLIENT },
		{ "acme/+", R, "acct/acme/events", POLICY_UNKNOWN_CLIENT },
		{ "/bob", R, "acct//events", POLICY_BY_RULES },
		{ "+/bob", R, "acct/+/events", POLICY_BY_RULES },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bob", R, "acct/a/events",
		  POLICY_UNKNOWN_CLIENT }, /* 65 */
	};
	struct policy_fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		enum policy_denial found = ask_absent(fixture, rows[i].username, rows[i].action, rows[i].topic);

		if (found != rows[i].denial) {
			fail_msg("%s %s: %s", rows[i].username ? rows[i].username : "NULL", rows[i].topic,
				 policy_denial_text(found));
		}
	}
}

static void an_absent_client_that_is_revoked_gets_nothing(void **state)
{
	struct policy_fixture *fixture = *state;
	const struct cw_revocation revocation = { .kind = CW_REVOKE_SUBJECT,
						  .account = "acme",
						  .value = "bob",
						  .revoked_at_s = POLICY_NOW_S,
						  .forget_at_s = POLICY_NOW_S + 100 };
	int64_t n_hit = 0;

	assert_ok(policy_revoke(&fixture->policy, &revocation, POLICY_NOW_S, &n_hit, &fixture->error), fixture->error);
	assert_int_equal(ask_absent(fixture, "acme/bob", R, "acct/acme/events"), POLICY_REVOKED);
	assert_int_equal(ask_absent(fixture, "acme/eve", R, "acct/acme/events"), POLICY_ALLOWED);
	assert_int_equal(ask_absent(fixture, "other/bob", R, "acct/other/events"), POLICY_ALLOWED);
}

/* ---- texts ---- */

static void every_denial_is_a_sentence_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < POLICY_DENIAL_COUNT; i++) {
		const char *text = policy_denial_text((enum policy_denial)i);

		assert_true(strlen(text) > 5);
		for (int k = 0; k < i; k++) {
			assert_string_not_equal(text, policy_denial_text((enum policy_denial)k));
		}
	}
	assert_string_equal(policy_denial_text(POLICY_DENIAL_COUNT), "");
}

static void our_topics_are_told_from_others(void **state)
{
	static const struct {
		const char *topic;
		bool is_ours;
	} rows[] = {
		{ "acct/acme/events", true },
		{ "acct/#", true },
		{ "acct", true },
		{ "acct/", true },
		{ CW_TOPIC_CONTROL_RENEW, true },
		{ "$share/g/acct/acme/conv/+", true },
		{ "$share/g/$share/h/acct/x", true },
		{ "$share/acct", true }, /* without a filter: treated as ours, so foreign clients are refused */
		{ "accounts/x", false },
		{ "x/acct/y", false },
		{ "$SYS/#", false },
		{ "$CONTROL/dynamic-security/v1", false },
		{ "$share/g/x", false },
		{ "$share/acct/x", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		if (policy_is_ours(rows[i].topic) != rows[i].is_ours) {
			fail_msg("%s", rows[i].topic);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		POLICY_TEST(a_session_may_what_its_role_may_until_the_second_it_expires),
		POLICY_TEST(the_verdict_says_which_line_it_was),
		POLICY_TEST(until_revocations_are_known_tenants_are_kept_still),
		POLICY_TEST(a_limited_role_sees_what_is_assigned_once_a_table_is_there),
		POLICY_TEST(a_claim_of_the_token_narrows_the_session),
		POLICY_TEST(a_revoked_session_may_nothing_not_even_its_will),
		POLICY_TEST(a_will_may_what_the_role_may_but_not_command),
		POLICY_TEST(an_offline_session_is_kept_its_deliveries_while_its_token_holds),
		POLICY_TEST(a_queue_of_a_revoked_session_is_dropped_until_the_next_tick),
		POLICY_TEST(a_kick_for_expiry_keeps_subscriptions_and_one_for_revocation_does_not),
		POLICY_TEST(answers_do_not_depend_on_what_was_asked_before),
		POLICY_TEST(an_absent_client_is_known_by_the_username_that_we_set),
		POLICY_TEST(an_absent_client_that_is_revoked_gets_nothing),
		cmocka_unit_test(every_denial_is_a_sentence_of_its_own),
		cmocka_unit_test(our_topics_are_told_from_others),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
