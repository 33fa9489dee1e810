/* SPDX-License-Identifier: MIT */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "store/tx.h"

/* The full-text search index. It follows the event log, after the commits. Writer's thread. */

/* Indexes a slice of the log, in a transaction of its own. true: there is more. */
bool apply_search_slice(struct tx *tx);

/* The id of the last event that was indexed. */
int64_t search_cursor(struct db *db);

#endif
