/* SPDX-License-Identifier: MIT */
#include "api/password.h"

#include <string.h>

#include "tests/unit/unit.h"

static void a_hash_is_of_its_password_only(void **state)
{
	char hash[CW_PASSWORD_HASH_MAX + 1];
	char again[CW_PASSWORD_HASH_MAX + 1];
	struct cw_error error;

	(void)state;
	assert_int_equal(password_hash("correct horse", hash, &error), CW_OK);
	assert_int_equal(password_hash("correct horse", again, &error), CW_OK);
	assert_memory_equal(hash, "$y$", 3);
	assert_string_not_equal(hash, again);
	assert_true(password_matches("correct horse", hash));
	assert_true(password_matches("correct horse", again));
	assert_false(password_matches("correct horsf", hash));
	assert_false(password_matches("correct hors", hash));
	assert_false(password_matches("", hash));
}

static void nobodys_hash_matches_nothing(void **state)
{
	(void)state;
	assert_false(password_matches("correct horse", NULL));
	assert_false(password_matches("correct horse", ""));
	assert_false(password_matches("", ""));
	assert_false(password_matches("correct horse", "no hash"));
	assert_false(password_matches("correct horse", "*0"));
}

static void length_is_in_characters(void **state)
{
	char hash[CW_PASSWORD_HASH_MAX + 1];
	char longest[PASSWORD_MAX + 2];
	struct cw_error error;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[PASSWORD_MAX + 1] = '\0';
	assert_int_equal(password_hash("ninechars", hash, &error), CW_INVALID);
	assert_int_equal(password_hash("ääääääää", hash, &error), CW_INVALID);
	assert_int_equal(password_hash("ääääääääää", hash, &error), CW_OK);
	assert_int_equal(password_hash(longest, hash, &error), CW_INVALID);
	longest[PASSWORD_MAX] = '\0';
	assert_int_equal(password_hash(longest, hash, &error), CW_OK);
	assert_true(password_matches(longest, hash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_is_of_its_password_only),
		cmocka_unit_test(nobodys_hash_matches_nothing),
		cmocka_unit_test(length_is_in_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
