/* SPDX-License-Identifier: MIT */
#include "ingest/handover.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

/* Events with ids from..to, as the writer hands them over. */
static void put(struct handover *handover, int64_t from, int64_t to)
{
	size_t n = (size_t)(to - from + 1);
	struct cw_event *events = calloc(n, sizeof(*events));

	assert_non_null(events);
	for (size_t i = 0; i < n; i++) {
		events[i].id = from + (int64_t)i;
	}
	handover_put(handover, events, n);
}

static bool take(struct handover *handover, int64_t id)
{
	struct cw_event event;
	bool is_taken = handover_take(handover, id, &event);

	if (is_taken) {
		assert_int_equal(event.id, id);
		cw_event_finish(&event);
	}
	return is_taken;
}

static void events_come_out_in_order_over_batches(void **state)
{
	struct handover handover = { .max_events = 10 };

	(void)state;
	put(&handover, 1, 3);
	put(&handover, 4, 5);
	for (int64_t id = 1; id <= 5; id++) {
		assert_true(take(&handover, id));
	}
	assert_false(take(&handover, 6));
	assert_int_equal(handover.n_events, 0);
}

static void a_gap_is_left_to_the_table(void **state)
{
	struct handover handover = { .max_events = 10 };

	(void)state;
	put(&handover, 5, 6);
	assert_false(take(&handover, 3));
	assert_int_equal(handover.n_events, 2);
	assert_true(take(&handover, 5)); /* once 3 and 4 were read from the table */
	handover_clear(&handover);
}

static void what_the_table_gave_already_is_dropped(void **state)
{
	struct handover handover = { .max_events = 10 };

	(void)state;
	put(&handover, 1, 2);
	put(&handover, 3, 6);
	assert_true(take(&handover, 5));
	assert_int_equal(handover.n_events, 1);
	handover_clear(&handover);
	assert_int_equal(handover.n_events, 0);
}

static void it_never_holds_more_than_its_cap(void **state)
{
	struct handover handover = { .max_events = 3 };

	(void)state;
	put(&handover, 1, 2);
	put(&handover, 3, 4); /* dropped completely */
	assert_int_equal(handover.n_events, 2);
	assert_true(take(&handover, 1));
	assert_true(take(&handover, 2));
	assert_false(take(&handover, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_out_in_order_over_batches),
		cmocka_unit_test(a_gap_is_left_to_the_table),
		cmocka_unit_test(what_the_table_gave_already_is_dropped),
		cmocka_unit_test(it_never_holds_more_than_its_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
