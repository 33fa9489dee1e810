/* SPDX-License-Identifier: MIT */
#include "core/access.h"

#include "core/text.h"
#include "tests/unit/temp_dir.h"
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

static bool allows(const struct cw_access *access, const char *role, enum cw_access_action action, const char *topic,
		   bool retain)
{
	const struct cw_access_request request = {
		.account = "acme",
		.subject = "bob",
		.role = role,
		.client_id = "acme:bob:1",
		.action = action,
		.topic = topic,
		.qos = 1,
		.retain = retain,
		.is_assigned = is_mine,
	};

	return cw_access_allows(access, &request);
}

/* r read, w write, W write retained, s subscribe, per role; - for what is refused. */
/* clang-format off */
static const struct {
	const char *topic;
	const char *agent, *assigned, *viewer;
} shipped[] = {
	/*                                                 rwWs    rwWs    rwWs */
	{ "acct/acme/conv/" MINE,                         "r--s", "r--s", "r--s" },
	{ "acct/acme/conv/" NOT_MINE,                     "r--s", "---s", "r--s" }, /* each delivery is checked */
	{ "acct/acme/conv/+",                             "---s", "---s", "---s" },
	{ "acct/acme/conv/#",                             "----", "----", "----" }, /* wider than the grant */
	{ "acct/acme/events",                             "r--s", "r--s", "r--s" },
	{ "acct/acme/head",                               "r--s", "----", "r--s" }, /* limited agents have their feed */
	{ "acct/acme/conv/" MINE "/cmd/bob",              "-w--", "-w--", "----" },
	{ "acct/acme/conv/" NOT_MINE "/cmd/bob",          "-w--", "----", "----" },
	{ "acct/acme/conv/" MINE "/cmd/alice",            "----", "----", "----" }, /* as somebody else */
	{ "acct/acme/conv/" MINE "/cmd/bob/x",            "----", "----", "----" },
	{ "acct/acme/conv/+/cmd/+",                       "----", "----", "----" },
	{ "acct/acme/conv/" MINE "/live/alice",           "r--s", "r--s", "----" },
	{ "acct/acme/conv/" NOT_MINE "/live/alice",       "r--s", "---s", "----" },
	{ "acct/acme/conv/" MINE "/live/bob",             "rw-s", "rw-s", "----" },
	{ "acct/acme/agent/bob/reply",                    "r--s", "r--s", "r--s" },
	{ "acct/acme/agent/bob/feed",                     "r--s", "r--s", "r--s" },
	{ "acct/acme/agent/alice/reply",                  "----", "----", "----" },
	{ "acct/acme/agent/alice/notice",                 "----", "----", "----" },
	{ "acct/acme/agent/+/reply",                      "----", "----", "----" },
	{ "acct/acme/agent/bob/presence/tab1",            "rwWs", "rwWs", "----" },
	{ "acct/acme/agent/alice/presence/tab1",          "r--s", "r--s", "----" },
	{ "acct/acme/#",                                  "----", "----", "----" },
	{ "acct/acme/+/+",                                "----", "----", "----" },
	/* tenancy: nobody gets outside acct/acme/ */
	{ "acct/other/conv/other_1_2",                    "----", "----", "----" },
	{ "acct/other/head",                              "----", "----", "----" },
	{ "acct/+/conv/+",                                "----", "----", "----" },
	{ "acct/#",                                       "----", "----", "----" },
	{ "+/acme/head",                                  "----", "----", "----" },
	{ "#",                                            "----", "----", "----" },
	{ "$SYS/#",                                       "----", "----", "----" },
	{ "$SYS/broker/uptime",                           "----", "----", "----" },
	{ "$share/g/acct/acme/conv/+",                    "----", "----", "----" },
	{ "$CONTROL/convwire/v1",                         "----", "----", "----" },
	{ "$CONTROL/dynamic-security/v1",                 "----", "----", "----" },
	{ "",                                             "----", "----", "----" },
	{ "acct/acme/conv/a#",                            "----", "----", "----" },
};
/* clang-format on */

static void assert_row(const struct cw_access *access, const char *role, const char *topic, const char *expected)
{
	char found[5] = "----";

	found[0] = allows(access, role, CW_ACCESS_READ, topic, false) ? 'r' : '-';
	found[1] = allows(access, role, CW_ACCESS_WRITE, topic, false) ? 'w' : '-';
	found[2] = allows(access, role, CW_ACCESS_WRITE, topic, true) ? 'W' : '-';
	found[3] = allows(access, role, CW_ACCESS_SUBSCRIBE, topic, false) ? 's' : '-';
	if (strcmp(found, expected) != 0) {
		fail_msg("%s at %s: %s, not %s", role, topic, found, expected);
	}
}

static void the_shipped_roles_may_what_they_should(void **state)
{
	struct cw_access *access = parse(cw_access_shipped_roles);

	(void)state;
	for (size_t i = 0; i < N_ROWS(shipped); i++) {
		assert_row(access, "agent", shipped[i].topic, shipped[i].agent);
		assert_row(access, "supervisor", shipped[i].topic, shipped[i].agent);
		assert_row(access, "admin", shipped[i].topic, shipped[i].agent);
		assert_row(access, "assigned-agent", shipped[i].topic, shipped[i].assigned);
		assert_row(access, "viewer", shipped[i].topic, shipped[i].viewer);
		assert_row(access, "unknown", shipped[i].topic, "----");
		assert_row(access, "service", shipped[i].topic, "----"); /* only works with _system */
	}
	cw_access_destroy(access);
}

static void limited_agents_see_nothing_while_there_is_no_table(void **state)
{
	struct cw_access *access = parse(cw_access_shipped_roles);
	const struct cw_access_request request = { .account = "acme",
						   .subject = "bob",
						   .role = "assigned-agent",
						   .client_id = "",
						   .action = CW_ACCESS_READ,
						   .topic = "acct/acme/conv/" MINE };

	(void)state;
	assert_false(cw_access_allows(access, &request));
	cw_access_destroy(access);
}

static void the_daemons_two_connections_may_their_own_and_no_more(void **state)
{
	static const struct {
		const char *subject, *role, *topic;
		enum cw_access_action action;
		bool is_allowed;
	} rows[] = {
		{ "publisher", "service", "acct/acme/conv/" MINE, CW_ACCESS_WRITE, true },
		{ "publisher", "service", "acct/acme/events", CW_ACCESS_WRITE, true },
		{ "publisher", "service", "acct/acme/head", CW_ACCESS_WRITE, true },
		{ "publisher", "service", "acct/acme/agent/bob/feed", CW_ACCESS_WRITE, true },
		{ "publisher", "service", "acct/acme/agent/bob/notice", CW_ACCESS_WRITE, true },
		{ "publisher", "service", "acct/_system/agent/publisher/notice", CW_ACCESS_READ, true },
		{ "publisher", "service", "acct/_system/agent/publisher/notice", CW_ACCESS_SUBSCRIBE, true },
		{ "publisher", "service", "acct/acme/conv/" MINE, CW_ACCESS_READ, false },
		{ "publisher", "service", "acct/+/conv/+", CW_ACCESS_SUBSCRIBE, false },
		{ "publisher", "service", "acct/acme/conv/" MINE "/cmd/bob", CW_ACCESS_WRITE, false },
		{ "publisher", "service", "acct/acme/agent/bob/reply", CW_ACCESS_WRITE, false },
		{ "bridge", "service", "acct/+/conv/+/cmd/+", CW_ACCESS_SUBSCRIBE, true },
		{ "bridge", "service", "acct/acme/conv/" MINE "/cmd/bob", CW_ACCESS_READ, true },
		{ "bridge", "service", "acct/acme/agent/bob/reply", CW_ACCESS_WRITE, true },
		{ "bridge", "service", "acct/acme/conv/" MINE, CW_ACCESS_WRITE, false },
		{ "bridge", "service", "#", CW_ACCESS_SUBSCRIBE, false },
		{ "other", "service", "acct/acme/head", CW_ACCESS_WRITE, false },
		{ "publisher", "admin", "acct/acme/head", CW_ACCESS_WRITE, false },
		{ "publisher", "agent", "acct/_system/head", CW_ACCESS_READ, false },
		{ "publisher", "service", "$SYS/#", CW_ACCESS_SUBSCRIBE, false },
	};
	struct cw_access *access = parse(cw_access_shipped_roles);

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const struct cw_access_request request = { .account = CW_SYSTEM_ACCOUNT,
							   .subject = rows[i].subject,
							   .role = rows[i].role,
							   .client_id = "",
							   .action = rows[i].action,
							   .topic = rows[i].topic,
							   .retain = rows[i].action == CW_ACCESS_WRITE };

		if (cw_access_allows(access, &request) != rows[i].is_allowed) {
			fail_msg("%s %s %s", rows[i].subject, rows[i].role, rows[i].topic);
		}
	}
	cw_access_destroy(access);
}

static void whatever_is_missing_is_refused(void **state)
{
	struct cw_access *access = parse(cw_access_shipped_roles);
	const struct cw_access_request whole = {
		.account = "acme", .subject = "bob", .role = "agent", .client_id = "", .topic = "acct/acme/head"
	};
	struct cw_access_request request = whole;

	(void)state;
	assert_true(cw_access_allows(access, &whole));
	assert_false(cw_access_allows(NULL, &whole));
	request.account = NULL;
	assert_false(cw_access_allows(access, &request));
	request = whole;
	request.subject = NULL;
	assert_false(cw_access_allows(access, &request));
	request = whole;
	request.role = NULL;
	assert_false(cw_access_allows(access, &request));
	request = whole;
	request.topic = NULL;
	assert_false(cw_access_allows(access, &request));
	cw_access_destroy(access);
}

static void a_role_file_cannot_widen_the_tenancy(void **state)
{
	struct cw_access *access = parse("role agent\n"
					 "pattern readwrite acct/#\n"
					 "topic readwrite acct/+/conv/+ retain\n"
					 "topic readwrite acct/other/# retain\n");

	(void)state;
	assert_row(access, "agent", "acct/acme/anything/at/all", "rw-s");
	assert_row(access, "agent", "acct/acme/conv/x", "rwWs");
	assert_row(access, "agent", "acct/acme/#", "---s");
	assert_row(access, "agent", "acct/other/head", "----");
	assert_row(access, "agent", "acct/+/conv/+", "----");
	assert_row(access, "agent", "acct/#", "----");
	assert_row(access, "agent", "#", "----");
	cw_access_destroy(access);
}

static void placeholders_stand_for_the_clients_own_names(void **state)
{
	struct cw_access *access = parse("role agent\n"
					 "pattern read acct/%a/s/%s\n"
					 "pattern read acct/%a/c/%c\n"
					 "topic read acct/acme/literal/%s\n");

	(void)state;
	assert_row(access, "agent", "acct/acme/s/bob", "r--s");
	assert_row(access, "agent", "acct/acme/s/alice", "----");
	assert_row(access, "agent", "acct/acme/c/acme:bob:1", "r--s");
	assert_row(access, "agent", "acct/acme/literal/%s", "r--s"); /* `topic` is taken literally */
	assert_row(access, "agent", "acct/acme/literal/bob", "----");
	struct cw_access_request request = {
		.account = "acme", .subject = "+", .role = "agent", .client_id = "", .topic = "acct/acme/s/alice"
	};

	assert_false(cw_access_allows(access, &request)); /* a wildcard as subject grants nothing */
	request.subject = "bob";
	request.client_id = "#";
	request.topic = "acct/acme/c/x";
	assert_false(cw_access_allows(access, &request));
	cw_access_destroy(access);
}

static void deny_beats_every_grant_in_any_order(void **state)
{
	struct cw_access *access = parse("role one\n"
					 "pattern deny acct/%a/conv/" NOT_MINE "\n"
					 "pattern readwrite acct/%a/conv/+ retain\n"
					 "role other\n"
					 "pattern readwrite acct/%a/conv/+ retain\n"
					 "pattern deny acct/%a/conv/" NOT_MINE "\n");

	(void)state;
	assert_row(access, "one", "acct/acme/conv/" NOT_MINE, "----");
	assert_row(access, "other", "acct/acme/conv/" NOT_MINE, "----");
	assert_row(access, "one", "acct/acme/conv/" MINE, "rwWs");
	assert_row(access, "other", "acct/acme/conv/" MINE, "rwWs");
	cw_access_destroy(access);
}

static void qos_and_retain_are_limits_of_a_grant(void **state)
{
	struct cw_access *access =
		parse("role agent\npattern write acct/%a/x qos 1\npattern write acct/%a/y qos 0 retain\n");
	struct cw_access_request request = { .account = "acme",
					     .subject = "bob",
					     .role = "agent",
					     .client_id = "",
					     .action = CW_ACCESS_WRITE,
					     .topic = "acct/acme/x",
					     .qos = 1 };

	(void)state;
	assert_true(cw_access_allows(access, &request));
	request.qos = 2;
	assert_false(cw_access_allows(access, &request));
	request.qos = 0;
	request.retain = true;
	assert_false(cw_access_allows(access, &request));
	request.topic = "acct/acme/y";
	assert_true(cw_access_allows(access, &request));
	request.qos = 1;
	assert_false(cw_access_allows(access, &request));
	cw_access_destroy(access);
}

static void faults_name_file_line_and_word(void **state)
{
	static const struct {
		const char *text, *place, *what;
	} rows[] = {
		{ "", "roles.acl:1:", "no role" },
		{ "# only a comment\n", "roles.acl:", "no role" },
		{ "pattern read acct/%a/x\n", ":1:", "role NAME" }, /* before any role */
		{ "role\n", ":1:", "needs a name" },
		{ "role a b,c\nrole b\n", ":2:", "already" },
		{ "role a!\n", ":1:", "a!" },
		{ "role service\n", ":1:", "service" },
		{ "role a\nallow read acct/%a/x\n", ":2:", "allow" },
		{ "role a\npattern see acct/%a/x\n", ":2:", "see" },
		{ "role a\npattern read\n", ":2:", "FILTER" },
		{ "role a\npattern read #\n", ":2:", "#" }, /* not below acct/ */
		{ "role a\npattern read $SYS/#\n", ":2:", "$SYS" },
		{ "role a\npattern read acct/%a/x#\n", ":2:", "x#" },
		{ "role a\npattern read acct/%u/x\n", ":2:", "%u" }, /* mosquitto's %u, which we do not have */
		{ "role a\npattern read acct/%a/x%\n", ":2:", "x%" },
		{ "role a\npattern read acct/%a/x retained\n", ":2:", "retained" },
		{ "role a\npattern read acct/%a/x qos 3\n", ":2:", "qos" },
		{ "role a\npattern read acct/%a/x qos\n", ":2:", "qos" },
		{ "role a\nassigned to\n", ":2:", "follow" },
		{ "role a\n # an indented comment\n", ":2:", "#" },
		{ "role a\npattern read acct/%a/x # behind\n", ":2:", "#" },
		{ "\xef\xbb\xbfrole a\npattern read acct/%a/x\n", ":1:", "byte order mark" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_access *access = NULL;
		struct cw_error error;

		assert_int_equal(cw_access_parse("roles.acl", rows[i].text, &access, &error), CW_INVALID);
		assert_null(access);
		assert_contains(error.text, rows[i].place);
		assert_contains(error.text, rows[i].what);
	}
}

static void a_role_file_is_read_from_disk(void **state)
{
	struct temp_dir dir;
	struct cw_access *access = NULL;
	struct cw_error error;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write_text(&dir, "roles.acl", cw_access_shipped_roles);
	assert_ok(cw_access_load(temp_dir_path(&dir, "roles.acl"), &access, &error), error);
	assert_row(access, "agent", "acct/acme/head", "r--s");
	cw_access_destroy(access);
	assert_int_equal(cw_access_load(temp_dir_path(&dir, "none"), &access, &error), CW_NOT_FOUND);
	temp_dir_remove(&dir);
	cw_access_destroy(NULL);
}

/* ---- the lists of HTTP and the deliveries of MQTT are the same ---- */

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16 & 0x7fff;
}

static void make_random_role(unsigned *seed, char *text, size_t size)
{
	static const char *const filters[] = { "acct/%a/conv/+",
					       "acct/%a/conv/#",
					       "acct/%a/#",
					       "acct/+/conv/+",
					       "acct/#",
					       "acct/%a/conv/" MINE,
					       "acct/%a/events",
					       "acct/%a/+/" NOT_MINE,
					       "acct/other/conv/+",
					       "acct/%a/conv/+/cmd/%s" };
	static const char *const words[] = { "read", "write", "readwrite", "deny" };
	size_t len = 0;
	unsigned n_rules = 1 + next_random(seed) % 4;

	len += (size_t)snprintf(text + len, size - len, "role r\n%s", next_random(seed) % 3 ? "" : "assigned\n");
	for (unsigned i = 0; i < n_rules; i++) {
		len += (size_t)snprintf(text + len, size - len, "pattern %s %s\n", words[next_random(seed) % 4],
					filters[next_random(seed) % N_ROWS(filters)]);
	}
}

static void lists_and_deliveries_agree_for_any_role(void **state)
{
	static const char *const ids[] = { MINE, NOT_MINE, "acme_2_3", "other_1_2", "no id" };
	const struct cw_token token = { .account = "acme", .subject = "bob", .role = "r" };
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		char text[600];

		make_random_role(&seed, text, sizeof(text));
		struct cw_access *access = parse(text);
		bool sees_all = cw_access_sees_all(access, &token);

		for (size_t i = 0; i < N_ROWS(ids); i++) {
			char topic[CW_TOPIC_MAX + 1];
			bool is_of_account = strncmp(ids[i], "acme_", 5) == 0;
			const char *assignee = strcmp(ids[i], MINE) == 0 ? "bob" : "";
			bool is_seen = cw_access_sees_conversation(access, &token, ids[i], assignee);

			(void)snprintf(topic, sizeof(topic), "acct/acme/conv/%s", ids[i]);
			bool is_delivered = allows(access, "r", CW_ACCESS_READ, topic, false) && is_of_account;

			if (is_seen != is_delivered || (sees_all && is_of_account && !is_seen)) {
				fail_msg("%s and the role\n%s", ids[i], text);
			}
		}
		assert_int_equal(cw_access_sees_events(access, &token),
				 allows(access, "r", CW_ACCESS_READ, "acct/acme/events", false));
		cw_access_destroy(access);
	}
}

static void the_shipped_roles_see_all_or_what_is_theirs(void **state)
{
	static const struct {
		const char *role;
		bool sees_all, sees_mine, sees_other, sees_events;
	} rows[] = {
		{ "agent", true, true, true, true },
		{ "supervisor", true, true, true, true },
		{ "admin", true, true, true, true },
		{ "viewer", true, true, true, true },
		{ "assigned-agent", false, true, false, true },
		{ "unknown", false, false, false, false },
		{ "service", false, false, false, false },
	};
	struct cw_access *access = parse(cw_access_shipped_roles);

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_token token = { .account = "acme", .subject = "bob" };

		assert_true(cw_text_copy(token.role, sizeof(token.role), rows[i].role));
		assert_int_equal(cw_access_sees_all(access, &token), rows[i].sees_all);
		assert_int_equal(cw_access_sees_conversation(access, &token, MINE, "bob"), rows[i].sees_mine);
		assert_int_equal(cw_access_sees_conversation(access, &token, NOT_MINE, "ann"), rows[i].sees_other);
		assert_false(cw_access_sees_conversation(access, &token, "other_1_2", "bob"));
		assert_int_equal(cw_access_sees_events(access, &token), rows[i].sees_events);
	}
	assert_false(cw_access_sees_all(NULL, &(struct cw_token){ .account = "acme", .role = "agent" }));
	cw_access_destroy(access);
}

static void what_a_token_may_do_is_asked_not_known_by_the_roles_name(void **state)
{
	static const struct {
		const char *role;
		struct cw_access_may may;
	} rows[] = {
		{ "agent", { true, true, true, true, true } },
		{ "assigned-agent", { true, true, true, true, false } },
		{ "viewer", { false, false, false, true, true } },
		{ "auditor", { false, false, false, false, true } },
		{ "writer", { true, false, false, false, false } },
		{ "nobody", { false, false, false, false, false } },
	};
	struct cw_access *access = NULL;
	struct cw_error error;
	char text[8000];

	(void)state;
	(void)snprintf(text, sizeof(text), "%s%s", cw_access_shipped_roles,
		       "role auditor\npattern read acct/%a/conv/+\n"
		       "role writer\npattern write acct/%a/conv/+/cmd/%s\n");
	assert_ok(cw_access_parse("roles", text, &access, &error), error);
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_token token = { .account = "acme", .subject = "ann" };

		(void)snprintf(token.role, sizeof(token.role), "%s", rows[i].role);
		const struct cw_access_may may = cw_access_may(access, &token);

		if (memcmp(&may, &rows[i].may, sizeof(may)) != 0) {
			fail_msg("%s: command %d, live %d, presence %d, events %d, all %d", rows[i].role, may.command,
				 may.live, may.presence, may.events, may.all_conversations);
		}
	}
	cw_access_destroy(access);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shipped_roles_may_what_they_should),
		cmocka_unit_test(limited_agents_see_nothing_while_there_is_no_table),
		cmocka_unit_test(the_daemons_two_connections_may_their_own_and_no_more),
		cmocka_unit_test(whatever_is_missing_is_refused),
		cmocka_unit_test(a_role_file_cannot_widen_the_tenancy),
		cmocka_unit_test(placeholders_stand_for_the_clients_own_names),
		cmocka_unit_test(deny_beats_every_grant_in_any_order),
		cmocka_unit_test(qos_and_retain_are_limits_of_a_grant),
		cmocka_unit_test(faults_name_file_line_and_word),
		cmocka_unit_test(a_role_file_is_read_from_disk),
		cmocka_unit_test(lists_and_deliveries_agree_for_any_role),
		cmocka_unit_test(the_shipped_roles_see_all_or_what_is_theirs),
		cmocka_unit_test(what_a_token_may_do_is_asked_not_known_by_the_roles_name),
	};

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
