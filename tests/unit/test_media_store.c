/* SPDX-License-Identifier: MIT */
#include "core/media_store.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

/* SHA-256 of "abc" (FIPS 180-2, appendix B.1). */
static const unsigned char abc[CW_SHA256_BYTES] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
						    0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
						    0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad };

static int start(void **state)
{
	static struct temp_dir dir;

	temp_dir_make(&dir);
	*state = &dir;
	return 0;
}

static int stop(void **state)
{
	temp_dir_remove(*state);
	return 0;
}

static bool exists(const char *path)
{
	struct stat file;

	return stat(path, &file) == 0;
}

static void a_whole_file_stands_under_its_sha256_once(void **state)
{
	struct temp_dir *dir = *state;
	unsigned char sha256[CW_SHA256_BYTES];
	char path[PATH_MAX];
	struct cw_error error;
	int64_t size = 0;

	for (int i = 0; i < 2; i++) {
		struct cw_media_store_writer *writer = NULL;

		assert_int_equal(cw_media_store_begin(dir->path, 3, 0, &writer, &error), CW_OK);
		assert_int_equal(cw_media_store_write(writer, "a", 1, &error), CW_OK);
		assert_int_equal(cw_media_store_write(writer, "bc", 2, &error), CW_OK);
		assert_int_equal(cw_media_store_commit(writer, sha256, &size, &error), CW_OK);
		assert_memory_equal(sha256, abc, sizeof(abc));
		assert_int_equal(size, 3);
	}
	assert_true(cw_media_store_path(dir->path, sha256, path, sizeof(path)));
	assert_true(exists(path));
	assert_non_null(strstr(path, "/ba/ba7816bf"));
}

static void too_much_is_refused_and_nothing_stays(void **state)
{
	struct temp_dir *dir = *state;
	struct cw_media_store_writer *writer = NULL;
	char path[PATH_MAX];
	struct cw_error error;

	assert_int_equal(cw_media_store_begin(dir->path, 3, 0, &writer, &error), CW_OK);
	assert_int_equal(cw_media_store_write(writer, "abcd", 4, &error), CW_TOO_LARGE);
	cw_media_store_abandon(writer);
	cw_media_store_abandon(NULL);
	assert_true(cw_media_store_path(dir->path, abc, path, sizeof(path)));
	assert_false(exists(path));
	(void)snprintf(path, sizeof(path), "%s/unfinished", dir->path);
	assert_int_equal(rmdir(path), 0); /* it is empty */
}

static void a_disk_that_is_nearly_full_is_left_alone(void **state)
{
	struct temp_dir *dir = *state;
	struct cw_media_store_writer *writer = NULL;
	struct cw_error error;

	assert_false(cw_media_store_is_nearly_full(dir->path, 1));
	assert_true(cw_media_store_is_nearly_full(dir->path, INT64_MAX));
	assert_int_equal(cw_media_store_begin(dir->path, 3, INT64_MAX, &writer, &error), CW_FULL);
	assert_null(writer);
}

static void what_a_crash_left_is_cleaned_up(void **state)
{
	struct temp_dir *dir = *state;
	struct cw_media_store_writer *writer = NULL;
	char path[PATH_MAX];
	struct cw_error error;

	cw_media_store_clean(dir->path); /* nothing there yet */
	assert_int_equal(cw_media_store_begin(dir->path, 3, 0, &writer, &error), CW_OK);
	cw_media_store_clean(dir->path);
	(void)snprintf(path, sizeof(path), "%s/unfinished", dir->path);
	assert_int_equal(rmdir(path), 0);
	cw_media_store_abandon(writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_whole_file_stands_under_its_sha256_once, start, stop),
		cmocka_unit_test_setup_teardown(too_much_is_refused_and_nothing_stays, start, stop),
		cmocka_unit_test_setup_teardown(a_disk_that_is_nearly_full_is_left_alone, start, stop),
		cmocka_unit_test_setup_teardown(what_a_crash_left_is_cleaned_up, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
