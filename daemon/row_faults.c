/* SPDX-License-Identifier: MIT */
#include "daemon/row_faults.h"

#include <stdio.h>
#include <string.h>

#define ONE_MINUTE_MS 60000

void row_faults_init(struct row_faults *faults)
{
	*faults = (struct row_faults){ .n_logged = 0 };
	(void)pthread_mutex_init(&faults->lock, NULL); /* glibc's cannot fail */
}

void row_faults_finish(struct row_faults *faults)
{
	(void)pthread_mutex_destroy(&faults->lock);
}

static bool is_recent(const struct row_faults *faults, const char *text)
{
	for (size_t i = 0; i < ROW_FAULTS_REMEMBERED; i++) {
		if (strncmp(faults->recent[i], text, sizeof(faults->recent[i]) - 1) == 0) {
			return true;
		}
	}
	return false;
}

bool row_faults_note(struct row_faults *faults, const char *text, int64_t now_ms)
{
	(void)pthread_mutex_lock(&faults->lock);
	bool has_room = faults->n_logged < ROW_FAULTS_REMEMBERED || now_ms - faults->logged_at_ms > ONE_MINUTE_MS;
	bool is_new = has_room && !is_recent(faults, text);

	if (is_new) {
		char *place = faults->recent[faults->n_logged++ % ROW_FAULTS_REMEMBERED];

		(void)snprintf(place, sizeof(faults->recent[0]), "%s", text); /* is_recent compares what fits */
		faults->logged_at_ms = now_ms;
	}
	(void)pthread_mutex_unlock(&faults->lock);
	return is_new;
}
