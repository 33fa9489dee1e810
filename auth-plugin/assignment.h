/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_ASSIGNMENT_H
#define AUTH_PLUGIN_ASSIGNMENT_H

#include "auth-plugin/people.h"
#include "core/status.h"

/*
 * Who has which conversation: what roles limited to assigned conversations are held to, at every delivery.
 * Asking touches one line of memory for what others have, and never allocates. One thread.
 */
struct assignments;

/* An empty table; NULL without memory. People outlive it. */
struct assignments *assignments_create(struct people *people);

/* Frees up to `most` entries; answers whether all is freed, the table included. A large table is freed in slices. */
bool assignments_free_some(struct assignments *assignments, size_t most);
/* All at once. NULL is fine. */
void assignments_destroy(struct assignments *assignments);

/* subject NULL: nobody. CW_INVALID for what is no conversation id or subject, CW_NOMEM. */
CW_MUST_CHECK enum cw_status assignments_set(struct assignments *assignments, const char *conversation,
					     const char *subject);

/* What a conversation is looked up by, in every table of these people. len bytes, no NUL. */
uint64_t assignments_hash(const struct people *people, const char *conversation, size_t len);

/* Begins to fetch the memory that a question with this hash will need. NULL is fine. */
void assignments_prefetch(const struct assignments *assignments, uint64_t hash);

/* Does the person have it? NULL holds nothing. */
bool assignments_has(const struct assignments *assignments, uint64_t hash, const char *conversation, size_t len,
		     const struct person *person);

/* Conversations that somebody has. */
size_t assignments_count(const struct assignments *assignments);

#endif
