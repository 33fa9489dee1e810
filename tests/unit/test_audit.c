/* SPDX-License-Identifier: MIT */
#include "auth-plugin/audit.h"

#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

static struct audit audit;

static int start(void **state)
{
	audit = (struct audit){ .next_say_ms = 0 };
	return policy_fixture_start(state);
}

/* The only line, parsed as JSON; a truncated line would not parse. */
static json_t *only_line(struct policy_fixture *fixture)
{
	assert_int_equal(fixture->n_logged, 1);
	assert_int_equal(strncmp(fixture->logged[0].line, "audit {", 7), 0);
	assert_false(fixture->logged[0].is_error);
	json_t *json = json_loads(fixture->logged[0].line + 6, JSON_REJECT_DUPLICATES, NULL);

	if (!json) {
		fail_msg("not JSON: %s", fixture->logged[0].line);
	}
	policy_fixture_forget_notes(fixture);
	return json;
}

static void refuse_connect(struct policy_fixture *fixture, const char *client_id, const char *reason)
{
	const struct policy_connect connect = { .client_id = client_id, .address = "192.0.2.1", .token = "a secret" };

	audit_connect(&audit, &fixture->policy, "connect_refused", &connect, reason);
}

static void refuse_publish(struct policy_fixture *fixture, const struct session *session, const char *topic)
{
	const struct policy_check check = { .action = CW_ACCESS_WRITE, .topic = topic };

	audit_refusal(&audit, &fixture->policy, session, &check, "no rule", NULL);
}

/* ---- contents of a line ---- */

static void a_refused_connect_has_its_line(void **state)
{
	struct policy_fixture *fixture = *state;

	refuse_connect(fixture, "acme:bob:1", "the token has expired");
	assert_null(strstr(fixture->logged[0].line, "a secret"));
	json_t *line = only_line(fixture);

	assert_string_equal(policy_fixture_text(line, "event"), "connect_refused");
	assert_string_equal(policy_fixture_text(line, "clientid"), "acme:bob:1");
	assert_string_equal(policy_fixture_text(line, "address"), "192.0.2.1");
	assert_string_equal(policy_fixture_text(line, "reason"), "the token has expired");
	json_decref(line);
}

static void a_refused_publish_or_subscription_has_its_line(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	struct policy_check check = { .action = CW_ACCESS_SUBSCRIBE, .topic = "acct/other/#" };

	audit_refusal(&audit, &fixture->policy, bob, &check, "outside", "roles.acl:5: pattern deny acct/#");
	json_t *line = only_line(fixture);

	assert_string_equal(policy_fixture_text(line, "event"), "subscribe_refused");
	assert_string_equal(policy_fixture_text(line, "clientid"), "acme:bob:1");
	assert_string_equal(policy_fixture_text(line, "account"), "acme");
	assert_string_equal(policy_fixture_text(line, "subject"), "bob");
	assert_string_equal(policy_fixture_text(line, "address"), "192.0.2.1");
	assert_string_equal(policy_fixture_text(line, "topic"), "acct/other/#");
	assert_string_equal(policy_fixture_text(line, "reason"), "outside");
	assert_string_equal(policy_fixture_text(line, "line"), "roles.acl:5: pattern deny acct/#");
	json_decref(line);
	refuse_publish(fixture, NULL, "acct/acme/head");
	line = only_line(fixture);
	assert_string_equal(policy_fixture_text(line, "event"), "publish_refused");
	assert_null(json_object_get(line, "clientid"));
	assert_null(json_object_get(line, "line"));
	json_decref(line);
}

static void a_command_has_its_line_with_what_it_was_about(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");

	audit_command(&audit, &fixture->policy, bob, "kick", json_pack("{s:s}", "target", "acme:eve:1"), NULL);
	json_t *line = only_line(fixture);

	assert_string_equal(policy_fixture_text(line, "event"), "admin");
	assert_string_equal(policy_fixture_text(line, "command"), "kick");
	assert_string_equal(policy_fixture_text(line, "target"), "acme:eve:1");
	assert_string_equal(policy_fixture_text(line, "subject"), "bob");
	assert_true(json_is_true(json_object_get(line, "ok")));
	json_decref(line);
	audit_command(&audit, &fixture->policy, bob, "kick", NULL, "no client");
	line = only_line(fixture);
	assert_true(json_is_false(json_object_get(line, "ok")));
	assert_string_equal(policy_fixture_text(line, "error"), "no client");
	json_decref(line);
}

/* ---- masking ---- */

static void conversations_are_tags_and_numbers_are_cut(void **state)
{
	static const struct {
		const char *topic, *shown;
	} rows[] = {
		{ "acct/acme/events", "acct/acme/events" },
		{ "acct/acme/agent/bob/presence/+", "acct/acme/agent/bob/presence/+" },
		{ "acct/acme/conv/923456789012", "acct/acme/conv/...9012" },
		{ "acct/acme/conv/+923456789012", "acct/acme/conv/+...9012" },
		{ "acct/acme/conv/x.923456789012.y1234567", "acct/acme/conv/x....9012.y...4567" },
		{ "acct/acme/conv/123456", "acct/acme/conv/123456" },       /* too short for a phone number */
		{ "acct/695151526524/events", "acct/695151526524/events" }, /* an account may be a number */
		{ "695151526524/acme", "...6524/acme" },
		{ "acct/acme/a\"b\\c\nd\xc3\xa9", "acct/acme/a?b?c?d??" },
		{ "", "" },
		{ "//", "//" },
	};
	struct policy_fixture *fixture = *state;
	char out[200], tag[CW_TAG_MAX + 1], expected[200];

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		audit_topic(&fixture->policy, rows[i].topic, out, sizeof(out));
		assert_string_equal(out, rows[i].shown);
	}
	cw_tag_make(fixture->policy.tag, POLICY_CONVERSATION, tag);
	(void)snprintf(expected, sizeof(expected), "acct/acme/conv/%s/cmd/bob", tag);
	audit_topic(&fixture->policy, "acct/acme/conv/" POLICY_CONVERSATION "/cmd/bob", out, sizeof(out));
	assert_string_equal(out, expected);
	/* Neither the account nor the level matters. */
	(void)snprintf(expected, sizeof(expected), "acct/%s", tag);
	audit_topic(&fixture->policy, "acct/" POLICY_CONVERSATION, out, sizeof(out));
	assert_string_equal(out, expected);
}

static void a_topic_is_cut_where_it_must_and_never_shows_more(void **state)
{
	struct policy_fixture *fixture = *state;
	char out[64];

	for (size_t size = 1; size < sizeof(out); size++) {
		audit_topic(&fixture->policy, "acct/acme/conv/" POLICY_CONVERSATION "/cmd/923456789012", out, size);
		assert_true(strlen(out) < size);
		assert_null(strstr(out, "92345"));
	}
}

static void a_token_in_the_place_of_a_client_id_is_not_written(void **state)
{
	struct policy_fixture *fixture = *state;

	refuse_connect(fixture, policy_fixture_acme_token(fixture, "bob", "agent"), "client id");
	assert_null(strstr(fixture->logged[0].line, "eyJ"));
	json_t *line = only_line(fixture);

	assert_string_equal(policy_fixture_text(line, "clientid"), "(token)");
	json_decref(line);
	refuse_connect(fixture, NULL, "client id");
	line = only_line(fixture);
	assert_string_equal(policy_fixture_text(line, "clientid"), "");
	json_decref(line);
}

static void what_a_client_chose_cannot_end_the_line_early(void **state)
{
	struct policy_fixture *fixture = *state;
	char long_text[70000];

	refuse_connect(fixture, "a\",\"event\":\"x\n\x1b[2J\xff", "r\"\n");
	assert_null(strpbrk(fixture->logged[0].line, "\n\x1b\xff"));
	json_t *line = only_line(fixture);

	assert_string_equal(policy_fixture_text(line, "event"), "connect_refused");
	json_decref(line);
	/* The longest possible values: mosquitto truncates lines at 1000 bytes. */
	memset(long_text, '"', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	refuse_connect(fixture, long_text, long_text);
	assert_true(strlen(fixture->logged[0].line) < 980);
	json_decref(only_line(fixture));
	refuse_publish(fixture, NULL, long_text);
	json_decref(only_line(fixture));
}

static void the_longest_names_still_make_a_whole_line(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	const struct policy_check check = {
		.action = CW_ACCESS_SUBSCRIBE,
		.topic = "acct/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"
			 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
			 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	};
	char line[400];

	memset(line, 'l', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memset(bob->token.account, 'a', CW_ACCOUNT_MAX);
	memset(bob->token.subject, 's', CW_SUBJECT_MAX);
	memset(bob->address, '1', SESSION_ADDRESS_MAX);
	memset(bob->client_id, 'c', SESSION_CLIENT_ID_MAX);
	audit_refusal(&audit, &fixture->policy, bob, &check, cw_access_reason_text(CW_ACCESS_NOT_ASSIGNED), line);
	json_decref(only_line(fixture));
}

static void every_line_is_json_with_its_topic_wherever_a_text_is_cut(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	char quotes[201] = "";
	char topic[400];

	for (int n = 100; n < 170; n++) {
		(void)snprintf(topic, sizeof(topic), "acct/%0*d/%s", n, 0, POLICY_CONVERSATION);
		memset(topic + 5, 'a', (size_t)n);
		refuse_publish(fixture, NULL, topic);
		json_t *line = only_line(fixture);

		assert_non_null(json_object_get(line, "topic"));
		json_decref(line);
	}
	memset(quotes, '"', sizeof(quotes) - 1);
	audit_command(&audit, &fixture->policy, bob, "kick",
		      json_pack("{s:s, s:s, s:s}", "target", quotes, "target_account", quotes, "target_subject", quotes),
		      quotes);
	json_decref(only_line(fixture));
}

static void what_nobody_must_read_is_masked_in_a_strangers_client_id(void **state)
{
	struct policy_fixture *fixture = *state;
	const char *token = policy_fixture_acme_token(fixture, "bob", "agent");
	char tag[CW_TAG_MAX + 1];
	char id[600];

	cw_tag_make(fixture->policy.tag, POLICY_CONVERSATION, tag);
	refuse_connect(fixture, POLICY_CONVERSATION, "client id");
	json_t *line = only_line(fixture);

	assert_string_equal(policy_fixture_text(line, "clientid"), tag);
	json_decref(line);
	(void)snprintf(id, sizeof(id), "acme:bob:%s", token);
	refuse_connect(fixture, id, "client id");
	line = only_line(fixture);
	assert_string_equal(policy_fixture_text(line, "clientid"), "acme:bob:(token)");
	json_decref(line);
	refuse_connect(fixture, "+92 3456789012", "client id");
	line = only_line(fixture);
	assert_string_equal(policy_fixture_text(line, "clientid"), "+92 ...9012");
	json_decref(line);
}

/* ---- limits ---- */

static void refusals_are_limited_and_what_was_left_out_is_said(void **state)
{
	struct policy_fixture *fixture = *state;

	for (int i = 0; i < 250; i++) {
		refuse_publish(fixture, NULL, "a");
	}
	assert_int_equal(fixture->n_logged, 200); /* a burst */
	policy_fixture_forget_notes(fixture);
	policy_fixture_monotonic_ms += 1000;
	for (int i = 0; i < 250; i++) {
		refuse_connect(fixture, "x", "r");
	}
	assert_int_equal(fixture->n_logged, 20); /* one second's worth */
	policy_fixture_forget_notes(fixture);
	audit_tick(&audit, &fixture->policy, policy_fixture_monotonic_ms);
	json_t *line = only_line(fixture);

	assert_string_equal(policy_fixture_text(line, "event"), "suppressed");
	assert_string_equal(policy_fixture_text(line, "of"), "refusals");
	assert_int_equal(policy_fixture_int(line, "count"), 50 + 230);
	json_decref(line);
	audit_tick(&audit, &fixture->policy, policy_fixture_monotonic_ms + 20000);
	assert_int_equal(fixture->n_logged, 0); /* nothing suppressed since */
}

static void it_is_said_at_most_every_ten_seconds(void **state)
{
	struct policy_fixture *fixture = *state;

	audit_tick(&audit, &fixture->policy, policy_fixture_monotonic_ms);
	for (int i = 0; i < 201; i++) {
		refuse_publish(fixture, NULL, "a");
	}
	policy_fixture_forget_notes(fixture);
	audit_tick(&audit, &fixture->policy, policy_fixture_monotonic_ms + 9999);
	assert_int_equal(fixture->n_logged, 0);
	audit_tick(&audit, &fixture->policy, policy_fixture_monotonic_ms + 10000);
	assert_int_equal(fixture->n_logged, 1);
}

static void refusals_do_not_hide_commands(void **state)
{
	struct policy_fixture *fixture = *state;

	for (int i = 0; i < 300; i++) {
		refuse_publish(fixture, NULL, "a");
	}
	policy_fixture_forget_notes(fixture);
	for (int i = 0; i < 600; i++) {
		policy_fixture_forget_notes(fixture);
		audit_command(&audit, &fixture->policy, NULL, "stats", json_object(), NULL);
		assert_int_equal(fixture->n_logged, i < 500);
	}
	audit_tick(&audit, &fixture->policy, policy_fixture_monotonic_ms);
	assert_int_equal(fixture->n_logged, 2);
	assert_contains(fixture->logged[0].line, "\"of\":\"refusals\",\"count\":100");
	assert_contains(fixture->logged[1].line, "\"of\":\"commands\",\"count\":100");
}

static void lines_come_back_one_by_one(void **state)
{
	struct policy_fixture *fixture = *state;

	for (int i = 0; i < 200; i++) {
		refuse_publish(fixture, NULL, "a");
	}
	policy_fixture_forget_notes(fixture);
	for (int ms = 0; ms < 5000; ms++) { /* a refusal every millisecond: 20 a second are logged */
		policy_fixture_monotonic_ms++;
		refuse_publish(fixture, NULL, "a");
	}
	assert_in_range(fixture->n_logged, 99, 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, policy_fixture_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_refused_connect_has_its_line),
		TEST(a_refused_publish_or_subscription_has_its_line),
		TEST(a_command_has_its_line_with_what_it_was_about),
		TEST(conversations_are_tags_and_numbers_are_cut),
		TEST(a_topic_is_cut_where_it_must_and_never_shows_more),
		TEST(a_token_in_the_place_of_a_client_id_is_not_written),
		TEST(what_a_client_chose_cannot_end_the_line_early),
		TEST(every_line_is_json_with_its_topic_wherever_a_text_is_cut),
		TEST(what_nobody_must_read_is_masked_in_a_strangers_client_id),
		TEST(the_longest_names_still_make_a_whole_line),
		TEST(refusals_are_limited_and_what_was_left_out_is_said),
		TEST(it_is_said_at_most_every_ten_seconds),
		TEST(refusals_do_not_hide_commands),
		TEST(lines_come_back_one_by_one),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
