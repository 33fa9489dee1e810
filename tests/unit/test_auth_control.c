/* SPDX-License-Identifier: MIT */
/* auth-plugin/control: administration over MQTT. (test_control.c tests api/control.) */
#include "auth-plugin/control.h"

#include "core/clock.h"
#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

static struct audit audit;

static int start(void **state)
{
	audit = (struct audit){ .next_say_ms = 0 };
	int status = policy_fixture_start(state);

	cw_clock_set_offset_ms(POLICY_NOW_MS - cw_clock_now_ms());
	return status;
}

/* The administrator; the same session at each call. */
static struct session *admin(struct policy_fixture *fixture)
{
	struct session *session = sessions_find(&fixture->policy.sessions, policy_fixture_client(5000));

	if (session) {
		return session;
	}
	session = policy_fixture_try(fixture, 5000, "_system:ops:1",
				     policy_fixture_house_token(fixture, "{'account':'_system','sub':'ops','role':'admin',"
									 "'iat':1800000000,'exp':1800003600}"),
				     0);
	assert_non_null(session);
	return session;
}

/* The `responses` to one request, which were sent only to the administrator. */
static const json_t *ask(struct policy_fixture *fixture, const char *request)
{
	struct session *session = admin(fixture);
	char *payload = with_quotes(request);

	policy_fixture_forget_notes(fixture);
	control_take(&fixture->policy, &audit, session, payload, strlen(payload), POLICY_NOW_S);
	free(payload);
	for (size_t i = 0; i < fixture->n_told; i++) {
		if (strcmp(fixture->told[i].topic, CW_TOPIC_CONTROL_RESPONSE) == 0) {
			assert_string_equal(fixture->told[i].client_id, "_system:ops:1");
			const json_t *responses = json_object_get(fixture->told[i].payload, "responses");

			assert_true(json_is_array(responses));
			return responses;
		}
	}
	fail_msg("no answer to %s", request);
	return NULL;
}

/* One audit line per command, with ok and the command's name. */
static void assert_audited(const struct policy_fixture *fixture, const char *command, bool is_ok)
{
	char part[100];

	assert_int_equal(fixture->n_logged, 1);
	assert_contains(fixture->logged[0].line, "audit {\"event\":\"admin\",\"clientid\":\"_system:ops:1\"");
	(void)snprintf(part, sizeof(part), "\"command\":\"%s\"", command);
	assert_contains(fixture->logged[0].line, part);
	assert_contains(fixture->logged[0].line, is_ok ? "\"ok\":true" : "\"ok\":false");
}

/* `data` of the one command in the request; arguments are its members after the name. */
static const json_t *done(struct policy_fixture *fixture, const char *command, const char *arguments)
{
	char request[1200];

	(void)snprintf(request, sizeof(request), "{'commands':[{'command':'%s','correlationData':'c7'%s}]}", command,
		       arguments);
	const json_t *answer = json_array_get(ask(fixture, request), 0);

	assert_string_equal(policy_fixture_text(answer, "command"), command);
	assert_string_equal(policy_fixture_text(answer, "correlationData"), "c7");
	if (!json_object_get(answer, "data")) {
		fail_msg("%s: %s", request, policy_fixture_text(answer, "error"));
	}
	assert_null(json_object_get(answer, "error"));
	assert_audited(fixture, command, true);
	return json_object_get(answer, "data");
}

static void assert_refused(struct policy_fixture *fixture, const char *command, const char *arguments, const char *part)
{
	char request[1200];

	(void)snprintf(request, sizeof(request), "{'commands':[{'command':'%s'%s}]}", command, arguments);
	const json_t *answer = json_array_get(ask(fixture, request), 0);

	assert_null(json_object_get(answer, "data"));
	assert_null(json_object_get(answer, "correlationData"));
	assert_string_equal(policy_fixture_text(answer, "command"), command);
	if (!strstr(policy_fixture_text(answer, "error"), part)) {
		fail_msg("%s: %s", request, policy_fixture_text(answer, "error"));
	}
	assert_audited(fixture, command, false);
}

/* ---- clients ---- */

static void clients_are_listed_and_filtered(void **state)
{
	struct policy_fixture *fixture = *state;

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	(void)policy_fixture_admit(fixture, 2, "bob", "agent");
	(void)policy_fixture_admit(fixture, 3, "eve", "viewer");
	sessions_end(&fixture->policy.sessions, policy_fixture_admit(fixture, 4, "gone", "agent"), POLICY_NOW_S);
	assert_int_equal(policy_fixture_int(done(fixture, "listClients", ""), "totalCount"), 4); /* and the admin */
	assert_int_equal(policy_fixture_int(done(fixture, "listClients", ",'account':'acme'"), "totalCount"), 3);
	assert_int_equal(policy_fixture_int(done(fixture, "listClients", ",'account':'none'"), "totalCount"), 0);
	const json_t *data = done(fixture, "listClients", ",'account':'acme','subject':'eve'");
	const json_t *client = json_array_get(json_object_get(data, "clients"), 0);

	assert_int_equal(policy_fixture_int(data, "totalCount"), 1);
	assert_string_equal(policy_fixture_text(client, "clientid"), "acme:eve:3");
	assert_string_equal(policy_fixture_text(client, "account"), "acme");
	assert_string_equal(policy_fixture_text(client, "subject"), "eve");
	assert_string_equal(policy_fixture_text(client, "role"), "viewer");
	assert_string_equal(policy_fixture_text(client, "address"), "192.0.2.1");
	assert_int_equal(policy_fixture_int(client, "exp"), POLICY_NOW_S + POLICY_HOUR_S);
	assert_int_equal(policy_fixture_int(client, "connected_at"), POLICY_NOW_S);
}

static void a_list_comes_in_pages(void **state)
{
	static const struct {
		const char *arguments;
		size_t n;
	} rows[] = {
		{ "", 100 },
		{ ",'count':7", 7 },
		{ ",'count':0", 0 },
		{ ",'count':1000000", 150 },
		{ ",'offset':140", 10 },
		{ ",'offset':149,'count':5", 1 },
		{ ",'offset':9999999999999", 0 },
	};
	struct policy_fixture *fixture = *state;
	char arguments[100];

	fixture->policy.options.max_clients_per_subject = 0;
	for (size_t i = 0; i < 150; i++) {
		(void)policy_fixture_admit(fixture, i, "bob", "agent");
	}
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		(void)snprintf(arguments, sizeof(arguments), ",'account':'acme'%s", rows[i].arguments);
		const json_t *data = done(fixture, "listClients", arguments);

		assert_int_equal(policy_fixture_int(data, "totalCount"), 150);
		assert_int_equal(json_array_size(json_object_get(data, "clients")), rows[i].n);
	}
}

static void bad_arguments_of_a_list_are_refused(void **state)
{
	static const struct {
		const char *arguments, *part;
	} rows[] = {
		{ ",'account':7", "account must be a string" },
		{ ",'account':''", "account must be a string" },
		{ ",'account':null", "account must be a string" },
		{ ",'subject':['bob']", "subject must be a string" },
		{ ",'offset':-1", "offset must be a whole number" },
		{ ",'count':1.5", "count must be a whole number" },
		{ ",'count':'7'", "count must be a whole number" },
	};
	struct policy_fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_refused(fixture, "listClients", rows[i].arguments, rows[i].part);
	}
}

static void one_client_is_described(void **state)
{
	struct policy_fixture *fixture = *state;
	const char *token = policy_fixture_token(fixture, "{'account':'acme','sub':'bob','role':'agent','jti':'t1',"
							  "'iat':1799999000,'exp':1800003600}");

	assert_non_null(policy_fixture_try(fixture, 1, "acme:bob:1", token, 0));
	const json_t *client = json_object_get(done(fixture, "getClient", ",'clientid':'acme:bob:1'"), "client");

	assert_string_equal(policy_fixture_text(client, "jti"), "t1");
	assert_string_equal(policy_fixture_text(client, "kid"), "k");
	assert_string_equal(policy_fixture_text(client, "username"), "acme/bob");
	assert_string_equal(policy_fixture_text(client, "state"), "live");
	assert_int_equal(policy_fixture_int(client, "iat"), 1799999000);
	assert_string_equal(policy_fixture_text(client, "role"), "agent");
	assert_refused(fixture, "getClient", "", "clientid is missing");
	assert_refused(fixture, "getClient", ",'clientid':'acme:eve:1'", "no client with this clientid");
	assert_refused(fixture, "getClient", ",'clientid':7", "clientid must be a string");
	sessions_end(&fixture->policy.sessions, sessions_find(&fixture->policy.sessions, policy_fixture_client(1)), 1);
	assert_refused(fixture, "getClient", ",'clientid':'acme:bob:1'", "no client with this clientid");
}

static void a_client_that_goes_is_shown_so(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");

	assert_true(policy_kick(&fixture->policy, bob));
	assert_string_equal(
		policy_fixture_text(json_object_get(done(fixture, "getClient", ",'clientid':'acme:bob:1'"), "client"),
				    "state"),
		"going");
	policy_fixture_mark_revoked(fixture, bob);
	assert_string_equal(
		policy_fixture_text(json_object_get(done(fixture, "getClient", ",'clientid':'acme:bob:1'"), "client"),
				    "state"),
		"revoked");
}

static void clients_are_kicked_one_by_one_or_all_of_a_kind(void **state)
{
	struct policy_fixture *fixture = *state;

	for (size_t i = 0; i < 6; i++) {
		(void)policy_fixture_admit(fixture, i, i < 3 ? "bob" : "eve", "agent");
	}
	assert_int_equal(policy_fixture_int(done(fixture, "kick", ",'clientid':'acme:bob:0'"), "kicked"), 1);
	assert_contains(fixture->logged[0].line, "\"target\":\"acme:bob:0\"");
	assert_int_equal(policy_fixture_int(done(fixture, "kick", ",'clientid':'acme:bob:0'"), "kicked"), 0); /* pending */
	assert_int_equal(policy_fixture_int(done(fixture, "kick", ",'account':'acme','subject':'bob'"), "kicked"), 2);
	assert_contains(fixture->logged[0].line, "\"target_account\":\"acme\"");
	assert_contains(fixture->logged[0].line, "\"target_subject\":\"bob\"");
	assert_int_equal(policy_fixture_int(done(fixture, "kick", ",'account':'other'"), "kicked"), 0);
	assert_int_equal(policy_fixture_int(done(fixture, "kick", ",'account':'acme'"), "kicked"), 3);
	assert_int_equal(fixture->n_kicks, 0); /* at the next tick */
	policy_fixture_tick(fixture, 0);
	assert_int_equal(fixture->n_kicks, 6);
	assert_true(admin(fixture)->is_live);
}

/* A kick meant for one client must not hit the whole account. */
static void a_kick_that_is_not_clear_kicks_nobody(void **state)
{
	static const struct {
		const char *arguments, *part;
	} rows[] = {
		{ "", "clientid is missing" },
		{ ",'subject':'bob'", "kick takes" },
		{ ",'account':'acme','clientid':'acme:bob:1'", "kick takes" },
		{ ",'account':'acme','clientid':null", "kick takes" },
		{ ",'account':'acme','subject':null", "subject must be a string" },
		{ ",'account':'acme','subject':''", "subject must be a string" },
		{ ",'account':''", "account must be a string" },
		{ ",'clientid':'nobody'", "no client" },
	};
	struct policy_fixture *fixture = *state;

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_refused(fixture, "kick", rows[i].arguments, rows[i].part);
	}
}

/* ---- revoking ---- */

static void every_kind_is_revoked_told_to_the_publisher_and_kept(void **state)
{
	static const struct {
		const char *arguments, *kind, *account, *value;
		int64_t kicked;
	} rows[] = {
		{ ",'account':'acme','jti':'t1'", "jti", "acme", "t1", 0 },
		{ ",'account':'acme','subject':'bob'", "subject", "acme", "bob", 2 },
		{ ",'account':'acme'", "account", "acme", "", 1 },
		{ ",'kid':'k'", "key", "", "k", 1 },
	};
	struct policy_fixture *fixture = *state;
	const char *other = policy_fixture_token(fixture,
						 "{'account':'other','sub':'bob','iat':1800000000,'exp':1800003600}");

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	(void)policy_fixture_admit(fixture, 2, "bob", "agent");
	(void)policy_fixture_admit(fixture, 3, "eve", "agent");
	assert_non_null(policy_fixture_try(fixture, 4, "other:bob:1", other, 0));
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const json_t *data = done(fixture, "revoke", rows[i].arguments);
		const json_t *revocation = json_object_get(data, "revocation");
		const json_t *told = json_object_get(policy_fixture_told(fixture, NULL, "revoked"), "revocation");

		assert_int_equal(policy_fixture_int(data, "kicked"), rows[i].kicked);
		assert_string_equal(policy_fixture_text(revocation, "kind"), rows[i].kind);
		assert_string_equal(policy_fixture_text(revocation, "account"), rows[i].account);
		assert_string_equal(policy_fixture_text(revocation, "value"), rows[i].value);
		assert_int_equal(policy_fixture_int(revocation, "revoked_at"), POLICY_NOW_S);
		assert_int_equal(policy_fixture_int(revocation, "forget_at"), POLICY_NOW_S + 86400);
		assert_true(json_equal(revocation, told));
		assert_contains(fixture->logged[0].line, rows[i].kind);
	}
	policy_fixture_tick(fixture, 0);
	assert_int_equal(fixture->n_kicks, 4);
	assert_ok(policy_fixture_reopen(fixture), fixture->error);
	assert_int_equal(cw_revocations_count(fixture->policy.revocations), 4);
}

static void a_revocation_that_is_not_clear_revokes_nobody(void **state)
{
	static const struct {
		const char *arguments, *part;
	} rows[] = {
		{ "", "account" },
		{ ",'subject':'bob'", "account" },
		{ ",'jti':'t1'", "account" },
		{ ",'account':'acme','subject':null", "subject must be a string" },
		{ ",'account':'acme','subject':''", "subject must be a string" },
		{ ",'account':'acme','subject':'a/b'", "its name" },
		{ ",'account':'acme','subject':'bob','jti':'t1'", "one of jti, subject and kid" },
		{ ",'account':'acme','kid':'k'", "takes no account" },
		{ ",'account':'a_b'", "valid account" },
		{ ",'account':7", "account must be a string" },
		{ ",'kid':'0123456789012345678901234567890123456789012345678901234567890123456789'", "kid must be" },
	};
	struct policy_fixture *fixture = *state;

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_refused(fixture, "revoke", rows[i].arguments, rows[i].part);
		assert_null(policy_fixture_told(fixture, NULL, "revoked"));
	}
	assert_int_equal(cw_revocations_count(fixture->policy.revocations), 0);
}

static void who_revokes_himself_still_gets_his_answer(void **state)
{
	struct policy_fixture *fixture = *state;

	assert_int_equal(policy_fixture_int(done(fixture, "revoke", ",'account':'_system','subject':'ops'"), "kicked"),
			 1);
	assert_true(admin(fixture)->is_revoked);
}

/* ---- roles ---- */

static void roles_are_listed_with_their_lines(void **state)
{
	struct policy_fixture *fixture = *state;
	const json_t *roles = json_object_get(done(fixture, "listRoles", ""), "roles");

	assert_int_equal(json_array_size(roles), 5);
	assert_string_equal(json_string_value(json_array_get(roles, 0)), "agent");
	const json_t *role = json_object_get(done(fixture, "getRole", ",'rolename':'viewer'"), "role");
	const json_t *acls = json_object_get(role, "acls");

	assert_string_equal(policy_fixture_text(role, "rolename"), "viewer");
	assert_true(json_is_false(json_object_get(role, "assigned")));
	assert_int_equal(json_array_size(acls), 4);
	assert_string_equal(policy_fixture_text(json_array_get(acls, 0), "text"), "pattern read  acct/%a/conv/+");
	for (size_t i = 1; i < 4; i++) { /* as they stand in the file */
		assert_int_equal(policy_fixture_int(json_array_get(acls, i), "line"),
				 policy_fixture_int(json_array_get(acls, i - 1), "line") + 1);
	}
	role = json_object_get(done(fixture, "getRole", ",'rolename':'assigned-agent'"), "role");
	assert_true(json_is_true(json_object_get(role, "assigned")));
	assert_refused(fixture, "getRole", "", "rolename is missing");
	assert_refused(fixture, "getRole", ",'rolename':'ghost'", "no such role");
	assert_refused(fixture, "getRole", ",'rolename':7", "rolename must be");
}

static void an_answer_is_explained_by_its_line(void **state)
{
	static const struct {
		const char *arguments;
		bool is_allowed;
		const char *reason, *line;
	} rows[] = {
		{ "'topic':'acct/acme/head','access':'read'", true, "grants it",
		  "roles.acl:6: pattern read  acct/%a/head" },
		{ "'topic':'acct/acme/conv/+','access':'subscribe'", true, "grants it", "roles.acl:4:" },
		{ "'topic':'acct/acme/head','access':'write'", false, "no rule", NULL },
		{ "'topic':'acct/acme/agent/bob/presence/1','access':'write','retain':true,'qos':1", true, "grants it",
		  "retain" },
		{ "'topic':'acct/acme/conv/x/live/bob','access':'write','retain':true", false, "retained", "live/%s" },
		{ "'topic':'acct/other/head','access':'read'", false, "outside", NULL },
		{ "'topic':'$CONTROL/convwire/v1/renew','access':'write'", true, "built in", NULL },
		{ "'topic':'a#','access':'subscribe'", false, "not a valid topic", NULL },
	};
	struct policy_fixture *fixture = *state;
	char arguments[200];

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	policy_fixture_load_nothing(fixture);
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		(void)snprintf(arguments, sizeof(arguments), ",'clientid':'acme:bob:1',%s", rows[i].arguments);
		const json_t *data = done(fixture, "explain", arguments);

		assert_int_equal(json_is_true(json_object_get(data, "allowed")), rows[i].is_allowed);
		assert_contains(policy_fixture_text(data, "reason"), rows[i].reason);
		assert_true(rows[i].line || json_is_null(json_object_get(data, "line")));
		assert_contains(policy_fixture_text(data, "line"), rows[i].line ? rows[i].line : "");
	}
	assert_int_equal(fixture->policy.counters.denied[CW_ACCESS_READ], 0); /* explain does not count as a refusal */
}

static void an_answer_that_no_rule_made_is_explained_too(void **state)
{
	struct policy_fixture *fixture = *state;
	const char *question = ",'clientid':'acme:bob:1','topic':'acct/acme/head','access':'read'";
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");
	const json_t *data = done(fixture, "explain", question);

	assert_true(json_is_false(json_object_get(data, "allowed")));
	assert_contains(policy_fixture_text(data, "reason"), "has not sent its table");
	policy_fixture_mark_revoked(fixture, bob);
	assert_contains(policy_fixture_text(done(fixture, "explain", question), "reason"), "revoked");
}

static void who_receives_a_topic_is_told_with_the_reason(void **state)
{
	struct policy_fixture *fixture = *state;
	const char *question = ",'topic':'acct/acme/conv/" POLICY_CONVERSATION "'";
	struct session *bob = policy_fixture_admit(fixture, 1, "bob", "agent");

	(void)policy_fixture_admit(fixture, 2, "eve", "assigned-agent");
	policy_fixture_load_nothing(fixture);
	subscriptions_add(&bob->subscriptions, "acct/acme/conv/+", POLICY_NOW_S);
	const json_t *data = done(fixture, "listReceivers", question);
	const json_t *clients = json_object_get(data, "clients");

	assert_int_equal(json_integer_value(json_object_get(data, "connected")), 2);
	assert_int_equal(json_integer_value(json_object_get(data, "receiving")), 1);
	for (size_t i = 0; i < json_array_size(clients); i++) {
		const json_t *client = json_array_get(clients, i);
		bool is_bob = strcmp(policy_fixture_text(client, "subject"), "bob") == 0;

		assert_int_equal(json_is_true(json_object_get(client, "allowed")), is_bob);
		assert_int_equal(json_integer_value(json_object_get(client, "subscribed_at")), is_bob ? POLICY_NOW_S : 0);
		assert_contains(policy_fixture_text(client, "reason"), is_bob ? "grants it" : "assigned");
	}
	assert_refused(fixture, "listReceivers", "", "needs a topic");
	assert_refused(fixture, "listReceivers", ",'topic':'acct/+/conv/+'", "needs a topic");
}

static void a_question_that_is_not_clear_is_refused(void **state)
{
	static const struct {
		const char *arguments, *part;
	} rows[] = {
		{ "", "clientid is missing" },
		{ ",'clientid':'acme:eve:1'", "no client" },
		{ ",'clientid':'acme:bob:1'", "explain needs" },
		{ ",'clientid':'acme:bob:1','topic':'a'", "explain needs" },
		{ ",'clientid':'acme:bob:1','access':'read'", "explain needs" },
		{ ",'clientid':'acme:bob:1','topic':'a','access':'see'", "explain needs" },
		{ ",'clientid':'acme:bob:1','topic':'a','access':7", "access must be" },
		{ ",'clientid':'acme:bob:1','topic':'','access':'read'", "topic must be" },
		{ ",'clientid':'acme:bob:1','topic':'a','access':'read','qos':-1", "qos must be" },
	};
	struct policy_fixture *fixture = *state;

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_refused(fixture, "explain", rows[i].arguments, rows[i].part);
	}
}

/* ---- whole requests ---- */

static void a_reload_takes_the_new_files_or_says_what_is_wrong(void **state)
{
	struct policy_fixture *fixture = *state;

	temp_dir_write_text(&fixture->dir, "roles.acl", "role only\npattern read acct/%a/x\n");
	assert_int_equal(json_object_size(done(fixture, "reload", "")), 0);
	assert_int_equal(json_array_size(json_object_get(done(fixture, "listRoles", ""), "roles")), 1);
	temp_dir_write_text(&fixture->dir, "roles.acl", "role a\nnonsense\n");
	assert_refused(fixture, "reload", "", "roles.acl:2");
	assert_int_equal(json_array_size(json_object_get(done(fixture, "listRoles", ""), "roles")), 1);
}

static void counters_are_answered(void **state)
{
	struct policy_fixture *fixture = *state;

	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	assert_null(policy_fixture_try(fixture, 2, "acme:bob:1", "no token", 0));
	fixture->policy.counters.denied[CW_ACCESS_WRITE] = 7;
	const json_t *data = done(fixture, "stats", "");

	assert_int_equal(policy_fixture_int(data, "connects"), 2);
	assert_int_equal(policy_fixture_int(data, "live"), 2);
	assert_int_equal(policy_fixture_int(json_object_get(data, "connects_refused"), "token"), 1);
	assert_int_equal(policy_fixture_int(json_object_get(data, "denied"), "write"), 7);
	assert_int_equal(policy_fixture_int(data, "revocations"), 0);
	assert_int_equal(policy_fixture_int(data, "assignments"), 0);
	assert_true(json_is_false(json_object_get(data, "loaded")));
}

static void every_command_of_a_request_is_answered_in_its_order(void **state)
{
	struct policy_fixture *fixture = *state;
	const json_t *answers = ask(fixture,
				    "{'commands':[{'command':'listRoles','correlationData':'1'},{'command':'moon'},"
				    "{'command':'stats','correlationData':7},{},7,{'command':null}]}");

	assert_int_equal(json_array_size(answers), 6);
	assert_string_equal(policy_fixture_text(json_array_get(answers, 0), "correlationData"), "1");
	assert_string_equal(policy_fixture_text(json_array_get(answers, 1), "command"), "moon");
	assert_contains(policy_fixture_text(json_array_get(answers, 1), "error"), "no such command");
	assert_non_null(json_object_get(json_array_get(answers, 2), "data"));
	assert_null(json_object_get(json_array_get(answers, 2), "correlationData")); /* only strings are accepted */
	for (size_t i = 3; i < 6; i++) {
		assert_string_equal(policy_fixture_text(json_array_get(answers, i), "command"), "unknown");
		assert_contains(policy_fixture_text(json_array_get(answers, i), "error"), "needs its name");
	}
	assert_int_equal(fixture->n_logged, 6); /* a line for each */
	assert_int_equal(json_array_size(ask(fixture, "{'commands':[]}")), 0);
}

static void what_is_no_request_is_answered_as_unknown(void **state)
{
	static const char *const bad[] = { "",
					   "{",
					   "null",
					   "[]",
					   "7",
					   "{}",
					   "'x'",
					   "{'commands':{}}",
					   "{'commands':[],'commands':[]}",
					   "{'commands':null}" };
	struct policy_fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(bad); i++) {
		const json_t *answers = ask(fixture, bad[i]);

		assert_int_equal(json_array_size(answers), 1);
		assert_string_equal(policy_fixture_text(json_array_get(answers, 0), "command"), "unknown");
		assert_true(strlen(policy_fixture_text(json_array_get(answers, 0), "error")) > 0);
		assert_audited(fixture, "unknown", false);
	}
	policy_fixture_forget_notes(fixture);
	control_take(&fixture->policy, &audit, admin(fixture), NULL, 0, POLICY_NOW_S);
	assert_int_equal(fixture->n_told, 1);
}

static void a_request_has_a_hundred_commands_and_no_more(void **state)
{
	struct policy_fixture *fixture = *state;
	char request[3000] = "{'commands':[{}";

	for (int i = 1; i < 100; i++) {
		(void)snprintf(request + strlen(request), sizeof(request) - strlen(request), ",{}");
	}
	size_t len = strlen(request);

	(void)snprintf(request + len, sizeof(request) - len, "]}");
	assert_int_equal(json_array_size(ask(fixture, request)), 100);
	(void)snprintf(request + len, sizeof(request) - len, ",{}]}");
	const json_t *answers = ask(fixture, request);

	assert_int_equal(json_array_size(answers), 1);
	assert_contains(policy_fixture_text(json_array_get(answers, 0), "error"), "100");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, policy_fixture_stop)

static void a_reload_of_a_file_that_is_no_utf8_is_answered(void **state)
{
	struct policy_fixture *f = *state;
	struct session *ops = policy_fixture_try(
		f, 5, "_system:ops:1",
		policy_fixture_house_token(
			f, "{'account':'_system','sub':'ops','role':'admin','iat':1800000000,'exp':1800003600}"),
		0);
	const char *rq = "{\"commands\":[{\"command\":\"reload\"}]}";
	temp_dir_write_text(&f->dir, "roles.acl", "role a\nb\xe9n read x\n");
	control_take(&f->policy, &audit, ops, rq, strlen(rq), POLICY_NOW_S);
	assert_int_equal(f->n_told, 1);
	assert_int_equal(json_array_size(json_object_get(f->told[0].payload, "responses")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(clients_are_listed_and_filtered),
		TEST(a_list_comes_in_pages),
		TEST(bad_arguments_of_a_list_are_refused),
		TEST(one_client_is_described),
		TEST(a_client_that_goes_is_shown_so),
		TEST(clients_are_kicked_one_by_one_or_all_of_a_kind),
		TEST(a_kick_that_is_not_clear_kicks_nobody),
		TEST(every_kind_is_revoked_told_to_the_publisher_and_kept),
		TEST(a_revocation_that_is_not_clear_revokes_nobody),
		TEST(who_revokes_himself_still_gets_his_answer),
		TEST(roles_are_listed_with_their_lines),
		TEST(an_answer_is_explained_by_its_line),
		TEST(an_answer_that_no_rule_made_is_explained_too),
		TEST(who_receives_a_topic_is_told_with_the_reason),
		TEST(a_question_that_is_not_clear_is_refused),
		TEST(a_reload_takes_the_new_files_or_says_what_is_wrong),
		TEST(counters_are_answered),
		TEST(every_command_of_a_request_is_answered_in_its_order),
		TEST(what_is_no_request_is_answered_as_unknown),
		TEST(a_request_has_a_hundred_commands_and_no_more),
		POLICY_TEST(a_reload_of_a_file_that_is_no_utf8_is_answered),
	};

	return cmocka_run_group_tests_name("auth_control", tests, NULL, NULL);
}
