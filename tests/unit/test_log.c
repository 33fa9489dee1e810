/* SPDX-License-Identifier: MIT */
#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/clock.h"
#include "tests/unit/unit.h"

static struct {
	int n_lines;
	enum cw_log_level level;
	char line[2048];
} seen;

static void remember(enum cw_log_level level, const char *line, void *context)
{
	assert_ptr_equal(context, &seen);
	seen.n_lines++;
	seen.level = level;
	assert_true(strlen(line) < sizeof(seen.line));
	memcpy(seen.line, line, strlen(line) + 1);
}

static int start(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	cw_log_init("tester", CW_LOG_INFO);
	cw_log_to(remember, &seen);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	cw_log_to(NULL, NULL);
	cw_clock_set_offset_ms(0);
	return 0;
}

static void a_line_has_time_level_program_and_text(void **state)
{
	(void)state;
	cw_clock_set_offset_ms(1767322445678 - cw_clock_now_ms()); /* 2026-01-02T02:54:05.678Z */
	cw_log_warn("disk=%s retrying in %d s", "full", 5);
	assert_int_equal(seen.n_lines, 1);
	assert_int_equal(seen.level, CW_LOG_WARN);
	assert_memory_equal(seen.line, "2026-01-02T02:54:0", 18);
	assert_memory_equal(seen.line + 23, "Z warn tester disk=full retrying in 5 s", 40);
}

static void less_urgent_lines_than_asked_for_are_not_written(void **state)
{
	(void)state;
	cw_log_debug("not this one");
	assert_int_equal(seen.n_lines, 0);
	cw_log_info("this one");
	cw_log_error("and this one");
	assert_int_equal(seen.n_lines, 2);
	cw_log_init("tester", CW_LOG_ERROR);
	cw_log_warn("not this one");
	assert_int_equal(seen.n_lines, 2);
	cw_log_init("tester", CW_LOG_DEBUG);
	cw_log_debug("this one");
	assert_int_equal(seen.n_lines, 3);
}

static void control_characters_cannot_forge_a_line(void **state)
{
	(void)state;
	cw_log_info("name=%s", "eve\n2026-01-01T00:00:00.000Z error tester fake\x1b[31m\x7f\t");
	assert_contains(seen.line, "name=eve?2026");
	assert_contains(seen.line, "fake?[31m??");
	assert_null(strchr(seen.line, '\n'));
}

static void text_beyond_ascii_stays_as_it_is(void **state)
{
	(void)state;
	cw_log_info("conv=%s", "…9012#a1b2c3d4");
	assert_contains(seen.line, "conv=…9012#a1b2c3d4");
}

static void a_long_line_is_cut(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cw_log_info("%s", text);
	assert_true(strlen(seen.line) > 900 && strlen(seen.line) < 1024);
}

static void errno_is_kept(void **state)
{
	(void)state;
	errno = ENOSPC;
	cw_log_info("the text says %s", strerror(errno));
	assert_int_equal(errno, ENOSPC);
	cw_log_debug("a line that is not written");
	assert_int_equal(errno, ENOSPC);
}

static void without_a_receiver_lines_go_to_stderr_with_a_newline(void **state)
{
	int ends[2];
	char text[200] = "";
	int kept = dup(STDERR_FILENO);

	(void)state;
	cw_log_to(NULL, NULL);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	cw_log_info("to stderr");
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	assert_contains(text, "Z info tester to stderr\n");
	(void)close(kept);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void levels_are_read_by_their_words_only(void **state)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };
	static const char *const others[] = { "", "warning", "ERROR", "0", "info " };
	enum cw_log_level level = CW_LOG_LEVEL_COUNT;

	(void)state;
	for (size_t i = 0; i < N_ROWS(words); i++) {
		assert_int_equal(cw_log_level_parse(words[i], &level), CW_OK);
		assert_int_equal(level, i);
	}
	for (size_t i = 0; i < N_ROWS(others); i++) {
		assert_int_equal(cw_log_level_parse(others[i], &level), CW_INVALID);
		assert_int_equal(level, CW_LOG_DEBUG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_has_time_level_program_and_text, start, stop),
		cmocka_unit_test_setup_teardown(less_urgent_lines_than_asked_for_are_not_written, start, stop),
		cmocka_unit_test_setup_teardown(control_characters_cannot_forge_a_line, start, stop),
		cmocka_unit_test_setup_teardown(text_beyond_ascii_stays_as_it_is, start, stop),
		cmocka_unit_test_setup_teardown(a_long_line_is_cut, start, stop),
		cmocka_unit_test_setup_teardown(errno_is_kept, start, stop),
		cmocka_unit_test_setup_teardown(without_a_receiver_lines_go_to_stderr_with_a_newline, start, stop),
		cmocka_unit_test(levels_are_read_by_their_words_only),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
