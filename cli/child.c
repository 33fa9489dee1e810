/* SPDX-License-Identifier: MIT */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/text.h"

#define MAX_LOG_BYTES (16 * 1024 * 1024)
#define MIN_PAUSE_MS 200
#define MAX_PAUSE_MS 5000
/* A program that has run this long counts as healthy. */
#define WELL_MS 30000

static void open_log(struct child *child)
{
	struct stat info;

	child->log_fd = open(child->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	child->log_bytes = child->log_fd >= 0 && fstat(child->log_fd, &info) == 0 ? info.st_size : 0;
}

/* One old file is kept: at most 32 MB for each program. */
static void turn_log_over(struct child *child)
{
	char old[4200];

	if (child->log_fd >= 0) {
		(void)close(child->log_fd); /* every write was checked */
	}
	if (cw_text_format(old, sizeof(old), "%s.1", child->log_path)) {
		(void)rename(child->log_path, old); /* else the file just keeps growing */
	}
	open_log(child);
}

static void write_log(struct child *child, const char *bytes, size_t len)
{
	if (child->log_bytes > MAX_LOG_BYTES) {
		turn_log_over(child);
	}
	if (child->log_fd >= 0 && write(child->log_fd, bytes, len) > 0) {
		child->log_bytes += (int64_t)len; /* a full disk loses log lines, nothing else */
	}
}

static void become_program(const struct child *child, int output)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* if `up` is killed, nothing keeps running */
	(void)dup2(output, STDOUT_FILENO);
	(void)dup2(output, STDERR_FILENO);
	if (child->ready_fd >= 0) {
		(void)fcntl(child->ready_fd, F_SETFD, 0);
	}
	(void)execv(child->arguments[0], child->arguments);
	(void)dprintf(STDERR_FILENO, "error %s cannot be run: %s\n", child->arguments[0], strerror(errno));
	_exit(EX_UNAVAILABLE);
}

bool child_start(struct child *child)
{
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0) {
		return false;
	}
	if (child->log_fd < 0) {
		open_log(child);
	}
	pid_t pid = fork();

	if (pid < 0) {
		(void)close(pipe_fds[0]);
		(void)close(pipe_fds[1]);
		return false;
	}
	if (pid == 0) {
		(void)fcntl(pipe_fds[1], F_SETFL, 0); /* the program expects a blocking stderr */
		become_program(child, pipe_fds[1]);
	}
	(void)close(pipe_fds[1]);
	if (child->ready_fd >= 0) {
		(void)close(child->ready_fd);
		child->ready_fd = -1;
	}
	child->pid = pid;
	child->output_fd = pipe_fds[0];
	child->started_ms = cw_clock_monotonic_ms();
	return true;
}

/* Lines are assembled only for the terminal; the log gets the bytes as they came. */
static void show_line(struct child *child)
{
	child->line[child->line_len] = '\0';
	if (strstr(child->line, " error ") || strstr(child->line, " warn ")) {
		(void)fprintf(stderr, "%s\n", child->line);
	}
	child->line_len = 0;
}

static void take_bytes(struct child *child, const char *bytes, size_t len)
{
	write_log(child, bytes, len);
	while (child->echoes_problems && len > 0) {
		const char *end = memchr(bytes, '\n', len);
		size_t piece = end ? (size_t)(end - bytes) : len;
		size_t room = sizeof(child->line) - 1 - child->line_len;

		memcpy(child->line + child->line_len, bytes,
		       piece < room ? piece : room); /* the end of a very long one is not shown */
		child->line_len += piece < room ? piece : room;
		if (end) {
			show_line(child);
			piece++;
		}
		bytes += piece;
		len -= piece;
	}
}

void child_read(struct child *child)
{
	char bytes[16384];
	ssize_t n = 0;

	while (child->output_fd >= 0 && (n = read(child->output_fd, bytes, sizeof(bytes))) > 0) {
		take_bytes(child, bytes, (size_t)n);
	}
	if (n == 0 && child->output_fd >= 0) {
		(void)close(child->output_fd);
		child->output_fd = -1;
	}
}

void child_ended(struct child *child)
{
	int64_t now_ms = cw_clock_monotonic_ms();

	child_read(child);
	if (child->output_fd >= 0) {
		(void)close(child->output_fd);
		child->output_fd = -1;
	}
	if (child->line_len > 0) {
		show_line(child);
	}
	child->pid = 0;
	bool was_well = now_ms - child->started_ms > WELL_MS;

	child->pause_ms = was_well || child->pause_ms == 0 ? MIN_PAUSE_MS : child->pause_ms * 2;
	child->pause_ms = child->pause_ms > MAX_PAUSE_MS ? MAX_PAUSE_MS : child->pause_ms;
	if (child->start_at_ms != INT64_MAX) {
		child->start_at_ms = now_ms + child->pause_ms;
	}
}

void child_stop(struct child *child)
{
	child->start_at_ms = INT64_MAX;
	if (child->pid > 0) {
		(void)kill(child->pid, SIGTERM); /* our own child, not yet waited for */
	}
}
