/* SPDX-License-Identifier: MIT */
/* Assignments, and the agents limited to assigned conversations. */
#include "store/assignment.h"

#include <string.h>

#include "core/text.h"

/* An agent who has not called /sync for a week loses their feed. */
#define LIMITED_KEPT_MS (7 * 24 * 60 * 60 * 1000LL)

/* ---- one row ---- */

static void write_history(struct tx *tx, const struct conversation_row *row, const char *lost_by)
{
	const char *assignee = row->row.assignee;

	if (lost_by[0]) {
		db_run(tx->db, SQL_ASSIGNMENT_END, "ii", row->id, row->last_seq);
	}
	if (assignee[0]) {
		db_run(tx->db, SQL_ASSIGNMENT_INSERT, "iiti", row->account, row->id, assignee, row->last_seq);
	}
	const char *by = row->row.assigned_by;

	db_run(tx->db, SQL_CONVERSATION_ASSIGN, "itt", row->id, assignee[0] ? assignee : NULL, by[0] ? by : NULL);
}

/* Makes the row's event; also assigns the conversation to subject ("": nobody) if it has another assignee. */
static void tell(struct tx *tx, struct conversation_row *row, enum cw_event_kind kind, const char *subject, const char *by)
{
	char lost_by[CW_SUBJECT_MAX + 1];
	bool is_changed = strcmp(row->row.assignee, subject) != 0;

	memcpy(lost_by, row->row.assignee, sizeof(lost_by));
	if (is_changed && (!cw_text_copy(row->row.assignee, sizeof(row->row.assignee), subject) ||
			   !cw_text_copy(row->row.assigned_by, sizeof(row->row.assigned_by), by))) {
		db_fail(tx->db, SQLITE_TOOBIG); /* cannot happen: it was checked */
		return;
	}
	tx_event(tx, &(struct event_spec){ .kind = kind,
					   .account = row->account,
					   .conversation = row,
					   .has_conversation = true,
					   .changes_assignment = is_changed,
					   .lost_by = lost_by });
	if (is_changed) {
		write_history(tx, row, lost_by);
	}
}

static void assign(struct tx *tx, struct conversation_row *row, const char *subject, const char *by)
{
	row->row.version++;
	tell(tx, row, CW_EVENT_CONVERSATION, subject, by);
	tx_save_conversation(tx, row);
}

/* ---- a conversation with those merged into it ---- */

static int64_t next_otherwise(struct tx *tx, int64_t root, const char *subject)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_CONVERSATION_ASSIGNED_OTHERWISE, "it", root,
					  subject[0] ? subject : NULL);
	int64_t id = db_step(tx->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return id;
}

/* Terminates: after each step one conversation less has another assignee. */
static void assign_merged(struct tx *tx, int64_t root, const char *subject, const char *by)
{
	struct conversation_row row;
	int64_t id = 0;

	while ((id = next_otherwise(tx, root, subject)) != 0 && conversation_load(tx->db, id, &row)) {
		assign(tx, &row, subject, by);
		conversation_row_finish(&row);
	}
}

void assignment_merge(struct tx *tx, struct conversation_row *younger, struct conversation_row *older)
{
	const struct conversation_row *from = older->row.assignee[0] ? older : younger;
	char subject[CW_SUBJECT_MAX + 1];
	char by[CW_SUBJECT_MAX + 1];

	memcpy(subject, from->row.assignee, sizeof(subject));
	memcpy(by, from->row.assigned_by, sizeof(by));
	tell(tx, younger, CW_EVENT_MERGE, subject, by);
	tell(tx, older, CW_EVENT_CONVERSATION, subject, by);
	assign_merged(tx, older->id, subject, by); /* those merged into either of them earlier */
}

/* ---- the operations ---- */

const char *assignment_refusal(struct tx *tx, int64_t account, const char *subject)
{
	const struct cw_store_options *options = tx->options;
	const struct tx_account *owner = tx_account(tx, account);
	sqlite3_stmt *statement = db_bind(tx->db, SQL_AGENT_ROLE, "it", account, subject);
	const char *why = NULL;

	if (owner && db_step(tx->db, statement)) {
		if (db_int(statement, 1) != 0) {
			why = "they are disabled and cannot sign in";
		} else if (options->may_answer && !options->may_answer(options->may_answer_context, owner->row.name,
								       subject, db_text(statement, 0))) {
			why = "their role does not allow them to answer";
		}
	}
	db_end(statement);
	return why;
}

bool assignment_give(struct tx *tx, struct conversation_row *row, const char *subject, const char *by)
{
	if (strcmp(row->row.assignee, subject) == 0) {
		return false;
	}
	assign(tx, row, subject, by);
	assign_merged(tx, row->id, subject, by);
	return true;
}

enum cw_status apply_assign(struct tx *tx, struct cw_store_op *op)
{
	struct conversation_row row = { .id = 0 };
	const char *subject = op->assign.subject ? op->assign.subject : "";
	int64_t account = tx_find_account(tx, op->assign.account);

	if (subject[0] && !cw_subject_is_valid(subject)) {
		return cw_error_set(&op->error, CW_INVALID,
				    "\"%.70s\" is not an agent id: 1 to 64 letters, digits or -", subject);
	}
	if (!account || !conversation_find_root(tx->db, op->assign.conversation, &row) || row.account != account) {
		conversation_row_finish(&row);
		return cw_error_set(&op->error, CW_NOT_FOUND, "no such conversation in account %.70s",
				    op->assign.account);
	}
	memcpy(op->assign.canonical, row.row.id, sizeof(op->assign.canonical));
	const char *why = subject[0] ? assignment_refusal(tx, account, subject) : NULL;
	bool is_changed = !why && assignment_give(tx, &row, subject, "");

	conversation_row_finish(&row);
	if (why) {
		return cw_error_set(&op->error, CW_DENIED, "%.70s cannot get it: %s", subject, why);
	}
	return is_changed ? CW_OK :
			    cw_error_set(&op->error, CW_DUPLICATE,
					 subject[0] ? "already assigned to them" : "already assigned to nobody");
}

enum cw_status apply_limited_seen(struct tx *tx, struct cw_store_op *op)
{
	int64_t account = tx_find_account(tx, op->limited.account);

	if (!account) {
		return cw_error_set(&op->error, CW_NOT_FOUND, "account %.70s does not exist", op->limited.account);
	}
	db_run(tx->db, SQL_LIMITED_TRIM, "i", tx->now_ms - LIMITED_KEPT_MS);
	db_run(tx->db, SQL_LIMITED_SEEN, "iti", account, op->limited.subject, tx->now_ms);
	return CW_OK;
}
