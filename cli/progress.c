/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

#define FIRST_MS 500
#define EVERY_MS 200
#define WIDTH 30

static void draw(const struct progress *progress, int64_t since_ms)
{
	static const char full[] = "##############################";
	double done = progress->done ? progress->done(progress->context) : -1;
	long long seconds = (cw_clock_monotonic_ms() - since_ms) / 1000;

	if (done < 0) {
		(void)fprintf(stderr, "\r%s … %lld s ", progress->what, seconds);
	} else {
		int n = (int)((done > 1 ? 1 : done) * WIDTH);

		(void)fprintf(stderr, "\r%s [%.*s%*s] %3d %% %lld s ", progress->what, n, full, WIDTH - n, "",
			      (int)((done > 1 ? 1 : done) * 100), seconds);
	}
	(void)fflush(stderr); /* an invisible bar does no harm */
}

static struct timespec after(int64_t ms)
{
	int64_t until_ms = cw_clock_monotonic_ms() + ms;

	return (struct timespec){ .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
}

static void *run(void *context)
{
	struct progress *progress = context;
	int64_t since_ms = cw_clock_monotonic_ms();
	struct timespec until = after(FIRST_MS);
	bool is_drawn = false;

	(void)pthread_mutex_lock(&progress->lock);
	while (!progress->is_over) {
		if (pthread_cond_timedwait(&progress->ended, &progress->lock, &until) != 0 && !progress->is_over) {
			draw(progress, since_ms);
			is_drawn = true;
			until = after(EVERY_MS);
		}
	}
	(void)pthread_mutex_unlock(&progress->lock);
	if (is_drawn) {
		(void)fputs("\r\033[K", stderr); /* the line is free again (ECMA-48, EL) */
	}
	return NULL;
}

void progress_begin(struct progress *progress, const char *what, double (*done)(void *context), void *context)
{
	pthread_condattr_t monotonic;

	*progress = (struct progress){ .what = what, .done = done, .context = context };
	(void)pthread_condattr_init(&monotonic); /* glibc's cannot fail, nor can the three below */
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&progress->lock, NULL);
	(void)pthread_cond_init(&progress->ended, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	progress->has_thread = isatty(STDERR_FILENO) && pthread_create(&progress->thread, NULL, run, progress) == 0;
}

void progress_end(struct progress *progress)
{
	if (progress->has_thread) {
		(void)pthread_mutex_lock(&progress->lock);
		progress->is_over = true;
		(void)pthread_cond_signal(&progress->ended);
		(void)pthread_mutex_unlock(&progress->lock);
		(void)pthread_join(progress->thread, NULL);
	}
	(void)pthread_mutex_destroy(&progress->lock);
	(void)pthread_cond_destroy(&progress->ended);
}

double progress_of_copy(void *context)
{
	const struct progress_copy *copy = context;
	struct stat from;
	struct stat to;

	if (stat(copy->from, &from) != 0 || from.st_size == 0) {
		return -1;
	}
	return stat(copy->to, &to) == 0 ? (double)to.st_size / (double)from.st_size : 0;
}
