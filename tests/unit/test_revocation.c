/* SPDX-License-Identifier: MIT */
#include "core/revocation.h"

#include "core/text.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

#define NOW_S 1800000000
#define DAY_S 86400

static const struct cw_token bob = { .account = "acme", .subject = "bob", .kid = "node", .jti = "t1", .issued_at_s = NOW_S };

static struct cw_revocation rule(enum cw_revocation_kind kind, const char *account, const char *value)
{
	struct cw_revocation revocation = { .kind = kind, .revoked_at_s = NOW_S, .forget_at_s = NOW_S + DAY_S };

	assert_true(cw_text_copy(revocation.account, sizeof(revocation.account), account));
	assert_true(cw_text_copy(revocation.value, sizeof(revocation.value), value));
	return revocation;
}

static void a_rule_hits_what_it_names(void **state)
{
	static const struct {
		enum cw_revocation_kind kind;
		const char *account, *value;
		bool is_hit;
	} rows[] = {
		{ CW_REVOKE_JTI, "acme", "t1", true },
		{ CW_REVOKE_JTI, "acme", "t", false },
		{ CW_REVOKE_JTI, "other", "t1", false }, /* token ids are per account */
		{ CW_REVOKE_SUBJECT, "acme", "bob", true },
		{ CW_REVOKE_SUBJECT, "acme", "bobby", false },
		{ CW_REVOKE_SUBJECT, "other", "bob", false },
		{ CW_REVOKE_ACCOUNT, "acme", "", true },
		{ CW_REVOKE_ACCOUNT, "acm", "", false },
		{ CW_REVOKE_KEY, "", "node", true }, /* whatever the account */
		{ CW_REVOKE_KEY, "", "house", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const struct cw_revocation revocation = rule(rows[i].kind, rows[i].account, rows[i].value);

		assert_int_equal(cw_revocation_hits(&revocation, &bob), rows[i].is_hit);
	}
	const struct cw_revocation none = { .kind = CW_REVOKE_KIND_COUNT, .revoked_at_s = NOW_S };

	assert_false(cw_revocation_hits(&none, &bob));
}

static void a_token_signed_after_the_rules_second_works_again(void **state)
{
	const struct cw_revocation revocation = rule(CW_REVOKE_SUBJECT, "acme", "bob");
	struct cw_token token = bob;

	(void)state;
	assert_true(cw_revocation_hits(&revocation, &token)); /* the same second: refused */
	token.issued_at_s++;
	assert_false(cw_revocation_hits(&revocation, &token));
	token.issued_at_s = 0;
	assert_true(cw_revocation_hits(&revocation, &token));
}

static void a_token_without_an_id_is_hit_by_no_id(void **state)
{
	struct cw_token token = bob;
	struct cw_error error;

	(void)state;
	token.jti[0] = '\0';
	const struct cw_revocation none = rule(CW_REVOKE_JTI, "acme", "");

	assert_int_equal(cw_revocation_check(&none, &error), CW_INVALID); /* it would hit all tokens without a jti */
	const struct cw_revocation revocation = rule(CW_REVOKE_JTI, "acme", "t1");

	assert_false(cw_revocation_hits(&revocation, &token));
}

/* ---- form ---- */

static enum cw_status from(const char *text, struct cw_revocation *revocation, struct cw_error *error)
{
	char *quoted = with_quotes(text);
	json_t *json = json_loads(quoted, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	enum cw_status status = cw_revocation_from_json(json, revocation, error);

	json_decref(json);
	free(quoted);
	return status;
}

#define TIMES "'revoked_at':1800000000,'forget_at':1800086400"

static void every_kind_goes_to_json_and_back(void **state)
{
	static const struct {
		enum cw_revocation_kind kind;
		const char *account, *value;
	} rows[] = {
		{ CW_REVOKE_JTI, "acme", "a jti may be any text: \xc3\xa9" },
		{ CW_REVOKE_SUBJECT, "acme", "bob" },
		{ CW_REVOKE_ACCOUNT, "acme", "" },
		{ CW_REVOKE_ACCOUNT, "_system", "" },
		{ CW_REVOKE_KEY, "", "node" },
	};
	struct cw_error error;

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const struct cw_revocation revocation = rule(rows[i].kind, rows[i].account, rows[i].value);
		struct cw_revocation read = { .revoked_at_s = 0 };
		json_t *json = cw_revocation_to_json(&revocation);

		assert_non_null(json);
		assert_ok(cw_revocation_from_json(json, &read, &error), error);
		json_decref(json);
		assert_int_equal(read.kind, revocation.kind);
		assert_string_equal(read.account, revocation.account);
		assert_string_equal(read.value, revocation.value);
		assert_int_equal(read.revoked_at_s, revocation.revoked_at_s);
		assert_int_equal(read.forget_at_s, revocation.forget_at_s);
	}
}

static void what_is_not_understood_revokes_nothing(void **state)
{
	static const char *const bad[] = {
		"null",
		"[]",
		"{}",
		"{'kind':'jti','account':'acme','value':'t1'}",
		"{'kind':'moon','account':'acme','value':'t1'," TIMES "}",
		"{'kind':7,'account':'acme','value':'t1'," TIMES "}",
		"{'kind':'JTI','account':'acme','value':'t1'," TIMES "}",
		"{'kind':'jti','account':'','value':'t1'," TIMES "}",
		"{'kind':'jti','account':'a_b','value':'t1'," TIMES "}",
		"{'kind':'jti','account':'*','value':'t1'," TIMES "}",
		"{'kind':'jti','account':'acme','value':''," TIMES "}",
		"{'kind':'jti','account':'acme','value':null," TIMES "}",
		"{'kind':'jti','account':'acme','value':'t\\u00001'," TIMES "}",
		"{'kind':'subject','account':'acme','value':'b/c'," TIMES "}",
		"{'kind':'subject','value':'bob'," TIMES "}",
		/* A revocation meant for one agent must not apply to the account. */
		"{'kind':'account','account':'acme','value':'bob'," TIMES "}",
		"{'kind':'account','account':'','value':''," TIMES "}",
		"{'kind':'key','account':'acme','value':'node'," TIMES "}",
		"{'kind':'key','account':'','value':''," TIMES "}",
		"{'kind':'jti','account':'acme','value':'t1','revoked_at':0,'forget_at':1800086400}",
		"{'kind':'jti','account':'acme','value':'t1','revoked_at':1800000000.0,'forget_at':1800086400}",
		"{'kind':'jti','account':'acme','value':'t1','revoked_at':'1800000000','forget_at':1800086400}",
		"{'kind':'jti','account':'acme','value':'t1','revoked_at':1800000000,'forget_at':1799999999}",
		"{'kind':'jti','account':'acme','value':"
		"'0123456789012345678901234567890123456789012345678901234567890123456789'," TIMES "}",
	};
	struct cw_revocation revocation = { .value = "untouched" };
	struct cw_error error;

	(void)state;
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		error.text[0] = '\0';
		if (from(bad[i], &revocation, &error) != CW_INVALID) {
			fail_msg("taken: %s", bad[i]);
		}
		assert_true(error.text[0] != '\0');
		assert_string_equal(revocation.value, "untouched");
	}
	assert_int_equal(cw_revocation_from_json(NULL, &revocation, &error), CW_INVALID);
}

static void the_words_of_the_wire_are_these(void **state)
{
	static const char *const words[CW_REVOKE_KIND_COUNT] = { "jti", "subject", "account", "key" };
	enum cw_revocation_kind kind = CW_REVOKE_KIND_COUNT;

	(void)state;
	for (int i = 0; i < CW_REVOKE_KIND_COUNT; i++) {
		assert_string_equal(cw_revocation_kind_text((enum cw_revocation_kind)i), words[i]);
		assert_int_equal(cw_revocation_kind_parse(words[i], &kind), CW_OK);
		assert_int_equal(kind, i);
	}
	assert_string_equal(cw_revocation_kind_text(CW_REVOKE_KIND_COUNT), "");
	assert_int_equal(cw_revocation_kind_parse("", &kind), CW_INVALID);
	assert_int_equal(cw_revocation_kind_parse(NULL, &kind), CW_INVALID);
}

/* ---- the set ---- */

static void a_rule_that_reaches_further_takes_the_others_place(void **state)
{
	struct cw_revocations *set = cw_revocations_create();
	struct cw_revocation revocation = rule(CW_REVOKE_SUBJECT, "acme", "bob");
	struct cw_token token = bob;

	(void)state;
	token.issued_at_s = NOW_S + 50;
	assert_int_equal(cw_revocations_add(set, &revocation, NOW_S), CW_OK);
	assert_false(cw_revocations_hit(set, &token, NOW_S + 60));
	revocation.revoked_at_s = NOW_S + 60;
	revocation.forget_at_s = NOW_S + 60 + DAY_S;
	assert_int_equal(cw_revocations_add(set, &revocation, NOW_S + 60), CW_OK);
	assert_int_equal(cw_revocations_count(set), 1);
	assert_true(cw_revocations_hit(set, &token, NOW_S + 60));
	/* A late older revocation does not weaken the newer one. */
	revocation.revoked_at_s = NOW_S;
	revocation.forget_at_s = NOW_S + 100;
	assert_int_equal(cw_revocations_add(set, &revocation, NOW_S + 60), CW_OK);
	assert_true(cw_revocations_hit(set, &token, NOW_S + DAY_S));
	assert_false(cw_revocations_hit(set, &token, NOW_S + 60 + DAY_S)); /* expired, to the second */
	cw_revocations_destroy(set);
}

static void what_is_over_goes_when_another_comes(void **state)
{
	struct cw_revocations *set = cw_revocations_create();
	struct cw_revocation revocation = rule(CW_REVOKE_SUBJECT, "acme", "bob");

	(void)state;
	assert_int_equal(cw_revocations_add(set, &revocation, NOW_S), CW_OK);
	revocation = rule(CW_REVOKE_SUBJECT, "acme", "eve");
	revocation.forget_at_s = NOW_S + 2 * DAY_S;
	assert_int_equal(cw_revocations_add(set, &revocation, NOW_S + DAY_S), CW_OK);
	assert_int_equal(cw_revocations_count(set), 1);
	cw_revocations_destroy(set);
}

static void nothing_is_hit_by_no_rules(void **state)
{
	struct cw_revocations *set = cw_revocations_create();

	(void)state;
	assert_false(cw_revocations_hit(NULL, &bob, NOW_S));
	assert_false(cw_revocations_hit(set, &bob, NOW_S));
	assert_int_equal(cw_revocations_count(set), 0);
	cw_revocations_destroy(set);
	cw_revocations_destroy(NULL);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16 & 0x7fff;
}

static void name_random(unsigned *seed, char *out, size_t size, const char *prefix)
{
	(void)snprintf(out, size, "%s%u", prefix, next_random(seed) % 4);
}

static void make_random(unsigned *seed, struct cw_revocation *revocation)
{
	*revocation = (struct cw_revocation){ .kind = (enum cw_revocation_kind)(next_random(seed) % 4),
					      .revoked_at_s = NOW_S + next_random(seed) % 100 };
	revocation->forget_at_s = revocation->revoked_at_s + 1 + next_random(seed) % 100;
	if (revocation->kind != CW_REVOKE_KEY) {
		name_random(seed, revocation->account, sizeof(revocation->account), "a");
	}
	if (revocation->kind != CW_REVOKE_ACCOUNT) {
		name_random(seed, revocation->value, sizeof(revocation->value), "v");
	}
}

/* Checks all rules ever added; each is valid as long as the longest-lived rule for the same target. */
static bool model_hits(const struct cw_revocation *added, size_t n, const struct cw_token *token, int64_t now_s)
{
	for (size_t i = 0; i < n; i++) {
		struct cw_revocation whole = added[i];

		for (size_t k = 0; k < n; k++) {
			bool is_same = added[k].kind == whole.kind && strcmp(added[k].account, whole.account) == 0 &&
				       strcmp(added[k].value, whole.value) == 0;

			whole.revoked_at_s = is_same && added[k].revoked_at_s > whole.revoked_at_s ?
						     added[k].revoked_at_s :
						     whole.revoked_at_s;
			whole.forget_at_s = is_same && added[k].forget_at_s > whole.forget_at_s ? added[k].forget_at_s :
												  whole.forget_at_s;
		}
		if (whole.forget_at_s > now_s && cw_revocation_hits(&whole, token)) {
			return true;
		}
	}
	return false;
}

static void random_sets_agree_with_a_model(void **state)
{
	unsigned seed = 11;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct cw_revocations *set = cw_revocations_create();
		struct cw_revocation added[25];

		for (size_t n = 0; n < N_ROWS(added); n++) {
			struct cw_token token = { .issued_at_s = NOW_S + next_random(&seed) % 120 };

			make_random(&seed, &added[n]);
			assert_int_equal(cw_revocations_add(set, &added[n], NOW_S), CW_OK);
			name_random(&seed, token.account, sizeof(token.account), "a");
			name_random(&seed, token.subject, sizeof(token.subject), "v");
			name_random(&seed, token.jti, sizeof(token.jti), "v");
			name_random(&seed, token.kid, sizeof(token.kid), "v");
			int64_t now_s = NOW_S + next_random(&seed) % 200;

			assert_int_equal(cw_revocations_hit(set, &token, now_s), model_hits(added, n + 1, &token, now_s));
		}
		cw_revocations_destroy(set);
	}
}

static void count_one(void *context, const struct cw_revocation *revocation)
{
	assert_true(revocation->forget_at_s > 0);
	(*(size_t *)context)++;
}

static void every_rule_is_visited(void **state)
{
	struct cw_revocations *set = cw_revocations_create();
	size_t n_visited = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		char subject[20];

		(void)snprintf(subject, sizeof(subject), "s%d", i);
		const struct cw_revocation revocation = rule(CW_REVOKE_SUBJECT, "acme", subject);

		assert_int_equal(cw_revocations_add(set, &revocation, NOW_S), CW_OK);
	}
	cw_revocations_each(set, count_one, &n_visited);
	assert_int_equal(n_visited, 100);
	assert_int_equal(cw_revocations_count(set), 100);
	cw_revocations_destroy(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_hits_what_it_names),
		cmocka_unit_test(a_token_signed_after_the_rules_second_works_again),
		cmocka_unit_test(a_token_without_an_id_is_hit_by_no_id),
		cmocka_unit_test(every_kind_goes_to_json_and_back),
		cmocka_unit_test(what_is_not_understood_revokes_nothing),
		cmocka_unit_test(the_words_of_the_wire_are_these),
		cmocka_unit_test(a_rule_that_reaches_further_takes_the_others_place),
		cmocka_unit_test(what_is_over_goes_when_another_comes),
		cmocka_unit_test(nothing_is_hit_by_no_rules),
		cmocka_unit_test(random_sets_agree_with_a_model),
		cmocka_unit_test(every_rule_is_visited),
	};

	return cmocka_run_group_tests_name("revocation", tests, NULL, NULL);
}
