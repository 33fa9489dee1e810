/* SPDX-License-Identifier: MIT */
#include "core/clock.h"

#include <time.h>

#include "tests/unit/unit.h"

static void the_clock_is_the_systems_in_milliseconds(void **state)
{
	(void)state;
	int64_t before = (int64_t)time(NULL) * 1000 - 1000;
	int64_t now = cw_clock_now_ms();

	assert_true(now >= before && now <= before + 10000);
}

static void tests_move_the_clock_and_not_the_monotonic_one(void **state)
{
	(void)state;
	int64_t wall = cw_clock_now_ms();
	int64_t monotonic = cw_clock_monotonic_ms();

	cw_clock_set_offset_ms(86400000);
	assert_true(cw_clock_now_ms() >= wall + 86400000);
	assert_true(cw_clock_monotonic_ms() < monotonic + 86400000);
	assert_true(cw_clock_monotonic_ms() >= monotonic);
	cw_clock_set_offset_ms(0);
	assert_true(cw_clock_now_ms() < wall + 86400000);
}

static void random_bytes_are_not_twice_the_same(void **state)
{
	unsigned char one[32] = { 0 };
	unsigned char other[32] = { 0 };

	(void)state;
	assert_int_equal(cw_clock_random(one, sizeof(one)), CW_OK);
	assert_int_equal(cw_clock_random(other, sizeof(other)), CW_OK);
	assert_memory_not_equal(one, other, sizeof(one));
}

static void a_uuid_carries_its_time_version_and_variant(void **state)
{
	unsigned char uuid[CW_CLOCK_UUID_BYTES];
	char text[CW_CLOCK_UUID_TEXT];

	(void)state;
	assert_int_equal(cw_clock_uuid7(0x017f22e279b0, uuid), CW_OK); /* the time of RFC 9562 appendix A.6 */
	cw_clock_uuid_text(uuid, text);
	assert_int_equal(strlen(text), 36);
	assert_memory_equal(text, "017f22e2-79b0-7", 15);
	assert_non_null(strchr("89ab", text[19]));
}

static void later_uuids_sort_behind_earlier_ones(void **state)
{
	unsigned char early[CW_CLOCK_UUID_BYTES];
	unsigned char late[CW_CLOCK_UUID_BYTES];

	(void)state;
	for (int64_t at_ms = 1; at_ms < (INT64_C(1) << 47); at_ms *= 3) {
		assert_int_equal(cw_clock_uuid7(at_ms, early), CW_OK);
		assert_int_equal(cw_clock_uuid7(at_ms + 1, late), CW_OK);
		assert_true(memcmp(early, late, sizeof(early)) < 0);
	}
}

static void uuid_texts_are_read_back(void **state)
{
	unsigned char uuid[CW_CLOCK_UUID_BYTES];
	unsigned char back[CW_CLOCK_UUID_BYTES];
	char text[CW_CLOCK_UUID_TEXT];

	(void)state;
	assert_int_equal(cw_clock_uuid7(cw_clock_now_ms(), uuid), CW_OK);
	cw_clock_uuid_text(uuid, text);
	assert_int_equal(cw_clock_uuid_parse(text, back), CW_OK);
	assert_memory_equal(uuid, back, sizeof(uuid));
	assert_int_equal(cw_clock_uuid_parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", back), CW_OK); /* upper case */
}

static void texts_of_another_form_are_no_uuid(void **state)
{
	static const char *const rows[] = {
		"",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398",   /* a digit short */
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", /* a digit long */
		"017f22e279b0-7cc3-98c4-dc0c0c07398f-0", /* a dash in another place */
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
		"017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
		"{17f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
		"017f22e279b07cc398c4dc0c0c07398f",
	};
	unsigned char out[CW_CLOCK_UUID_BYTES];

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_clock_uuid_parse(rows[i], out), CW_INVALID);
	}
	assert_int_equal(cw_clock_uuid_parse(NULL, out), CW_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_is_the_systems_in_milliseconds),
		cmocka_unit_test(tests_move_the_clock_and_not_the_monotonic_one),
		cmocka_unit_test(random_bytes_are_not_twice_the_same),
		cmocka_unit_test(a_uuid_carries_its_time_version_and_variant),
		cmocka_unit_test(later_uuids_sort_behind_earlier_ones),
		cmocka_unit_test(uuid_texts_are_read_back),
		cmocka_unit_test(texts_of_another_form_are_no_uuid),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
