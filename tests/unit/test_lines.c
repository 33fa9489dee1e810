/* SPDX-License-Identifier: MIT */
#include "auth-plugin/lines.h"

#include "tests/unit/unit.h"

static void tables_are_zeroed_and_begin_a_line_or_a_huge_page(void **state)
{
	static const size_t sizes[] = { 64, 100, 4096, 65536, 2097151, 2097152, 5000000 };

	(void)state;
	for (size_t i = 0; i < N_ROWS(sizes); i++) {
		unsigned char *bytes = lines_alloc(sizes[i]);

		assert_non_null(bytes);
		assert_int_equal((uintptr_t)bytes % (sizes[i] >= 2097152 ? 2097152 : LINE_BYTES), 0);
		for (size_t at = 0; at < sizes[i]; at++) {
			assert_int_equal(bytes[at], 0);
		}
		memset(bytes, 0xff, sizes[i]); /* the next allocation may get the same memory */
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_zeroed_and_begin_a_line_or_a_huge_page),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
