/* SPDX-License-Identifier: MIT */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "store/tx.h"

/*
 * What follows the event log behind the commits: the index of full-text search, and retention. Each call is a slice of
 * one transaction of its own; true: there is more to do. Writer's thread.
 */
bool apply_search_slice(struct tx *tx);

/* Trims events older than options->event_retention_ms; never one that is not published or not in the index yet. */
bool apply_trim_slice(struct tx *tx);

/* The index has not reached the log's end. */
bool search_is_behind(struct db *db);

#endif
