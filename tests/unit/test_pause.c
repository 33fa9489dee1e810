/* SPDX-License-Identifier: MIT */
/* A number that must be paused is paused, however often the store refuses at first. */
#include "bridge/pause.h"

#include "core/clock.h"
#include "tests/unit/unit.h"

#define NUMBER "1003427786179738"

/* Replaces the store (linker option --wrap): the answer to a submit, and the operation submitted. */
static enum cw_status submit_status;
static struct cw_store_op *given;
static int n_given;
static int64_t now_ms;

enum cw_status __wrap_cw_store_submit(struct cw_store *store, struct cw_store_op *op);
int64_t __wrap_cw_clock_monotonic_ms(void);

enum cw_status __wrap_cw_store_submit(struct cw_store *store, struct cw_store_op *op)
{
	(void)store;
	n_given++;
	given = submit_status == CW_OK ? op : NULL;
	return submit_status;
}

int64_t __wrap_cw_clock_monotonic_ms(void)
{
	return now_ms;
}

/* The writer's answer to what it was given. */
static void answer(enum cw_status status)
{
	struct cw_store_op *op = given;

	assert_non_null(op);
	given = NULL;
	op->status = status;
	op->on_done(op);
}

static int start(void **state)
{
	(void)state;
	submit_status = CW_OK;
	given = NULL;
	n_given = 0;
	now_ms = 1000000;
	return 0;
}

static void want(struct pauses *pauses)
{
	pauses_want(pauses, NULL, NUMBER, 190, "The token has expired.");
}

static void a_pause_is_stored_once_and_then_forgotten(void **state)
{
	struct pauses pauses = { .first = NULL };

	(void)state;
	want(&pauses);
	want(&pauses); /* several messages meet the same error */
	assert_int_equal(n_given, 1);
	assert_string_equal(given->pause.phone_number_id, NUMBER);
	assert_int_equal(given->pause.code, 190);
	assert_true(pauses_has(&pauses, NUMBER));
	assert_false(pauses_has(&pauses, "1"));
	assert_int_equal(pauses_retry(&pauses, NULL), INT64_MAX);
	answer(CW_OK);
	assert_int_equal(pauses_retry(&pauses, NULL), INT64_MAX);
	assert_false(pauses_has(&pauses, NUMBER));
	pauses_finish(&pauses);
}

static void a_full_queue_only_delays_it(void **state)
{
	static const enum cw_status rows[] = { CW_BUSY, CW_FULL };

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct pauses pauses = { .first = NULL };

		start(state);
		submit_status = rows[i];
		want(&pauses);
		assert_true(pauses_has(&pauses, NUMBER));
		int64_t at_ms = pauses_retry(&pauses, NULL);

		assert_in_range(at_ms, now_ms + 1, now_ms + 10000);
		assert_int_equal(n_given, 1); /* not before its time */
		now_ms = at_ms;
		(void)pauses_retry(&pauses, NULL);
		assert_int_equal(n_given, 2);
		submit_status = CW_OK;
		now_ms += 10000;
		(void)pauses_retry(&pauses, NULL);
		answer(CW_OK);
		(void)pauses_retry(&pauses, NULL);
		assert_false(pauses_has(&pauses, NUMBER));
		pauses_finish(&pauses);
	}
}

static void a_pause_that_the_writer_could_not_store_is_tried_again(void **state)
{
	struct pauses pauses = { .first = NULL };

	(void)state;
	want(&pauses);
	answer(CW_NOMEM);
	int64_t at_ms = pauses_retry(&pauses, NULL);

	assert_true(pauses_has(&pauses, NUMBER));
	assert_in_range(at_ms, now_ms + 1, now_ms + 10000);
	now_ms = at_ms;
	(void)pauses_retry(&pauses, NULL);
	assert_int_equal(n_given, 2);
	answer(CW_DUPLICATE); /* somebody else paused it meanwhile */
	(void)pauses_retry(&pauses, NULL);
	assert_false(pauses_has(&pauses, NUMBER));
	pauses_finish(&pauses);
}

static void what_is_left_at_the_end_is_freed(void **state)
{
	struct pauses pauses = { .first = NULL };

	(void)state;
	submit_status = CW_BUSY;
	want(&pauses);
	pauses_want(&pauses, NULL, "1", 10, "Another one.");
	pauses_finish(&pauses);
	assert_null(pauses.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_pause_is_stored_once_and_then_forgotten, start),
		cmocka_unit_test_setup(a_full_queue_only_delays_it, start),
		cmocka_unit_test_setup(a_pause_that_the_writer_could_not_store_is_tried_again, start),
		cmocka_unit_test_setup(what_is_left_at_the_end_is_freed, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
