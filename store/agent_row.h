/* SPDX-License-Identifier: MIT */
#ifndef STORE_AGENT_ROW_H
#define STORE_AGENT_ROW_H

#include "store/tx.h"

struct agent_row {
	int64_t id, account;
	struct cw_agent agent;
};

/* Takes the row of an SQL_AGENT_* statement, and ends it. false when there is none or on error. */
bool agent_read(struct db *db, sqlite3_stmt *statement, struct agent_row *row);

#endif
