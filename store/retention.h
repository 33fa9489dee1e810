/* SPDX-License-Identifier: MIT */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include "store/tx.h"

/*
 * Trims a slice of the events that are older than options->event_retention_ms, oldest first; never one that is not published,
 * or not in the index of search, yet. true: there is more. Writer's thread.
 */
bool apply_trim_slice(struct tx *tx);

#endif
