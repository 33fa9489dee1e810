/* SPDX-License-Identifier: MIT */
#ifndef INGEST_HANDOVER_H
#define INGEST_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

/*
 * Events that the writer handed over in memory, in the order of the log. Bounded: what does not fit is
 * dropped, since the table has it. The publisher's lock guards it.
 */
struct handover_batch;

struct handover {
	struct handover_batch *first, *last;
	size_t n_events, max_events;
};

/* Takes the array and its events, also when it has to drop them. */
void handover_put(struct handover *handover, struct cw_event *events, size_t n_events);

/* The event with this id if it is the next; older ones, which the table gave meanwhile, are dropped. */
bool handover_take(struct handover *handover, int64_t id, struct cw_event *ret_event);

void handover_clear(struct handover *handover);

#endif
