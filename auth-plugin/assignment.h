/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_ASSIGNMENT_H
#define AUTH_PLUGIN_ASSIGNMENT_H

#include "auth-plugin/people.h"
#include "core/status.h"

/*
 * Who has which conversation: what roles limited to assigned conversations are held to, at every delivery.
 * Asking touches at most three lines of memory and never allocates. One thread.
 */
struct assignments;

/* An empty table; NULL without memory. People outlive it. */
struct assignments *assignments_create(struct people *people, uint64_t seed);

/* Frees up to `most` entries; answers whether all is freed, the table included. A large table is freed in slices. */
bool assignments_free_some(struct assignments *assignments, size_t most);
/* All at once. NULL is fine. */
void assignments_destroy(struct assignments *assignments);

/* subject NULL: nobody. CW_INVALID for what is no conversation id or subject, CW_NOMEM. */
CW_MUST_CHECK enum cw_status assignments_set(struct assignments *assignments, const char *conversation,
					     const char *subject);

/* len bytes of conversation, no NUL. NULL holds nothing. */
bool assignments_has(const struct assignments *assignments, const char *conversation, size_t len,
		     const struct person *person);

/* Conversations that somebody has. */
size_t assignments_count(const struct assignments *assignments);

#endif
