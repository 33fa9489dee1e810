/* SPDX-License-Identifier: MIT */
/* The store and its files: who may open them, and what happens on disk errors. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

/* The program's functions come before the libraries', so SQLite calls these. 0: no error. */
static atomic_int write_errno;
static atomic_int sync_errno;
/* Or only the n-th of all these calls fails; 0: none. */
static atomic_long until_failure;
static atomic_int failure_errno;

static bool is_to_fail(int all_errno)
{
	if (all_errno != 0) {
		errno = all_errno;
		return true;
	}
	if (atomic_load(&until_failure) > 0 && atomic_fetch_sub(&until_failure, 1) == 1) {
		errno = atomic_load(&failure_errno);
		return true;
	}
	return false;
}

#pragma GCC visibility push(default)
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
	return is_to_fail(atomic_load(&write_errno)) ? -1 : syscall(SYS_pwrite64, fd, bytes, len, offset);
}

int ftruncate64(int fd, off64_t len)
{
	return is_to_fail(0) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

int fdatasync(int fd)
{
	return is_to_fail(atomic_load(&sync_errno)) ? -1 : (int)syscall(SYS_fdatasync, fd);
}
#pragma GCC visibility pop

static int heal_and_stop(void **state)
{
	atomic_store(&write_errno, 0);
	atomic_store(&sync_errno, 0);
	return fixture_stop(state);
}

static enum cw_status try_message(struct fixture *fixture, const char *wamid)
{
	char body[600];
	struct cw_webhook webhook;
	struct cw_error error;

	(void)snprintf(body, sizeof(body),
		       "{'entry':[{'id':'0','changes':[{'field':'messages','value':{" AT(
			       "1001") "'messages':[{'from':'" CUSTOMER
				       "','id':'%s','timestamp':'1800000000','type':'text','text':{'body':'x'}}]}}]}]}",
		       wamid);
	char *quoted = with_quotes(body);

	assert_ok(cw_webhook_parse(quoted, strlen(quoted), &webhook, &error), error);
	struct cw_store_op op = { .type = CW_STORE_WEBHOOK, .webhook = { .secret = "main", .webhook = &webhook } };
	enum cw_status status = cw_store_run(fixture->store, &op);

	cw_webhook_finish(&webhook);
	free(quoted);
	return status;
}

static void a_second_opener_is_told_that_it_is_busy(void **state)
{
	struct fixture *fixture = *state;
	struct cw_store_options options = fixture_options(fixture);
	struct cw_store *second = NULL;

	assert_int_equal(cw_store_open(&options, &second, &fixture->error), CW_BUSY);
	assert_contains(fixture->error.text, "run.lock");
	fixture_close(fixture);
	assert_ok(cw_store_open(&options, &second, &fixture->error), fixture->error); /* the lock was released with it */
	cw_store_close(second);
}

static void assert_does_not_open(struct fixture *fixture, enum cw_status status, const char *part)
{
	struct cw_store_options options = fixture_options(fixture);

	assert_int_equal(cw_store_open(&options, &fixture->store, &fixture->error), status);
	assert_null(fixture->store);
	assert_contains(fixture->error.text, part);
}

static void a_database_of_a_newer_version_is_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture_close(fixture);
	fixture_execute(fixture, "PRAGMA user_version = 99");
	assert_does_not_open(fixture, CW_INVALID, "newer");
}

static void a_database_of_another_program_is_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture_close(fixture);
	fixture_execute(fixture, "PRAGMA application_id = 1");
	assert_does_not_open(fixture, CW_INVALID, "not a Convwire database");
}

static void a_database_of_another_program_without_a_version_is_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture_close(fixture);
	assert_int_equal(remove(temp_dir_path(&fixture->dir, "convwire.db")), 0);
	fixture_execute(fixture, "PRAGMA application_id = 1; CREATE TABLE theirs (x)");
	assert_does_not_open(fixture, CW_INVALID, "");
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture_close(fixture);
	temp_dir_write_text(&fixture->dir, "convwire.db",
			    "this is a letter, and it is long enough for a header of SQLite's"
			    " so that it is looked at, which takes a hundred bytes or so");
	assert_does_not_open(fixture, CW_IO, "convwire.db");
}

static void a_directory_that_is_not_there_is_named(void **state)
{
	struct fixture *fixture = *state;
	struct cw_store_options options = fixture_options(fixture);
	struct cw_store *store = NULL;

	options.dir = "/nonexistent/convwire";
	assert_int_equal(cw_store_open(&options, &store, &fixture->error), CW_IO);
	assert_contains(fixture->error.text, "/nonexistent/convwire");
}

static void what_was_committed_is_there_after_the_process_ends(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(try_message(fixture, "w1"), CW_OK);
	fixture_close(fixture);
	fixture_open(fixture);
	assert_int_equal(json_array_size(thread(fixture, CONVERSATION)), 1);
	assert_int_equal(try_message(fixture, "w1"), CW_OK);
	assert_int_equal(stats(fixture).duplicates, 1);
}

/* The writer retries every second; waits until a reader sees the result. */
static void wait_until_not_full(struct fixture *fixture)
{
	for (int i = 0; i < 500 && stats(fixture).is_full; i++) {
		(void)usleep(10000);
	}
	assert_false(stats(fixture).is_full);
}

static void a_full_disk_refuses_and_recovers_by_itself(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(try_message(fixture, "w1"), CW_OK);
	atomic_store(&write_errno, ENOSPC);
	assert_int_equal(try_message(fixture, "w2"), CW_FULL);
	assert_true(stats(fixture).is_full);
	assert_false(fixture->is_broken);
	assert_int_equal(try_message(fixture, "w3"), CW_FULL); /* refused before queueing */
	assert_int_equal(json_array_size(thread(fixture, CONVERSATION)), 1);
	atomic_store(&write_errno, 0);
	wait_until_not_full(fixture);
	assert_int_equal(try_message(fixture, "w2"), CW_OK);
	assert_int_equal(json_array_size(thread(fixture, CONVERSATION)), 2);
	assert_int_equal(check(fixture).faults, 0);
}

static size_t n_with_wamid(struct fixture *fixture, const char *wamid)
{
	const json_t *messages = thread(fixture, CONVERSATION);
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(messages); i++) {
		n += strcmp(text_at(json_array_get(messages, i), "wamid"), wamid) == 0;
	}
	return n;
}

/*
 * Restarts the store, as `convwire up` does. The failure may have been in the writer's background work after the
 * answer.
 */
static void go_on_after(struct fixture *fixture, enum cw_status status)
{
	if (status == CW_FULL) {
		wait_until_not_full(fixture);
	}
	fixture_close(fixture);
	assert_true(fixture->is_broken || status != CW_IO);
	fixture->is_broken = false;
	fixture_open(fixture);
}

static void each_call_fails_once(struct fixture *fixture, int error, enum cw_status expected)
{
	bool has_failed = true;

	for (long n = 1; has_failed; n++) {
		char wamid[32];

		(void)snprintf(wamid, sizeof(wamid), "e%d.%ld", error, n);
		atomic_store(&failure_errno, error);
		atomic_store(&until_failure, n);
		enum cw_status status = try_message(fixture, wamid);

		has_failed = atomic_exchange(&until_failure, 0) == 0;
		/*
		 * If fsync reports a full disk, the operation may not be answered as refused: it is unknown what is on
		 * the disk.
		 */
		if (status != CW_OK && status != expected && status != CW_IO) {
			fail_msg("call %ld fails with %s: answered %s", n, strerror(error), cw_status_text(status));
		}
		go_on_after(fixture, status);
		if (status == CW_OK) {
			assert_int_equal(n_with_wamid(fixture, wamid), 1);
		}
		assert_int_equal(try_message(fixture, wamid), CW_OK);
		assert_int_equal(n_with_wamid(fixture, wamid), 1);
		assert_int_equal(check(fixture).faults, 0);
	}
}

/*
 * A message that was not acknowledged may or may not be on the disk. When it is delivered again, it must be stored
 * exactly once.
 */
static void any_single_error_of_the_disk_loses_nothing_and_doubles_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(try_message(fixture, "w1"), CW_OK);
	each_call_fails_once(fixture, EIO, CW_IO);
	each_call_fails_once(fixture, ENOSPC, CW_FULL);
}

static void a_failed_fsync_fails_the_operation_and_asks_for_the_end(void **state)
{
	struct fixture *fixture = *state;

	atomic_store(&sync_errno, EIO);
	assert_int_equal(try_message(fixture, "w1"), CW_IO);
	cw_store_stop_writing(fixture->store); /* on_broken is called after the answer */
	assert_true(fixture->is_broken);
}

static void a_failed_write_fails_the_operation_and_asks_for_the_end(void **state)
{
	struct fixture *fixture = *state;

	atomic_store(&write_errno, EIO);
	assert_int_equal(try_message(fixture, "w1"), CW_IO);
	cw_store_stop_writing(fixture->store);
	assert_true(fixture->is_broken);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, heal_and_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_opener_is_told_that_it_is_busy),
		TEST(a_database_of_a_newer_version_is_refused),
		TEST(a_database_of_another_program_is_refused),
		TEST(a_database_of_another_program_without_a_version_is_refused),
		TEST(a_file_that_is_no_database_is_refused),
		TEST(a_directory_that_is_not_there_is_named),
		TEST(what_was_committed_is_there_after_the_process_ends),
		TEST(a_full_disk_refuses_and_recovers_by_itself),
		TEST(any_single_error_of_the_disk_loses_nothing_and_doubles_nothing),
		TEST(a_failed_fsync_fails_the_operation_and_asks_for_the_end),
		TEST(a_failed_write_fails_the_operation_and_asks_for_the_end),
	};

	return cmocka_run_group_tests_name("store_disk", tests, NULL, NULL);
}
