/* SPDX-License-Identifier: MIT */
#include "bridge/pause.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"

#define AGAIN_MS 1000

/* WAITING to be submitted, QUEUED in the store, ENDED: the store has answered. */
enum progress { WAITING, QUEUED, ENDED };

struct pause {
	struct cw_store_op op;
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	_Atomic int progress;
	int64_t again_at_ms; /* monotonic; WAITING only */
	bool is_late;        /* the first failure was logged */
	struct pause *next;
};

/* A phone_number_id is named by its last digits in the log. */
static const char *last_digits(const char *id)
{
	size_t len = strlen(id);

	return id + (len > 4 ? len - 4 : 0);
}

/* The writer's thread. */
static void on_stored(struct cw_store_op *op)
{
	struct pause *pause = op->context;

	if (op->status == CW_OK) { /* several messages may meet the same error: only the first one pauses */
		cw_log_error("number …%s is paused: %s", last_digits(pause->phone_number_id), op->pause.reason);
	}
	atomic_store(&pause->progress, ENDED);
}

static void put_off(struct pause *pause, enum cw_status status)
{
	if (!pause->is_late) {
		cw_log_warn("number …%s must be paused, but the pause cannot be stored yet (%s); retrying",
			    last_digits(pause->phone_number_id), cw_status_text(status));
	}
	pause->is_late = true;
	pause->again_at_ms = cw_clock_monotonic_ms() + AGAIN_MS;
	atomic_store(&pause->progress, WAITING);
}

static void submit(struct pause *pause, struct cw_store *store)
{
	atomic_store(&pause->progress, QUEUED); /* before the writer can end it */
	enum cw_status status = cw_store_submit(store, &pause->op);

	if (status != CW_OK) {
		put_off(pause, status);
	}
}

void pauses_want(struct pauses *pauses, struct cw_store *store, const char *phone_number_id, int code, const char *reason)
{
	if (pauses_has(pauses, phone_number_id)) {
		return;
	}
	struct pause *pause = calloc(1, sizeof(*pause));

	if (!pause || !cw_text_copy(pause->phone_number_id, sizeof(pause->phone_number_id), phone_number_id)) {
		cw_log_error("number …%s cannot be paused: out of memory; its next message meets the same error",
			     last_digits(phone_number_id));
		free(pause);
		return;
	}
	pause->op = (struct cw_store_op){ .type = CW_STORE_NUMBER_PAUSE,
					  .on_done = on_stored,
					  .context = pause,
					  .pause = { .change = CW_NUMBER_PAUSE,
						     .phone_number_id = pause->phone_number_id,
						     .code = code,
						     .reason = reason } };
	pause->next = pauses->first;
	pauses->first = pause;
	submit(pause, store);
}

bool pauses_has(const struct pauses *pauses, const char *phone_number_id)
{
	for (const struct pause *pause = pauses->first; pause; pause = pause->next) {
		if (strcmp(pause->phone_number_id, phone_number_id) == 0) {
			return true;
		}
	}
	return false;
}

/* The store has paused the number, or there is nothing to do: it is already paused, or does not exist. */
static bool is_settled(const struct pause *pause)
{
	return atomic_load(&pause->progress) == ENDED &&
	       (pause->op.status == CW_OK || pause->op.status == CW_DUPLICATE || pause->op.status == CW_NOT_FOUND);
}

int64_t pauses_retry(struct pauses *pauses, struct cw_store *store)
{
	struct pause **link = &pauses->first;
	int64_t next_ms = INT64_MAX;

	while (*link) {
		struct pause *pause = *link;

		if (is_settled(pause)) {
			*link = pause->next;
			free(pause);
			continue;
		}
		if (atomic_load(&pause->progress) == ENDED) {
			put_off(pause, pause->op.status);
		} else if (atomic_load(&pause->progress) == WAITING && cw_clock_monotonic_ms() >= pause->again_at_ms) {
			submit(pause, store);
		}
		next_ms = atomic_load(&pause->progress) == WAITING && pause->again_at_ms < next_ms ? pause->again_at_ms :
												     next_ms;
		link = &pause->next;
	}
	return next_ms;
}

void pauses_finish(struct pauses *pauses)
{
	while (pauses->first) {
		struct pause *pause = pauses->first;

		if (!is_settled(pause)) {
			cw_log_warn("number …%s could not be paused before the end: %s",
				    last_digits(pause->phone_number_id), pause->op.pause.reason);
		}
		pauses->first = pause->next;
		free(pause);
	}
}
