/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_FILES_H
#define BRIDGE_FILES_H

#include "bridge/bridge.h"

/*
 * Files of messages, on a thread of its own so that none holds up a message: fetches what customers sent (the
 * message is shown already), and uploads what agents send. A file is streamed to the disk, held to its SHA-256, and
 * named by it (core/media_store.h). What is due, and how often it was tried, the store knows.
 */
struct files;

/* options is borrowed. NULL without memory. Destroy stops, and accepts NULL; the store's writer must have stopped before. */
struct files *files_create(const struct bridge_options *options);
CW_MUST_CHECK enum cw_status files_start(struct files *files, struct cw_store *store, struct cw_error *reterr);
void files_stop(struct files *files);
void files_destroy(struct files *files);

/* There may be something to do. Any thread. */
void files_wake(struct files *files);

/* Fills the members that it counts. Any thread. */
void files_stats(struct files *files, struct bridge_stats *stats);

#endif
