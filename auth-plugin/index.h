/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_INDEX_H
#define AUTH_PLUGIN_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A hash table of pointers to items owned elsewhere. Open addressing, at most half full, with the hashes stored next to
 * the pointers: a search usually touches one cache line, and only items whose hash matches. Finding and removing never
 * allocate. Hashes are seeded, since names come from outside. One thread.
 */
struct index_slot {
	uint64_t hash;
	void *item; /* NULL: free */
};

struct index {
	struct index_slot *slots;
	size_t room; /* 0, or a power of two */
	size_t n;
	uint64_t seed;
};

typedef bool (*index_is_fn)(const void *item, const void *key);

/* Allocates nothing. finish frees the table but not the items, and accepts a zeroed table. */
void index_init(struct index *index, uint64_t seed);
void index_finish(struct index *index);

uint64_t index_hash(const struct index *index, const void *bytes, size_t len);

/* The item with this hash for which is(item, key) is true, or NULL. */
void *index_find(const struct index *index, uint64_t hash, index_is_fn is, const void *key);

/* Adds an item that is not in the table yet. false when out of memory. */
bool index_add(struct index *index, uint64_t hash, void *item);

/* Removes exactly this item; does nothing if it is not in the table. */
void index_remove(struct index *index, uint64_t hash, const void *item);

#endif
