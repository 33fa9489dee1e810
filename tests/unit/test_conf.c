/* SPDX-License-Identifier: MIT */
#include "core/conf.h"

#include <sys/stat.h>

#include "core/log.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

struct settings {
	char *address;
	bool is_open;
	enum cw_log_level level;
	int64_t port;
};

static const struct cw_conf_key keys[] = {
	{ "address", CW_CONF_TEXT, offsetof(struct settings, address), "127.0.0.1", 0, 0, "an address" },
	{ "is_open", CW_CONF_BOOL, offsetof(struct settings, is_open), "no", 0, 0, "open?" },
	{ "level", CW_CONF_LEVEL, offsetof(struct settings, level), "info", 0, 0, "a level" },
	{ "port", CW_CONF_INT, offsetof(struct settings, port), "8080", 1, 65535, "a port" },
};
static const struct cw_conf_table table = { keys, N_ROWS(keys) };

struct fixture {
	struct temp_dir dir;
	struct settings settings;
	struct cw_error error;
};

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	temp_dir_make(&fixture->dir);
	assert_ok(cw_conf_defaults(&table, &fixture->settings, &fixture->error), fixture->error);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	cw_conf_finish(&table, &fixture->settings);
	temp_dir_remove(&fixture->dir);
	free(fixture);
	return 0;
}

static enum cw_status load(struct fixture *fixture, const char *text)
{
	temp_dir_write_text(&fixture->dir, "a.conf", text);
	return cw_conf_load(&table, temp_dir_path(&fixture->dir, "a.conf"), &fixture->settings, &fixture->error);
}

static void defaults_fill_every_member(void **state)
{
	struct fixture *fixture = *state;

	assert_string_equal(fixture->settings.address, "127.0.0.1");
	assert_false(fixture->settings.is_open);
	assert_int_equal(fixture->settings.level, CW_LOG_INFO);
	assert_int_equal(fixture->settings.port, 8080);
}

static void a_file_overrides_what_it_names(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(load(fixture, "# a comment\n\nport = 9090\naddress=::1\n"), fixture->error);
	assert_int_equal(fixture->settings.port, 9090);
	assert_string_equal(fixture->settings.address, "::1");
	assert_int_equal(fixture->settings.level, CW_LOG_INFO);
}

static void comments_and_blanks_are_no_part_of_a_value(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(load(fixture,
		       "  # a comment\n;another\n\tport :\t7 \t\naddress = a;b ; a remark; and more\nis_open=yes ;\n"),
		  fixture->error);
	assert_int_equal(fixture->settings.port, 7);
	assert_string_equal(fixture->settings.address, "a;b");
	assert_true(fixture->settings.is_open);
}

static void a_text_may_be_empty(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(load(fixture, "address =\n"), fixture->error);
	assert_string_equal(fixture->settings.address, "");
}

static void windows_line_ends_and_a_byte_order_mark_do_not_matter(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(load(fixture, "\xef\xbb\xbfport = 1\r\nis_open = yes\r\n"), fixture->error);
	assert_int_equal(fixture->settings.port, 1);
	assert_true(fixture->settings.is_open);
}

static void faults_name_file_line_and_key(void **state)
{
	static const struct {
		const char *text, *place, *what;
	} rows[] = {
		{ "\n\nprot = 1\n", ":3:", "prot" },       /* unknown key */
		{ "port = 0\n", ":1:", "1 to 65535" },     /* below the range */
		{ "port = 65536\n", ":1:", "1 to 65535" }, /* above it */
		{ "port = 80 80\n", ":1:", "80 80" },      /* not a number */
		{ "port =\n", ":1:", "port" },             /* nothing */
		{ "is_open = maybe\n", ":1:", "neither yes nor no" },
		{ "level = loud\n", ":1:", "error, warn, info, debug" },
		{ "# x\n[server]\nport = 1\n", ":2:", "no sections" },
		{ "port = 1\njust words\n", ":2:", "key = value" },
		{ "PORT = 1\n", ":1:", "PORT" }, /* keys are case-sensitive */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(load(fixture, rows[i].text), CW_INVALID);
		assert_contains(fixture->error.text, "a.conf");
		assert_contains(fixture->error.text, rows[i].place);
		assert_contains(fixture->error.text, rows[i].what);
	}
}

static void the_first_fault_is_the_one_that_is_told(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "prot = 1\nlevel = loud\n"), CW_INVALID);
	assert_contains(fixture->error.text, ":1:");
}

static void a_long_value_is_read_whole(void **state)
{
	struct fixture *fixture = *state;
	char text[1000] = "address = ";
	size_t len = strlen(text);

	memset(text + len, 'a', 700); /* as long as thirty account ids of a Mongo database */
	memcpy(text + len + 700, "\nport = 5\n", 11);
	assert_ok(load(fixture, text), fixture->error);
	assert_int_equal(strlen(fixture->settings.address), 700);
	assert_int_equal(fixture->settings.port, 5);
}

static void the_line_of_a_fault_counts_long_lines_once(void **state)
{
	struct fixture *fixture = *state;
	char text[1000] = "# ";

	memset(text + 2, 'c', 700);
	memcpy(text + 702, "\nport = x\n", 11);
	assert_int_equal(load(fixture, text), CW_INVALID);
	assert_contains(fixture->error.text, ":2:");
}

static void an_indented_line_never_becomes_the_value_of_the_line_above(void **state)
{
	struct fixture *fixture = *state;

	/* An indented line is either the setting it looks like or an error; address keeps its value. */
	if (load(fixture, "address = ::1\n  port = 9\n") == CW_OK) {
		assert_int_equal(fixture->settings.port, 9);
	}
	assert_string_equal(fixture->settings.address, "::1");
}

static void a_file_that_is_not_there_is_told_apart(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		cw_conf_load(&table, temp_dir_path(&fixture->dir, "no.conf"), &fixture->settings, &fixture->error),
		CW_NOT_FOUND);
	assert_contains(fixture->error.text, "no.conf");
	assert_int_equal(mkdir(temp_dir_path(&fixture->dir, "d"), 0700), 0);
	assert_int_equal(cw_conf_load(&table, temp_dir_path(&fixture->dir, "d"), &fixture->settings, &fixture->error),
			 CW_IO);
}

static void a_single_setting_is_set_and_printed(void **state)
{
	static const struct {
		const char *key, *value, *printed;
	} rows[] = {
		{ "address", "0.0.0.0", "0.0.0.0" }, { "is_open", "on", "yes" },    { "is_open", "false", "no" },
		{ "is_open", "1", "yes" },           { "level", "debug", "debug" }, { "port", "0443", "443" },
	};
	struct fixture *fixture = *state;
	char text[64];

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_ok(cw_conf_set(&table, &fixture->settings, rows[i].key, rows[i].value, &fixture->error),
			  fixture->error);
		for (size_t k = 0; k < table.n_keys; k++) {
			if (strcmp(table.keys[k].name, rows[i].key) == 0) {
				assert_true(cw_conf_print(&table.keys[k], &fixture->settings, text, sizeof(text)));
				assert_string_equal(text, rows[i].printed);
			}
		}
	}
	assert_int_equal(cw_conf_set(&table, &fixture->settings, "nothing", "1", &fixture->error), CW_NOT_FOUND);
	assert_int_equal(cw_conf_set(&table, &fixture->settings, "port", "no", &fixture->error), CW_INVALID);
	assert_false(cw_conf_print(&table.keys[0], &fixture->settings, text, 3));
}

static void finishing_twice_or_nothing_is_fine(void **state)
{
	struct settings zeroed = { .port = 0 };

	(void)state;
	cw_conf_finish(&table, NULL);
	cw_conf_finish(&table, &zeroed);
	cw_conf_finish(&table, &zeroed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults_fill_every_member),
		TEST(a_file_overrides_what_it_names),
		TEST(comments_and_blanks_are_no_part_of_a_value),
		TEST(a_text_may_be_empty),
		TEST(windows_line_ends_and_a_byte_order_mark_do_not_matter),
		TEST(faults_name_file_line_and_key),
		TEST(the_first_fault_is_the_one_that_is_told),
		TEST(a_long_value_is_read_whole),
		TEST(the_line_of_a_fault_counts_long_lines_once),
		TEST(an_indented_line_never_becomes_the_value_of_the_line_above),
		TEST(a_file_that_is_not_there_is_told_apart),
		TEST(a_single_setting_is_set_and_printed),
		cmocka_unit_test(finishing_twice_or_nothing_is_fine),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
