/* SPDX-License-Identifier: MIT */
#include "ingest/handover.h"

#include <stdlib.h>

struct handover_batch {
	struct cw_event *events;
	size_t n_events, next_event;
	struct handover_batch *next;
};

static void free_events(struct cw_event *events, size_t from, size_t n_events)
{
	for (size_t i = from; i < n_events; i++) {
		cw_event_finish(&events[i]);
	}
	free(events);
}

void handover_put(struct handover *handover, struct cw_event *events, size_t n_events)
{
	struct handover_batch *batch = handover->n_events + n_events <= handover->max_events ? malloc(sizeof(*batch)) :
											       NULL;

	if (!batch) {
		free_events(events, 0, n_events);
		return;
	}
	*batch = (struct handover_batch){ .events = events, .n_events = n_events };
	if (handover->last) {
		handover->last->next = batch;
	} else {
		handover->first = batch;
	}
	handover->last = batch;
	handover->n_events += n_events;
}

static void drop_first(struct handover *handover)
{
	struct handover_batch *batch = handover->first;

	handover->first = batch->next;
	handover->last = handover->first ? handover->last : NULL;
	handover->n_events -= batch->n_events - batch->next_event;
	free_events(batch->events, batch->next_event, batch->n_events);
	free(batch);
}

bool handover_take(struct handover *handover, int64_t id, struct cw_event *ret_event)
{
	while (handover->first) {
		struct handover_batch *batch = handover->first;

		if (batch->next_event == batch->n_events || batch->events[batch->n_events - 1].id < id) {
			drop_first(handover);
			continue;
		}
		struct cw_event *event = &batch->events[batch->next_event];

		if (event->id > id) {
			return false;
		}
		batch->next_event++;
		handover->n_events--;
		if (event->id == id) {
			*ret_event = *event;
			return true;
		}
		cw_event_finish(event);
	}
	return false;
}

void handover_clear(struct handover *handover)
{
	while (handover->first) {
		drop_first(handover);
	}
}
