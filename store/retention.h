/* SPDX-License-Identifier: MIT */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include "store/tx.h"

/*
 * Trims a slice of the events older than options->event_retention_ms, oldest first; never one that is not yet
 * published or not yet in the search index. Also forgets statuses, edits and revokes that have waited 14 days for
 * their message: it is another app's. true: there are more. Writer's thread.
 */
bool apply_trim_slice(struct tx *tx);

#endif
