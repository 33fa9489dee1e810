/* SPDX-License-Identifier: MIT */
/* How core/access explains its decisions: the reason, the line that decided, and the list of roles. */
#include "core/access.h"

#include "tests/unit/unit.h"

#define MINE "acme_1001_923456789012"
#define NOT_MINE "acme_1001_111111"

static bool is_mine(void *context, const char *conversation, size_t len)
{
	(void)context;
	return len == strlen(MINE) && memcmp(conversation, MINE, len) == 0;
}

static struct cw_access *parse(const char *text)
{
	struct cw_access *access = NULL;
	struct cw_error error;

	assert_ok(cw_access_parse("roles.acl", text, &access, &error), error);
	return access;
}

/* ---- reasons ---- */

struct question {
	const char *account, *subject, *role;
	enum cw_access_action action;
	const char *topic;
	int qos;
	bool retain;
};

static struct cw_access_verdict decide(const struct cw_access *access, const struct question *question,
				       const struct cw_claim *claim)
{
	const struct cw_access_request request = { .account = question->account,
						   .subject = question->subject,
						   .role = question->role,
						   .client_id = "",
						   .claim = claim,
						   .action = question->action,
						   .topic = question->topic,
						   .qos = question->qos,
						   .retain = question->retain,
						   .is_assigned = is_mine };

	return cw_access_decide(access, &request);
}

#define R CW_ACCESS_READ
#define W CW_ACCESS_WRITE
#define S CW_ACCESS_SUBSCRIBE

static const char reasoned_roles[] = "# why\n"
				     "role agent\n"
				     "pattern read acct/%a/conv/+\n"
				     "  pattern write acct/%a/low qos 0\n"
				     "pattern deny acct/%a/conv/" NOT_MINE "\n"
				     "pattern deny acct/%a/c/%c\n"
				     "topic readwrite acct/acme/c/#\n"
				     "role limited\n"
				     "assigned\n"
				     "pattern readwrite acct/%a/conv/#\n";

static void every_verdict_has_its_reason_and_its_line(void **state)
{
	static const struct {
		struct question question;
		enum cw_access_reason reason;
		const char *line; /* NULL: none decided */
	} rows[] = {
		{ { "acme", "bob", "agent", R, "acct/acme/conv/" MINE, 0, false },
		  CW_ACCESS_RULE,
		  "roles.acl:3: pattern read acct/%a/conv/+" },
		{ { "acme", "bob", "agent", W, "acct/acme/conv/" MINE, 0, false }, CW_ACCESS_NO_RULE, NULL },
		{ { "acme", "bob", "agent", W, "acct/acme/low", 0, false },
		  CW_ACCESS_RULE,
		  "roles.acl:4: pattern write acct/%a/low qos 0" },
		{ { "acme", "bob", "agent", W, "acct/acme/low", 1, false },
		  CW_ACCESS_QOS,
		  "roles.acl:4: pattern write acct/%a/low qos 0" },
		{ { "acme", "bob", "agent", W, "acct/acme/low", 0, true },
		  CW_ACCESS_RETAIN,
		  "roles.acl:4: pattern write acct/%a/low qos 0" },
		{ { "acme", "bob", "agent", R, "acct/acme/conv/" NOT_MINE, 0, false },
		  CW_ACCESS_DENY_RULE,
		  "roles.acl:5: pattern deny acct/%a/conv/" NOT_MINE },
		/* A deny rule with a client id denies if there is no client id. */
		{ { "acme", "bob", "agent", R, "acct/acme/c/x", 0, false },
		  CW_ACCESS_DENY_RULE,
		  "roles.acl:6: pattern deny acct/%a/c/%c" },
		{ { "acme", "bob", "limited", R, "acct/acme/conv/" MINE, 0, false },
		  CW_ACCESS_RULE,
		  "roles.acl:10: pattern readwrite acct/%a/conv/#" },
		{ { "acme", "bob", "limited", R, "acct/acme/conv/" NOT_MINE, 0, false },
		  CW_ACCESS_NOT_ASSIGNED,
		  "roles.acl:9: assigned" },
		{ { "acme", "bob", "limited", W, "acct/acme/conv/" NOT_MINE "/cmd/bob", 0, false },
		  CW_ACCESS_NOT_ASSIGNED,
		  "roles.acl:9: assigned" },
		{ { "acme", "bob", "limited", S, "acct/acme/conv/" NOT_MINE, 0, false },
		  CW_ACCESS_RULE,
		  "roles.acl:10: pattern readwrite acct/%a/conv/#" },
		{ { "acme", "bob", "agent", R, "acct/other/conv/x", 0, false }, CW_ACCESS_OUTSIDE, NULL },
		{ { "acme", "bob", "agent", S, "#", 0, false }, CW_ACCESS_OUTSIDE, NULL },
		{ { "acme", "bob", "ghost", R, "acct/acme/conv/x", 0, false }, CW_ACCESS_UNKNOWN_ROLE, NULL },
		{ { "acme", "bob", "ghost", R, "acct/other/conv/x", 0, false }, CW_ACCESS_OUTSIDE, NULL },
		{ { "acme", "bob", "agent", R, "acct/acme/conv/+", 0, false }, CW_ACCESS_MALFORMED, NULL },
		{ { "acme", "bob", "agent", S, "acct/acme/conv#", 0, false }, CW_ACCESS_MALFORMED, NULL },
		{ { "acme", "bob", "agent", W, CW_TOPIC_CONTROL_RENEW, 2, false }, CW_ACCESS_BUILT_IN, NULL },
	};
	struct cw_access *access = parse(reasoned_roles);

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const struct cw_access_verdict verdict = decide(access, &rows[i].question, NULL);
		char line[200] = "";

		if (verdict.reason != rows[i].reason) {
			fail_msg("row %zu: %s", i, cw_access_reason_text(verdict.reason));
		}
		assert_int_equal(verdict.is_allowed,
				 verdict.reason == CW_ACCESS_RULE || verdict.reason == CW_ACCESS_BUILT_IN);
		assert_int_equal(cw_access_verdict_line(access, &verdict, line, sizeof(line)), rows[i].line != NULL);
		assert_string_equal(line, rows[i].line ? rows[i].line : "");
	}
	cw_access_destroy(access);
}

static void every_reason_is_a_sentence_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < CW_ACCESS_REASON_COUNT; i++) {
		const char *text = cw_access_reason_text((enum cw_access_reason)i);

		assert_true(strlen(text) > 10);
		for (int k = 0; k < i; k++) {
			assert_string_not_equal(text, cw_access_reason_text((enum cw_access_reason)k));
		}
	}
	assert_string_equal(cw_access_reason_text(CW_ACCESS_REASON_COUNT), "");
}

static void a_line_names_the_file_without_its_folders_and_fits_or_is_none(void **state)
{
	struct cw_access *access = NULL;
	struct cw_error error;
	const struct question question = { "acme", "bob", "a", R, "acct/acme/x", 0, false };
	char line[40];

	(void)state;
	assert_ok(cw_access_parse("/etc/convwire/r.acl", "role a\npattern read acct/%a/x\n", &access, &error), error);
	const struct cw_access_verdict verdict = decide(access, &question, NULL);

	assert_true(cw_access_verdict_line(access, &verdict, line, sizeof(line)));
	assert_string_equal(line, "r.acl:2: pattern read acct/%a/x");
	assert_false(cw_access_verdict_line(access, &verdict, line, 20));
	cw_access_destroy(access);
}

static void a_claim_that_refuses_is_named_by_its_entry(void **state)
{
	struct cw_access *access = parse(cw_access_shipped_roles);
	json_t *acl = json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "permission", "allow", "action", "all", "topic",
				"acct/acme/head", "permission", "deny", "action", "all", "topic", "acct/acme/events");
	struct cw_claim *claim = NULL;
	struct cw_error error;
	static const struct {
		const char *topic;
		enum cw_access_reason reason;
		const char *line;
	} rows[] = {
		{ "acct/acme/head", CW_ACCESS_RULE, "roles.acl:6: pattern read  acct/%a/head" },
		{ "acct/acme/events", CW_ACCESS_CLAIM, "entry 2 of the token's acl claim" },
		{ "acct/acme/conv/" MINE, CW_ACCESS_CLAIM, "" }, /* no entry of the claim allows it */
		{ "acct/acme/nothing", CW_ACCESS_NO_RULE, "" },  /* the role comes first */
	};

	(void)state;
	assert_ok(cw_claim_parse(acl, &claim, &error), error);
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const struct question question = { "acme", "bob", "agent", R, rows[i].topic, 0, false };
		const struct cw_access_verdict verdict = decide(access, &question, claim);
		char line[100] = "";

		assert_int_equal(verdict.reason, rows[i].reason);
		assert_int_equal(cw_access_verdict_line(access, &verdict, line, sizeof(line)), rows[i].line[0] != '\0');
		assert_string_equal(line, rows[i].line);
	}
	json_decref(acl);
	cw_claim_unref(claim);
	cw_access_destroy(access);
}

static void a_claim_narrows_what_http_gives_too(void **state)
{
	struct cw_access *access = parse(cw_access_shipped_roles);
	json_t *acl = json_pack("[{s:s, s:s, s:s}]", "permission", "deny", "action", "sub", "topic",
				"acct/acme/conv/" NOT_MINE);
	struct cw_token token = { .account = "acme", .subject = "bob", .role = "agent" };
	struct cw_error error;

	(void)state;
	assert_true(cw_access_sees_all(access, &token));
	assert_ok(cw_claim_parse(acl, &token.claim, &error), error);
	assert_false(cw_access_sees_all(access, &token)); /* now each row is checked */
	assert_true(cw_access_sees_conversation(access, &token, MINE, NULL));
	assert_false(cw_access_sees_conversation(access, &token, NOT_MINE, NULL));
	assert_true(cw_access_sees_events(access, &token));
	assert_false(cw_access_is_limited(access, &token));
	json_decref(acl);
	cw_token_finish(&token);
	cw_access_destroy(access);
}

/* ---- _system, and topics for everybody ---- */

static void admins_of_the_system_reach_their_two_topics(void **state)
{
	static const struct {
		struct question question;
		bool is_allowed;
	} rows[] = {
		{ { "_system", "ops", "admin", W, CW_TOPIC_CONTROL, 1, false }, true },
		{ { "_system", "ops", "admin", R, CW_TOPIC_CONTROL_RESPONSE, 1, false }, true },
		{ { "_system", "ops", "admin", S, CW_TOPIC_CONTROL_RESPONSE, 1, false }, true },
		{ { "_system", "ops", "admin", W, CW_TOPIC_CONTROL_RESPONSE, 1, false }, false },
		{ { "_system", "ops", "admin", R, CW_TOPIC_CONTROL, 1, false }, false },
		{ { "_system", "ops", "admin", S, CW_TOPIC_CONTROL "/#", 1, false }, false },
		{ { "_system", "ops", "admin", S, "$CONTROL/#", 1, false }, false },
		{ { "_system", "ops", "admin", W, CW_TOPIC_CONTROL_ASSIGN, 1, false }, false }, /* only for the publisher */
		{ { "_system", "ops", "admin", W, "$CONTROL/dynamic-security/v1", 1, false }, false },
		{ { "_system", "ops", "admin", R, "acct/acme/events", 1, false }, false },
		{ { "_system", "ops", "supervisor", W, CW_TOPIC_CONTROL, 1, false }, false },
		{ { "_system", "publisher", "service", W, CW_TOPIC_CONTROL_ASSIGN, 1, false }, true },
		{ { "_system", "publisher", "service", W, CW_TOPIC_CONTROL, 1, false }, false },
		{ { "_system", "bridge", "service", W, CW_TOPIC_CONTROL_ASSIGN, 1, false }, false },
		{ { "acme", "ops", "admin", W, CW_TOPIC_CONTROL, 1, false }, false }, /* an admin of a tenant */
		{ { "acme", "publisher", "service", W, CW_TOPIC_CONTROL_ASSIGN, 1, false }, false },
		{ { "acme", "bob", "agent", S, CW_TOPIC_CONTROL_RESPONSE, 1, false }, false },
	};
	struct cw_access *access = parse(cw_access_shipped_roles);

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		if (decide(access, &rows[i].question, NULL).is_allowed != rows[i].is_allowed) {
			fail_msg("row %zu: %s", i, rows[i].question.topic);
		}
	}
	cw_access_destroy(access);
}

static void everybody_may_renew_and_nothing_else_under_control(void **state)
{
	static const char *const others[] = { CW_TOPIC_CONTROL_RENEW "/x", CW_TOPIC_CONTROL_RENEW "x",
					      "$CONTROL/convwire", "$CONTROL/convwire/v2/renew",
					      "$control/convwire/v1/renew" };
	struct cw_access *access = parse(cw_access_shipped_roles);
	struct question question = { "acme", "bob", "no such role", W, CW_TOPIC_CONTROL_RENEW, 0, false };

	(void)state;
	assert_true(decide(access, &question, NULL).is_allowed);
	question.account = "_system";
	assert_true(decide(access, &question, NULL).is_allowed);
	question.retain = true;
	assert_false(decide(access, &question, NULL).is_allowed); /* a retained token must not remain at the broker */
	question.retain = false;
	question.action = R;
	assert_false(decide(access, &question, NULL).is_allowed);
	question.action = S;
	assert_false(decide(access, &question, NULL).is_allowed);
	question.action = W;
	for (size_t i = 0; i < N_ROWS(others); i++) {
		question.topic = others[i];
		assert_false(decide(access, &question, NULL).is_allowed);
	}
	cw_access_destroy(access);
}

static void a_role_that_was_looked_up_before_decides_alike(void **state)
{
	struct cw_access *access = parse(cw_access_shipped_roles);
	const struct cw_access_request request = { .account = "acme",
						   .subject = "bob",
						   .role = "no such role",
						   .resolved = cw_access_role(access, "viewer"),
						   .client_id = "",
						   .action = R,
						   .topic = "acct/acme/events" };

	(void)state;
	assert_true(cw_access_allows(access, &request));
	assert_null(cw_access_role(access, "no such role"));
	assert_null(cw_access_role(access, NULL));
	assert_null(cw_access_role(NULL, "viewer"));
	cw_access_destroy(access);
}

/* ---- lists of roles ---- */

struct listed {
	int lines[20];
	size_t n;
};

static void list_rule(void *context, int line, const char *text)
{
	struct listed *listed = context;

	assert_true(listed->n < N_ROWS(listed->lines));
	assert_true(strncmp(text, "pattern ", 8) == 0 || strncmp(text, "topic ", 6) == 0);
	listed->lines[listed->n++] = line;
}

static void roles_and_their_rules_are_listed(void **state)
{
	static const char *const names[] = { "agent", "supervisor", "admin", "assigned-agent", "viewer" };
	static const size_t n_rules[] = { 9, 9, 9, 8, 4 };
	struct cw_access *access = parse(cw_access_shipped_roles);

	(void)state;
	assert_int_equal(cw_access_n_roles(access), N_ROWS(names));
	assert_int_equal(cw_access_n_roles(NULL), 0);
	for (size_t i = 0; i < N_ROWS(names); i++) {
		const struct cw_access_role *role = cw_access_role(access, names[i]);
		struct listed listed = { .n = 0 };

		assert_string_equal(cw_access_role_name(access, i), names[i]);
		assert_int_equal(cw_access_role_is_assigned(role), strcmp(names[i], "assigned-agent") == 0);
		cw_access_role_rules(access, role, list_rule, &listed);
		assert_int_equal(listed.n, n_rules[i]);
	}
	cw_access_destroy(access);
}

/* A rule that is in two of its role's lists is listed only once. */
static void a_readwrite_rule_is_listed_once(void **state)
{
	struct cw_access *access = parse("role a, b\npattern readwrite acct/%a/x\npattern deny acct/%a/y\nrole c\n");
	struct listed listed = { .n = 0 };

	(void)state;
	cw_access_role_rules(access, cw_access_role(access, "b"), list_rule, &listed);
	assert_int_equal(listed.n, 2);
	assert_int_equal(listed.lines[0] + listed.lines[1], 2 + 3);
	listed.n = 0;
	cw_access_role_rules(access, cw_access_role(access, "c"), list_rule, &listed);
	assert_int_equal(listed.n, 0);
	cw_access_destroy(access);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verdict_has_its_reason_and_its_line),
		cmocka_unit_test(every_reason_is_a_sentence_of_its_own),
		cmocka_unit_test(a_line_names_the_file_without_its_folders_and_fits_or_is_none),
		cmocka_unit_test(a_claim_that_refuses_is_named_by_its_entry),
		cmocka_unit_test(a_claim_narrows_what_http_gives_too),
		cmocka_unit_test(admins_of_the_system_reach_their_two_topics),
		cmocka_unit_test(everybody_may_renew_and_nothing_else_under_control),
		cmocka_unit_test(a_role_that_was_looked_up_before_decides_alike),
		cmocka_unit_test(roles_and_their_rules_are_listed),
		cmocka_unit_test(a_readwrite_rule_is_listed_once),
	};

	return cmocka_run_group_tests_name("access_verdict", tests, NULL, NULL);
}
