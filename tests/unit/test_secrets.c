/* SPDX-License-Identifier: MIT */
#include "ingest/secrets.h"

#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

struct fixture {
	struct temp_dir dir;
	struct secrets *secrets;
	struct cw_error error;
};

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	temp_dir_make(&fixture->dir);
	temp_dir_write_text(&fixture->dir, "verify.token", "verify me\n");
	temp_dir_write_text(&fixture->dir, "apps/main.conf", "accounts = acme\n");
	temp_dir_write_text(&fixture->dir, "apps/main.secret", "main secret\n");
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	secrets_destroy(fixture->secrets);
	temp_dir_remove(&fixture->dir);
	free(fixture);
	return 0;
}

static enum cw_status load(struct fixture *fixture)
{
	return secrets_load(fixture->dir.path, &fixture->secrets, &fixture->error);
}

static const char *signer(struct fixture *fixture, const char *secret, const char *body)
{
	struct cw_hmac *hmac = cw_hmac_create(secret, strlen(secret));
	unsigned char claimed[CW_HMAC_BYTES];

	assert_int_equal(cw_hmac_compute(hmac, body, strlen(body), claimed), CW_OK);
	cw_hmac_destroy(hmac);
	return secrets_find_signer(fixture->secrets, body, strlen(body), claimed);
}

static void the_signer_of_a_body_is_found_by_name(void **state)
{
	struct fixture *fixture = *state;

	temp_dir_write_text(&fixture->dir, "apps/old.conf", "accounts = acme, other\n");
	temp_dir_write_text(&fixture->dir, "apps/old.secret", "old secret");
	assert_ok(load(fixture), fixture->error);
	assert_string_equal(signer(fixture, "main secret", "{}"), "main");
	assert_string_equal(signer(fixture, "old secret", "{}"), "old"); /* rotation */
	assert_null(signer(fixture, "main secret\n", "{}"));
	assert_null(signer(fixture, "verify me", "{}"));
}

static void a_secret_speaks_for_the_accounts_it_lists(void **state)
{
	struct fixture *fixture = *state;

	temp_dir_write_text(&fixture->dir, "apps/two.conf", "accounts = acme, other\n");
	temp_dir_write_text(&fixture->dir, "apps/two.secret", "2");
	temp_dir_write_text(&fixture->dir, "apps/all.conf", "accounts = *\n");
	temp_dir_write_text(&fixture->dir, "apps/all.secret", "3");
	assert_ok(load(fixture), fixture->error);
	struct cw_store_secrets ask = secrets_for_store(fixture->secrets);

	assert_true(ask.allows(ask.context, "main", "acme"));
	assert_false(ask.allows(ask.context, "main", "other"));
	assert_true(ask.allows(ask.context, "two", "other"));
	assert_true(ask.allows(ask.context, "all", "anyone"));
	assert_false(ask.allows(ask.context, "removed", "acme"));
	assert_string_equal(ask.only_account(ask.context, "main"), "acme");
	assert_null(ask.only_account(ask.context, "two"));
	assert_null(ask.only_account(ask.context, "all"));
	assert_null(ask.only_account(ask.context, "removed"));
}

static void the_verify_token_is_compared_whole(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(load(fixture), fixture->error);
	assert_true(secrets_verify_token_is(fixture->secrets, "verify me"));
	assert_false(secrets_verify_token_is(fixture->secrets, "verify m"));
	assert_false(secrets_verify_token_is(fixture->secrets, ""));
}

static void what_is_missing_or_wrong_is_named(void **state)
{
	static const struct {
		const char *file, *content; /* NULL: the file is removed */
		enum cw_status status;
		const char *part;
	} rows[] = {
		{ "verify.token", NULL, CW_NOT_FOUND, "verify.token" },
		{ "verify.token", "\n", CW_INVALID, "verify.token:1" },
		{ "apps/main.conf", NULL, CW_NOT_FOUND, "no app secret" },
		{ "apps/main.conf", "", CW_INVALID, "accounts" },
		{ "apps/main.conf", "accounts =\n", CW_INVALID, "accounts" },
		{ "apps/main.conf", "acounts = acme\n", CW_INVALID, "main.conf:1" },
		{ "apps/main.secret", NULL, CW_NOT_FOUND, "main.secret" }, /* half a key is never used */
		{ "apps/main.secret", "", CW_INVALID, "main.secret:1" },
	};

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		(void)stop(state);
		(void)start(state);
		struct fixture *fixture = *state;

		if (rows[i].content) {
			temp_dir_write_text(&fixture->dir, rows[i].file, rows[i].content);
		} else {
			assert_int_equal(remove(temp_dir_path(&fixture->dir, rows[i].file)), 0);
		}
		assert_int_equal(load(fixture), rows[i].status);
		assert_null(fixture->secrets);
		assert_contains(fixture->error.text, rows[i].part);
		assert_null(strstr(fixture->error.text, "main secret")); /* and no secret is revealed */
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_signer_of_a_body_is_found_by_name),
		TEST(a_secret_speaks_for_the_accounts_it_lists),
		TEST(the_verify_token_is_compared_whole),
		TEST(what_is_missing_or_wrong_is_named),
	};

	return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
