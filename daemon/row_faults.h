/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ROW_FAULTS_H
#define DAEMON_ROW_FAULTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROW_FAULTS_REMEMBERED 32

/*
 * Which of the store's sentences about broken rows are logged: several threads find the same row again and again, and
 * there may be thousands of such rows. Any thread.
 */
struct row_faults {
	pthread_mutex_t lock;
	char recent[ROW_FAULTS_REMEMBERED][160]; /* those logged last */
	size_t n_logged;
	int64_t logged_at_ms;
};

void row_faults_init(struct row_faults *faults);
void row_faults_finish(struct row_faults *faults);

/*
 * Should this sentence be logged? true unless it was logged recently; once ROW_FAULTS_REMEMBERED have been, at most one
 * a minute. now_ms: monotonic.
 */
bool row_faults_note(struct row_faults *faults, const char *text, int64_t now_ms);

#endif
