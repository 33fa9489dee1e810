/* SPDX-License-Identifier: MIT */
/* The read side of assignments and revocations. */
#include "core/text.h"
#include "store/rows.h"
#include "store/store_private.h"

enum cw_status cw_store_newest_event_id(struct cw_reader *reader, int64_t *ret_event_id, struct cw_error *reterr)
{
	int64_t saved = 0;
	enum cw_status status = cw_store_cursor(reader, &saved, reterr);
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_EVENT_MAX_ID, "");
	int64_t newest = db_step(&reader->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	status = status == CW_OK ? db_status(&reader->db, reterr) : status;
	if (status == CW_OK) {
		*ret_event_id = newest > saved ? newest : saved;
	}
	return status;
}

/* ---- assignments ---- */

enum cw_status cw_store_assignments(struct cw_reader *reader, int64_t after_id, int64_t limit,
				    cw_assignment_fn on_assignment, void *context, int64_t *ret_last_id,
				    struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_ASSIGNMENT_LIST, "ii", after_id, limit);
	int64_t last_id = after_id;

	while (db_step(&reader->db, statement)) {
		last_id = db_int(statement, 0);
		if (!on_assignment(context, db_text(statement, 1), db_text(statement, 2))) {
			db_end(statement);
			break;
		}
	}
	enum cw_status status = db_status(&reader->db, reterr);

	if (status == CW_OK) {
		*ret_last_id = last_id;
	}
	return status;
}

enum cw_status cw_store_assignment_changes(struct cw_reader *reader, const char *account, const char *subject,
					   int64_t since, cw_assignment_change_fn on_change, void *context,
					   struct cw_error *reterr)
{
	struct account_row row;

	if (!account_find(&reader->db, account, &row)) {
		return reader_no_account(reader, account, reterr);
	}
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_ASSIGNMENT_CHANGES, "iti", row.id, subject, since);

	while (db_step(&reader->db, statement)) {
		if (!on_change(context, db_text(statement, 0), db_int(statement, 1) != 0)) {
			db_end(statement);
			break;
		}
	}
	return db_status(&reader->db, reterr);
}

/* The highest seq that a query about an agent returns; 0: none. */
static int64_t highest(struct db *db, enum statement question, int64_t account, const char *subject)
{
	sqlite3_stmt *statement = db_bind(db, question, "it", account, subject);
	int64_t seq = db_step(db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return seq;
}

enum cw_status cw_store_last_visible_seq(struct cw_reader *reader, const char *account, const char *subject,
					 bool sees_events, int64_t *ret_seq, struct cw_error *reterr)
{
	struct account_row row;

	if (!account_find(&reader->db, account, &row)) {
		return reader_no_account(reader, account, reterr);
	}
	int64_t seq = sees_events ? row.notice_head : 0;
	int64_t of_theirs = highest(&reader->db, SQL_ASSIGNED_LAST_SEQ, row.id, subject);
	int64_t of_lost = highest(&reader->db, SQL_ASSIGNMENT_LAST_LOST, row.id, subject);
	enum cw_status status = db_status(&reader->db, reterr);

	seq = of_theirs > seq ? of_theirs : seq;
	if (status == CW_OK) {
		*ret_seq = of_lost > seq ? of_lost : seq;
	}
	return status;
}

enum cw_status cw_store_limited_subjects(struct cw_reader *reader, int64_t since_ms, cw_limited_fn on_subject,
					 void *context, struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_LIMITED_LIST, "i", since_ms);

	while (db_step(&reader->db, statement)) {
		if (!on_subject(context, db_text(statement, 0), db_text(statement, 1), db_int(statement, 2))) {
			db_end(statement);
			break;
		}
	}
	return db_status(&reader->db, reterr);
}

/* ---- revocations ---- */

/* false when our own writer cannot have written the row. */
static bool read_revocation(sqlite3_stmt *statement, struct cw_revocation *revocation)
{
	*revocation = (struct cw_revocation){ .revoked_at_s = db_int(statement, 3), .forget_at_s = db_int(statement, 4) };
	return cw_revocation_kind_parse(db_text(statement, 0), &revocation->kind) == CW_OK &&
	       cw_text_copy(revocation->account, sizeof(revocation->account), db_text(statement, 1)) &&
	       cw_text_copy(revocation->value, sizeof(revocation->value), db_text(statement, 2));
}

enum cw_status cw_store_revocations(struct cw_reader *reader, int64_t now_s, cw_revocation_fn on_revocation,
				    void *context, struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_REVOCATION_LIST, "i", now_s);

	while (db_step(&reader->db, statement)) {
		struct cw_revocation revocation;

		if (!read_revocation(statement, &revocation)) {
			db_fail(&reader->db, SQLITE_CORRUPT); /* skipping one would accept its tokens */
		} else if (!on_revocation(context, &revocation)) {
			db_end(statement);
			break;
		}
	}
	return db_status(&reader->db, reterr);
}
