/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/text.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

#define HOUR_S 3600
#define FORGET_AT_S (FIXTURE_NOW_S + 86400)

static const struct cw_agent ann = {
	.account = "acme", .subject = "ann", .email = "ann@example.com", .name = "Ann", .role = "agent", .password_hash = "$y$1"
};
static const unsigned char secret[CW_SECRET_SHA256_BYTES] = { 1, 2, 3 };

static enum cw_status add(struct fixture *fixture, const struct cw_agent *agent)
{
	struct cw_store_op op = { .type = CW_STORE_AGENT_ADD, .agent.agent = agent };
	enum cw_status status = cw_store_run(fixture->store, &op);

	fixture->error = op.error;
	return status;
}

static enum cw_status change(struct fixture *fixture, const struct cw_agent *agent, enum cw_agent_change what,
			     struct cw_store_agent *ret_change)
{
	struct cw_store_op op = { .type = CW_STORE_AGENT_CHANGE,
				  .agent = { .agent = agent, .change = what, .forget_at_s = FORGET_AT_S } };
	enum cw_status status = cw_store_run(fixture->store, &op);

	*ret_change = op.agent;
	return status;
}

static enum cw_status begin(struct fixture *fixture, const struct cw_agent *agent, int64_t for_s)
{
	struct cw_store_op op = { .type = CW_STORE_SESSION_BEGIN,
				  .session = { .agent = agent, .expires_at_ms = FIXTURE_NOW_MS + for_s * 1000 } };

	memcpy(op.session.secret_sha256, secret, sizeof(secret));
	return cw_store_run(fixture->store, &op);
}

static enum cw_status end(struct fixture *fixture)
{
	struct cw_store_op op = { .type = CW_STORE_SESSION_END };

	memcpy(op.session.secret_sha256, secret, sizeof(secret));
	return cw_store_run(fixture->store, &op);
}

/*
 * Uses the session after_s seconds after the start. Returns its agent; if the last use was an hour ago, it is prolonged
 * by a minute.
 */
static enum cw_status use(struct fixture *fixture, int64_t after_s, struct cw_agent *ret_agent)
{
	struct cw_store_op op = { .type = CW_STORE_SESSION_USE,
				  .session = { .ret_agent = ret_agent,
					       .expires_at_ms = FIXTURE_NOW_MS + (after_s + 60) * 1000 } };

	fixture_set_clock(after_s);
	memcpy(op.session.secret_sha256, secret, sizeof(secret));
	enum cw_status status = cw_store_run(fixture->store, &op);

	if (status == CW_OK) {
		assert_int_equal(op.session.at_ms / 1000, FIXTURE_NOW_S + after_s);
	}
	return status;
}

static void an_agent_is_kept_as_told_and_the_account_hears(void **state)
{
	struct fixture *fixture = *state;
	struct cw_agent found;
	struct cw_reader *reader = NULL;

	assert_int_equal(add(fixture, &ann), CW_OK);
	assert_int_equal(cw_reader_acquire(fixture->store, &reader, &fixture->error), CW_OK);
	assert_int_equal(cw_store_agent(reader, "acme", "ann", &found, &fixture->error), CW_OK);
	assert_string_equal(found.email, "ann@example.com");
	assert_string_equal(found.password_hash, "$y$1");
	assert_int_equal(found.disabled_at_ms, 0);
	assert_int_equal(cw_store_agent_by_email(reader, "ann@example.com", &found, &fixture->error), CW_OK);
	assert_string_equal(found.subject, "ann");
	assert_int_equal(cw_store_agent(reader, "other", "ann", &found, &fixture->error), CW_NOT_FOUND);
	cw_reader_release(reader);

	const json_t *told = json_array_get(events(fixture, "acme", 0), 0);

	assert_string_equal(text_at(told, "kind"), "agent");
	assert_string_equal(text_at(told, "data.agent.value.name"), "Ann");
	assert_null(at(told, "data.agent.value.email"));
	assert_null(at(told, "data.agent.value.password_hash"));
}

static void a_name_is_one_persons(void **state)
{
	struct fixture *fixture = *state;
	struct cw_agent other = ann;

	assert_int_equal(add(fixture, &ann), CW_OK);
	assert_int_equal(add(fixture, &ann), CW_DUPLICATE);
	assert_true(cw_text_copy(other.subject, sizeof(other.subject), "bob"));
	assert_int_equal(add(fixture, &other), CW_DUPLICATE);
	assert_non_null(strstr(fixture->error.text, "agent ann of account acme"));
	other.email[0] = '\0';
	assert_int_equal(add(fixture, &other), CW_OK);
	assert_true(cw_text_copy(other.subject, sizeof(other.subject), "b b"));
	assert_int_equal(add(fixture, &other), CW_INVALID);
	assert_true(cw_text_copy(other.account, sizeof(other.account), "nowhere"));
	assert_true(cw_text_copy(other.subject, sizeof(other.subject), "carl"));
	assert_int_equal(add(fixture, &other), CW_NOT_FOUND);
}

static void a_session_lasts_as_long_as_it_is_used(void **state)
{
	struct fixture *fixture = *state;
	struct cw_agent found;

	assert_int_equal(begin(fixture, &ann, HOUR_S + 60), CW_NOT_FOUND);
	assert_int_equal(add(fixture, &ann), CW_OK);
	assert_int_equal(begin(fixture, &ann, HOUR_S + 60), CW_OK);
	assert_int_equal(use(fixture, HOUR_S - 1, &found), CW_OK); /* within the hour it is not prolonged */
	assert_string_equal(found.subject, "ann");
	assert_int_equal(use(fixture, HOUR_S + 59, &found), CW_OK); /* and was prolonged by a minute */
	assert_int_equal(use(fixture, HOUR_S + 118, &found), CW_OK);
	assert_int_equal(use(fixture, HOUR_S + 119, &found), CW_NOT_FOUND);
	assert_int_equal(end(fixture), CW_OK);
	assert_int_equal(end(fixture), CW_NOT_FOUND);
}

static void what_is_over_does_not_come_back_by_use(void **state)
{
	struct fixture *fixture = *state;
	struct cw_agent found;

	assert_int_equal(add(fixture, &ann), CW_OK);
	assert_int_equal(begin(fixture, &ann, 60), CW_OK);
	assert_int_equal(use(fixture, 60, &found), CW_NOT_FOUND);
	assert_int_equal(use(fixture, HOUR_S, &found), CW_NOT_FOUND);
}

static void a_changed_password_ends_sessions_and_tokens(void **state)
{
	struct fixture *fixture = *state;
	struct cw_agent other = ann;
	struct cw_agent found;
	struct cw_store_agent changed;

	assert_true(cw_text_copy(other.password_hash, sizeof(other.password_hash), "$y$2"));
	assert_int_equal(change(fixture, &other, CW_AGENT_PASSWORD, &changed), CW_NOT_FOUND);
	assert_int_equal(add(fixture, &ann), CW_OK);
	assert_int_equal(begin(fixture, &ann, 60), CW_OK);
	assert_int_equal(change(fixture, &other, CW_AGENT_PASSWORD, &changed), CW_OK);
	assert_true(changed.is_revoked);
	assert_int_equal(changed.revocation.kind, CW_REVOKE_SUBJECT);
	assert_string_equal(changed.revocation.value, "ann");
	assert_int_equal(changed.revocation.forget_at_s, FORGET_AT_S);
	assert_int_equal(use(fixture, 0, &found), CW_NOT_FOUND);
	assert_int_equal(begin(fixture, &ann, 60), CW_DENIED); /* disabled after its password was checked */
	assert_int_equal(begin(fixture, &other, 60), CW_OK);
}

static void who_is_disabled_is_out_until_enabled(void **state)
{
	struct fixture *fixture = *state;
	struct cw_agent found;
	struct cw_store_agent changed;

	assert_int_equal(add(fixture, &ann), CW_OK);
	assert_int_equal(begin(fixture, &ann, 60), CW_OK);
	assert_int_equal(change(fixture, &ann, CW_AGENT_DISABLE, &changed), CW_OK);
	assert_true(changed.is_revoked);
	assert_int_equal(change(fixture, &ann, CW_AGENT_DISABLE, &changed), CW_DUPLICATE);
	assert_int_equal(use(fixture, 0, &found), CW_NOT_FOUND);
	assert_int_equal(begin(fixture, &ann, 60), CW_DENIED);
	assert_int_equal(change(fixture, &ann, CW_AGENT_ENABLE, &changed), CW_OK);
	assert_false(changed.is_revoked);
	assert_int_equal(change(fixture, &ann, CW_AGENT_ENABLE, &changed), CW_DUPLICATE);
	assert_int_equal(use(fixture, 0, &found), CW_NOT_FOUND);
	assert_int_equal(begin(fixture, &ann, 60), CW_OK);
}

static void a_revocation_ends_the_sessions_of_whom_it_names(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		enum cw_revocation_kind kind;
		const char *value;
		enum cw_status left;
	} rows[] = { { CW_REVOKE_SUBJECT, "bob", CW_OK },
		     { CW_REVOKE_JTI, "ann", CW_OK },
		     { CW_REVOKE_SUBJECT, "ann", CW_NOT_FOUND },
		     { CW_REVOKE_ACCOUNT, "", CW_NOT_FOUND } };
	struct cw_agent found;

	assert_int_equal(add(fixture, &ann), CW_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cw_store_op op = { .type = CW_STORE_REVOKE,
					  .revocation = { .kind = rows[i].kind,
							  .account = "acme",
							  .revoked_at_s = FIXTURE_NOW_S,
							  .forget_at_s = FORGET_AT_S } };

		assert_true(cw_text_copy(op.revocation.value, sizeof(op.revocation.value), rows[i].value));
		(void)end(fixture);
		assert_int_equal(begin(fixture, &ann, 60), CW_OK);
		assert_int_equal(cw_store_run(fixture->store, &op), CW_OK);
		assert_int_equal(use(fixture, 0, &found), rows[i].left);
	}
}

/* The session may have issued a token just now, whatever time the revocation states. */
static void a_revocation_that_ends_a_session_reaches_up_to_now(void **state)
{
	struct fixture *fixture = *state;
	struct cw_store_op op = { .type = CW_STORE_REVOKE,
				  .revocation = { .kind = CW_REVOKE_SUBJECT,
						  .account = "acme",
						  .value = "ann",
						  .revoked_at_s = FIXTURE_NOW_S - 5,
						  .forget_at_s = FORGET_AT_S } };

	assert_int_equal(add(fixture, &ann), CW_OK);
	assert_int_equal(cw_store_run(fixture->store, &op), CW_OK);
	assert_int_equal(op.revocation.revoked_at_s, FIXTURE_NOW_S - 5); /* no session existed */
	assert_int_equal(begin(fixture, &ann, 60), CW_OK);
	assert_int_equal(cw_store_run(fixture->store, &op), CW_OK);
	assert_int_equal(op.revocation.revoked_at_s, FIXTURE_NOW_S);
	assert_int_equal(op.revocation.forget_at_s, FORGET_AT_S + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(an_agent_is_kept_as_told_and_the_account_hears),
		STORE_TEST(a_name_is_one_persons),
		STORE_TEST(a_session_lasts_as_long_as_it_is_used),
		STORE_TEST(what_is_over_does_not_come_back_by_use),
		STORE_TEST(a_changed_password_ends_sessions_and_tokens),
		STORE_TEST(who_is_disabled_is_out_until_enabled),
		STORE_TEST(a_revocation_ends_the_sessions_of_whom_it_names),
		STORE_TEST(a_revocation_that_ends_a_session_reaches_up_to_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
