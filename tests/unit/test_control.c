/* SPDX-License-Identifier: MIT */
/* The `convwire` command's actions for assignments and revocations. */
#include "api/control.h"

#include "core/clock.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

#define LONGEST_S 7200

static int n_revoked;
static bool has_no_keys;

static enum cw_status longest_token_s(void *context, int64_t *ret_seconds, struct cw_error *reterr)
{
	(void)context;
	if (has_no_keys) {
		return cw_error_set(reterr, CW_NOT_FOUND, "no key");
	}
	*ret_seconds = LONGEST_S;
	return CW_OK;
}

static void note_revoked(void *context, const struct cw_revocation *revocation)
{
	(void)context;
	assert_true(revocation->revoked_at_s > 0);
	n_revoked++;
}

/* arguments is JSON with ' for "; the answer is valid until the next call. */
static enum cw_status act(struct fixture *fixture, const char *action, const char *arguments)
{
	const struct control control = { .store = fixture->store,
					 .longest_token_s = longest_token_s,
					 .on_revoked = note_revoked };
	char *text = with_quotes(arguments);
	json_t *parsed = json_loads(text, 0, NULL);

	free(text);
	assert_non_null(parsed);
	json_decref(fixture->answer);
	enum cw_status status = control_do(&control, action, parsed, &fixture->answer);

	json_decref(parsed);
	return status;
}

static void any_id_that_means_one_conversation_assigns_it(void **state)
{
	struct fixture *fixture = *state;
	static const char *const ids[] = { CONVERSATION, "legacy-1", ("+" CUSTOMER) };
	char arguments[300];

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "x"));
	assert_ok(add_alias(fixture, "1001", CUSTOMER, "legacy-1", NULL), fixture->error);
	for (size_t i = 0; i < N_ROWS(ids); i++) {
		(void)snprintf(arguments, sizeof(arguments),
			       "{'account':'acme','conversation':'%s','subject':'ana-%zu'}", ids[i], i);
		assert_int_equal(act(fixture, "assign", arguments), CW_OK);
		assert_string_equal(text_at(fixture->answer, "conversation"), CONVERSATION);
		assert_true(json_is_true(at(fixture->answer, "changed")));
	}
	assert_string_equal(text_at(fixture->answer, "assignee"), "ana-2");
	assert_int_equal(act(fixture, "assign", arguments), CW_OK); /* already assigned: repeating it is not an error */
	assert_true(json_is_false(at(fixture->answer, "changed")));
	assert_int_equal(act(fixture, "assign", "{'account':'acme','conversation':'legacy-1','subject':null}"), CW_OK);
	assert_true(json_is_null(at(fixture->answer, "assignee")));
	assert_string_equal(text_at(conversation(fixture, CONVERSATION), "assignee"), "null");
}

static void an_id_that_means_none_or_several_assigns_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(add_number(fixture, "acme", "1002", NULL), fixture->error);
	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "x"));
	post(fixture, "messages", AT("1002") "'messages':[" TEXT(CUSTOMER, "w2", 1800000000, "x") "]");
	int64_t head = account(fixture, "acme").head;

	assert_int_equal(act(fixture, "assign", "{'account':'acme','conversation':'" CUSTOMER "','subject':'ana'}"),
			 CW_INVALID);
	assert_contains(text_at(fixture->answer, "error"), CONVERSATION);
	assert_contains(text_at(fixture->answer, "error"), "acme_1002_" CUSTOMER);
	assert_int_equal(json_array_size(at(fixture->answer, "matches")), 2);
	assert_int_equal(act(fixture, "assign", "{'account':'acme','conversation':'nobody-knows','subject':'ana'}"),
			 CW_NOT_FOUND);
	assert_int_equal(act(fixture, "assign", "{'account':'other','conversation':'" CONVERSATION "','subject':'ana'}"),
			 CW_NOT_FOUND);
	assert_int_equal(act(fixture, "assign", "{'account':'acme','conversation':'" CONVERSATION "','subject':'a b'}"),
			 CW_INVALID);
	/* A missing subject does not mean "nobody". */
	assert_int_equal(act(fixture, "assign", "{'account':'acme','conversation':'" CONVERSATION "'}"), CW_INVALID);
	assert_int_equal(act(fixture, "assign", "{'account':'acme','conversation':'" CONVERSATION "','subject':7}"),
			 CW_INVALID);
	assert_int_equal(account(fixture, "acme").head, head);
}

static void a_revocation_is_kept_as_long_as_a_token_may_live(void **state)
{
	struct fixture *fixture = *state;

	n_revoked = 0;
	assert_int_equal(act(fixture, "revoke", "{'account':'acme','subject':'ana'}"), CW_OK);
	assert_int_equal(n_revoked, 1);
	assert_string_equal(text_at(fixture->answer, "revocation.kind"), "subject");
	assert_string_equal(text_at(fixture->answer, "revocation.value"), "ana");
	int64_t revoked_at = int_at(fixture->answer, "revocation.revoked_at");

	assert_in_range(revoked_at, FIXTURE_NOW_S, FIXTURE_NOW_S + 5);
	assert_int_equal(int_at(fixture->answer, "revocation.forget_at"), revoked_at + LONGEST_S);
	assert_int_equal(act(fixture, "revoke", "{'account':'acme','jti':'t1','revoked_at':1799999000}"), CW_OK);
	assert_int_equal(int_at(fixture->answer, "revocation.revoked_at"), 1799999000);
	assert_true(int_at(fixture->answer, "revocation.forget_at") >= FIXTURE_NOW_S + LONGEST_S);
	assert_int_equal(act(fixture, "revoke", "{'account':'acme'}"), CW_OK);
	assert_string_equal(text_at(fixture->answer, "revocation.kind"), "account");
	assert_int_equal(act(fixture, "revoke", "{'kid':'backend'}"), CW_OK);
	assert_string_equal(text_at(fixture->answer, "revocation.kind"), "key");
	assert_int_equal(n_revoked, 4);
	assert_int_equal(act(fixture, "revocation.list", "{}"), CW_OK);
	assert_int_equal(json_array_size(at(fixture->answer, "revocations")), 4);
	fixture_set_clock(2 * LONGEST_S);
	assert_int_equal(act(fixture, "revocation.list", "{}"), CW_OK);
	assert_int_equal(json_array_size(at(fixture->answer, "revocations")), 0);
}

/* Most important: a revocation meant for one agent must never apply to the whole account. */
static void a_malformed_revocation_revokes_nothing(void **state)
{
	struct fixture *fixture = *state;
	static const char *const bad[] = {
		"{}",
		"{'subject':'ana'}",
		"{'account':'acme','subject':7}",
		"{'account':'acme','subject':null}",
		"{'account':'acme','subject':''}",
		"{'account':'acme','subject':'a_b'}",
		"{'account':'acme','subject':'ana','jti':'t1'}",
		"{'account':'acme','kid':'backend'}",
		"{'account':'a_b'}",
		"{'account':7,'kid':'backend'}",
		"{'account':'acme','revoked_at':'now'}",
		"{'account':'acme','revoked_at':1800000000.5}",
		"{'account':'acme','revoked_at':0}",
		"{'account':'acme','revoked_at':1800000000000}",
		"{'account':'acme','jti':'0123456789012345678901234567890123456789012345678901234567890123456789'}",
	};

	n_revoked = 0;
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		if (act(fixture, "revoke", bad[i]) != CW_INVALID) {
			fail_msg("taken: %s", bad[i]);
		}
	}
	has_no_keys = true;
	assert_int_equal(act(fixture, "revoke", "{'account':'acme','subject':'ana'}"), CW_NOT_FOUND);
	has_no_keys = false;
	assert_int_equal(n_revoked, 0);
	assert_int_equal(act(fixture, "revocation.list", "{}"), CW_OK);
	assert_int_equal(json_array_size(at(fixture->answer, "revocations")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(any_id_that_means_one_conversation_assigns_it),
		STORE_TEST(an_id_that_means_none_or_several_assigns_nothing),
		STORE_TEST(a_revocation_is_kept_as_long_as_a_token_may_live),
		STORE_TEST(a_malformed_revocation_revokes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
