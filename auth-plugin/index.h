/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_INDEX_H
#define AUTH_PLUGIN_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A hash table of pointers to things that others own: open addressing, never more than half full, hashes kept
 * beside the pointers, so that a search touches one line of memory in most cases and only things that match.
 * Finding and removing never allocate. Hashes are seeded, since names come from outside. One thread.
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

/* Allocates nothing. finish frees the table, not the things, and accepts a zeroed one. */
void index_init(struct index *index, uint64_t seed);
void index_finish(struct index *index);

uint64_t index_hash(const struct index *index, const void *bytes, size_t len);

/* The thing with this hash that `is` the key, or NULL. */
void *index_find(const struct index *index, uint64_t hash, index_is_fn is, const void *key);

/* Adds a thing that is not there yet. false without memory. */
bool index_add(struct index *index, uint64_t hash, void *item);

/* Takes out exactly this thing; nothing happens when it is not there. */
void index_remove(struct index *index, uint64_t hash, const void *item);

#endif
