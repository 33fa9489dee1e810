/* SPDX-License-Identifier: MIT */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>

/*
 * A bar on stderr while something takes long, drawn by a thread of its own: what is waited for need not tell. Nothing
 * is drawn unless stderr is a terminal, nor in the first half second.
 */
struct progress {
	const char *what; /* borrowed */
	/* How much is done, 0 to 1; below 0: not known, then the seconds are shown. Called on the bar's thread. */
	double (*done)(void *context);
	void *context;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool has_thread, is_over;
};

void progress_begin(struct progress *progress, const char *what, double (*done)(void *context), void *context);
/* The bar goes. Once for each begin. */
void progress_end(struct progress *progress);

/* The share of one file's size in another's, for `done`: a copy that grows. */
struct progress_copy {
	const char *from, *to;
};
double progress_of_copy(void *copy); /* a struct progress_copy, which outlives the bar */

#endif
