/* SPDX-License-Identifier: MIT */
#include "ingest/trail.h"

#include <stdlib.h>

static struct trail_entry *place_of(const struct trail *trail, int64_t id)
{
	return &trail->ring[(size_t)id % trail->room];
}

bool trail_init(struct trail *trail, size_t room)
{
	*trail = (struct trail){ .ring = calloc(room, sizeof(struct trail_entry)), .room = room };
	return trail->ring != NULL;
}

void trail_finish(struct trail *trail)
{
	free(trail->ring);
	*trail = (struct trail){ .ring = NULL };
}

void trail_note_published(struct trail *trail, const struct cw_event *event, int64_t published_us)
{
	*place_of(trail, event->id) =
		(struct trail_entry){ .id = event->id, .hops = event->hops, .published_us = published_us };
}

void trail_note_taken(struct trail *trail, int64_t id, int64_t taken_us, bool is_taken)
{
	struct trail_entry *entry = place_of(trail, id);

	if (entry->id == id) {
		entry->taken_us = taken_us;
		entry->is_refused = !is_taken;
	}
}

const struct trail_entry *trail_find(const struct trail *trail, int64_t id)
{
	const struct trail_entry *entry = place_of(trail, id);

	return id > 0 && entry->id == id ? entry : NULL;
}
