/* SPDX-License-Identifier: MIT */
/* The read side: separate connections, one transaction per reader, rows returned as values. */
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "store/rows.h"
#include "store/store_private.h"

enum cw_status cw_reader_acquire(struct cw_store *store, struct cw_reader **ret_reader, struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;
	enum cw_status status = CW_OK;

	(void)pthread_mutex_lock(&store->reader_lock);
	while (!reader) {
		for (size_t i = 0; i < N_READERS && !reader; i++) {
			reader = store->readers[i].is_out ? NULL : &store->readers[i];
		}
		if (!reader) {
			(void)pthread_cond_wait(&store->reader_returned, &store->reader_lock);
		}
	}
	reader->is_out = true;
	(void)pthread_mutex_unlock(&store->reader_lock);
	reader->store = store;
	if (!reader->db.handle) {
		status = db_open(&reader->db, store->path, false, reterr);
		reader->db.on_fault = store->options.on_fault;
		reader->db.on_fault_context = store->options.on_fault_context;
	}
	if (status == CW_OK) {
		db_begin(&reader->db, SQL_BEGIN_READ);
		status = db_status(&reader->db, reterr);
	}
	if (status != CW_OK) {
		cw_reader_release(reader);
		return status;
	}
	*ret_reader = reader;
	return CW_OK;
}

void cw_reader_release(struct cw_reader *reader)
{
	if (!reader) {
		return;
	}
	struct cw_store *store = reader->store;

	if (reader->db.handle) {
		db_begin(&reader->db, SQL_COMMIT); /* ends the read transaction, whatever happened in it */
	}
	(void)pthread_mutex_lock(&store->reader_lock);
	reader->is_out = false;
	(void)pthread_cond_signal(&store->reader_returned);
	(void)pthread_mutex_unlock(&store->reader_lock);
}

/* ---- accounts and numbers ---- */

static void fill_account(struct db *db, const struct account_row *row, struct cw_account *account)
{
	sqlite3_stmt *statement = db_bind(db, SQL_EVENT_FIRST_SEQ, "i", row->id);
	int64_t first = db_step(db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	memcpy(account->name, row->name, sizeof(account->name));
	memcpy(account->epoch, row->epoch, sizeof(account->epoch));
	account->head = row->head;
	account->first_seq = first ? first : row->head + 1;
}

enum cw_status reader_no_account(struct cw_reader *reader, const char *name, struct cw_error *reterr)
{
	enum cw_status status = db_status(&reader->db, reterr);

	return status != CW_OK ? status : cw_error_set(reterr, CW_NOT_FOUND, "account %.70s does not exist", name);
}

enum cw_status cw_store_account(struct cw_reader *reader, const char *name, struct cw_account *ret_account,
				struct cw_error *reterr)
{
	struct account_row row;
	struct cw_account account;

	if (!account_find(&reader->db, name, &row)) {
		return reader_no_account(reader, name, reterr);
	}
	fill_account(&reader->db, &row, &account);
	enum cw_status status = db_status(&reader->db, reterr);

	if (status == CW_OK) {
		*ret_account = account;
	}
	return status;
}

enum cw_status cw_store_accounts(struct cw_reader *reader, cw_account_fn on_account, void *context,
				 struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_ACCOUNT_LIST, "");

	while (db_step(&reader->db, statement)) {
		struct account_row row;
		struct cw_account account;

		account_read(statement, &row);
		fill_account(&reader->db, &row, &account);
		if (!on_account(context, &account)) {
			db_end(statement);
			break;
		}
	}
	return db_status(&reader->db, reterr);
}

enum cw_status cw_store_numbers(struct cw_reader *reader, cw_number_fn on_number, void *context, struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_NUMBER_LIST, "");

	while (db_step(&reader->db, statement)) {
		const struct cw_number number = { .phone_number_id = db_text(statement, 0),
						  .account = db_text(statement, 1),
						  .waba_id = db_text(statement, 2),
						  .is_simulated = db_int(statement, 3) != 0,
						  .is_replaying = db_int(statement, 4) != 0,
						  .paused_at_ms = db_int(statement, 5),
						  .paused_code = (int)db_int(statement, 6),
						  .paused_reason = db_text(statement, 7),
						  .display_phone = db_text(statement, 8) };

		if (!on_number(context, &number)) {
			db_end(statement);
			break;
		}
	}
	return db_status(&reader->db, reterr);
}

/* ---- events ---- */

static enum cw_status give_events(struct cw_reader *reader, sqlite3_stmt *statement, cw_event_fn on_event,
				  void *context, struct cw_error *reterr)
{
	while (db_step(&reader->db, statement)) {
		struct cw_event event;

		event_read(&reader->db, statement, &event);
		/* An event that was only partly read, for lack of memory, is not passed on. */
		bool goes_on = reader->db.failed == SQLITE_OK && !cw_memory_ran_out() && on_event(context, &event);

		cw_event_finish(&event);
		if (!goes_on) {
			db_end(statement);
			break;
		}
	}
	return db_status(&reader->db, reterr);
}

enum cw_status cw_store_events_after(struct cw_reader *reader, const char *account, int64_t since, cw_event_fn on_event,
				     void *context, struct cw_error *reterr)
{
	struct account_row row;

	if (!account_find(&reader->db, account, &row)) {
		return reader_no_account(reader, account, reterr);
	}
	return give_events(reader, db_bind(&reader->db, SQL_EVENTS_AFTER_SEQ, "ii", row.id, since), on_event, context,
			   reterr);
}

enum cw_status cw_store_log_after(struct cw_reader *reader, int64_t after, int64_t limit, cw_event_fn on_event,
				  void *context, struct cw_error *reterr)
{
	return give_events(reader, db_bind(&reader->db, SQL_EVENTS_AFTER_ID, "ii", after, limit), on_event, context,
			   reterr);
}

enum cw_status cw_store_log_lag(struct cw_reader *reader, int64_t after, int64_t *ret_count, int64_t *ret_oldest_at_ms,
				struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_COUNT_EVENTS_AFTER, "i", after);

	if (db_step(&reader->db, statement)) {
		*ret_count = db_int(statement, 0);
		*ret_oldest_at_ms = db_int(statement, 1);
		db_end(statement);
	}
	return db_status(&reader->db, reterr);
}

enum cw_status cw_store_cursor(struct cw_reader *reader, int64_t *ret_event_id, struct cw_error *reterr)
{
	*ret_event_id = db_meta_int(&reader->db, "publisher_cursor");
	return db_status(&reader->db, reterr);
}

/* ---- conversations and messages ---- */

static bool parse_list_cursor(const char *cursor, int64_t *position, int64_t *id)
{
	char text[CW_LIST_CURSOR_MAX];
	char *dot = NULL;

	*position = *id = INT64_MAX;
	if (cursor[0] == '\0') {
		return true;
	}
	if (!cw_text_copy(text, sizeof(text), cursor) || !(dot = strchr(text, '.'))) {
		return false;
	}
	*dot = '\0';
	return cw_text_to_int64(text, position) == CW_OK && cw_text_to_int64(dot + 1, id) == CW_OK;
}

enum cw_status cw_store_conversations(struct cw_reader *reader, const char *account, const char *assignee,
				      char cursor[CW_LIST_CURSOR_MAX], cw_conversation_fn on_conversation,
				      void *context, struct cw_error *reterr)
{
	struct account_row account_row;
	int64_t position = 0;
	int64_t id = 0;

	if (!parse_list_cursor(cursor, &position, &id)) {
		return cw_error_set(reterr, CW_INVALID, "the cursor did not come from this list");
	}
	if (!account_find(&reader->db, account, &account_row)) {
		return reader_no_account(reader, account, reterr);
	}
	sqlite3_stmt *statement =
		assignee ?
			db_bind(&reader->db, SQL_CONVERSATION_LIST_OF, "iiit", account_row.id, position, id, assignee) :
			db_bind(&reader->db, SQL_CONVERSATION_LIST, "iii", account_row.id, position, id);

	while (db_step(&reader->db, statement)) {
		struct conversation_row row;

		conversation_read(&reader->db, statement, &row);
		bool goes_on = reader->db.failed == SQLITE_OK && on_conversation(context, &row.row);

		if (!cw_text_format(cursor, CW_LIST_CURSOR_MAX, "%lld.%lld", (long long)row.row.last_position,
				    (long long)row.id)) {
			cursor[0] = '\0'; /* cannot happen: two int64 fit */
		}
		conversation_row_finish(&row);
		if (!goes_on) {
			db_end(statement);
			break;
		}
	}
	return db_status(&reader->db, reterr);
}

enum cw_status reader_no_conversation(struct cw_reader *reader, struct cw_error *reterr)
{
	enum cw_status status = db_status(&reader->db, reterr);

	return status != CW_OK ? status : cw_error_set(reterr, CW_NOT_FOUND, "no such conversation");
}

enum cw_status cw_store_conversation(struct cw_reader *reader, const char *id, cw_conversation_fn on_conversation,
				     void *context, struct cw_error *reterr)
{
	struct conversation_row row;

	if (!conversation_find(&reader->db, id, &row)) {
		return reader_no_conversation(reader, reterr);
	}
	(void)on_conversation(context, &row.row); /* there is only one */
	conversation_row_finish(&row);
	return db_status(&reader->db, reterr);
}
