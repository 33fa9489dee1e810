/* SPDX-License-Identifier: MIT */
#include "ingest/flight.h"

#include "tests/unit/unit.h"

static void add(struct flight *flight, int64_t id, bool is_done)
{
	flight_add(flight, &(struct flight_entry){ .id = id, .at_ms = 1000 + id, .is_done = is_done });
}

static void the_cursor_waits_for_the_oldest(void **state)
{
	struct flight flight;

	(void)state;
	assert_true(flight_init(&flight, 4));
	add(&flight, 1, false);
	add(&flight, 2, false);
	flight_done(&flight, 2);
	assert_int_equal(flight.acked, 0);
	assert_int_equal(flight_oldest(&flight)->id, 1);
	flight_done(&flight, 1);
	assert_int_equal(flight.acked, 2);
	assert_null(flight_oldest(&flight));
	flight_finish(&flight);
}

static void what_is_passed_over_counts_in_its_turn(void **state)
{
	struct flight flight;

	(void)state;
	assert_true(flight_init(&flight, 4));
	add(&flight, 1, true);
	assert_int_equal(flight.acked, 1);
	add(&flight, 2, false);
	add(&flight, 3, true);
	assert_int_equal(flight.acked, 1);
	flight_done(&flight, 2);
	assert_int_equal(flight.acked, 3);
	flight_finish(&flight);
}

static void it_goes_round_and_says_when_it_is_full(void **state)
{
	struct flight flight;

	(void)state;
	assert_true(flight_init(&flight, 3));
	for (int64_t id = 1; id <= 100; id++) {
		add(&flight, 2 * id - 1, false);
		add(&flight, 2 * id, false);
		assert_false(flight_is_full(&flight));
		flight_done(&flight, 2 * id - 1);
		flight_done(&flight, 2 * id);
		assert_int_equal(flight.acked, 2 * id);
	}
	add(&flight, 201, false);
	add(&flight, 202, false);
	add(&flight, 203, false);
	assert_true(flight_is_full(&flight));
	flight_finish(&flight);
}

static void a_lost_connection_forgets_what_was_not_taken(void **state)
{
	struct flight flight;

	(void)state;
	assert_true(flight_init(&flight, 4));
	add(&flight, 1, false);
	add(&flight, 2, false);
	flight_done(&flight, 1);
	flight_forget(&flight);
	assert_int_equal(flight.acked, 1);
	flight_done(&flight, 2); /* a late acknowledgement is ignored */
	assert_int_equal(flight.acked, 1);
	flight_finish(&flight);
}

static void one_that_was_not_sent_is_taken_back(void **state)
{
	struct flight flight;

	(void)state;
	assert_true(flight_init(&flight, 2));
	add(&flight, 1, false);
	flight_take_back(&flight);
	assert_null(flight_oldest(&flight));
	add(&flight, 1, false);
	flight_done(&flight, 1);
	assert_int_equal(flight.acked, 1);
	flight_finish(&flight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cursor_waits_for_the_oldest),
		cmocka_unit_test(what_is_passed_over_counts_in_its_turn),
		cmocka_unit_test(it_goes_round_and_says_when_it_is_full),
		cmocka_unit_test(a_lost_connection_forgets_what_was_not_taken),
		cmocka_unit_test(one_that_was_not_sent_is_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
