/* SPDX-License-Identifier: MIT */
#include "api/brake.h"

#include <stdio.h>

#include "tests/unit/unit.h"

#define START 1000000

static int start(void **state)
{
	*state = brake_create(3, 1000);
	return *state ? 0 : -1;
}

static int stop(void **state)
{
	brake_destroy(*state);
	return 0;
}

static void use_up(struct brake *brake, const char *key)
{
	for (int i = 0; i < 3; i++) {
		assert_int_equal(brake_take(brake, key, START), 0);
	}
}

static void a_burst_then_one_in_a_while(void **state)
{
	struct brake *brake = *state;

	use_up(brake, "ann");
	assert_int_equal(brake_take(brake, "ann", START), 1000);
	assert_int_equal(brake_take(brake, "ann", START + 400), 600);
	assert_int_equal(brake_take(brake, "ann", START + 1000), 0);
	assert_int_equal(brake_take(brake, "ann", START + 1000), 1000);
	assert_int_equal(brake_take(brake, "ann", START + 5000), 0);
}

static void asking_in_vain_costs_nothing(void **state)
{
	struct brake *brake = *state;

	use_up(brake, "ann");
	for (int i = 0; i < 100; i++) {
		assert_int_equal(brake_take(brake, "ann", START), 1000);
	}
	assert_int_equal(brake_take(brake, "ann", START + 1000), 0);
}

static void keys_are_apart(void **state)
{
	struct brake *brake = *state;

	use_up(brake, "ann");
	use_up(brake, "bob");
	assert_int_equal(brake_take(brake, "", START), 0);
}

static void released_it_has_all_again(void **state)
{
	struct brake *brake = *state;

	use_up(brake, "ann");
	brake_release(brake, "ann", START);
	use_up(brake, "ann");
	assert_int_equal(brake_take(brake, "ann", START), 1000);
}

static void one_given_back_is_one_more(void **state)
{
	struct brake *brake = *state;

	brake_give_back(brake, "ann", START); /* never more than the burst */
	use_up(brake, "ann");
	brake_give_back(brake, "ann", START);
	assert_int_equal(brake_take(brake, "ann", START), 0);
	assert_int_equal(brake_take(brake, "ann", START), 1000);
}

static void who_is_used_up_is_not_forgotten_for_a_crowd(void **state)
{
	struct brake *brake = *state;
	char key[16];

	use_up(brake, "ann");
	for (int i = 0; i < 50000; i++) {
		(void)snprintf(key, sizeof(key), "other-%d", i);
		assert_int_equal(brake_take(brake, key, START), 0);
	}
	assert_int_equal(brake_take(brake, "ann", START), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_burst_then_one_in_a_while, start, stop),
		cmocka_unit_test_setup_teardown(asking_in_vain_costs_nothing, start, stop),
		cmocka_unit_test_setup_teardown(keys_are_apart, start, stop),
		cmocka_unit_test_setup_teardown(one_given_back_is_one_more, start, stop),
		cmocka_unit_test_setup_teardown(released_it_has_all_again, start, stop),
		cmocka_unit_test_setup_teardown(who_is_used_up_is_not_forgotten_for_a_crowd, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
