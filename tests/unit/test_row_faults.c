/* SPDX-License-Identifier: MIT */
#include "daemon/row_faults.h"

#include <stdio.h>

#include "tests/unit/unit.h"

#define ONE_MINUTE_MS 60000

static void the_same_row_is_logged_once(void **state)
{
	char text[300];
	struct row_faults faults;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	row_faults_init(&faults);
	assert_true(row_faults_note(&faults, "row 1", 0));
	assert_false(row_faults_note(&faults, "row 1", 5 * ONE_MINUTE_MS));
	assert_true(row_faults_note(&faults, "row 2", 0));
	assert_true(row_faults_note(&faults, text, 0));
	assert_false(row_faults_note(&faults, text, 0)); /* longer than what is remembered of it */
	row_faults_finish(&faults);
}

static void many_rows_are_logged_one_a_minute(void **state)
{
	char text[40];
	struct row_faults faults;
	int n_logged = 0;

	(void)state;
	row_faults_init(&faults);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "row %d", i);
		n_logged += row_faults_note(&faults, text, 1);
	}
	assert_int_equal(n_logged, ROW_FAULTS_REMEMBERED);
	assert_false(row_faults_note(&faults, "row 999", ONE_MINUTE_MS));
	assert_true(row_faults_note(&faults, "row 999", ONE_MINUTE_MS + 2));
	assert_false(row_faults_note(&faults, "row 998", ONE_MINUTE_MS + 3));
	row_faults_finish(&faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_row_is_logged_once),
		cmocka_unit_test(many_rows_are_logged_one_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
