/* SPDX-License-Identifier: MIT */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A program that `up` runs: its output goes to a log file that is rotated at 16 MB; when it exits it is
 * restarted, with a pause that doubles while it keeps exiting. One thread.
 */
#define CHILD_MAX_ARGUMENTS 24

struct child {
	const char *name;                     /* for messages and the log file's name */
	char *arguments[CHILD_MAX_ARGUMENTS]; /* NULL at the end; not owned */
	char log_path[PATH_MAX];
	bool echoes_problems; /* lines of level warn and error also go to our stderr */
	int ready_fd;         /* inherited by the program; -1: none. Closed here after the start */

	pid_t pid;     /* 0: not running */
	int output_fd; /* -1: none */
	int log_fd;    /* -1: not open */
	int64_t log_bytes;
	int64_t started_ms;  /* monotonic */
	int64_t pause_ms;    /* before the next start */
	int64_t start_at_ms; /* when not running; INT64_MAX: never again */
	char line[2048];
	size_t line_len;
};

/* Starts the program. false with errno when it cannot be started. */
bool child_start(struct child *child);

/* Reads the available output and writes it to the log. */
void child_read(struct child *child);

/* The program has exited; schedules the next start. */
void child_ended(struct child *child);

/* Asks the program to exit (SIGTERM), and schedules no restart. */
void child_stop(struct child *child);

#endif
