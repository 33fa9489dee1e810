/* SPDX-License-Identifier: MIT */
#include "bridge/pace.h"

#include "tests/unit/unit.h"

#define START 1000000

static int start(void **state)
{
	*state = pace_create(80);
	return *state ? 0 : -1;
}

static int stop(void **state)
{
	pace_destroy(*state);
	return 0;
}

static void no_second_has_many_more_than_the_rate_and_none_is_wasted(void **state)
{
	struct pace *pace = *state;
	int64_t n = 0;

	for (int64_t now = START; now < START + 10000; now++) {
		for (; pace_room(pace, now) > 0; n++) {
			pace_take(pace, n + 1, now);
		}
	}
	assert_in_range(n, 800, 810);
}

static void the_next_time_is_the_first_with_room(void **state)
{
	struct pace *pace = *state;

	while (pace_room(pace, START) > 0) {
		pace_take(pace, 1, START);
	}
	int64_t next = pace_next_ms(pace, START);

	assert_true(next > START);
	assert_int_equal(pace_room(pace, next - 1), 0);
	assert_true(pace_room(pace, next) > 0);
	assert_int_equal(pace_next_ms(pace, next + 1000), next + 1000);
}

static void one_customer_gets_45_at_once_then_one_in_six_seconds(void **state)
{
	struct pace *pace = *state;

	for (int i = 0; i < PACE_PAIR_BURST; i++) {
		assert_true(pace_recipient_ms(pace, 7, START) <= START);
		pace_take(pace, 7, START);
	}
	assert_int_equal(pace_recipient_ms(pace, 7, START), START + PACE_PAIR_MS);
	assert_true(pace_recipient_ms(pace, 8, START) <= START); /* others are not delayed */
	pace_take(pace, 7, START + PACE_PAIR_MS);
	assert_int_equal(pace_recipient_ms(pace, 7, START + PACE_PAIR_MS), START + 2 * PACE_PAIR_MS);
}

static void a_throttled_number_pauses_longer_each_time_until_one_is_taken(void **state)
{
	struct pace *pace = *state;
	int64_t now = START;

	for (int64_t pause = 1000; pause <= 4000; pause *= 2) {
		pace_throttle(pace, now);
		pace_throttle(pace, now); /* part of the same burst */
		assert_int_equal(pace_room(pace, now + pause - 1), 0);
		assert_int_equal(pace_next_ms(pace, now), now + pause);
		now += pause;
		assert_true(pace_room(pace, now) > 0);
	}
	pace_succeed(pace);
	pace_throttle(pace, now);
	assert_true(pace_room(pace, now + 1000) > 0);
	for (int i = 0; i < 20; i++) {
		now = pace_next_ms(pace, now);
		pace_throttle(pace, now);
	}
	assert_int_equal(pace_next_ms(pace, now), now + PACE_MAX_PAUSE_MS);
}

static void a_recipient_that_hears_too_much_waits_4_to_the_x_seconds(void **state)
{
	struct pace *pace = *state;
	static const int64_t pauses[] = { 1000, 4000, 16000, 64000 };

	for (int i = 0; i < 4; i++) {
		assert_int_equal(pace_recipient_pause(pace, 7, i, START), pauses[i]);
		assert_int_equal(pace_recipient_ms(pace, 7, START), START + pauses[i]);
	}
	assert_int_equal(pace_recipient_pause(pace, 7, 99, START), 1024000);
	assert_true(pace_recipient_ms(pace, 8, START) <= START);
	assert_true(pace_room(pace, START) > 0);
}

static void recipients_at_rest_are_forgotten(void **state)
{
	struct pace *pace = *state;

	for (int64_t i = 1; i <= 100000; i++) {
		pace_take(pace, i, START + i * 12);
	}
	assert_in_range(pace_n_recipients(pace), 1, 3000); /* those of the last six seconds, and those not yet cleaned up */
}

static void retries_wait_longer_but_never_more_than_five_minutes(void **state)
{
	(void)state;
	assert_int_equal(pace_retry_ms(1), 2000);
	assert_int_equal(pace_retry_ms(2), 4000);
	assert_int_equal(pace_retry_ms(20), 300000);
	assert_int_equal(pace_retry_ms(0), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_second_has_many_more_than_the_rate_and_none_is_wasted, start, stop),
		cmocka_unit_test_setup_teardown(the_next_time_is_the_first_with_room, start, stop),
		cmocka_unit_test_setup_teardown(one_customer_gets_45_at_once_then_one_in_six_seconds, start, stop),
		cmocka_unit_test_setup_teardown(a_throttled_number_pauses_longer_each_time_until_one_is_taken, start,
						stop),
		cmocka_unit_test_setup_teardown(a_recipient_that_hears_too_much_waits_4_to_the_x_seconds, start, stop),
		cmocka_unit_test_setup_teardown(recipients_at_rest_are_forgotten, start, stop),
		cmocka_unit_test(retries_wait_longer_but_never_more_than_five_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
