/* SPDX-License-Identifier: MIT */
#ifndef INGEST_HANDOVER_H
#define INGEST_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

/*
 * Events that the writer handed over in memory, in log order. Bounded: what does not fit is dropped, since
 * the table has it. Guarded by the publisher's lock.
 */
struct handover_batch;

struct handover {
	struct handover_batch *first, *last;
	size_t n_events, max_events;
};

/* Takes ownership of the array and its events, even if it has to drop them. */
void handover_put(struct handover *handover, struct cw_event *events, size_t n_events);

/* Takes the event with this id if it is the next one. Drops older ones, which have since been read from the table. */
bool handover_take(struct handover *handover, int64_t id, struct cw_event *ret_event);

void handover_clear(struct handover *handover);

#endif
