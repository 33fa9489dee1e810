/* SPDX-License-Identifier: MIT */
#include "core/graph_error.h"

#include "tests/unit/unit.h"

static const struct cw_graph_error *find(int code, int subcode)
{
	return cw_graph_error_find(&(struct cw_graph_said){ .code = code, .subcode = subcode });
}

static void each_code_is_in_one_row_and_has_a_sentence(void **state)
{
	(void)state;
	assert_non_null(cw_graph_error_at(0));
	assert_null(cw_graph_error_at(-1));
	for (int i = 0; cw_graph_error_at(i); i++) {
		const struct cw_graph_error *row = cw_graph_error_at(i);
		size_t len = strlen(row->explanation);

		assert_true(row->first <= row->last);
		assert_ptr_equal(find(row->first, row->subcode), row);
		assert_ptr_equal(find(row->last, row->subcode), row);
		assert_true(len > 20 && row->explanation[len - 1] == '.');
		assert_true(row->action < CW_GRAPH_ACTION_COUNT);
		assert_true(row->max_tries == 0 || row->action == CW_GRAPH_RETRY);
	}
}

/* The set-up mistake with the most public reports: nothing is lost, and the sentence says what to check. */
static void a_number_that_the_token_cannot_see_is_paused(void **state)
{
	(void)state;
	assert_int_equal(find(100, 33)->action, CW_GRAPH_STOP);
	assert_contains(find(100, 33)->explanation, "phone_number_id");
	assert_contains(find(100, 33)->explanation, "token");
	assert_int_equal(find(33, 0)->action, CW_GRAPH_STOP);
	assert_int_equal(find(100, 2494010)->action, CW_GRAPH_PERMANENT);
}

static void whatsapps_own_trouble_is_not_blamed_on_the_message(void **state)
{
	static const struct {
		struct cw_graph_said said;
		enum cw_graph_action action;
	} rows[] = {
		{ { .code = 1, .http_status = 500, .is_transient = true }, CW_GRAPH_RETRY },
		{ { .code = 1, .http_status = 500 }, CW_GRAPH_UNKNOWN }, /* it may have taken it */
		{ { .code = 1, .http_status = 400, .is_transient = true }, CW_GRAPH_RETRY },
		{ { .code = 1, .http_status = 400 }, CW_GRAPH_PERMANENT },
		{ { .code = 999999, .http_status = 503 }, CW_GRAPH_UNKNOWN },
		{ { .code = 999999, .http_status = 400, .is_transient = true }, CW_GRAPH_RETRY },
		{ { .code = 999999, .http_status = 400 }, CW_GRAPH_PERMANENT },
		{ { .code = 131026, .http_status = 500 }, CW_GRAPH_PERMANENT }, /* the code is clear */
		{ { .code = 131026, .http_status = 500, .is_transient = true }, CW_GRAPH_RETRY },
		{ { .code = 131026, .http_status = 400, .is_transient = true }, CW_GRAPH_PERMANENT },
		{ { .code = 190, .http_status = 500, .is_transient = true }, CW_GRAPH_STOP },
		{ { .code = 130429, .http_status = 500, .is_transient = true }, CW_GRAPH_THROTTLE },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_string_equal(cw_graph_action_text(cw_graph_error_find(&rows[i].said)->action),
				    cw_graph_action_text(rows[i].action));
	}
	assert_int_equal(cw_graph_error_find(&rows[0].said)->max_tries, 4);
}

static void codes_mean_what_meta_says(void **state)
{
	static const struct {
		int code;
		enum cw_graph_action action;
	} rows[] = {
		{ 0, CW_GRAPH_STOP },           { 190, CW_GRAPH_STOP },         { 10, CW_GRAPH_STOP },
		{ 200, CW_GRAPH_STOP },         { 250, CW_GRAPH_STOP },         { 299, CW_GRAPH_STOP },
		{ 131005, CW_GRAPH_STOP },      { 368, CW_GRAPH_STOP },         { 131031, CW_GRAPH_STOP },
		{ 131042, CW_GRAPH_STOP },      { 131048, CW_GRAPH_STOP },      { 4, CW_GRAPH_THROTTLE },
		{ 80007, CW_GRAPH_THROTTLE },   { 130429, CW_GRAPH_THROTTLE }, /* as HTTP 400 */
		{ 131056, CW_GRAPH_RECIPIENT }, { 2, CW_GRAPH_RETRY },          { 131000, CW_GRAPH_RETRY },
		{ 131016, CW_GRAPH_RETRY },     { 131057, CW_GRAPH_RETRY },     { 133004, CW_GRAPH_RETRY },
		{ 1, CW_GRAPH_PERMANENT },      { 100, CW_GRAPH_PERMANENT },    { 131026, CW_GRAPH_PERMANENT },
		{ 131047, CW_GRAPH_PERMANENT }, { 131049, CW_GRAPH_PERMANENT }, { 132001, CW_GRAPH_PERMANENT },
		{ 300, CW_GRAPH_PERMANENT },    /* beyond the range of permission errors */
		{ 999999, CW_GRAPH_PERMANENT }, /* unknown */
		{ -1, CW_GRAPH_PERMANENT },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_string_equal(cw_graph_action_text(find(rows[i].code, 0)->action),
				    cw_graph_action_text(rows[i].action));
	}
	assert_string_equal(cw_graph_action_text(CW_GRAPH_ACTION_COUNT), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_is_in_one_row_and_has_a_sentence),
		cmocka_unit_test(a_number_that_the_token_cannot_see_is_paused),
		cmocka_unit_test(whatsapps_own_trouble_is_not_blamed_on_the_message),
		cmocka_unit_test(codes_mean_what_meta_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
