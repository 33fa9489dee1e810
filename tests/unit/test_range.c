/* SPDX-License-Identifier: MIT */
#include "http/range.h"

#include <stddef.h>

#include "tests/unit/unit.h"

#define ETAG "\"abc\""
#define LEN 1000

static void parts_are_as_the_rfc_says(void **state)
{
	static const struct {
		const char *header, *if_range;
		enum range_verdict verdict;
		int64_t offset, len;
	} rows[] = {
		{ NULL, NULL, RANGE_ALL, 0, 0 },
		{ "bytes=0-499", NULL, RANGE_PART, 0, 500 },
		{ "bytes=500-999", NULL, RANGE_PART, 500, 500 },
		{ "bytes=500-", NULL, RANGE_PART, 500, 500 },
		{ "bytes=-200", NULL, RANGE_PART, 800, 200 },
		{ "bytes=0-0", NULL, RANGE_PART, 0, 1 },
		{ "bytes=999-", NULL, RANGE_PART, 999, 1 },
		{ "bytes=900-5000", NULL, RANGE_PART, 900, 100 },
		{ "bytes=-5000", NULL, RANGE_PART, 0, 1000 },
		{ "bytes=1000-", NULL, RANGE_OUTSIDE, 0, 0 },
		{ "bytes=1000-2000", NULL, RANGE_OUTSIDE, 0, 0 },
		{ "bytes=-0", NULL, RANGE_OUTSIDE, 0, 0 },
		{ "bytes=5-4", NULL, RANGE_ALL, 0, 0 },
		{ "bytes=a-b", NULL, RANGE_ALL, 0, 0 },
		{ "bytes=", NULL, RANGE_ALL, 0, 0 },
		{ "bytes=-", NULL, RANGE_ALL, 0, 0 },
		{ "bytes=1", NULL, RANGE_ALL, 0, 0 },
		{ "bytes=0-1,5-6", NULL, RANGE_ALL, 0, 0 },
		{ "bytes=0-99999999999999999999", NULL, RANGE_ALL, 0, 0 },
		{ "bytes=99999999999999999999-", NULL, RANGE_ALL, 0, 0 },
		{ "lines=0-1", NULL, RANGE_ALL, 0, 0 },
		{ "bytes=0-499", ETAG, RANGE_PART, 0, 500 },
		{ "bytes=0-499", "\"other\"", RANGE_ALL, 0, 0 },
		{ "bytes=0-499", "Tue, 01 Dec 2026 10:00:00 GMT", RANGE_ALL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct range range = { .offset = 0 };

		assert_int_equal(range_judge(rows[i].header, rows[i].if_range, ETAG, LEN, &range), rows[i].verdict);
		if (rows[i].verdict == RANGE_PART) {
			assert_int_equal(range.offset, rows[i].offset);
			assert_int_equal(range.len, rows[i].len);
		}
	}
}

static void an_empty_file_has_no_parts(void **state)
{
	struct range range;

	(void)state;
	assert_int_equal(range_judge("bytes=0-", NULL, ETAG, 0, &range), RANGE_OUTSIDE);
	assert_int_equal(range_judge("bytes=-1", NULL, ETAG, 0, &range), RANGE_OUTSIDE);
}

static void a_client_names_what_it_has(void **state)
{
	(void)state;
	assert_true(range_is_cached(ETAG, ETAG));
	assert_true(range_is_cached("\"x\", W/" ETAG, ETAG));
	assert_true(range_is_cached("*", ETAG));
	assert_false(range_is_cached(NULL, ETAG));
	assert_false(range_is_cached("\"x\"", ETAG));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_as_the_rfc_says),
		cmocka_unit_test(an_empty_file_has_no_parts),
		cmocka_unit_test(a_client_names_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
