/* SPDX-License-Identifier: MIT */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "store/store.h"

/*
 * A copy of the database of one moment, and the way back from it.
 *
 * CW_STORE_RESTORED makes a database that is older than what people have seen safe to go on with: every account gets a new
 * epoch, so that clients load anew instead of waiting for a seq that never comes; what had not been sent is unknown, since it
 * may have been sent after the copy was made; who was signed in is out.
 */

/*
 * Copies the database of a running store to path, whole or not at all; an older file of that name is replaced. Readers
 * and the writer go on. Blocks for as long as the copy takes; any thread but the writer's. CW_FULL, CW_IO.
 */
CW_MUST_CHECK enum cw_status cw_store_backup(struct cw_store *store, const char *path, struct cw_error *reterr);

/*
 * Puts a copy in place of options->dir's database, which is kept as convwire.db.before-restore, and applies
 * CW_STORE_RESTORED to it. *ret_n_unknown: messages that are unknown now. CW_BUSY while a process owns the directory;
 * CW_INVALID when the copy is none of ours, newer or damaged. On failure the old database stands as it was.
 */
CW_MUST_CHECK enum cw_status cw_store_restore(const struct cw_store_options *options, const char *path,
					      int64_t *ret_n_unknown, struct cw_error *reterr);

#endif
