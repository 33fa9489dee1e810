/* SPDX-License-Identifier: MIT */
/* The publisher's messages on $CONTROL/convwire/v1/assign. */
#include "auth-plugin/tables.h"

#include "core/clock.h"
#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

#define OTHER_CONVERSATION "acme_1001_111111"
#define ROW "['" POLICY_CONVERSATION "','bob']"
#define REVOCATION(subject) \
	"{'kind':'subject','account':'acme','value':'" subject "','revoked_at':1800000000,'forget_at':1800086400}"

static struct tables tables;

static void say(struct policy_fixture *fixture, const char *message)
{
	char *payload = with_quotes(message);

	tables_take(&tables, &fixture->policy, payload, strlen(payload), POLICY_NOW_S);
	free(payload);
}

static int start(void **state)
{
	tables.load = NULL;
	int status = policy_fixture_start(state);

	cw_clock_set_offset_ms(POLICY_NOW_MS - cw_clock_now_ms()); /* a state file is read according to the clock */
	return status;
}

static int stop(void **state)
{
	tables_finish(&tables);
	assert_null(tables.load);
	return policy_fixture_stop(state);
}

/* The error was reported to the publisher and logged. */
static void assert_failed(struct policy_fixture *fixture, const char *part)
{
	const json_t *answer = policy_fixture_told(fixture, NULL, "load_failed");

	assert_non_null(answer);
	assert_contains(policy_fixture_text(answer, "reason"), part);
	assert_true(fixture->n_logged > 0 && fixture->logged[fixture->n_logged - 1].is_error);
	assert_contains(fixture->logged[fixture->n_logged - 1].line, part);
	assert_null(policy_fixture_told(fixture, NULL, "loaded"));
	policy_fixture_forget_notes(fixture);
}

static void load_one(struct policy_fixture *fixture)
{
	say(fixture, "{'type':'begin','generation':'g1'}");
	say(fixture, "{'type':'chunk','generation':'g1','assignments':[" ROW "]}");
	say(fixture, "{'type':'commit','generation':'g1','n_assignments':1,'n_revocations':0}");
	assert_non_null(policy_fixture_told(fixture, NULL, "loaded"));
	policy_fixture_forget_notes(fixture);
}

/* ---- whole loads ---- */

static void a_load_takes_effect_when_it_is_committed_and_not_before(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "assigned-agent");
	struct session *eve = policy_fixture_admit(fixture, 2, "eve", "agent");

	say(fixture, "{'type':'begin','generation':'g1'}");
	say(fixture, "{'type':'chunk','generation':'g1','assignments':[" ROW "]}");
	say(fixture, "{'type':'chunk','generation':'g1','revocations':[" REVOCATION("eve") "]}");
	say(fixture, "{'type':'chunk','generation':'g1'}"); /* both arrays are optional */
	assert_null(fixture->policy.assignments);
	assert_false(fixture->policy.knows_revocations);
	assert_false(eve->is_revoked);
	assert_int_equal(fixture->n_told, 0);
	say(fixture, "{'type':'commit','generation':'g1','n_assignments':1,'n_revocations':1}");
	assert_true(fixture->policy.knows_revocations);
	assert_true(policy_fixture_has(fixture, POLICY_CONVERSATION, bob));
	assert_true(eve->is_revoked);
	assert_null(tables.load);
	const json_t *answer = policy_fixture_told(fixture, NULL, "loaded");

	assert_non_null(answer);
	assert_string_equal(fixture->told[0].topic, CW_TOPIC_PUBLISHER_NOTICE);
	assert_string_equal(policy_fixture_text(answer, "generation"), "g1");
	assert_int_equal(policy_fixture_int(answer, "n_assignments"), 1);
	assert_int_equal(policy_fixture_int(answer, "n_revocations"), 1);
	assert_int_equal(fixture->n_logged, 0);
}

static void an_empty_load_is_a_load(void **state)
{
	struct policy_fixture *fixture = *state;

	say(fixture, "{'type':'begin','generation':'g1'}");
	say(fixture, "{'type':'commit','generation':'g1','n_assignments':0,'n_revocations':0}");
	assert_non_null(policy_fixture_told(fixture, NULL, "loaded"));
	assert_non_null(fixture->policy.assignments);
	assert_true(fixture->policy.knows_revocations);
}

static void the_next_load_replaces_assignments_and_adds_revocations(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "assigned-agent");

	load_one(fixture);
	say(fixture, "{'type':'revoke','revocation':" REVOCATION("eve") "}");
	say(fixture, "{'type':'begin','generation':'g2'}");
	say(fixture, "{'type':'chunk','generation':'g2','assignments':[['" OTHER_CONVERSATION "','bob']],"
		     "'revocations':[" REVOCATION("ann") "]}");
	assert_true(policy_fixture_has(fixture, POLICY_CONVERSATION, bob)); /* the old table stays until the commit */
	say(fixture, "{'type':'commit','generation':'g2','n_assignments':1,'n_revocations':1}");
	assert_false(policy_fixture_has(fixture, POLICY_CONVERSATION, bob));
	assert_true(policy_fixture_has(fixture, OTHER_CONVERSATION, bob));
	/* A revocation made over $CONTROL may still be on its way to the store. */
	assert_int_equal(cw_revocations_count(fixture->policy.revocations), 2);
	assert_non_null(fixture->policy.retired);
	policy_fixture_tick(fixture, 0);
	assert_null(fixture->policy.retired);
}

static void a_load_is_kept_over_a_restart(void **state)
{
	struct policy_fixture *fixture = *state;

	say(fixture, "{'type':'begin','generation':'g1'}");
	say(fixture, "{'type':'chunk','generation':'g1','revocations':[" REVOCATION("eve") "]}");
	say(fixture, "{'type':'commit','generation':'g1','n_assignments':0,'n_revocations':1}");
	assert_ok(policy_fixture_reopen(fixture), fixture->error);
	assert_true(fixture->policy.knows_revocations);
	assert_int_equal(cw_revocations_count(fixture->policy.revocations), 1);
	assert_null(fixture->policy.assignments); /* the assignments are not kept */
}

static void counts_that_do_not_fit_drop_the_load(void **state)
{
	static const char *const commits[] = {
		"{'type':'commit','generation':'g2','n_assignments':0,'n_revocations':1}",
		"{'type':'commit','generation':'g2','n_assignments':2,'n_revocations':1}",
		"{'type':'commit','generation':'g2','n_assignments':1,'n_revocations':0}",
		"{'type':'commit','generation':'g2','n_assignments':1,'n_revocations':2}",
		"{'type':'commit','generation':'g2','n_assignments':1}",
		"{'type':'commit','generation':'g2','n_assignments':'1','n_revocations':1}",
		"{'type':'commit','generation':'g2','n_assignments':1.0,'n_revocations':1}",
		"{'type':'commit','generation':'g2'}",
	};
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "assigned-agent");

	load_one(fixture);
	for (size_t i = 0; i < N_ROWS(commits); i++) {
		say(fixture, "{'type':'begin','generation':'g2'}");
		say(fixture, "{'type':'chunk','generation':'g2','assignments':[['" OTHER_CONVERSATION "','bob']],"
			     "'revocations':[" REVOCATION("ann") "]}");
		say(fixture, commits[i]);
		assert_failed(fixture, "commit says otherwise");
		assert_null(tables.load);
		assert_true(policy_fixture_has(fixture, POLICY_CONVERSATION, bob)); /* the old table stays in force */
		assert_int_equal(cw_revocations_count(fixture->policy.revocations), 0);
	}
}

static void a_generation_that_is_not_under_way_is_refused(void **state)
{
	static const char *const messages[] = {
		"{'type':'chunk','generation':'g0','assignments':[]}",
		"{'type':'commit','generation':'g0','n_assignments':0,'n_revocations':0}",
	};
	struct policy_fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(messages); i++) {
		say(fixture, messages[i]); /* there was no begin */
		assert_failed(fixture, "no load of this generation");
		say(fixture, "{'type':'begin','generation':'g1'}");
		say(fixture, messages[i]);
		assert_failed(fixture, "no load of this generation");
	}
	assert_null(fixture->policy.assignments);
	load_one(fixture);
	say(fixture, "{'type':'commit','generation':'g1','n_assignments':1,'n_revocations':0}"); /* twice */
	assert_failed(fixture, "no load of this generation");
}

static void a_new_beginning_drops_the_load_before(void **state)
{
	struct policy_fixture *fixture = *state;

	say(fixture, "{'type':'begin','generation':'g1'}");
	say(fixture, "{'type':'chunk','generation':'g1','assignments':[" ROW "]}");
	say(fixture, "{'type':'begin','generation':'g2'}");
	say(fixture, "{'type':'commit','generation':'g2','n_assignments':0,'n_revocations':0}");
	assert_non_null(policy_fixture_told(fixture, NULL, "loaded"));
	assert_int_equal(assignments_count(fixture->policy.assignments), 0);
}

static void a_beginning_needs_a_name(void **state)
{
	static const char *const bad[] = {
		"{'type':'begin'}",
		"{'type':'begin','generation':''}",
		"{'type':'begin','generation':7}",
		"{'type':'begin','generation':'01234567890123456789012345678901234567890123456789012345678901234'}",
	};
	struct policy_fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(bad); i++) {
		say(fixture, bad[i]);
		assert_failed(fixture, "generation");
		assert_null(tables.load);
	}
}

static void a_bad_row_drops_the_load(void **state)
{
	static const struct {
		const char *chunk, *part;
	} rows[] = {
		{ "'assignments':[['" POLICY_CONVERSATION "']]", "row 0" },
		{ "'assignments':[" ROW ",['x','bob']]", "row 1" },
		{ "'assignments':[['" POLICY_CONVERSATION "',null]]", "row 0" },
		{ "'assignments':[['" POLICY_CONVERSATION "','b/c']]", "row 0" },
		{ "'assignments':[[7,'bob']]", "row 0" },
		{ "'assignments':[{'conversation':'" POLICY_CONVERSATION "','subject':'bob'}]", "row 0" },
		{ "'assignments':['" POLICY_CONVERSATION "']", "row 0" },
		{ "'assignments':[null]", "row 0" },
		{ "'revocations':[{}]", "a revocation must be" },
		{ "'revocations':[null]", "a revocation must be" },
		{ "'revocations':[" REVOCATION("ann") "," REVOCATION("a/b") "]", "needs its name" },
	};
	struct policy_fixture *fixture = *state;
	char message[600];

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		say(fixture, "{'type':'begin','generation':'g1'}");
		(void)snprintf(message, sizeof(message), "{'type':'chunk','generation':'g1',%s}", rows[i].chunk);
		say(fixture, message);
		assert_failed(fixture, rows[i].part);
		assert_null(tables.load);
	}
	assert_null(fixture->policy.assignments);
	assert_false(fixture->policy.knows_revocations);
}

/* ---- single changes ---- */

static void one_assignment_changes_at_once(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "assigned-agent");
	struct session *eve = policy_fixture_admit(fixture, 2, "eve", "assigned-agent");

	load_one(fixture);
	say(fixture, "{'type':'assign','conversation':'" POLICY_CONVERSATION "','subject':'eve'}");
	assert_false(policy_fixture_has(fixture, POLICY_CONVERSATION, bob));
	assert_true(policy_fixture_has(fixture, POLICY_CONVERSATION, eve));
	say(fixture, "{'type':'assign','conversation':'" POLICY_CONVERSATION "','subject':null}");
	assert_false(policy_fixture_has(fixture, POLICY_CONVERSATION, eve));
	assert_int_equal(assignments_count(fixture->policy.assignments), 0);
	assert_int_equal(fixture->n_told, 0);
	assert_int_equal(fixture->n_logged, 0);
}

static void before_a_table_is_there_one_assignment_makes_none(void **state)
{
	struct policy_fixture *fixture = *state;

	say(fixture, "{'type':'assign','conversation':'" POLICY_CONVERSATION "','subject':'bob'}");
	assert_null(fixture->policy.assignments);
	assert_int_equal(fixture->n_told, 0);
}

static void one_assignment_during_a_load_is_in_both(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *eve = policy_fixture_admit(fixture, 1, "eve", "assigned-agent");

	load_one(fixture);
	say(fixture, "{'type':'begin','generation':'g2'}");
	say(fixture, "{'type':'chunk','generation':'g2','assignments':[" ROW "]}");
	say(fixture, "{'type':'assign','conversation':'" POLICY_CONVERSATION "','subject':'eve'}");
	assert_true(policy_fixture_has(fixture, POLICY_CONVERSATION, eve));
	say(fixture, "{'type':'commit','generation':'g2','n_assignments':1,'n_revocations':0}");
	assert_non_null(policy_fixture_told(fixture, NULL, "loaded"));
	assert_true(policy_fixture_has(fixture, POLICY_CONVERSATION, eve));
}

static void a_malformed_assignment_changes_nothing(void **state)
{
	static const char *const bad[] = {
		"{'type':'assign'}",
		"{'type':'assign','conversation':'" POLICY_CONVERSATION "'}", /* a missing subject does not mean "nobody" */
		"{'type':'assign','conversation':'" POLICY_CONVERSATION "','subject':7}",
		"{'type':'assign','conversation':'" POLICY_CONVERSATION "','subject':''}",
		"{'type':'assign','conversation':'" POLICY_CONVERSATION "','subject':'a/b'}",
		"{'type':'assign','conversation':'nonsense','subject':'eve'}",
		"{'type':'assign','conversation':null,'subject':'eve'}",
		"{'type':'assign','subject':'eve'}",
	};
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "assigned-agent");

	load_one(fixture);
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		say(fixture, bad[i]);
		assert_failed(fixture, "assign needs");
		assert_true(policy_fixture_has(fixture, POLICY_CONVERSATION, bob));
	}
}

static void one_revocation_is_in_force_at_once_and_kept(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *eve = policy_fixture_admit(fixture, 1, "eve", "agent");

	say(fixture, "{'type':'revoke','revocation':" REVOCATION("eve") "}");
	assert_true(eve->is_revoked);
	assert_false(fixture->policy.knows_revocations); /* one revocation is not the whole table */
	assert_int_equal(fixture->n_told, 0);            /* the publisher has already stored it */
	say(fixture, "{'type':'revoke','revocation':{'kind':'moon'}}");
	assert_failed(fixture, "a revocation must be");
	say(fixture, "{'type':'revoke'}");
	assert_failed(fixture, "a revocation must be");
}

/* ---- junk ---- */

static void junk_is_answered_and_changes_nothing(void **state)
{
	static const char *const junk[] = {
		"",
		"{",
		"null",
		"[]",
		"'begin'",
		"7",
		"{}",
		"{'type':7}",
		"{'type':''}",
		"{'type':'moon'}",
		"{'type':'begin','type':'commit','generation':'g1'}",
		"{'type':'begin','generation':'g1'} {}",
	};
	struct policy_fixture *fixture = *state;

	load_one(fixture);
	say(fixture, "{'type':'begin','generation':'g2'}");
	for (size_t i = 0; i < N_ROWS(junk); i++) {
		say(fixture, junk[i]);
		assert_failed(fixture, "type");
	}
	tables_take(&tables, &fixture->policy, NULL, 0, POLICY_NOW_S);
	assert_failed(fixture, "type");
	assert_non_null(tables.load); /* unrelated messages do not end the load */
	assert_int_equal(assignments_count(fixture->policy.assignments), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_load_takes_effect_when_it_is_committed_and_not_before),
		TEST(an_empty_load_is_a_load),
		TEST(the_next_load_replaces_assignments_and_adds_revocations),
		TEST(a_load_is_kept_over_a_restart),
		TEST(counts_that_do_not_fit_drop_the_load),
		TEST(a_generation_that_is_not_under_way_is_refused),
		TEST(a_new_beginning_drops_the_load_before),
		TEST(a_beginning_needs_a_name),
		TEST(a_bad_row_drops_the_load),
		TEST(one_assignment_changes_at_once),
		TEST(before_a_table_is_there_one_assignment_makes_none),
		TEST(one_assignment_during_a_load_is_in_both),
		TEST(a_malformed_assignment_changes_nothing),
		TEST(one_revocation_is_in_force_at_once_and_kept),
		TEST(junk_is_answered_and_changes_nothing),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
