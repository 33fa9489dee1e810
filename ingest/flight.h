/* SPDX-License-Identifier: MIT */
#ifndef INGEST_FLIGHT_H
#define INGEST_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Events under way to the broker, in the order of the log, and how far everything is taken: the publisher's
 * cursor. An event that is passed over counts as taken as soon as all before it are. The publisher's lock
 * guards it.
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
	int64_t acked; /* every event up to this id was taken or passed over */
};

/* false without memory. finish accepts a zeroed one. */
bool flight_init(struct flight *flight, size_t room);
void flight_finish(struct flight *flight);

bool flight_is_full(const struct flight *flight);

/* The event goes out now, or is passed over (is_done). Not when full. */
void flight_add(struct flight *flight, const struct flight_entry *entry);

/* The newest one was not sent after all. */
void flight_take_back(struct flight *flight);

/* The broker answered for this id; unknown ids are ignored. */
void flight_done(struct flight *flight, int64_t id);

/* The connection ended: what was not taken goes out again, from acked + 1. */
void flight_forget(struct flight *flight);

/* The oldest that is not taken; NULL when there is none. */
const struct flight_entry *flight_oldest(const struct flight *flight);

#endif
