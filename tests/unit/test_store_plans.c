/* SPDX-License-Identifier: MIT */
/*
 * No query gets slower as the inbox grows: every statement finds its rows by an index. Statements that may read a whole
 * table, or all of an account's rows, are listed here with the reason.
 */
#include <sqlite3.h>

#include "store/statements.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

static const struct {
	const char *name, *text;
} statements[] = {
#define X(name, text) { #name, text },
	STATEMENT_LIST(X)
#undef X
};

static const struct {
	const char *name, *reason;
} allowed[] = {
	{ "SQL_CHECK_", "`convwire check` reads everything" },
	{ "SQL_COUNT_", "the same" },
	{ "SQL_ACCOUNT_", "there are few accounts" },
	{ "SQL_NUMBER_", "there are few numbers" },
	{ "SQL_TEMPLATE_", "an account has some hundred" },
	{ "SQL_AGENT_LIST", "an account has some hundred" },
	{ "SQL_SESSION_END_ALL", "the sessions of some hundred agents" },
	{ "SQL_REVOCATION_", "a revocation is forgotten with the last token that it hits" },
	{ "SQL_RAW_COUNT", "for check" },
	{ "SQL_OUTBOUND_SETTLED", "a partial index, of what the bridge has not heard yet" },
	{ "SQL_OUTBOUND_LIST_FAILED", "a person asks for the newest, from the end" },
	{ "SQL_EVENT_FIRST_SEQ", "min() takes the first of the index" },
	{ "SQL_EVENT_TRIM", "the first by id, LIMIT" },
	{ "SQL_PENDING_FORGET", "the same" },
};

static bool is_allowed(const char *name)
{
	for (size_t i = 0; i < N_ROWS(allowed); i++) {
		if (strncmp(name, allowed[i].name, strlen(allowed[i].name)) == 0) {
			return true;
		}
	}
	return false;
}

/* sqlite.org, "EXPLAIN QUERY PLAN": SCAN visits all rows; an index search by account only visits most rows. */
static bool reads_all(const char *step)
{
	bool is_scan = strncmp(step, "SCAN ", 5) == 0 && !strstr(step, "(subquery") && !strstr(step, "VIRTUAL TABLE") &&
		       !strstr(step, "CONSTANT ROW");

	return is_scan || strstr(step, "(account=?)");
}

static void every_statement_finds_its_rows_by_an_index(void **state)
{
	struct fixture *fixture = *state;
	sqlite3 *db = NULL;

	fixture_close(fixture);
	assert_int_equal(sqlite3_open(temp_dir_path(&fixture->dir, "convwire.db"), &db), SQLITE_OK);
	for (size_t i = 0; i < N_ROWS(statements); i++) {
		char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", statements[i].text);
		sqlite3_stmt *plan = NULL;

		if (sqlite3_prepare_v2(db, sql, -1, &plan, NULL) != SQLITE_OK) {
			fail_msg("%s: %s", statements[i].name, sqlite3_errmsg(db));
		}
		while (sqlite3_step(plan) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(plan, 3);

			if (reads_all(step) && !is_allowed(statements[i].name)) {
				fail_msg("%s: %s", statements[i].name, step);
			}
		}
		(void)sqlite3_finalize(plan);
		sqlite3_free(sql);
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	fixture_open(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(every_statement_finds_its_rows_by_an_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
