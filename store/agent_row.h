/* SPDX-License-Identifier: MIT */
#ifndef STORE_AGENT_ROW_H
#define STORE_AGENT_ROW_H

#include "store/tx.h"

struct agent_row {
	int64_t id, account;
	struct cw_agent agent;
};

/* Reads the row of an SQL_AGENT_* statement and ends the statement. false when there is no row or on error. */
bool agent_read(struct db *db, sqlite3_stmt *statement, struct agent_row *row);

/* A session's agent, and when it was last used, to the hour. false when it has expired at now_ms, or on error. */
bool session_read(struct db *db, const unsigned char secret_sha256[CW_SECRET_SHA256_BYTES], int64_t now_ms,
		  struct agent_row *row, int64_t *ret_used_at_ms);

#endif
