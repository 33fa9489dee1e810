/* SPDX-License-Identifier: MIT */
#include "store/sqlite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/memory.h"
#include "store/schema.h"

/* "CWIR": identifies our files, to us and to file(1). */
#define APPLICATION_ID 0x43574952
#define BUSY_TIMEOUT_MS 5000

static const char *const statement_texts[STATEMENT_COUNT] = {
#define X(name, text) [name] = text,
	STATEMENT_LIST(X)
#undef X
};

/* Step n brings user_version from n to n + 1. */
static const char *const migrations[] = { cw_store_schema_sql,   cw_store_schema_2_sql, cw_store_schema_3_sql,
					  cw_store_schema_4_sql, cw_store_schema_5_sql, cw_store_schema_6_sql,
					  cw_store_schema_7_sql, cw_store_schema_8_sql, cw_store_schema_9_sql };
#define SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

/*
 * WAL and FULL: a commit is on disk when COMMIT returns. The writer checkpoints explicitly, so that no
 * checkpoint races a commit (SQLite before 3.51.3 can then corrupt the WAL). secure_delete is off:
 * Debian's default rewrites pages on every delete, and backups contain no more than the live file. Readers
 * sort in temporary files, because `convwire check` sorts all events.
 */
static const char writer_pragmas[] =
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
	"PRAGMA cache_size = -8192; PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY;";
static const char reader_pragmas[] = "PRAGMA query_only = 1; PRAGMA cache_size = -1024;";

static enum cw_status open_failed(struct db *db, const char *path, const char *what, struct cw_error *reterr)
{
	int code = db->handle ? sqlite3_extended_errcode(db->handle) : SQLITE_NOMEM;
	enum cw_status status = (code & 0xff) == SQLITE_FULL ? CW_FULL : CW_IO;

	(void)cw_error_set(reterr, status, "%s: %s: %s", path, what,
			   db->handle ? sqlite3_errmsg(db->handle) : "out of memory");
	db_close(db);
	return status;
}

static int64_t pragma_int(struct db *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int64_t value = -1;

	if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		value = sqlite3_column_int64(statement, 0);
	}
	(void)sqlite3_finalize(statement); /* the step already reported its error */
	return value;
}

static bool journal_is_wal(struct db *db)
{
	sqlite3_stmt *statement = NULL;
	bool is_wal = sqlite3_prepare_v2(db->handle, "PRAGMA journal_mode", -1, &statement, NULL) == SQLITE_OK &&
		      sqlite3_step(statement) == SQLITE_ROW &&
		      strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;

	(void)sqlite3_finalize(statement);
	return is_wal;
}

static bool migrate_step(struct db *db, int64_t version)
{
	char *stamp = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %lld; COMMIT;", APPLICATION_ID,
				      version + 1);
	bool is_done = stamp && sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
		       sqlite3_exec(db->handle, migrations[version], NULL, NULL, NULL) == SQLITE_OK &&
		       sqlite3_exec(db->handle, stamp, NULL, NULL, NULL) == SQLITE_OK;

	sqlite3_free(stamp);
	return is_done;
}

static enum cw_status check_identity(struct db *db, const char *path, struct cw_error *reterr)
{
	int64_t version = pragma_int(db, "PRAGMA user_version");
	int64_t application = pragma_int(db, "PRAGMA application_id");

	if (version < 0 || application < 0) {
		return open_failed(db, path, "cannot be read", reterr);
	}
	if (version > SCHEMA_VERSION) {
		db_close(db);
		return cw_error_set(
			reterr, CW_INVALID,
			"%s: made by a newer Convwire (schema %d; this version knows up to %d); install that version",
			path, (int)version, SCHEMA_VERSION);
	}
	bool is_foreign = version == 0 && pragma_int(db, "SELECT count(*) FROM sqlite_master") > 0;

	if (is_foreign || (version > 0 && application != APPLICATION_ID)) {
		db_close(db);
		return cw_error_set(reterr, CW_INVALID, "%s: not a Convwire database", path);
	}
	return CW_OK;
}

static enum cw_status prepare_writer(struct db *db, const char *path, struct cw_error *reterr)
{
	if (sqlite3_exec(db->handle, writer_pragmas, NULL, NULL, NULL) != SQLITE_OK) {
		return open_failed(db, path, "cannot be set up", reterr);
	}
	if (!journal_is_wal(db) || pragma_int(db, "PRAGMA synchronous") != 2) {
		return open_failed(db, path, "the file system does not support WAL with full synchronisation", reterr);
	}
	for (int64_t version = pragma_int(db, "PRAGMA user_version"); version < SCHEMA_VERSION; version++) {
		if (version < 0 || !migrate_step(db, version)) {
			return open_failed(db, path, "cannot be migrated", reterr);
		}
	}
	return CW_OK;
}

enum cw_status db_open(struct db *db, const char *path, bool is_writer, struct cw_error *reterr)
{
	int flags = is_writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;

	*db = (struct db){ .handle = NULL };
	if (sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    sqlite3_extended_result_codes(db->handle, 1) != SQLITE_OK ||
	    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS) != SQLITE_OK) {
		return open_failed(db, path, "cannot be opened", reterr);
	}
	enum cw_status status = check_identity(db, path, reterr);

	if (status != CW_OK) {
		return status;
	}
	if (is_writer) {
		return prepare_writer(db, path, reterr);
	}
	if (sqlite3_exec(db->handle, reader_pragmas, NULL, NULL, NULL) != SQLITE_OK) {
		return open_failed(db, path, "cannot be set up", reterr);
	}
	return CW_OK;
}

void db_close(struct db *db)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		(void)sqlite3_finalize(db->statements[i]); /* NULL is fine; the steps already reported errors */
	}
	(void)sqlite3_close(db->handle);
	*db = (struct db){ .handle = NULL };
}

void db_begin(struct db *db, enum statement begin)
{
	cw_memory_watch();
	db->failed = SQLITE_OK;
	(void)db_step(db, db_bind(db, begin, ""));
}

static int bind_next(sqlite3_stmt *statement, int index, char type, va_list arguments)
{
	const void *pointer = NULL;
	int64_t number = 0;

	switch (type) {
	case 't':
		return sqlite3_bind_text(statement, index, va_arg(arguments, const char *), -1, SQLITE_STATIC);
	case 'i':
		return sqlite3_bind_int64(statement, index, va_arg(arguments, int64_t));
	case 'I':
		number = va_arg(arguments, int64_t);
		return number ? sqlite3_bind_int64(statement, index, number) : sqlite3_bind_null(statement, index);
	case 'b':
		pointer = va_arg(arguments, const void *);
		return sqlite3_bind_blob(statement, index, pointer, CW_CLOCK_UUID_BYTES, SQLITE_STATIC);
	case 'B':
		pointer = va_arg(arguments, const void *);
		return sqlite3_bind_blob(statement, index, pointer, va_arg(arguments, int), SQLITE_STATIC);
	default:
		return SQLITE_MISUSE;
	}
}

sqlite3_stmt *db_bind(struct db *db, enum statement statement, const char *types, ...)
{
	sqlite3_stmt **slot = &db->statements[statement];
	va_list arguments;

	if (db->failed != SQLITE_OK) {
		return NULL;
	}
	if (!*slot) {
		db->failed = sqlite3_prepare_v3(db->handle, statement_texts[statement], -1, SQLITE_PREPARE_PERSISTENT,
						slot, NULL);
	} else {
		(void)sqlite3_reset(*slot); /* repeats the last step's error, already handled */
	}
	va_start(arguments, types);
	for (int i = 0; db->failed == SQLITE_OK && types[i]; i++) {
		db->failed = bind_next(*slot, i + 1, types[i], arguments);
	}
	va_end(arguments);
	return db->failed == SQLITE_OK ? *slot : NULL;
}

bool db_step(struct db *db, sqlite3_stmt *statement)
{
	if (!statement || db->failed != SQLITE_OK) {
		db_end(statement); /* one that stays open would keep the connection at an old snapshot */
		return false;
	}
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW) {
		return true;
	}
	if (code != SQLITE_DONE) {
		db_fail(db, sqlite3_extended_errcode(db->handle));
	}
	db_end(statement);
	return false;
}

void db_end(sqlite3_stmt *statement)
{
	(void)sqlite3_reset(statement); /* repeats the last step's error, already handled */
}

/* When memory runs out, a string becomes an unexpected NULL or looks corrupt. */
static bool follows_from_memory(int failed)
{
	int code = failed & 0xff;

	return cw_memory_ran_out() && (code == SQLITE_OK || code == SQLITE_CONSTRAINT || code == SQLITE_CORRUPT);
}

enum cw_status db_status(const struct db *db, struct cw_error *reterr)
{
	int failed = db->failed == SQLITE_IOERR_NOMEM || follows_from_memory(db->failed) ? SQLITE_NOMEM : db->failed;

	if (failed == SQLITE_OK) {
		return CW_OK;
	}
	enum cw_status status = CW_INVALID;

	switch (failed & 0xff) {
	case SQLITE_FULL:
		status = CW_FULL;
		break;
	case SQLITE_NOMEM:
		status = CW_NOMEM;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		status = CW_BUSY;
		break;
	case SQLITE_IOERR:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		status = CW_IO;
		break;
	default:
		break;
	}
	return cw_error_set(reterr, status, "database: %s (code %d)", sqlite3_errstr(failed), failed);
}

int64_t db_meta_int(struct db *db, const char *key)
{
	sqlite3_stmt *statement = db_bind(db, SQL_META_GET, "t", key);
	int64_t value = db_step(db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return value;
}

const char *db_text(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	if (!text && sqlite3_column_type(statement, column) != SQLITE_NULL) {
		cw_memory_note_out();
	}
	return text;
}

int64_t db_int(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_int64(statement, column);
}

void db_uuid(sqlite3_stmt *statement, int column, char *out)
{
	const unsigned char *uuid = sqlite3_column_blob(statement, column);

	if (uuid && sqlite3_column_bytes(statement, column) == CW_CLOCK_UUID_BYTES) {
		cw_clock_uuid_text(uuid, out);
	} else {
		out[0] = '\0';
	}
}

char *db_copy(struct db *db, sqlite3_stmt *statement, int column)
{
	return db_dup(db, db_text(statement, column));
}

void db_fail(struct db *db, int code)
{
	db->failed = db->failed == SQLITE_OK ? code : db->failed;
}

void db_report(struct db *db, const char *format, ...)
{
	char text[160];
	va_list arguments;

	if (db->on_fault) {
		va_start(arguments, format);
		(void)vsnprintf(text, sizeof(text), format, arguments); /* a truncated sentence is still useful */
		va_end(arguments);
		db->on_fault(db->on_fault_context, text);
	}
}

char *db_dup(struct db *db, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy) {
		cw_memory_note_out();
		db_fail(db, SQLITE_NOMEM);
	}
	return copy;
}
