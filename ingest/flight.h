/* SPDX-License-Identifier: MIT */
#ifndef INGEST_FLIGHT_H
#define INGEST_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Events under way to the broker, in log order, and up to where all have been acknowledged: the publisher's
 * cursor. An event that is passed over counts as acknowledged once all before it are. Guarded by the
 * publisher's lock.
 */
struct flight_entry {
	int64_t id;
	int64_t at_ms;   /* the event's own time, Unix ms */
	int64_t sent_ms; /* monotonic */
	bool is_done;
};

struct flight {
	struct flight_entry *ring;
	size_t room, start, len;
	int64_t acked; /* every event up to this id was acknowledged or passed over */
};

/* false when out of memory. finish accepts a zeroed struct. */
bool flight_init(struct flight *flight, size_t room);
void flight_finish(struct flight *flight);

bool flight_is_full(const struct flight *flight);

/* Adds an event that is being published, or passed over (is_done). Not when full. */
void flight_add(struct flight *flight, const struct flight_entry *entry);

/* Removes the newest one: it was not sent after all. */
void flight_take_back(struct flight *flight);

/* The broker acknowledged this id; unknown ids are ignored. */
void flight_done(struct flight *flight, int64_t id);

/* The connection ended: events that were not acknowledged will be published again, from acked + 1. */
void flight_forget(struct flight *flight);

/* The oldest event that is not acknowledged; NULL: none. */
const struct flight_entry *flight_oldest(const struct flight *flight);

#endif
