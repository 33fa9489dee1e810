/* SPDX-License-Identifier: MIT */
#include "core/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

static int start(void **state)
{
	struct temp_dir *dir = malloc(sizeof(*dir));

	assert_non_null(dir);
	temp_dir_make(dir);
	*state = dir;
	return 0;
}

static int stop(void **state)
{
	temp_dir_remove(*state);
	free(*state);
	return 0;
}

static void what_is_written_is_read_back(void **state)
{
	struct cw_buf buf;
	struct cw_error error;
	char bytes[10000];

	memset(bytes, 'x', sizeof(bytes));
	bytes[5000] = '\0';
	assert_ok(cw_file_write(temp_dir_path(*state, "f"), bytes, sizeof(bytes), 0600, &error), error);
	cw_buf_init(&buf, 20000);
	assert_ok(cw_file_read(temp_dir_path(*state, "f"), &buf, &error), error);
	assert_int_equal(buf.len, sizeof(bytes));
	assert_memory_equal(buf.data, bytes, sizeof(bytes));
	cw_buf_finish(&buf);
}

static void reading_stops_at_the_cap_and_names_the_file(void **state)
{
	struct cw_buf buf;
	struct cw_error error;

	temp_dir_write_text(*state, "f", "12345");
	cw_buf_init(&buf, 5);
	assert_ok(cw_file_read(temp_dir_path(*state, "f"), &buf, &error), error);
	cw_buf_finish(&buf);
	cw_buf_init(&buf, 4);
	assert_int_equal(cw_file_read(temp_dir_path(*state, "f"), &buf, &error), CW_TOO_LARGE);
	assert_contains(error.text, temp_dir_path(*state, "f"));
	cw_buf_finish(&buf);
}

static void what_cannot_be_read_is_told_apart(void **state)
{
	struct cw_buf buf;
	struct cw_error error;

	cw_buf_init(&buf, 10);
	assert_int_equal(cw_file_read(temp_dir_path(*state, "none"), &buf, &error), CW_NOT_FOUND);
	assert_contains(error.text, "none");
	assert_int_equal(cw_file_read(temp_dir_path(*state, ""), &buf, &error), CW_IO); /* a directory */
	cw_buf_finish(&buf);
}

static void a_secret_is_the_first_line_of_its_file(void **state)
{
	static const struct {
		const char *content;
		const char *line; /* NULL: refused */
	} rows[] = {
		{ "secret\n", "secret" },
		{ "secret", "secret" },
		{ "secret\r\n", "secret" },
		{ "12345678\n", "12345678" }, /* fills the buffer */
		{ "12345678\r\n", "12345678" },
		{ "a b\n", "a b" }, /* spaces are kept */
		{ "one\n2\n", "one" },
		{ "123456789\n", NULL }, /* too long */
		{ "\nsecret\n", NULL },  /* the first line is empty */
		{ "", NULL },
	};
	struct cw_error error;
	char out[9];

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		temp_dir_write_text(*state, "s", rows[i].content);
		enum cw_status status = cw_file_read_line(temp_dir_path(*state, "s"), out, sizeof(out), &error);

		assert_int_equal(status, rows[i].line ? CW_OK : CW_INVALID);
		if (rows[i].line) {
			assert_string_equal(out, rows[i].line);
		} else {
			assert_contains(error.text, "s:1: ");
		}
	}
	assert_int_equal(cw_file_read_line(temp_dir_path(*state, "none"), out, sizeof(out), &error), CW_NOT_FOUND);
}

static void a_written_file_has_its_mode_whatever_the_umask_and_replaces_the_old_one(void **state)
{
	struct stat info;
	struct cw_error error;
	mode_t umask_before = umask(0077);

	temp_dir_write_text(*state, "f", "a longer old content");
	assert_ok(cw_file_write(temp_dir_path(*state, "f"), "new", 3, 0644, &error), error);
	(void)umask(umask_before);
	assert_int_equal(stat(temp_dir_path(*state, "f"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0644);
	assert_int_equal(info.st_size, 3);
	assert_int_not_equal(access(temp_dir_path(*state, "f.new"), F_OK), 0);
}

static void a_failed_write_leaves_the_old_file_and_nothing_beside_it(void **state)
{
	struct cw_error error;

	assert_int_equal(cw_file_write(temp_dir_path(*state, "no/f"), "x", 1, 0600, &error), CW_IO);
	assert_contains(error.text, "no/f");
	temp_dir_write_text(*state, "d/f", "content");
	assert_int_equal(cw_file_write(temp_dir_path(*state, "d"), "x", 1, 0600, &error), CW_IO); /* a directory */
	assert_int_equal(access(temp_dir_path(*state, "d/f"), F_OK), 0);
	assert_int_not_equal(access(temp_dir_path(*state, "d.new"), F_OK), 0);
}

static void the_program_knows_its_folder(void **state)
{
	char folder[PATH_MAX];
	char path[PATH_MAX + 20];
	struct cw_error error;

	(void)state;
	assert_ok(cw_file_program_folder(folder, sizeof(folder), &error), error);
	(void)snprintf(path, sizeof(path), "%s/unit_file", folder);
	assert_int_equal(access(path, X_OK), 0);
	assert_int_equal(cw_file_program_folder(folder, 3, &error), CW_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read_back),
		TEST(reading_stops_at_the_cap_and_names_the_file),
		TEST(what_cannot_be_read_is_told_apart),
		TEST(a_secret_is_the_first_line_of_its_file),
		TEST(a_written_file_has_its_mode_whatever_the_umask_and_replaces_the_old_one),
		TEST(a_failed_write_leaves_the_old_file_and_nothing_beside_it),
		TEST(the_program_knows_its_folder),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
