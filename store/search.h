/* SPDX-License-Identifier: MIT */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "store/tx.h"

/* The index of full-text search, which follows the event log behind the commits. Writer's thread. */

/* A slice, in a transaction of its own; true: there is more. */
bool apply_search_slice(struct tx *tx);

/* The event up to which the index has the log. */
int64_t search_cursor(struct db *db);

#endif
