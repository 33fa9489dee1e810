/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/search_text.h"
#include "tests/unit/unit.h"

static void expect(const char *body, const char *text)
{
	char *found = cw_search_text(body);

	assert_string_equal(found, text);
	free(found);
}

static void takes_what_people_read(void **state)
{
	(void)state;
	expect("{\"content\":{\"body\":\"Hello\"}}", "Hello\n");
	expect("{\"content\":{\"id\":\"77\",\"caption\":\"A cat\",\"filename\":\"cat.png\",\"sha256\":\"x\"}}",
	       "A cat\ncat.png\n");
	expect("{\"content\":{\"type\":\"list_reply\",\"list_reply\":{\"id\":\"row\",\"title\":\"Tea\",\"description\":\"green\"}}}",
	       "Tea\ngreen\n");
	expect("{\"content\":[{\"name\":{\"formatted_name\":\"Ann B\"},\"phones\":[{\"phone\":\"+1 2\",\"wa_id\":\"12\"}]}]}",
	       "Ann B\n+1 2\n");
}

static void finds_nothing_where_nothing_is(void **state)
{
	(void)state;
	expect("{}", "");
	expect("{\"content\":null}", "");
	expect("{\"content\":{\"latitude\":1.5}}", "");
	assert_null(cw_search_text("not json"));
}

static void too_much_is_left_out(void **state)
{
	static const char front[] = "{\"content\":{\"name\":\"short\",\"body\":\"";
	char *body = malloc(40000);

	(void)state;
	memset(body, 'x', 39999);
	body[39999] = '\0';
	memcpy(body, front, sizeof(front) - 1);
	memcpy(body + 39996, "\"}}", 3);
	expect(body, "short\n");
	free(body);
}

static void deep_trees_end(void **state)
{
	char body[2000] = "{\"content\":";
	size_t len = strlen(body);

	(void)state;
	for (int i = 0; i < 200; i++) {
		memcpy(body + len, "[", 2);
		len++;
	}
	memcpy(body + len, "\"x\"", 4);
	len += 3;
	for (int i = 0; i < 200; i++) {
		memcpy(body + len, "]", 2);
		len++;
	}
	memcpy(body + len, "}", 2);
	expect(body, "");
}

static void letters_without_spaces_are_words(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "plain words, 12", "plain words, 12" },
		{ "naïve سلام नमस्ते", "naïve سلام नमस्ते" },
		{ "退货", " 退 货" },
		{ "ok東京no", "ok 東 京 no" },
		{ "東 京", " 東   京" },
		{ "ラー", " ラ ー" }, /* the long vowel's script is Common: it ends the run, and is a word */
		{ "ที่", " ที่" },        /* vowels and tones belong to their letter */
		{ "東\xe6\x9d", " 東 \xe6\x9d" },
		{ "\xff\xc3", "\xff\xc3" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *words = cw_search_words(rows[i][0], strlen(rows[i][0]));

		assert_string_equal(words, rows[i][1]);
		free(words);
	}
}

static void numbers_are_found_by_their_endings(void **state)
{
	char out[CW_SEARCH_ENDINGS_MAX];
	char digits[100];

	(void)state;
	cw_search_endings("923456", out);
	assert_string_equal(out, " 23456 3456");
	cw_search_endings("3456", out);
	assert_string_equal(out, "");
	cw_search_endings("", out);
	assert_string_equal(out, "");
	memset(digits, '7', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	cw_search_endings(digits, out);
	assert_true(strlen(out) < sizeof(out));
	assert_string_equal(out + strlen(out) - 20, digits + 79);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(takes_what_people_read),
					    cmocka_unit_test(finds_nothing_where_nothing_is),
					    cmocka_unit_test(too_much_is_left_out),
					    cmocka_unit_test(deep_trees_end),
					    cmocka_unit_test(letters_without_spaces_are_words),
					    cmocka_unit_test(numbers_are_found_by_their_endings) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
