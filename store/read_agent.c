/* SPDX-License-Identifier: MIT */
/* The read side of agents and sessions. */
#include "core/text.h"
#include "store/agent_row.h"
#include "store/store_private.h"

/* Lengths were checked before the row was stored: a row whose columns do not fit is not one of our agents. */
static bool take_row(struct db *db, sqlite3_stmt *statement, struct agent_row *row)
{
	const char *email = db_text(statement, COLUMN_AGENT_EMAIL);

	*row = (struct agent_row){ .id = db_int(statement, COLUMN_AGENT_ID),
				   .account = db_int(statement, COLUMN_AGENT_ACCOUNT) };
	row->agent.disabled_at_ms = db_int(statement, COLUMN_AGENT_DISABLED_AT);
	row->agent.created_at_ms = db_int(statement, COLUMN_AGENT_CREATED_AT);
	bool fits = cw_text_copy(row->agent.account, sizeof(row->agent.account),
				 db_text(statement, COLUMN_AGENT_ACCOUNT_NAME)) &&
		    cw_text_copy(row->agent.subject, sizeof(row->agent.subject),
				 db_text(statement, COLUMN_AGENT_SUBJECT)) &&
		    cw_text_copy(row->agent.email, sizeof(row->agent.email), email ? email : "") &&
		    cw_text_copy(row->agent.name, sizeof(row->agent.name), db_text(statement, COLUMN_AGENT_NAME)) &&
		    cw_text_copy(row->agent.role, sizeof(row->agent.role), db_text(statement, COLUMN_AGENT_ROLE)) &&
		    cw_text_copy(row->agent.password_hash, sizeof(row->agent.password_hash),
				 db_text(statement, COLUMN_AGENT_PASSWORD_HASH));

	if (!fits) {
		db_fail(db, SQLITE_CORRUPT);
	}
	return fits;
}

bool agent_read(struct db *db, sqlite3_stmt *statement, struct agent_row *row)
{
	bool is_found = db_step(db, statement) && take_row(db, statement, row);

	db_end(statement);
	return is_found;
}

bool session_read(struct db *db, const unsigned char secret_sha256[CW_SECRET_SHA256_BYTES], int64_t now_ms,
		  struct agent_row *row, int64_t *ret_used_at_ms)
{
	sqlite3_stmt *statement = db_bind(db, SQL_SESSION_FIND, "Bi", secret_sha256, CW_SECRET_SHA256_BYTES, now_ms);
	bool is_found = db_step(db, statement) && take_row(db, statement, row);

	*ret_used_at_ms = is_found ? db_int(statement, N_AGENT_COLUMNS) : 0;
	db_end(statement);
	return is_found;
}

static enum cw_status answer_one(struct cw_reader *reader, sqlite3_stmt *statement, struct cw_agent *ret_agent,
				 struct cw_error *reterr)
{
	struct agent_row row;
	bool is_found = agent_read(&reader->db, statement, &row);
	enum cw_status status = db_status(&reader->db, reterr);

	if (status != CW_OK) {
		return status;
	}
	if (!is_found) {
		return cw_error_set(reterr, CW_NOT_FOUND, "no such agent");
	}
	*ret_agent = row.agent;
	return CW_OK;
}

enum cw_status cw_store_agent(struct cw_reader *reader, const char *account, const char *subject,
			      struct cw_agent *ret_agent, struct cw_error *reterr)
{
	return answer_one(reader, db_bind(&reader->db, SQL_AGENT_BY_SUBJECT, "tt", account, subject), ret_agent, reterr);
}

enum cw_status cw_store_agent_by_email(struct cw_reader *reader, const char *email, struct cw_agent *ret_agent,
				       struct cw_error *reterr)
{
	return answer_one(reader, db_bind(&reader->db, SQL_AGENT_BY_EMAIL, "t", email), ret_agent, reterr);
}

enum cw_status cw_store_agents(struct cw_reader *reader, const char *account, cw_agent_fn on_agent, void *context,
			       struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_AGENT_LIST, "t", account);
	struct agent_row row;

	while (db_step(&reader->db, statement) && take_row(&reader->db, statement, &row)) {
		if (!on_agent(context, &row.agent)) {
			break;
		}
	}
	db_end(statement);
	return db_status(&reader->db, reterr);
}
