/* SPDX-License-Identifier: MIT */
/* What `convwire check` finds: each invariant broken by hand, in an otherwise sound database. */
#include <limits.h>
#include <sqlite3.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "store/read_search.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

#define MAX_CHECK_BYTES (8 * 1024 * 1024)
#define OUTBOUND(attempt, state, holds) \
	"INSERT INTO outbound (message, attempt, conversation, number, state, holds_lane, due_at, queued_at, state_at) " \
	"VALUES (1, " attempt ", 1, 1, '" state "', " holds ", 0, 0, 0);"

static void keep_fault(void *context, const char *text)
{
	(void)snprintf(context, 300, "%s", text); /* the last one */
}

static int64_t find_faults(struct fixture *fixture, char last[300])
{
	struct cw_reader *reader = NULL;
	struct cw_check found;

	last[0] = '\0';
	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	assert_ok(cw_store_check(reader, -1, keep_fault, last, &found, &fixture->error), fixture->error);
	cw_reader_release(reader);
	return found.faults;
}

static void each_broken_promise_is_named(void **state)
{
	static const struct {
		const char *sql, *sentence;
	} rows[] = {
		{ "UPDATE event SET prev = prev + 1 WHERE seq = 2", "prev is not the seq" },
		{ "UPDATE account SET head = head + 5", "head 7, but its events run from 1 to 2" },
		{ "DELETE FROM event WHERE seq = 1; UPDATE event SET seq = 1, prev = 0; INSERT INTO event SELECT 1, account, 2, 1, "
		  "conversation, kind, ref, parts, quiet, at FROM event",
		  "not in seq order" },
		{ "UPDATE message SET wamid = 'w1', wamid_hash = (SELECT wamid_hash FROM message WHERE wamid = 'w1')",
		  "stored twice" },
		{ "UPDATE conversation SET unread = unread + 1", "unread count differs" },
		{ "UPDATE conversation SET last_message = zeroblob(16)", "last message does not exist" },
		{ OUTBOUND("1", "queued", "0"), "none or several are at the front" },
		{ OUTBOUND("1", "queued", "1") OUTBOUND("2", "retrying", "1"), "none or several are at the front" },
		{ OUTBOUND("1", "sending", "1") OUTBOUND("2", "sending", "0"), "being sent at the same time" },
		{ "UPDATE message SET attempt = 3 WHERE id = 1", "an attempt to send it that does not exist" },
		{ OUTBOUND("1", "accepted", "0"), "its WhatsApp message id (wamid) is missing" },
		{ OUTBOUND("1", "failed", "1"), "still holds up those behind it" },
		{ "UPDATE number SET paused_at = 1", "paused without a reason" },
		{ "UPDATE message SET wamid_hash = NULL WHERE id = 1", "without its hash" },
		{ "UPDATE message SET body = 'not JSON' WHERE id = 1", "not the JSON that it must be" },
		{ "UPDATE conversation SET merged_into = id", "merged into itself" },
		{ "UPDATE conversation SET assignee = 'ann'", "assignee differs from its assignment history" },
	};
	char last[300];

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		fixture_stop(state);
		fixture_start(state);
		struct fixture *fixture = *state;

		post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "a") "," TEXT(CUSTOMER, "w2", 1800000001, "b"));
		assert_int_equal(find_faults(fixture, last), 0);
		fixture_change_database(fixture, rows[i].sql);
		assert_true(find_faults(fixture, last) > 0);
		if (!strstr(last, rows[i].sentence)) {
			fail_msg("%s: \"%s\", not \"%s\"", rows[i].sql, last, rows[i].sentence);
		}
	}
}

/* A message that was sent before the phone's answer but arrived after it is placed before it, so nobody has seen it. */
static void a_late_message_is_unread_though_a_later_one_was_answered(void **state)
{
	struct fixture *fixture = *state;
	char last[300];

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "a"));
	post(fixture, "smb_message_echoes", ECHO("e1", 1800000001, "answered"));
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "unread"), 0);
	post_messages(fixture, TEXT(CUSTOMER, "w2", 1799990000, "sent before, delayed"));
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "unread"), 1);
	assert_int_equal(find_faults(fixture, last), 0);
}

static bool is_indexed(sqlite3_stmt *statement)
{
	bool is_it = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) == 1;

	(void)sqlite3_reset(statement);
	return is_it;
}

/*
 * Waits until search has followed the messages: each commit writes to a file of the database. Uses its own connection: a search on the reader that runs the
 * check would hide the fault that the test looks for.
 */
static void await_index(struct fixture *fixture)
{
	char event[sizeof(struct inotify_event) + NAME_MAX + 1];
	sqlite3 *handle = NULL;
	sqlite3_stmt *statement = NULL;
	int changes = inotify_init1(IN_CLOEXEC);

	assert_true(inotify_add_watch(changes, fixture->dir.path, IN_MODIFY) >= 0);
	assert_int_equal(sqlite3_open(temp_dir_path(&fixture->dir, "convwire.db"), &handle), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle,
					    "SELECT value = (SELECT max(id) FROM event) FROM meta "
					    "WHERE key = 'search_cursor'",
					    -1, &statement, NULL),
			 SQLITE_OK);
	(void)sqlite3_busy_timeout(handle, 5000);
	while (!is_indexed(statement)) {
		assert_true(read(changes, event, sizeof(event)) > 0);
		/* the write lock is free once that commit is over */
		assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL), SQLITE_OK);
	}
	(void)sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	assert_int_equal(close(changes), 0);
}

/* The reader stays open between two checks, and with it FTS5's cached state from the first. */
static void what_was_indexed_since_the_last_check_is_no_fault(void **state)
{
	struct fixture *fixture = *state;
	char last[300];

	(void)find_faults(fixture, last);
	assert_string_equal(last, "");
	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "a word"));
	await_index(fixture);
	(void)find_faults(fixture, last);
	assert_string_equal(last, "");
}

static bool count_found(void *context, const struct cw_conversation *conversation, const struct cw_message *message,
			int64_t row)
{
	(void)conversation;
	(void)message;
	(void)row;
	++*(int64_t *)context;
	return true;
}

/* By the pooled reader, which stays open from round to round. */
static int64_t found_by_reader(struct fixture *fixture)
{
	struct cw_reader *reader = NULL;
	int64_t n = 0;

	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	assert_ok(cw_store_search_messages(reader, &(struct cw_search){ .account = "acme", .text = "lamp" }, INT64_MAX,
					   count_found, &n, &fixture->error),
		  fixture->error);
	cw_reader_release(reader);
	return n;
}

static int64_t found_by_fresh_connection(struct fixture *fixture)
{
	sqlite3 *handle = NULL;

	assert_int_equal(sqlite3_open(temp_dir_path(&fixture->dir, "convwire.db"), &handle), SQLITE_OK);
	int64_t n = fixture_number(handle, "SELECT count(*) FROM message_text WHERE message_text MATCH 'lamp'");

	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	return n;
}

/* While messages come and go, a search on an old connection finds what one on a fresh connection finds. */
static void a_search_on_an_old_connection_misses_nothing(void **state)
{
	struct fixture *fixture = *state;
	char last[300];
	char messages[600];

	for (int round = 0; round < 12; round++) {
		(void)find_faults(fixture, last);
		assert_string_equal(last, "");
		(void)snprintf(messages, sizeof(messages),
			       "{'from':'" CUSTOMER
			       "','id':'w%d','timestamp':'18000000%02d','type':'text','text':{'body':'a lamp'}},"
			       "{'from':'" CUSTOMER
			       "','id':'x%d','timestamp':'18000000%02d','type':'text','text':{'body':'a lamp'}}",
			       round, round, round, round);
		post_messages(fixture, messages);
		if (round % 3 == 2) { /* and one is deleted by its sender */
			(void)snprintf(messages, sizeof(messages),
				       "{'from':'" CUSTOMER "','id':'r%d','timestamp':'18000000%02d','type':'revoke',"
				       "'revoke':{'original_message_id':'x%d'}}",
				       round, round, round);
			post_messages(fixture, messages);
		}
		await_index(fixture);
		assert_int_equal(found_by_reader(fixture), found_by_fresh_connection(fixture));
		assert_int_equal(found_by_reader(fixture), 2 * (round + 1) - (round + 1) / 3);
	}
}

/* The check runs in the daemon, possibly on a small server with millions of rows. */
static void a_check_needs_no_memory_for_all_that_there_is(void **state)
{
	struct fixture *fixture = *state;
	char last[300];

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "a"));
	fixture_change_database(fixture,
				"WITH RECURSIVE n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
				"INSERT INTO event SELECT i, 1, i, i - 1, 1, 'message', 1, 0, 0, 0 FROM n; "
				"UPDATE account SET head = 300000; UPDATE conversation SET last_seq = 300000");
	(void)sqlite3_memory_highwater(1);
	int64_t before = sqlite3_memory_used();

	(void)find_faults(fixture, last);
	assert_string_equal(last, "");
	assert_in_range(sqlite3_memory_highwater(0) - before, 0, MAX_CHECK_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(each_broken_promise_is_named),
		STORE_TEST(a_late_message_is_unread_though_a_later_one_was_answered),
		STORE_TEST(what_was_indexed_since_the_last_check_is_no_fault),
		STORE_TEST(a_search_on_an_old_connection_misses_nothing),
		STORE_TEST(a_check_needs_no_memory_for_all_that_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
