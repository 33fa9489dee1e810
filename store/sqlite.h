/* SPDX-License-Identifier: MIT */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "core/status.h"
#include "store/statements.h"

/*
 * One SQLite connection with its prepared statements. Only for store/. A connection belongs to one
 * thread at a time. Its first error stays in `failed` until db_begin clears it, so that a sequence of
 * steps can be written without checks in between and checked once, before COMMIT.
 */
struct db {
	sqlite3 *handle;
	sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared on first use */
	int failed;                                /* SQLite's extended code; SQLITE_OK while all is well */
	/* Receives what db_report says; NULL: nobody. Set after db_open. */
	void (*on_fault)(void *context, const char *text);
	void *on_fault_context;
};

/* Opens path. A writer also creates the file, sets and verifies WAL and FULL, and migrates. */
CW_MUST_CHECK enum cw_status db_open(struct db *db, const char *path, bool is_writer, struct cw_error *reterr);
void db_close(struct db *db);

/* Starts a transaction with SQL_BEGIN_WRITE or SQL_BEGIN_READ and forgets earlier errors. */
void db_begin(struct db *db, enum statement begin);

/*
 * Prepares (once), resets and binds. types has a letter per value: t text (const char *, NULL binds NULL),
 * i int64_t, I int64_t where 0 binds NULL, b 16 bytes (const void *, NULL binds NULL), B bytes (pointer, int).
 * Bound memory must stay valid until the statement's next use. Returns NULL once anything has failed.
 */
sqlite3_stmt *db_bind(struct db *db, enum statement statement, const char *types, ...);

/* Steps to the next row. false at the end and on errors; the statement is then reset. */
bool db_step(struct db *db, sqlite3_stmt *statement);

/* Binds and runs a statement that returns no rows. */
#define db_run(db, statement, ...) ((void)db_step((db), db_bind((db), (statement), __VA_ARGS__)))

/* Stops reading rows early. */
void db_end(sqlite3_stmt *statement);

/*
 * CW_OK, CW_FULL, CW_IO, CW_NOMEM or CW_INVALID, from the first failure since db_begin. Running out of memory in
 * between is a failure, too (core/memory.h).
 */
enum cw_status db_status(const struct db *db, struct cw_error *reterr);

/* A number from table meta; 0 when it is missing. */
int64_t db_meta_int(struct db *db, const char *key);

/* Marks the connection failed with one of SQLite's codes; the first failure stays. */
void db_fail(struct db *db, int code);

/*
 * A row violates an invariant: a sentence that names it. It is not a failure: the caller ignores the row, or the
 * part of it, so that one bad row stops nobody else's work.
 */
void db_report(struct db *db, const char *format, ...) CW_PRINTF(2, 3);

/* A copy that the caller frees. NULL for NULL, or out of memory, which marks the connection failed. All of store/ copies here. */
char *db_dup(struct db *db, const char *text);

/* Columns. Strings are valid until the next step. */
const char *db_text(sqlite3_stmt *statement, int column);
int64_t db_int(sqlite3_stmt *statement, int column);
/* A 16-byte UUID as text into out (37 bytes); "" for NULL. */
void db_uuid(sqlite3_stmt *statement, int column, char *out);
/* db_dup of a column. */
char *db_copy(struct db *db, sqlite3_stmt *statement, int column);

#endif
