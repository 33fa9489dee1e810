/* SPDX-License-Identifier: MIT */
#include "http/sweeper.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "core/clock.h"

static const int64_t deadlines_ms[] = {
	[SWEEPER_FIRST_HEAD] = 10000, [SWEEPER_BODY] = 30000,      [SWEEPER_LONG_BODY] = 600000,
	[SWEEPER_ANSWER] = INT64_MAX, [SWEEPER_NEXT_HEAD] = 25000,
};

struct sweeper_entry {
	int fd;
	enum sweeper_phase phase;
	int64_t since_ms;
	struct sweeper_entry *next, *previous; /* sweeper::entries */
};

struct sweeper {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopping;
	bool is_stopping;
	struct sweeper_entry *entries;
};

static void sweep(struct sweeper *sweeper)
{
	int64_t now_ms = cw_clock_monotonic_ms();

	for (struct sweeper_entry *entry = sweeper->entries; entry; entry = entry->next) {
		if (now_ms - entry->since_ms > deadlines_ms[entry->phase]) {
			(void)shutdown(entry->fd, SHUT_RDWR); /* the library sees the end of the stream and closes */
		}
	}
}

static void *run(void *context)
{
	struct sweeper *sweeper = context;

	(void)pthread_mutex_lock(&sweeper->lock);
	while (!sweeper->is_stopping) {
		struct timespec until;

		(void)clock_gettime(CLOCK_MONOTONIC, &until); /* the condition's clock */
		until.tv_sec += 1;
		(void)pthread_cond_timedwait(&sweeper->stopping, &sweeper->lock, &until);
		sweep(sweeper);
	}
	(void)pthread_mutex_unlock(&sweeper->lock);
	return NULL;
}

struct sweeper *sweeper_create(void)
{
	struct sweeper *sweeper = calloc(1, sizeof(*sweeper));
	pthread_condattr_t monotonic;

	if (!sweeper) {
		return NULL;
	}
	(void)pthread_condattr_init(&monotonic); /* glibc's cannot fail, nor can the four below */
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&sweeper->lock, NULL);
	(void)pthread_cond_init(&sweeper->stopping, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (pthread_create(&sweeper->thread, NULL, run, sweeper) != 0) {
		free(sweeper);
		return NULL;
	}
	return sweeper;
}

void sweeper_destroy(struct sweeper *sweeper)
{
	if (!sweeper) {
		return;
	}
	(void)pthread_mutex_lock(&sweeper->lock);
	sweeper->is_stopping = true;
	(void)pthread_cond_signal(&sweeper->stopping);
	(void)pthread_mutex_unlock(&sweeper->lock);
	(void)pthread_join(sweeper->thread, NULL);
	while (sweeper->entries) {
		struct sweeper_entry *next = sweeper->entries->next;

		free(sweeper->entries);
		sweeper->entries = next;
	}
	(void)pthread_mutex_destroy(&sweeper->lock);
	(void)pthread_cond_destroy(&sweeper->stopping);
	free(sweeper);
}

struct sweeper_entry *sweeper_add(struct sweeper *sweeper, int fd)
{
	struct sweeper_entry *entry = calloc(1, sizeof(*entry));

	if (!entry) {
		return NULL;
	}
	entry->fd = fd;
	entry->phase = SWEEPER_FIRST_HEAD;
	entry->since_ms = cw_clock_monotonic_ms();
	(void)pthread_mutex_lock(&sweeper->lock);
	entry->next = sweeper->entries;
	if (entry->next) {
		entry->next->previous = entry;
	}
	sweeper->entries = entry;
	(void)pthread_mutex_unlock(&sweeper->lock);
	return entry;
}

void sweeper_remove(struct sweeper *sweeper, struct sweeper_entry *entry)
{
	if (!entry) {
		return;
	}
	(void)pthread_mutex_lock(&sweeper->lock);
	if (entry->previous) {
		entry->previous->next = entry->next;
	} else {
		sweeper->entries = entry->next;
	}
	if (entry->next) {
		entry->next->previous = entry->previous;
	}
	(void)pthread_mutex_unlock(&sweeper->lock);
	free(entry);
}

void sweeper_enter(struct sweeper *sweeper, struct sweeper_entry *entry, enum sweeper_phase phase)
{
	if (!entry) {
		return;
	}
	(void)pthread_mutex_lock(&sweeper->lock);
	entry->phase = phase;
	entry->since_ms = cw_clock_monotonic_ms();
	(void)pthread_mutex_unlock(&sweeper->lock);
}
