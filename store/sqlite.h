/* SPDX-License-Identifier: MIT */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "core/status.h"
#include "store/statements.h"

/*
 * One SQLite connection with its prepared statements. Only store/ includes this. A connection belongs
 * to one thread at a time. The first error of a connection stays in `failed` until db_begin clears it,
 * so that a row of steps can be written as a row and checked once, before COMMIT.
 */
struct db {
	sqlite3 *handle;
	sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared on first use */
	int failed;                                /* SQLite's extended code; SQLITE_OK while all is well */
};

/* Opens path. A writer also makes the file, sets and reads back WAL and FULL, and migrates. */
CW_MUST_CHECK enum cw_status db_open(struct db *db, const char *path, bool is_writer, struct cw_error *reterr);
void db_close(struct db *db);

/* Starts a transaction with SQL_BEGIN_WRITE or SQL_BEGIN_READ and forgets earlier errors. */
void db_begin(struct db *db, enum statement begin);

/*
 * Prepares (once), resets and binds. types has a letter per value: t text (const char *, NULL binds NULL),
 * i int64_t, I int64_t where 0 binds NULL, b 16 bytes (const void *, NULL binds NULL), B bytes (pointer, int).
 * Bound memory must live until the statement's next use. NULL once anything has failed.
 */
sqlite3_stmt *db_bind(struct db *db, enum statement statement, const char *types, ...);

/* The next row is there? false at the end and on errors; the statement is then reset. */
bool db_step(struct db *db, sqlite3_stmt *statement);

/* Binds and runs a statement that gives no rows. */
#define db_run(db, statement, ...) ((void)db_step((db), db_bind((db), (statement), __VA_ARGS__)))

/* Stops reading rows early. */
void db_end(sqlite3_stmt *statement);

/* CW_OK, CW_FULL, CW_IO, CW_NOMEM or CW_INVALID, from the first failure since db_begin; memory that ran out in between is one (core/memory.h). */
enum cw_status db_status(const struct db *db, struct cw_error *reterr);

/* A number of table meta; 0 when it is not there. */
int64_t db_meta_int(struct db *db, const char *key);

/* Columns. Texts live until the next step. */
const char *db_text(sqlite3_stmt *statement, int column);
int64_t db_int(sqlite3_stmt *statement, int column);
/* A 16-byte UUID as text into out (37 bytes); "" for NULL. */
void db_uuid(sqlite3_stmt *statement, int column, char *out);
/* A copy for the caller to free; NULL for NULL (or without memory, which marks the connection failed). */
char *db_copy(struct db *db, sqlite3_stmt *statement, int column);

#endif
