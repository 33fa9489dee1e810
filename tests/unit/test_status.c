/* SPDX-License-Identifier: MIT */
#include "core/status.h"

#include "tests/unit/unit.h"

static void every_status_has_its_own_text(void **state)
{
	(void)state;
	for (int i = 0; i < CW_STATUS_COUNT; i++) {
		assert_true(strlen(cw_status_text((enum cw_status)i)) > 0);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(cw_status_text((enum cw_status)i), cw_status_text((enum cw_status)j));
		}
	}
}

static void a_status_that_is_none_still_has_a_text(void **state)
{
	(void)state;
	assert_string_equal(cw_status_text(CW_STATUS_COUNT), "unknown status");
	assert_string_equal(cw_status_text((enum cw_status) - 1), "unknown status");
}

static void an_error_holds_status_and_text_and_answers_the_status(void **state)
{
	struct cw_error error;

	(void)state;
	assert_int_equal(cw_error_set(&error, CW_BUSY, "port %d is %s", 8080, "taken"), CW_BUSY);
	assert_int_equal(error.status, CW_BUSY);
	assert_string_equal(error.text, "port 8080 is taken");
}

static void an_error_that_nobody_wants_is_only_a_status(void **state)
{
	(void)state;
	assert_int_equal(cw_error_set(NULL, CW_IO, "dropped"), CW_IO);
}

static void a_long_text_is_cut_and_still_ends(void **state)
{
	struct cw_error error;
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(cw_error_set(&error, CW_IO, "%s", text), CW_IO);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_its_own_text),
		cmocka_unit_test(a_status_that_is_none_still_has_a_text),
		cmocka_unit_test(an_error_holds_status_and_text_and_answers_the_status),
		cmocka_unit_test(an_error_that_nobody_wants_is_only_a_status),
		cmocka_unit_test(a_long_text_is_cut_and_still_ends),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
