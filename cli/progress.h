/* SPDX-License-Identifier: MIT */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>

/*
 * A progress bar on stderr for long operations, drawn by its own thread, so that the operation need not report.
 * Nothing is drawn in the first half second, or if stderr is not a terminal.
 */
struct progress {
	const char *what; /* borrowed */
	/* How much is done, 0 to 1; below 0: not known, and the seconds are shown. Called on the bar's thread. */
	double (*done)(void *context);
	void *context;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool has_thread, is_over;
};

void progress_begin(struct progress *progress, const char *what, double (*done)(void *context), void *context);
/* Removes the bar. Once for each begin. */
void progress_end(struct progress *progress);

/* For `done`: the size of a growing copy relative to its original. */
struct progress_copy {
	const char *from, *to;
};
double progress_of_copy(void *copy); /* a struct progress_copy, which outlives the bar */

#endif
