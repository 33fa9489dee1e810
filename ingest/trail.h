/* SPDX-License-Identifier: MIT */
#ifndef INGEST_TRAIL_H
#define INGEST_TRAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/event.h"

/*
 * When the newest events went out and were taken by the broker, for `convwire trace` and `convwire doctor`: a ring in
 * memory, since the times are of use for minutes and a row for each would cost every message a write. The publisher's
 * lock guards it.
 */
struct trail_entry {
	int64_t id; /* of the event; 0: free */
	struct cw_hops hops;
	int64_t published_us; /* Unix; 0: passed over, left to the heads */
	int64_t taken_us;     /* the broker's PUBACK; 0: not yet */
	bool is_refused;      /* by that PUBACK */
};

struct trail {
	struct trail_entry *ring;
	size_t room;
};

/* false without memory. finish accepts a zeroed one. */
bool trail_init(struct trail *trail, size_t room);
void trail_finish(struct trail *trail);

/* The event goes out now, or (published_us 0) is passed over. What stood at its place is forgotten. */
void trail_note_published(struct trail *trail, const struct cw_event *event, int64_t published_us);

/* The broker answered for it. An event that is forgotten is ignored. */
void trail_note_taken(struct trail *trail, int64_t id, int64_t taken_us, bool is_taken);

/* NULL: forgotten, or never seen. */
const struct trail_entry *trail_find(const struct trail *trail, int64_t id);

#endif
