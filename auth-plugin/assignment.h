/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_ASSIGNMENT_H
#define AUTH_PLUGIN_ASSIGNMENT_H

#include "auth-plugin/people.h"
#include "core/status.h"

/*
 * Who each conversation is assigned to; checked at every delivery for roles limited to assigned conversations. A lookup
 * never allocates, and touches one cache line if the conversation is assigned to someone else. One thread.
 */
struct assignments;

/* An empty table; NULL when out of memory. people must outlive it. */
struct assignments *assignments_create(struct people *people);

/* Frees up to `most` entries, so that a large table can be freed in slices. true: all is freed, including the table. */
bool assignments_free_some(struct assignments *assignments, size_t most);
/* Frees all at once. Accepts NULL. */
void assignments_destroy(struct assignments *assignments);

/* subject NULL: nobody. CW_INVALID: not a valid conversation id or subject; CW_NOMEM. */
CW_MUST_CHECK enum cw_status assignments_set(struct assignments *assignments, const char *conversation,
					     const char *subject);

/* The hash for looking up a conversation, valid for every table that uses these people. len bytes, no NUL needed. */
uint64_t assignments_hash(const struct people *people, const char *conversation, size_t len);

/* Prefetches the memory that a lookup with this hash needs. Accepts NULL. */
void assignments_prefetch(const struct assignments *assignments, uint64_t hash);

/* Is the conversation assigned to the person? assignments NULL: false. */
bool assignments_has(const struct assignments *assignments, uint64_t hash, const char *conversation, size_t len,
		     const struct person *person);

/* The number of conversations assigned to somebody. */
size_t assignments_count(const struct assignments *assignments);

#endif
