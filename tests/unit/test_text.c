/* SPDX-License-Identifier: MIT */
#include "core/text.h"

#include "tests/unit/unit.h"

static void formatting_tells_whether_all_of_it_fitted(void **state)
{
	char out[4];

	(void)state;
	assert_true(cw_text_format(out, sizeof(out), "%d", 123));
	assert_string_equal(out, "123");
	assert_false(cw_text_format(out, sizeof(out), "%d", 1234));
	assert_string_equal(out, "123");
	assert_false(cw_text_format(NULL, 0, "x"));
}

static void a_copy_that_does_not_fit_leaves_an_empty_text(void **state)
{
	char out[4] = "old";

	(void)state;
	assert_true(cw_text_copy(out, sizeof(out), "abc"));
	assert_string_equal(out, "abc");
	assert_false(cw_text_copy(out, sizeof(out), "abcd"));
	assert_string_equal(out, "");
	assert_false(cw_text_copy(out, 0, ""));
}

static void whole_texts_are_numbers_and_nothing_else_is(void **state)
{
	static const struct {
		const char *text;
		bool is_number;
		int64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "-1", true, -1 },
		{ "007", true, 7 }, /* leading zeros are decimal, not octal */
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },  /* one above the maximum */
		{ "-9223372036854775809", false, 0 }, /* one below the minimum */
		{ "", false, 0 },
		{ "-", false, 0 },
		{ "--1", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 }, /* strtoll would accept it */
		{ "1 ", false, 0 },
		{ "1x", false, 0 },
		{ "0x1", false, 0 },
		{ "1.0", false, 0 },
		{ "1e3", false, 0 },
		{ NULL, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		int64_t value = 42;

		assert_int_equal(cw_text_to_int64(rows[i].text, &value), rows[i].is_number ? CW_OK : CW_INVALID);
		assert_true(value == (rows[i].is_number ? rows[i].value : 42)); /* untouched on failure */
	}
}

static void a_text_is_made_of_an_alphabet(void **state)
{
	static const struct {
		const char *text;
		size_t len, max;
		bool is_made;
	} rows[] = {
		{ "abc-09", 6, 6, true },      { "abc-09", 6, 5, false }, /* too long */
		{ "", 0, 5, false },                                      /* empty */
		{ "a_b", 3, 5, false },                                   /* _ is not allowed in an id */
		{ "a b", 3, 5, false },        { "a\0b", 3, 5, false },   /* NUL, which strchr would find in any set */
		{ "ab\xc3\xa9", 4, 5, false },                            /* é */
		{ "abc!", 3, 5, true },                                   /* only len bytes count */
		{ NULL, 3, 5, false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_text_is_made_of(rows[i].text, rows[i].len, rows[i].max, CW_TEXT_ID), rows[i].is_made);
	}
}

static void hex_goes_there_and_back(void **state)
{
	static const unsigned char bytes[] = { 0x00, 0x7f, 0xa5, 0xff };
	unsigned char back[4];
	char text[9];

	(void)state;
	cw_text_hex(bytes, sizeof(bytes), text);
	assert_string_equal(text, "007fa5ff");
	assert_true(cw_text_unhex(text, 8, back, 4));
	assert_memory_equal(back, bytes, 4);
	assert_true(cw_text_unhex("007FA5FF", 8, back, 4));
	assert_memory_equal(back, bytes, 4);
	cw_text_hex(bytes, 0, text);
	assert_string_equal(text, "");
}

static void hex_of_another_length_or_alphabet_is_refused(void **state)
{
	static const char *const rows[] = {
		"007fa5f",   /* a digit short */
		"007fa5ff0", /* a digit long */
		"007fa5fg",  "007fa5f ", "0x7fa5ff", "",
	};
	unsigned char out[4];

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_false(cw_text_unhex(rows[i], strlen(rows[i]), out, 4));
	}
}

static void a_list_has_its_items_and_a_star_has_all(void **state)
{
	static const struct {
		const char *list, *item;
		bool has;
	} rows[] = {
		{ "a", "a", true },        { "a,b", "b", true },  { " a ,\tb ", "b", true },
		{ "*", "anything", true }, { "a, *", "b", true }, { "ab,c", "a", false }, /* no prefixes */
		{ "a", "ab", false },      { "a*", "ab", false }, /* the star is an item, no pattern */
		{ "", "a", false },        { ",,", "a", false },  { ",,", "", false }, /* nothing is no item */
		{ "A", "a", false },       { NULL, "a", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_text_list_has(rows[i].list, rows[i].item), rows[i].has);
	}
}

static void capitals_become_small_and_nothing_else_does(void **state)
{
	char text[] = "Ann.LEE@Example.COM [Z`{@ \xc3\x84";

	(void)state;
	cw_text_lower(text);
	assert_string_equal(text, "ann.lee@example.com [z`{@ \xc3\x84");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capitals_become_small_and_nothing_else_does),
		cmocka_unit_test(formatting_tells_whether_all_of_it_fitted),
		cmocka_unit_test(a_copy_that_does_not_fit_leaves_an_empty_text),
		cmocka_unit_test(whole_texts_are_numbers_and_nothing_else_is),
		cmocka_unit_test(a_text_is_made_of_an_alphabet),
		cmocka_unit_test(hex_goes_there_and_back),
		cmocka_unit_test(hex_of_another_length_or_alphabet_is_refused),
		cmocka_unit_test(a_list_has_its_items_and_a_star_has_all),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
