/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "core/access_check.h"
#include "tests/unit/unit.h"

static struct cw_access *parse(const char *text)
{
	struct cw_access *access = NULL;
	struct cw_error error;

	assert_ok(cw_access_parse("roles.acl", text, &access, &error), error);
	return access;
}

#define SAID_MAX 2000

static void join_line(void *context, const char *text)
{
	size_t len = strlen(context);

	(void)snprintf((char *)context + len, SAID_MAX - len, "%s\n", text);
}

static void lines_without_effect_are_found(void **state)
{
	static const struct {
		const char *text, *said; /* "": nothing */
	} rows[] = {
		{ "role a\npattern read acct/%a/x\npattern write acct/%a/x\n", "" },
		{ "role a\ntopic read acct/%a/x\n", "roles.acl:2: %a is plain text" },
		{ "role a\ntopic read acct/acme/agent/%s/x\n", ":2: %s is plain text" },
		{ "role a\npattern read acct/%a/+\npattern read acct/%a/x\n", ":3: adds nothing: line 2" },
		{ "role a\npattern read acct/%a/x\npattern read acct/%a/+\n", ":2: adds nothing: line 3" },
		{ "role a\npattern read acct/%a/x\npattern read acct/%a/x\n", ":3: adds nothing: line 2" },
		{ "role a\npattern readwrite acct/%a/#\npattern deny acct/%a/x/#\npattern read acct/%a/x/y\n",
		  ":4: never allows anything: line 3 denies" },
		{ "role a\npattern deny acct/%a/#\npattern deny acct/%a/x\n", ":3: adds nothing: line 2" },
		{ "role a\npattern read acct/%a/#\npattern deny acct/%a/x\n", "" },
		{ "role a\npattern read acct/%a/+\npattern readwrite acct/%a/x\n", "" },
		{ "role a\npattern write acct/%a/+\npattern write acct/%a/x retain\n", "" },
		{ "role a\npattern write acct/%a/+ qos 1\npattern write acct/%a/x\n", "" },
		{ "role a\npattern read acct/%a/agent/+/x\npattern read acct/%a/agent/%s/x\n", ":3: adds nothing" },
		{ "role a\npattern read acct/%a/agent/%s/x\npattern read acct/%a/agent/+/x\n", ":2: adds nothing" },
		{ "role a\npattern read acct/%a/x\ntopic read acct/acme/x\n", ":3: adds nothing: line 2" },
		{ "role a\ntopic read acct/acme/x\ntopic read acct/beta/x\n", "" },
		{ "role a\npattern read acct/%a/+\nrole b\npattern read acct/%a/x\n", "" }, /* another role's */
		{ "role a, b\npattern read acct/%a/+\npattern read acct/%a/x\n", ":3: adds nothing: line 2" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_access *access = parse(rows[i].text);
		char said[SAID_MAX] = "";
		size_t n = cw_access_useless_lines(access, join_line, said);

		assert_int_equal(n, rows[i].said[0] ? 1 : 0);
		assert_contains(said, rows[i].said);
		cw_access_destroy(access);
	}
	struct cw_access *unchanged = parse(cw_access_shipped_roles);
	char said[SAID_MAX] = "";

	assert_int_equal(cw_access_useless_lines(unchanged, join_line, said), 0);
	cw_access_destroy(unchanged);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lines_without_effect_are_found) };

	return cmocka_run_group_tests_name("access_check", tests, NULL, NULL);
}
