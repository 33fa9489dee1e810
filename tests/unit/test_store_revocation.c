/* SPDX-License-Identifier: MIT */
/* Revocations in the store, and which limited agents have called /sync. */
#include "core/clock.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

static struct cw_reader *begin(struct fixture *fixture)
{
	struct cw_reader *reader = NULL;

	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	return reader;
}

static struct cw_store_op run_revoke(struct fixture *fixture, enum cw_revocation_kind kind, const char *account_name,
				     const char *value, int64_t revoked_after_s, int64_t forget_after_s)
{
	struct cw_store_op op = { .type = CW_STORE_REVOKE,
				  .revocation = { .kind = kind,
						  .revoked_at_s = FIXTURE_NOW_S + revoked_after_s,
						  .forget_at_s = FIXTURE_NOW_S + forget_after_s } };

	(void)snprintf(op.revocation.account, sizeof(op.revocation.account), "%s", account_name);
	(void)snprintf(op.revocation.value, sizeof(op.revocation.value), "%s", value);
	enum cw_status status = cw_store_run(fixture->store, &op);

	assert_int_equal(status, op.status);
	return op;
}

static bool note_revocation(void *context, const struct cw_revocation *revocation)
{
	return json_array_append_new(context, cw_revocation_to_json(revocation)) == 0;
}

/* All revocations as one string, sorted by kind; freed by the caller. */
static char *revocations(struct fixture *fixture)
{
	json_t *list = json_array();
	struct cw_reader *reader = begin(fixture);

	assert_ok(cw_store_revocations(reader, cw_clock_now_ms() / 1000, note_revocation, list, &fixture->error),
		  fixture->error);
	cw_reader_release(reader);
	char *text = json_dumps(list, JSON_COMPACT);

	json_decref(list);
	return text;
}

static void assert_revocations(struct fixture *fixture, const char *expected)
{
	char *text = revocations(fixture);
	bool is_same = strcmp(text, expected) == 0;

	if (!is_same) {
		print_error("%s\n", text);
	}
	free(text);
	assert_true(is_same);
}

static void revocations_are_kept_until_they_are_over(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(run_revoke(fixture, CW_REVOKE_SUBJECT, "acme", "ana", 0, 100).status, CW_OK);
	assert_int_equal(run_revoke(fixture, CW_REVOKE_KEY, "", "backend", 0, 50).status, CW_OK);
	assert_int_equal(run_revoke(fixture, CW_REVOKE_ACCOUNT, "_system", "", 0, 100).status, CW_OK);
	assert_int_equal(run_revoke(fixture, CW_REVOKE_SUBJECT, "acme", "a_b", 0, 100).status, CW_INVALID);
	fixture_close(fixture);
	fixture_open(fixture);
#define ANA \
	"{\"kind\":\"subject\",\"account\":\"acme\",\"value\":\"ana\",\"revoked_at\":1800000000,\"forget_at\":1800000100}"
#define SYSTEM \
	"{\"kind\":\"account\",\"account\":\"_system\",\"value\":\"\",\"revoked_at\":1800000000,\"forget_at\":1800000100}"
	assert_revocations(fixture, "[" SYSTEM ",{\"kind\":\"key\",\"account\":\"\",\"value\":\"backend\",\"revoked_at\":"
				    "1800000000,\"forget_at\":1800000050}," ANA "]");
	fixture_set_clock(50);
	assert_revocations(fixture, "[" SYSTEM "," ANA "]");
	fixture_set_clock(100);
	assert_revocations(fixture, "[]");
}

static void a_later_revocation_reaches_further_and_never_less(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(run_revoke(fixture, CW_REVOKE_JTI, "acme", "t1", 0, 100).status, CW_OK);
	struct cw_store_op earlier = run_revoke(fixture, CW_REVOKE_JTI, "acme", "t1", -50, 90);

	assert_int_equal(earlier.revocation.revoked_at_s, FIXTURE_NOW_S); /* unchanged */
	assert_int_equal(earlier.revocation.forget_at_s, FIXTURE_NOW_S + 100);
	struct cw_store_op later = run_revoke(fixture, CW_REVOKE_JTI, "acme", "t1", 10, 110);

	assert_int_equal(later.revocation.revoked_at_s, FIXTURE_NOW_S + 10);
	assert_revocations(fixture, "[{\"kind\":\"jti\",\"account\":\"acme\",\"value\":\"t1\",\"revoked_at\":1800000010,"
				    "\"forget_at\":1800000110}]");
}

static bool note_limited(void *context, const char *account_name, const char *subject, int64_t synced_at_ms)
{
	assert_string_equal(account_name, "acme");
	(void)json_object_set_new(context, subject, json_integer(synced_at_ms));
	return true;
}

/* ---- agents limited to some conversations ---- */

static json_t *limited(struct fixture *fixture, int64_t since_ms)
{
	json_t *list = json_object();
	struct cw_reader *reader = begin(fixture);

	assert_ok(cw_store_limited_subjects(reader, since_ms, note_limited, list, &fixture->error), fixture->error);
	cw_reader_release(reader);
	return list;
}

static enum cw_status see(struct fixture *fixture, const char *account_name, const char *subject)
{
	struct cw_store_op op = { .type = CW_STORE_LIMITED_SEEN,
				  .limited = { .account = account_name, .subject = subject } };

	return cw_store_run(fixture->store, &op);
}

static void who_synced_lately_is_known(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(see(fixture, "acme", "ana"), CW_OK);
	fixture_set_clock(3600);
	assert_int_equal(see(fixture, "acme", "bea"), CW_OK);
	assert_int_equal(see(fixture, "nowhere", "bea"), CW_NOT_FOUND);
	json_t *all = limited(fixture, FIXTURE_NOW_MS - 1000);
	json_t *late = limited(fixture, FIXTURE_NOW_MS + 60000);

	assert_int_equal(json_object_size(all), 2);
	assert_int_equal(json_object_size(late), 1);
	assert_true(int_at(late, "bea") >= FIXTURE_NOW_MS + 3600000);
	json_decref(all);
	json_decref(late);
	fixture_set_clock(8 * 86400);
	assert_int_equal(see(fixture, "acme", "bea"), CW_OK); /* ana has not called /sync for a week */
	all = limited(fixture, 0);
	assert_int_equal(json_object_size(all), 1);
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(revocations_are_kept_until_they_are_over),
		STORE_TEST(a_later_revocation_reaches_further_and_never_less),
		STORE_TEST(who_synced_lately_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
