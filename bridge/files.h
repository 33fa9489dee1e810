/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_FILES_H
#define BRIDGE_FILES_H

#include "bridge/bridge.h"

/*
 * Files of messages, on a separate thread so that they never delay messages: fetches what customers sent (their
 * message is already shown), and uploads what agents send. A file is streamed to disk, checked against its SHA-256, and
 * named by it (core/media_store.h). The store keeps which files are due and how often each was tried.
 */
struct files;

/* options is borrowed. NULL when out of memory. Destroy stops and accepts NULL; stop the store's writer before. */
struct files *files_create(const struct bridge_options *options);
CW_MUST_CHECK enum cw_status files_start(struct files *files, struct cw_store *store, struct cw_error *reterr);
void files_stop(struct files *files);
void files_destroy(struct files *files);

/* There may be something to do. Any thread. */
void files_wake(struct files *files);

/* Fills the members counted here. Any thread. */
void files_stats(struct files *files, struct bridge_stats *stats);

#endif
