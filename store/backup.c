/* SPDX-License-Identifier: MIT */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "store/lane.h"
#include "store/store_private.h"

#define KEPT "convwire.db.before-restore"
#define WORKSHOP "restoring"

/* ---- in the database ---- */

enum cw_status apply_restored(struct tx *tx, struct cw_store_op *op)
{
	db_run(tx->db, SQL_ACCOUNT_NEW_EPOCHS, "");
	db_run(tx->db, SQL_SESSION_CLEAR, "");
	op->n_unknown = lane_restored(tx);
	return CW_OK;
}

/* ---- files ---- */

static enum cw_status fault(const char *path, struct cw_error *reterr)
{
	return cw_error_set(reterr, errno == ENOSPC || errno == EDQUOT ? CW_FULL : CW_IO, "%s: %s", path,
			    strerror(errno));
}

static enum cw_status join(const char *dir, const char *name, char out[PATH_MAX], struct cw_error *reterr)
{
	return cw_text_format(out, PATH_MAX, "%s/%s", dir, name) ?
		       CW_OK :
		       cw_error_set(reterr, CW_INVALID, "%s: path too long", dir);
}

/* Removes a database and the files that SQLite creates next to it. */
static void remove_database(const char *path)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
	char name[PATH_MAX];

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		if (cw_text_format(name, sizeof(name), "%s%s", path, tails[i])) {
			(void)unlink(name); /* most do not exist */
		}
	}
}

static enum cw_status sync_path(const char *path, int flags, struct cw_error *reterr)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	bool is_synced = fd >= 0 && fsync(fd) == 0;
	enum cw_status status = is_synced ? CW_OK : fault(path, reterr);

	if (fd >= 0) {
		(void)close(fd); /* synced already */
	}
	return status;
}

static enum cw_status copy_failed(sqlite3 *to, const char *path, struct cw_error *reterr)
{
	int code = sqlite3_errcode(to);
	enum cw_status status = (code & 0xff) == SQLITE_FULL                                      ? CW_FULL :
				(code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT ? CW_INVALID :
												    CW_IO;

	return cw_error_set(reterr, status, "%s: %s", path, sqlite3_errmsg(to));
}

/*
 * The search index of a private copy, where FTS5's commands may write. SQLite before 3.44 leaves it out of its own
 * check. It holds nothing that the messages do not say: one that is damaged is built again, and stops no backup.
 */
static bool mend_search(sqlite3 *handle)
{
	static const struct {
		const char *table, *check, *rebuild;
	} indexes[] = {
		{ "message_text", "INSERT INTO message_text (message_text) VALUES ('integrity-check')",
		  "INSERT INTO message_text (message_text) VALUES ('rebuild')" },
		{ "contact_text", "INSERT INTO contact_text (contact_text) VALUES ('integrity-check')",
		  "INSERT INTO contact_text (contact_text) VALUES ('rebuild')" },
	};
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		if (sqlite3_table_column_metadata(handle, "main", indexes[i].table, NULL, NULL, NULL, NULL, NULL,
						  NULL) != SQLITE_OK) {
			continue; /* not before schema 5 */
		}
		code = sqlite3_exec(handle, indexes[i].check, NULL, NULL, NULL);
		if ((code & 0xff) == SQLITE_CORRUPT) {
			code = sqlite3_exec(handle, indexes[i].rebuild, NULL, NULL, NULL);
		}
	}
	return code == SQLITE_OK;
}

static bool is_sound(sqlite3 *handle)
{
	sqlite3_stmt *statement = NULL;
	bool is_ok = sqlite3_prepare_v2(handle, "PRAGMA quick_check(1)", -1, &statement, NULL) == SQLITE_OK &&
		     sqlite3_step(statement) == SQLITE_ROW &&
		     strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;

	(void)sqlite3_finalize(statement); /* the step already reported its error */
	return is_ok;
}

/* Copies everything in one read transaction; the copy is a single file, without a WAL. */
static enum cw_status copy_database(struct db *from, const char *path, struct cw_error *reterr)
{
	sqlite3 *to = NULL;
	enum cw_status status = CW_OK;

	remove_database(path);
	if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) {
		status = copy_failed(to, path, reterr);
	}
	sqlite3_backup *backup = status == CW_OK ? sqlite3_backup_init(to, "main", from->handle, "main") : NULL;
	bool is_copied = backup && sqlite3_backup_step(backup, -1) == SQLITE_DONE;

	(void)sqlite3_backup_finish(backup); /* its error stays in `to` */
	if (status == CW_OK &&
	    (!is_copied || sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK)) {
		status = copy_failed(to, path, reterr);
	}
	if (status == CW_OK && !mend_search(to)) { /* first: newer versions of SQLite check it with the rest */
		status = copy_failed(to, path, reterr);
	}
	if (status == CW_OK && !is_sound(to)) {
		status = cw_error_set(reterr, CW_INVALID, "%s: the database is damaged", path);
	}
	(void)sqlite3_close(to);
	if (status == CW_OK) {
		status = sync_path(path, 0, reterr);
	}
	if (status != CW_OK) {
		remove_database(path);
	}
	return status;
}

static enum cw_status rename_synced(const char *from, const char *to, const char *dir, struct cw_error *reterr)
{
	return rename(from, to) == 0 ? sync_path(dir, O_DIRECTORY, reterr) : fault(to, reterr);
}

enum cw_status cw_store_backup(struct cw_store *store, const char *path, struct cw_error *reterr)
{
	char unfinished[PATH_MAX];
	char dir[PATH_MAX];
	struct db from;
	const char *slash = strrchr(path, '/');

	if (!slash || !cw_text_format(unfinished, sizeof(unfinished), "%s.unfinished", path) ||
	    !cw_text_format(dir, sizeof(dir), "%.*s", (int)(slash - path) + 1, path)) {
		return cw_error_set(reterr, CW_INVALID, "\"%.80s\" is not an absolute path, or is too long", path);
	}
	enum cw_status status = db_open(&from, store->path, false, reterr);

	if (status == CW_OK) {
		status = copy_database(&from, unfinished, reterr);
		db_close(&from);
	}
	return status == CW_OK ? rename_synced(unfinished, path, dir, reterr) : status;
}

/* ---- restoring ---- */

/* Prepares the new database in a directory of its own. */
static enum cw_status prepare(const struct cw_store_options *options, const char *workshop, const char *path,
			      int64_t *ret_n_unknown, struct cw_error *reterr)
{
	char copy[PATH_MAX];
	struct db from;
	struct cw_store_options within = *options;
	struct cw_store *store = NULL;
	struct cw_store_op op = { .type = CW_STORE_RESTORED };
	enum cw_status status = mkdir(workshop, 0700) == 0 || errno == EEXIST ? CW_OK : fault(workshop, reterr);

	if (status == CW_OK) {
		status = join(workshop, "convwire.db", copy, reterr);
	}
	if (status == CW_OK && access(path, R_OK) != 0) {
		status = fault(path, reterr); /* opening a missing file would create it */
	}
	if (status == CW_OK) {
		status = db_open(&from, path, false, reterr);
	}
	if (status == CW_OK) {
		status = copy_database(&from, copy, reterr);
		db_close(&from);
	}
	within.dir = workshop;
	if (status == CW_OK) {
		status = cw_store_open(&within, &store, reterr);
	}
	if (status == CW_OK && cw_store_run(store, &op) != CW_OK) {
		*reterr = op.error;
		status = op.error.status;
	}
	cw_store_close(store); /* with a checkpoint: one file */
	*ret_n_unknown = op.n_unknown;
	return status;
}

/* Keeps the old database; if its WAL cannot be checkpointed, keeps the WAL, too, for repairing it. */
static enum cw_status keep_old(const char *dir, const char *path, struct cw_error *reterr)
{
	char kept[PATH_MAX];
	char wal[PATH_MAX];
	char kept_wal[PATH_MAX];
	struct db old;
	struct cw_error ignored;

	if (access(path, F_OK) != 0) {
		return CW_OK;
	}
	if (db_open(&old, path, true, &ignored) == CW_OK) {
		(void)sqlite3_wal_checkpoint_v2(old.handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		db_close(&old); /* the last connection to close removes the WAL */
	}
	enum cw_status status = join(dir, KEPT, kept, reterr);

	if (status != CW_OK || !cw_text_format(wal, sizeof(wal), "%s-wal", path) ||
	    !cw_text_format(kept_wal, sizeof(kept_wal), "%s-wal", kept)) {
		return status != CW_OK ? status : cw_error_set(reterr, CW_INVALID, "%s: path too long", dir);
	}
	remove_database(kept);
	if (link(path, kept) != 0) {
		return fault(kept, reterr);
	}
	return rename(wal, kept_wal) == 0 || errno == ENOENT ? CW_OK : fault(kept_wal, reterr);
}

static void clear_workshop(const char *workshop)
{
	char name[PATH_MAX];
	struct cw_error ignored;

	if (join(workshop, "convwire.db", name, &ignored) == CW_OK) {
		remove_database(name);
	}
	if (join(workshop, "run.lock", name, &ignored) == CW_OK) {
		(void)unlink(name);
	}
	(void)rmdir(workshop); /* if it remains, the next restore reuses it */
}

static enum cw_status replace(const char *dir, const char *workshop, struct cw_error *reterr)
{
	char fresh[PATH_MAX];
	char path[PATH_MAX];
	char shm[PATH_MAX];
	enum cw_status status = join(workshop, "convwire.db", fresh, reterr);

	if (status == CW_OK) {
		status = join(dir, "convwire.db", path, reterr);
	}
	if (status == CW_OK) {
		status = sync_path(fresh, 0, reterr);
	}
	if (status == CW_OK) {
		status = keep_old(dir, path, reterr);
	}
	if (status == CW_OK && cw_text_format(shm, sizeof(shm), "%s-shm", path)) {
		(void)unlink(shm); /* it belongs to the old database's WAL */
	}
	return status == CW_OK ? rename_synced(fresh, path, dir, reterr) : status;
}

enum cw_status cw_store_restore(const struct cw_store_options *options, const char *path, int64_t *ret_n_unknown,
				struct cw_error *reterr)
{
	char workshop[PATH_MAX];
	int lock = -1;
	enum cw_status status = join(options->dir, WORKSHOP, workshop, reterr);

	if (status == CW_OK) {
		status = store_lock(options->dir, &lock, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	status = prepare(options, workshop, path, ret_n_unknown, reterr);
	if (status == CW_OK) {
		status = replace(options->dir, workshop, reterr);
	}
	clear_workshop(workshop);
	(void)close(lock); /* nothing was written to it */
	return status;
}
