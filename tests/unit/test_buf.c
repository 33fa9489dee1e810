/* SPDX-License-Identifier: MIT */
#include "core/buf.h"

#include "tests/unit/unit.h"

static void a_new_buffer_owns_nothing(void **state)
{
	struct cw_buf buf;

	(void)state;
	cw_buf_init(&buf, 10);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.max, 10);
	cw_buf_finish(&buf);
}

static void what_is_appended_stands_in_order_with_a_nul_behind(void **state)
{
	struct cw_buf buf;

	(void)state;
	cw_buf_init(&buf, 100);
	assert_int_equal(cw_buf_append(&buf, "a\0b", 3), CW_OK);
	assert_int_equal(cw_buf_append_text(&buf, "cd"), CW_OK);
	assert_int_equal(cw_buf_append_format(&buf, "%d-%s", 7, "e"), CW_OK);
	assert_int_equal(buf.len, 8);
	assert_memory_equal(buf.data, "a\0bcd7-e", 9);
	cw_buf_finish(&buf);
}

static void fills_to_its_cap_exactly(void **state)
{
	struct cw_buf buf;

	(void)state;
	cw_buf_init(&buf, 4);
	assert_int_equal(cw_buf_append_text(&buf, "abcd"), CW_OK);
	assert_int_equal(cw_buf_append(&buf, "", 0), CW_OK);
	assert_string_equal(buf.data, "abcd");
	cw_buf_finish(&buf);
}

static void refuses_to_grow_past_its_cap_and_keeps_what_it_has(void **state)
{
	struct cw_buf buf;

	(void)state;
	cw_buf_init(&buf, 4);
	assert_int_equal(cw_buf_append_text(&buf, "abc"), CW_OK);
	assert_int_equal(cw_buf_append_text(&buf, "de"), CW_TOO_LARGE);
	assert_int_equal(cw_buf_append_format(&buf, "%s", "de"), CW_TOO_LARGE);
	assert_int_equal(cw_buf_reserve(&buf, 2), CW_TOO_LARGE);
	assert_int_equal(cw_buf_reserve(&buf, SIZE_MAX), CW_TOO_LARGE);
	assert_string_equal(buf.data, "abc");
	assert_int_equal(buf.len, 3);
	cw_buf_finish(&buf);
}

static void a_reservation_is_room_without_content(void **state)
{
	struct cw_buf buf;

	(void)state;
	cw_buf_init(&buf, 10000);
	assert_int_equal(cw_buf_reserve(&buf, 5000), CW_OK);
	assert_true(buf.room > 5000);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf.data, "");
	cw_buf_finish(&buf);
}

static void grows_over_many_appends(void **state)
{
	struct cw_buf buf;

	(void)state;
	cw_buf_init(&buf, 100000);
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(cw_buf_append_format(&buf, "%d,", i % 10), CW_OK);
	}
	assert_int_equal(buf.len, 20000);
	assert_int_equal(strlen(buf.data), 20000);
	cw_buf_finish(&buf);
}

static void a_reset_forgets_the_bytes_and_keeps_the_memory(void **state)
{
	struct cw_buf buf;

	(void)state;
	cw_buf_init(&buf, 10);
	cw_buf_reset(&buf);
	assert_int_equal(cw_buf_append_text(&buf, "secret"), CW_OK);
	char *memory = buf.data;

	cw_buf_reset(&buf);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf.data, "");
	assert_ptr_equal(buf.data, memory);
	cw_buf_finish(&buf);
}

static void taken_bytes_are_the_takers_and_the_buffer_is_empty(void **state)
{
	struct cw_buf buf;

	(void)state;
	cw_buf_init(&buf, 10);
	assert_int_equal(cw_buf_append_text(&buf, "abc"), CW_OK);
	char *taken = cw_buf_take(&buf);

	assert_string_equal(taken, "abc");
	free(taken);
	assert_null(buf.data);
	assert_int_equal(buf.max, 10);
	taken = cw_buf_take(&buf); /* an empty one gives "", not NULL */
	assert_string_equal(taken, "");
	free(taken);
}

static void finishing_nothing_is_fine_and_the_cap_stays(void **state)
{
	struct cw_buf zeroed = { .max = 5 };

	(void)state;
	cw_buf_finish(NULL);
	cw_buf_finish(&zeroed);
	cw_buf_finish(&zeroed);
	assert_int_equal(zeroed.max, 5);
	assert_int_equal(cw_buf_append_text(&zeroed, "abcde"), CW_OK);
	cw_buf_finish(&zeroed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_buffer_owns_nothing),
		cmocka_unit_test(what_is_appended_stands_in_order_with_a_nul_behind),
		cmocka_unit_test(fills_to_its_cap_exactly),
		cmocka_unit_test(refuses_to_grow_past_its_cap_and_keeps_what_it_has),
		cmocka_unit_test(a_reservation_is_room_without_content),
		cmocka_unit_test(grows_over_many_appends),
		cmocka_unit_test(a_reset_forgets_the_bytes_and_keeps_the_memory),
		cmocka_unit_test(taken_bytes_are_the_takers_and_the_buffer_is_empty),
		cmocka_unit_test(finishing_nothing_is_fine_and_the_cap_stays),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
