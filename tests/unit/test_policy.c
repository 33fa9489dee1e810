/* SPDX-License-Identifier: MIT */
#include "auth-plugin/policy.h"

#include "tests/unit/jws.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

#define NOW_S INT64_C(1800000000)
#define NOW_MS (NOW_S * 1000)
#define SECRET "a shared secret of the tests"
#define CLAIMS "{'account':'acme','sub':'bob','iat':1800000000,'exp':1800003600}"

struct fixture {
	struct temp_dir dir;
	struct policy policy;
	char *token;
	struct cw_error error;
};

static enum cw_status load(struct fixture *fixture)
{
	char *keys = strdup(temp_dir_path(&fixture->dir, "keys"));
	enum cw_status status = policy_load(&fixture->policy, keys, temp_dir_path(&fixture->dir, "roles.acl"),
					    &fixture->error);

	free(keys);
	return status;
}

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	temp_dir_make(&fixture->dir);
	temp_dir_write_text(&fixture->dir, "roles.acl", cw_access_shipped_roles);
	temp_dir_write_text(&fixture->dir, "keys/shared/k.conf", "algorithm = HS256\naccounts = *\nwithout_kid = yes\n");
	temp_dir_write_text(&fixture->dir, "keys/shared/k.secret", SECRET);
	fixture->token = jws_mac(SECRET, strlen(SECRET), "{'alg':'HS256','typ':'JWT'}", CLAIMS);
	assert_ok(load(fixture), fixture->error);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	policy_finish(&fixture->policy);
	temp_dir_remove(&fixture->dir);
	free(fixture->token);
	free(fixture);
	return 0;
}

static void a_token_and_a_client_id_of_its_own_are_admitted(void **state)
{
	static const struct {
		const char *client_id;
		bool is_admitted;
	} rows[] = {
		{ "acme:bob:tab1", true },
		{ "acme:bob:T_a-b", true },
		{ "auto-6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A11", true }, /* mosquitto chose it */
		{ "acme:bob:", false },                                /* no tab */
		{ "acme:bob", false },
		{ "acme:alice:tab1", false }, /* somebody else's session */
		{ "acme:bobby:tab1", false },
		{ "other:bob:tab1", false },
		{ "acme:bob:a:b", false },
		{ "acme:bob:a/b", false },
		{ "acme:bob:+", false },
		{ "acme:bob:#", false },
		{ "acme:bob:a\nb", false },
		{ "acme:bob:ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt", false }, /* 65 */
		{ "auto-alice", false },
		{ "auto-6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A1", false },
		{ "auto-6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A111", false },
		{ "auto-6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A1Z", false },
		{ "", false },
		{ NULL, false },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_token token = { .account = "untouched" };
		enum cw_status status = policy_admit(&fixture->policy, fixture->token, rows[i].client_id, NOW_MS,
						     &token, &fixture->error);

		assert_int_equal(status, rows[i].is_admitted ? CW_OK : CW_DENIED);
		assert_string_equal(token.account, rows[i].is_admitted ? "acme" : "untouched");
	}
}

static void without_a_good_token_nobody_is_admitted(void **state)
{
	static const char *const tokens[] = { NULL, "", "password", "a.b.c" };
	struct fixture *fixture = *state;
	struct cw_token token;

	for (size_t i = 0; i < N_ROWS(tokens); i++) {
		assert_int_equal(policy_admit(&fixture->policy, tokens[i], "acme:bob:1", NOW_MS, &token, &fixture->error),
				 CW_DENIED);
		assert_true(strlen(fixture->error.text) > 0);
	}
	assert_int_equal(
		policy_admit(&fixture->policy, fixture->token, "acme:bob:1", NOW_MS + 3600000, &token, &fixture->error),
		CW_DENIED); /* expired */
}

static void a_session_may_what_its_role_may_until_the_second_it_expires(void **state)
{
	struct fixture *fixture = *state;
	struct session session = {
		.client_id = "acme:bob:1",
		.token = { .account = "acme", .subject = "bob", .role = "agent", .expires_at_s = NOW_S + 60 }
	};
	const struct policy *policy = &fixture->policy;

	assert_true(policy_allows(policy, &session, CW_ACCESS_READ, "acct/acme/head", 1, true, NOW_S));
	assert_true(policy_allows(policy, &session, CW_ACCESS_SUBSCRIBE, "acct/acme/conv/+", 1, false, NOW_S + 59));
	assert_false(policy_allows(policy, &session, CW_ACCESS_READ, "acct/other/head", 1, true, NOW_S));
	assert_false(policy_allows(policy, &session, CW_ACCESS_WRITE, "acct/acme/head", 1, true, NOW_S));
	assert_false(policy_allows(policy, &session, CW_ACCESS_READ, "acct/acme/head", 1, true, NOW_S + 60));
	assert_false(policy_allows(policy, NULL, CW_ACCESS_READ, "acct/acme/head", 1, true, NOW_S));
}

static void an_ended_session_may_only_leave_its_will(void **state)
{
	struct fixture *fixture = *state;
	struct session session = {
		.client_id = "acme:bob:1",
		.is_ended = true,
		.token = { .account = "acme", .subject = "bob", .role = "agent", .expires_at_s = NOW_S + 60 }
	};
	const struct policy *policy = &fixture->policy;

	assert_true(policy_allows(policy, &session, CW_ACCESS_WRITE, "acct/acme/agent/bob/presence/1", 1, true, NOW_S));
	assert_false(policy_allows(policy, &session, CW_ACCESS_READ, "acct/acme/head", 1, false, NOW_S));
	assert_false(policy_allows(policy, &session, CW_ACCESS_SUBSCRIBE, "acct/acme/head", 1, false, NOW_S));
	assert_false(policy_allows(policy, &session, CW_ACCESS_WRITE, "acct/acme/agent/alice/presence/1", 1, true, NOW_S));
}

static void a_bad_reload_leaves_keys_and_roles_in_force(void **state)
{
	struct fixture *fixture = *state;
	struct cw_token token;

	temp_dir_write_text(&fixture->dir, "roles.acl", "role a\nnonsense\n");
	assert_int_equal(load(fixture), CW_INVALID);
	assert_contains(fixture->error.text, "roles.acl:2");
	assert_ok(policy_admit(&fixture->policy, fixture->token, "acme:bob:1", NOW_MS, &token, &fixture->error),
		  fixture->error);
	temp_dir_write_text(&fixture->dir, "roles.acl", cw_access_shipped_roles);
	temp_dir_write_text(&fixture->dir, "keys/shared/k.conf", "nonsense = 1\n");
	assert_int_equal(load(fixture), CW_INVALID);
	assert_ok(policy_admit(&fixture->policy, fixture->token, "acme:bob:1", NOW_MS, &token, &fixture->error),
		  fixture->error);
}

static void a_reload_may_be_given_the_policys_own_paths(void **state)
{
	struct fixture *fixture = *state;
	struct policy *policy = &fixture->policy;

	temp_dir_write_text(&fixture->dir, "roles.acl", "role viewer\npattern read acct/%a/events\n");
	assert_ok(policy_load(policy, policy->keys_dir, policy->roles_path, &fixture->error), fixture->error);
	struct session session = {
		.client_id = "acme:bob:1",
		.token = { .account = "acme", .subject = "bob", .role = "agent", .expires_at_s = NOW_S + 60 }
	};

	assert_false(policy_allows(policy, &session, CW_ACCESS_READ, "acct/acme/events", 1, true, NOW_S)); /* no such role */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_and_a_client_id_of_its_own_are_admitted),
		TEST(without_a_good_token_nobody_is_admitted),
		TEST(a_session_may_what_its_role_may_until_the_second_it_expires),
		TEST(an_ended_session_may_only_leave_its_will),
		TEST(a_bad_reload_leaves_keys_and_roles_in_force),
		TEST(a_reload_may_be_given_the_policys_own_paths),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
