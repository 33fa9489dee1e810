/* SPDX-License-Identifier: MIT */
#include "ingest/flight.h"

#include <stdlib.h>

static struct flight_entry *at(const struct flight *flight, size_t index)
{
	return &flight->ring[(flight->start + index) % flight->room];
}

static void advance(struct flight *flight)
{
	while (flight->len > 0 && at(flight, 0)->is_done) {
		flight->acked = at(flight, 0)->id;
		flight->start = (flight->start + 1) % flight->room;
		flight->len--;
	}
}

bool flight_init(struct flight *flight, size_t room)
{
	*flight = (struct flight){ .ring = calloc(room, sizeof(struct flight_entry)), .room = room };
	return flight->ring != NULL;
}

void flight_finish(struct flight *flight)
{
	free(flight->ring);
	*flight = (struct flight){ .ring = NULL };
}

bool flight_is_full(const struct flight *flight)
{
	return flight->len == flight->room;
}

void flight_add(struct flight *flight, const struct flight_entry *entry)
{
	*at(flight, flight->len++) = *entry;
	advance(flight);
}

void flight_take_back(struct flight *flight)
{
	flight->len -= flight->len > 0 ? 1 : 0;
}

void flight_done(struct flight *flight, int64_t id)
{
	for (size_t i = 0; i < flight->len; i++) { /* acknowledgements arrive in order: nearly always the first */
		if (at(flight, i)->id == id) {
			at(flight, i)->is_done = true;
			break;
		}
	}
	advance(flight);
}

void flight_forget(struct flight *flight)
{
	flight->len = 0;
}

const struct flight_entry *flight_oldest(const struct flight *flight)
{
	return flight->len > 0 ? at(flight, 0) : NULL;
}
