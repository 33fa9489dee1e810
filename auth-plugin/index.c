/* SPDX-License-Identifier: MIT */
#include "auth-plugin/index.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define FIRST_ROOM 64

void index_init(struct index *index, uint64_t seed)
{
	*index = (struct index){ .seed = seed };
}

void index_finish(struct index *index)
{
	free(index->slots);
	*index = (struct index){ .seed = index->seed };
}

uint64_t index_hash(const struct index *index, const void *bytes, size_t len)
{
	return XXH3_64bits_withSeed(bytes, len, index->seed);
}

void *index_find(const struct index *index, uint64_t hash, index_is_fn is, const void *key)
{
	if (index->room == 0) {
		return NULL;
	}
	for (size_t at = hash & (index->room - 1); index->slots[at].item; at = (at + 1) & (index->room - 1)) {
		if (index->slots[at].hash == hash && is(index->slots[at].item, key)) {
			return index->slots[at].item;
		}
	}
	return NULL;
}

static void put(struct index_slot *slots, size_t room, uint64_t hash, void *item)
{
	size_t at = hash & (room - 1);

	while (slots[at].item) {
		at = (at + 1) & (room - 1);
	}
	slots[at] = (struct index_slot){ hash, item };
}

static bool grow(struct index *index)
{
	size_t room = index->room ? 2 * index->room : FIRST_ROOM;
	struct index_slot *slots = calloc(room, sizeof(*slots));

	if (!slots) {
		return false;
	}
	for (size_t i = 0; i < index->room; i++) {
		if (index->slots[i].item) {
			put(slots, room, index->slots[i].hash, index->slots[i].item);
		}
	}
	free(index->slots);
	index->slots = slots;
	index->room = room;
	return true;
}

bool index_add(struct index *index, uint64_t hash, void *item)
{
	if (2 * (index->n + 1) > index->room && !grow(index)) {
		return false;
	}
	put(index->slots, index->room, hash, item);
	index->n++;
	return true;
}

/* Moves the entries after a freed slot back, none before its home slot, so that no search ends early. */
static void close_gap(struct index *index, size_t gap)
{
	size_t mask = index->room - 1;

	for (size_t at = (gap + 1) & mask; index->slots[at].item; at = (at + 1) & mask) {
		size_t home = index->slots[at].hash & mask;

		if (((at - home) & mask) >= ((at - gap) & mask)) {
			index->slots[gap] = index->slots[at];
			gap = at;
		}
	}
	index->slots[gap] = (struct index_slot){ .item = NULL };
}

void index_remove(struct index *index, uint64_t hash, const void *item)
{
	size_t mask = index->room - 1;

	if (index->room == 0) {
		return;
	}
	for (size_t at = hash & mask; index->slots[at].item; at = (at + 1) & mask) {
		if (index->slots[at].item == item) {
			close_gap(index, at);
			index->n--;
			return;
		}
	}
}
