/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <errno.h>
#include <pty.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static double two_thirds(void *context)
{
	(void)context;
	return 2.0 / 3;
}

/*
 * Reads until the terminal shows `part`. The bar is drawn without further input; a hanging test is ended by the runner.
 */
static void read_until(int terminal, const char *part, char *heard, size_t size)
{
	size_t len = 0;

	heard[0] = '\0';
	while (!strstr(heard, part)) {
		ssize_t n = read(terminal, heard + len, size - 1 - len);

		if (n <= 0) {
			fail_msg("heard \"%s\", and no more", heard);
		}
		len += (size_t)n;
		heard[len] = '\0';
	}
}

static void a_terminal_sees_how_far_it_is(void **state)
{
	struct progress progress;
	char heard[4096];
	int terminal = -1;
	int end = -1;
	int before = dup(STDERR_FILENO);

	(void)state;
	if (openpty(&terminal, &end, NULL, NULL, NULL) != 0) {
		fail_msg("no terminal to be had: %s; is devpts mounted at /dev/pts?", strerror(errno));
	}
	(void)dup2(end, STDERR_FILENO);
	progress_begin(&progress, "Copying", two_thirds, NULL);
	read_until(terminal, "Copying [####################          ]  66 %", heard, sizeof(heard));
	progress_end(&progress);
	read_until(terminal, "\r\033[K", heard, sizeof(heard));
	progress_begin(&progress, "Reading", NULL, NULL);
	read_until(terminal, "Reading … 0 s", heard, sizeof(heard));
	progress_end(&progress);
	(void)dup2(before, STDERR_FILENO);
	(void)close(before);
	(void)close(end);
	(void)close(terminal);
}

static void nobody_else_does(void **state)
{
	struct progress progress;
	int pipe_fds[2];
	int before = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	(void)dup2(pipe_fds[1], STDERR_FILENO);
	progress_begin(&progress, "Copying", two_thirds, NULL);
	assert_false(progress.has_thread);
	progress_end(&progress);
	(void)dup2(before, STDERR_FILENO);
	(void)close(before);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_sees_how_far_it_is),
		cmocka_unit_test(nobody_else_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
