/* SPDX-License-Identifier: MIT */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "store/store.h"

/*
 * A consistent copy of the database, and restoring from it.
 *
 * A restored database is older than what people have already seen. CW_STORE_RESTORED makes it safe to continue with:
 * every account gets a new epoch, so that clients reload instead of waiting for a seq that never comes; unsent messages
 * become unknown, since they may have been sent after the copy was made; everyone is signed out.
 */

/*
 * Copies the database of a running store to path, atomically; an existing file is replaced. Readers and the writer keep
 * running. Blocks for as long as the copy takes. Any thread but the writer's. CW_FULL, CW_IO.
 */
CW_MUST_CHECK enum cw_status cw_store_backup(struct cw_store *store, const char *path, struct cw_error *reterr);

/*
 * Replaces the database in options->dir with a copy and applies CW_STORE_RESTORED to it. The old database is kept as
 * convwire.db.before-restore. *ret_n_unknown: how many messages became unknown. CW_BUSY while a process owns the
 * directory; CW_INVALID when the copy is not a Convwire database, is newer, or is damaged. On failure the old database
 * is left unchanged.
 */
CW_MUST_CHECK enum cw_status cw_store_restore(const struct cw_store_options *options, const char *path,
					      int64_t *ret_n_unknown, struct cw_error *reterr);

#endif
