/* SPDX-License-Identifier: MIT */
#include "core/repair.h"

#include <jansson.h>

#include "tests/unit/unit.h"

#define R "\xef\xbf\xbd"
/* A string and its length, which includes NULs. */
#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *bytes;
	size_t len;
	const char *mended;
} rows[] = {
	{ BYTES("{\"a\":\"x\"}"), "{\"a\":\"x\"}" },                           /* nothing to repair */
	{ BYTES("[\"\\ud83d\"]"), "[\"" R "\"]" },                             /* a lone high surrogate */
	{ BYTES("[\"\\ude00\"]"), "[\"" R "\"]" },                             /* a lone low one */
	{ BYTES("[\"\\ude00\\ud83d\"]"), "[\"" R R "\"]" },                    /* both, the wrong way round */
	{ BYTES("[\"\\ud83d\\ud83d\\ude00\"]"), "[\"" R "\\ud83d\\ude00\"]" }, /* a lone one before a pair */
	{ BYTES("[\"\\ud83d\\ude00\"]"), "[\"\\ud83d\\ude00\"]" },             /* a pair stays */
	{ BYTES("[\"\\ud83dx\"]"), "[\"" R "x\"]" },
	{ BYTES("[\"a\\u0000b\"]"), "[\"a" R "b\"]" },         /* an escaped NUL */
	{ BYTES("[\"a\0b\"]"), "[\"a" R "b\"]" },              /* a raw one */
	{ BYTES("[1,\0 2]"), "[1,  2]" },                      /* a raw one between tokens */
	{ BYTES("[\"a\nb\tc\"]"), "[\"a\\u000ab\\u0009c\"]" }, /* raw control characters */
	{ BYTES("[\"\xff\"]"), "[\"" R "\"]" },                /* not UTF-8 at all */
	{ BYTES("[\"\xc3\"]"), "[\"" R "\"]" },                /* truncated in the middle */
	{ BYTES("[\"\xc3\xa9\"]"), "[\"\xc3\xa9\"]" },         /* é stays */
	{ BYTES("[\"\xc0\xaf\"]"), "[\"" R R "\"]" },          /* overlong */
	{ BYTES("[\"\xe0\x80\xaf\"]"), "[\"" R R R "\"]" },
	{ BYTES("[\"\xed\xa0\x80\"]"), "[\"" R R R "\"]" },            /* a surrogate as UTF-8 (CESU) */
	{ BYTES("[\"\xf4\x90\x80\x80\"]"), "[\"" R R R R "\"]" },      /* beyond U+10FFFF */
	{ BYTES("[\"\xf0\x9f\x98\x80\"]"), "[\"\xf0\x9f\x98\x80\"]" }, /* an emoji stays */
	{ BYTES("[\"\\x41\"]"), "[\"" R "x41\"]" },                    /* not a JSON escape */
	{ BYTES("[\"\\u12\"]"), "[\"" R "u12\"]" },
	{ BYTES("[\"\\\\ud83d\"]"), "[\"\\\\ud83d\"]" }, /* an escaped backslash starts no escape */
	{ BYTES("[\"\\\"\"]"), "[\"\\\"\"]" },
	{ BYTES("[12345678901234567890]"), "[\"12345678901234567890\"]" }, /* beyond 64 bits */
	{ BYTES("[-9999999999999999999]"), "[\"-9999999999999999999\"]" },
	{ BYTES("[123456789012345678]"), "[123456789012345678]" }, /* 18 digits fit */
	{ BYTES("[1e400,1e30]"), "[\"1e400\",1e30]" },             /* beyond a double */
	{ BYTES("[-1.5]"), "[-1.5]" },
	{ BYTES("[\"12345678901234567890\"]"), "[\"12345678901234567890\"]" }, /* a string is not a number */
};

static void odd_characters_are_mended_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_buf out;

		cw_buf_init(&out, 1000);
		assert_int_equal(cw_repair_json(rows[i].bytes, rows[i].len, &out), CW_OK);
		assert_string_equal(out.data, rows[i].mended);
		json_t *json = json_loadb(out.data, out.len, 0, NULL);

		assert_non_null(json); /* the repaired text is valid */
		json_decref(json);
		cw_buf_finish(&out);
	}
}

static void mending_twice_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_buf once;
		struct cw_buf twice;

		cw_buf_init(&once, 1000);
		cw_buf_init(&twice, 1000);
		assert_int_equal(cw_repair_json(rows[i].bytes, rows[i].len, &once), CW_OK);
		assert_int_equal(cw_repair_json(once.data, once.len, &twice), CW_OK);
		assert_string_equal(once.data, twice.data);
		cw_buf_finish(&once);
		cw_buf_finish(&twice);
	}
}

static void a_broken_structure_stays_broken(void **state)
{
	static const char *const broken[] = { "{\"a\":", "[1,]", "{a:1}", "[\"unended", "[\"\\",
					      "[\"\\u",  "\"",   "-",     "[tru]" };

	(void)state;
	for (size_t i = 0; i < N_ROWS(broken); i++) {
		struct cw_buf out;

		cw_buf_init(&out, 1000);
		assert_int_equal(cw_repair_json(broken[i], strlen(broken[i]), &out), CW_OK);
		assert_null(json_loadb(out.data, out.len, 0, NULL));
		cw_buf_finish(&out);
	}
}

static void every_beginning_of_every_text_is_survived(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		for (size_t len = 0; len <= rows[i].len; len++) {
			struct cw_buf out;
			char *exact = malloc(len + 1); /* so that a sanitizer sees a read beyond the end */

			assert_non_null(exact);
			memcpy(exact, rows[i].bytes, len);
			exact = realloc(exact, len ? len : 1);
			cw_buf_init(&out, 1000);
			assert_int_equal(cw_repair_json(exact, len, &out), CW_OK);
			cw_buf_finish(&out);
			free(exact);
		}
	}
}

static void the_buffers_cap_holds(void **state)
{
	struct cw_buf out;

	(void)state;
	cw_buf_init(&out, 5);
	assert_int_equal(cw_repair_json("[\"\xff\xff\"]", 6, &out), CW_TOO_LARGE);
	cw_buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_characters_are_mended_and_nothing_else),
		cmocka_unit_test(mending_twice_changes_nothing),
		cmocka_unit_test(a_broken_structure_stays_broken),
		cmocka_unit_test(every_beginning_of_every_text_is_survived),
		cmocka_unit_test(the_buffers_cap_holds),
	};

	return cmocka_run_group_tests_name("repair", tests, NULL, NULL);
}
