/* SPDX-License-Identifier: MIT */
#include "core/unicode.h"

#include "tests/unit/unit.h"

#define FAMILY "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466" /* 25 bytes */
#define PAKISTAN "\U0001F1F5\U0001F1F0"                                     /* 8 bytes */

static void no_character_is_cut_in_two(void **state)
{
	static const struct {
		const char *text;
		size_t max, kept;
	} rows[] = {
		{ "", 0, 0 },
		{ "", 5, 0 },
		{ "abc", 3, 3 },
		{ "abcd", 3, 3 },
		{ "abc", 0, 0 },
		{ "a\u0939\u093f\u0928", 9, 7 }, /* Hindi "hi" is two code points of three bytes */
		{ "a\u0939\u093f\u0928", 10, 10 },
		{ "a\u0939\u093f\u0928", 6, 1 },
		{ "e\u0301", 2, 1 }, /* the first character is longer: its first code point */
		{ "ae\u0301", 3, 1 },
		{ "a" FAMILY FAMILY, 50, 26 },
		{ FAMILY, 24, 21 },
		{ PAKISTAN PAKISTAN, 12, 8 },
		{ "\xd8\xb9\xd8\xb9", 3, 2 },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_unicode_cut(rows[i].text, rows[i].max), rows[i].kept);
	}
}

static void a_very_long_text_is_cut_at_a_code_point(void **state)
{
	char text[4001];

	(void)state;
	for (size_t i = 0; i < 4000; i += 2) {
		memcpy(text + i, "\u0639", 2);
	}
	text[4000] = '\0';
	assert_int_equal(cw_unicode_cut(text, 2001), 2000);
	assert_int_equal(cw_unicode_cut(text, CW_UNICODE_CUT_MAX), CW_UNICODE_CUT_MAX);
	assert_int_equal(cw_unicode_cut(text, CW_UNICODE_CUT_MAX - 1), CW_UNICODE_CUT_MAX - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_character_is_cut_in_two),
		cmocka_unit_test(a_very_long_text_is_cut_at_a_code_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
