/* SPDX-License-Identifier: MIT */
#ifndef INGEST_TRAIL_H
#define INGEST_TRAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/event.h"

/*
 * When the newest events were published and acknowledged by the broker, for `convwire trace` and `convwire doctor`. A
 * ring in memory: the times are useful for minutes only, and storing them would cost a write per message. Guarded by
 * the publisher's lock.
 */
struct trail_entry {
	int64_t id; /* the event's; 0: free slot */
	struct cw_hops hops;
	int64_t published_us; /* Unix; 0: passed over, left to the heads */
	int64_t taken_us;     /* when the broker's PUBACK arrived; 0: not yet */
	bool is_refused;      /* by that PUBACK */
};

struct trail {
	struct trail_entry *ring;
	size_t room;
};

/* false when out of memory. finish accepts a zeroed struct. */
bool trail_init(struct trail *trail, size_t room);
void trail_finish(struct trail *trail);

/* Records that the event is published, or (published_us 0) passed over. Overwrites the entry in its slot. */
void trail_note_published(struct trail *trail, const struct cw_event *event, int64_t published_us);

/* Records the broker's answer. Ignored if the event is no longer remembered. */
void trail_note_taken(struct trail *trail, int64_t id, int64_t taken_us, bool is_taken);

/* NULL: not, or no longer, recorded. */
const struct trail_entry *trail_find(const struct trail *trail, int64_t id);

#endif
