/* SPDX-License-Identifier: MIT */
#include "core/media_copy.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "core/media_store.h"
#include "core/text.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

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

static void a_store_is_copied_but_for_what_is_there_or_damaged(void **state)
{
	struct temp_dir *dir = *state;
	struct cw_media_store_writer *writer = NULL;
	unsigned char sha256[CW_SHA256_BYTES];
	char from[PATH_MAX];
	char to[PATH_MAX];
	char path[PATH_MAX];
	struct cw_error error;
	int64_t n_copied = 0;
	int64_t n_damaged = 0;

	(void)snprintf(from, sizeof(from), "%s/from", dir->path);
	(void)snprintf(to, sizeof(to), "%s/to", dir->path);
	assert_int_equal(cw_media_copy(from, to, &n_copied, &n_damaged, &error), CW_OK); /* there is no such folder */
	assert_int_equal(n_copied, 0);
	assert_int_equal(cw_media_store_begin(from, 3, 0, &writer, &error), CW_OK);
	assert_int_equal(cw_media_store_write(writer, "abc", 3, &error), CW_OK);
	assert_int_equal(cw_media_store_commit(writer, sha256, &n_copied, &error), CW_OK);
	temp_dir_write_text(dir, "from/ba/notes.txt", "none of ours");
	temp_dir_write_text(dir, "from/cd/cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
			    "other bytes");

	assert_int_equal(cw_media_copy(from, to, &n_copied, &n_damaged, &error), CW_OK);
	assert_int_equal(n_copied, 1);
	assert_int_equal(n_damaged, 1);
	assert_true(cw_media_store_path(to, sha256, path, sizeof(path)));
	assert_int_equal(access(path, F_OK), 0);
	assert_true(cw_text_format(path, sizeof(path), "%s/ba/notes.txt", to));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(cw_media_copy(from, to, &n_copied, &n_damaged, &error), CW_OK);
	assert_int_equal(n_copied, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_store_is_copied_but_for_what_is_there_or_damaged, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
