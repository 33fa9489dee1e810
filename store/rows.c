/* SPDX-License-Identifier: MIT */
#include "store/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

/* Our own writer checked these columns before storing them; one that does not fit means a corrupt file. */
static void copy_column(sqlite3_stmt *statement, int column, char *out, size_t size)
{
	const char *text = db_text(statement, column);

	if (!cw_text_copy(out, size, text ? text : "")) {
		out[0] = '\0';
	}
}

void account_read(sqlite3_stmt *statement, struct account_row *row)
{
	*row = (struct account_row){ .id = db_int(statement, 0) };
	copy_column(statement, 1, row->name, sizeof(row->name));
	copy_column(statement, 2, row->epoch, sizeof(row->epoch));
	row->head = db_int(statement, 3);
	row->notice_head = db_int(statement, 4);
}

bool account_load(struct db *db, int64_t id, struct account_row *row)
{
	sqlite3_stmt *statement = db_bind(db, SQL_ACCOUNT_BY_ID, "i", id);
	bool is_found = db_step(db, statement);

	if (is_found) {
		account_read(statement, row);
		db_end(statement);
	}
	return is_found;
}

bool account_find(struct db *db, const char *name, struct account_row *row)
{
	sqlite3_stmt *statement = db_bind(db, SQL_ACCOUNT_BY_NAME, "t", name);
	bool is_found = db_step(db, statement);

	if (is_found) {
		account_read(statement, row);
		db_end(statement);
	}
	return is_found;
}

static json_t *read_json(struct db *db, sqlite3_stmt *statement, int column)
{
	const char *text = db_text(statement, column);
	json_t *json = text ? json_loads(text, 0, NULL) : NULL;

	if (!json) {
		db_fail(db, SQLITE_CORRUPT);
	}
	return json;
}

static enum cw_message_kind read_kind(sqlite3_stmt *statement, int column)
{
	enum cw_message_kind kind = CW_KIND_UNSUPPORTED;

	if (cw_message_kind_parse(db_text(statement, column), &kind) != CW_OK) {
		return CW_KIND_UNSUPPORTED; /* a kind from a newer version, or NULL when there is no message */
	}
	return kind;
}

static enum cw_message_status read_status(sqlite3_stmt *statement, int column)
{
	enum cw_message_status status = CW_STATUS_NONE;

	if (cw_message_status_parse(db_text(statement, column), &status) != CW_OK) {
		return CW_STATUS_NONE;
	}
	return status;
}

static enum cw_message_origin read_origin(sqlite3_stmt *statement, int column)
{
	const char *text = db_text(statement, column);

	for (int origin = 0; text && origin < CW_ORIGIN_COUNT; origin++) {
		if (strcmp(cw_message_origin_text((enum cw_message_origin)origin), text) == 0) {
			return (enum cw_message_origin)origin;
		}
	}
	return CW_ORIGIN_CUSTOMER;
}

void message_read(struct db *db, sqlite3_stmt *statement, struct message_row *row)
{
	*row = (struct message_row){ .id = db_int(statement, COLUMN_MESSAGE_ID),
				     .conversation = db_int(statement, COLUMN_MESSAGE_CONVERSATION) };
	struct cw_message *message = &row->message;
	const void *uid = sqlite3_column_blob(statement, COLUMN_MESSAGE_UID);

	if (uid && sqlite3_column_bytes(statement, COLUMN_MESSAGE_UID) == CW_CLOCK_UUID_BYTES) {
		memcpy(row->uid, uid, CW_CLOCK_UUID_BYTES);
	}
	db_uuid(statement, COLUMN_MESSAGE_UID, message->id);
	message->wamid = db_copy(db, statement, COLUMN_MESSAGE_WAMID);
	message->kind = read_kind(statement, COLUMN_MESSAGE_KIND);
	message->origin = read_origin(statement, COLUMN_MESSAGE_ORIGIN);
	message->is_outbound = db_int(statement, COLUMN_MESSAGE_OUTBOUND) != 0;
	message->is_late = db_int(statement, COLUMN_MESSAGE_LATE) != 0;
	message->is_revoked = db_int(statement, COLUMN_MESSAGE_REVOKED) != 0;
	message->position = db_int(statement, COLUMN_MESSAGE_POSITION);
	message->sent_at_ms = db_int(statement, COLUMN_MESSAGE_SENT_AT);
	message->received_at_ms = db_int(statement, COLUMN_MESSAGE_RECEIVED_AT);
	message->edited_at_ms = db_int(statement, COLUMN_MESSAGE_EDITED_AT);
	message->version = db_int(statement, COLUMN_MESSAGE_VERSION);
	message->status = read_status(statement, COLUMN_MESSAGE_STATUS);
	db_uuid(statement, COLUMN_MESSAGE_TARGET, message->target);
	message->target_wamid = db_copy(db, statement, COLUMN_MESSAGE_TARGET_WAMID);
	message->body = db_copy(db, statement, COLUMN_MESSAGE_BODY);
	copy_column(statement, COLUMN_MESSAGE_CONVERSATION_NAME, message->conversation, sizeof(message->conversation));
	message->attempt = (int)db_int(statement, COLUMN_MESSAGE_ATTEMPT);
}

bool message_load(struct db *db, int64_t id, struct message_row *row)
{
	sqlite3_stmt *statement = db_bind(db, SQL_MESSAGE_BY_ID, "i", id);
	bool is_found = db_step(db, statement);

	if (is_found) {
		message_read(db, statement, row);
		db_end(statement);
	}
	return is_found;
}

bool message_find(struct db *db, int64_t account, const char *wamid, int64_t wamid_hash, struct message_row *row)
{
	sqlite3_stmt *statement = db_bind(db, SQL_MESSAGE_BY_WAMID, "iit", wamid_hash, account, wamid);
	bool is_found = db_step(db, statement);

	if (is_found) {
		message_read(db, statement, row);
		db_end(statement);
	}
	return is_found;
}

static void read_contact(struct db *db, sqlite3_stmt *statement, struct cw_contact *contact)
{
	db_uuid(statement, COLUMN_CONVERSATION_CONTACT_UID, contact->id);
	contact->version = db_int(statement, COLUMN_CONVERSATION_CONTACT_VERSION);
	contact->name = db_copy(db, statement, COLUMN_CONVERSATION_CONTACT_NAME);
	contact->username = db_copy(db, statement, COLUMN_CONVERSATION_CONTACT_USERNAME);
	contact->wa_id = db_copy(db, statement, COLUMN_CONVERSATION_CONTACT_WA_ID);
	contact->user_id = db_copy(db, statement, COLUMN_CONVERSATION_CONTACT_USER_ID);
	contact->is_own_name = db_int(statement, COLUMN_CONVERSATION_CONTACT_OWN_NAME) != 0;
	contact->marketing = cw_marketing_parse(db_text(statement, COLUMN_CONVERSATION_CONTACT_MARKETING));
}

void conversation_read(struct db *db, sqlite3_stmt *statement, struct conversation_row *row)
{
	*row = (struct conversation_row){
		.id = db_int(statement, COLUMN_CONVERSATION_ID),
		.account = db_int(statement, COLUMN_CONVERSATION_ACCOUNT),
		.number = db_int(statement, COLUMN_CONVERSATION_NUMBER),
		.contact = db_int(statement, COLUMN_CONVERSATION_CONTACT),
		.last_seq = db_int(statement, COLUMN_CONVERSATION_LAST_SEQ),
		.top_position = db_int(statement, COLUMN_CONVERSATION_TOP_POSITION),
		.read_position = db_int(statement, COLUMN_CONVERSATION_READ_POSITION),
		.merged_into = db_int(statement, COLUMN_CONVERSATION_MERGED_INTO),
	};
	struct cw_conversation *conversation = &row->row;

	copy_column(statement, COLUMN_CONVERSATION_NAME, conversation->id, sizeof(conversation->id));
	copy_column(statement, COLUMN_CONVERSATION_TAG, conversation->tag, sizeof(conversation->tag));
	conversation->version = db_int(statement, COLUMN_CONVERSATION_VERSION);
	conversation->unread = db_int(statement, COLUMN_CONVERSATION_UNREAD);
	conversation->window_ends_at_ms = db_int(statement, COLUMN_CONVERSATION_WINDOW_ENDS_AT);
	db_uuid(statement, COLUMN_CONVERSATION_LAST_MESSAGE, conversation->last_message);
	conversation->last_position = db_int(statement, COLUMN_CONVERSATION_LAST_POSITION);
	conversation->last_kind = read_kind(statement, COLUMN_CONVERSATION_LAST_KIND);
	conversation->last_is_outbound = db_int(statement, COLUMN_CONVERSATION_LAST_OUTBOUND) != 0;
	conversation->last_status = read_status(statement, COLUMN_CONVERSATION_LAST_STATUS);
	conversation->last_preview = db_copy(db, statement, COLUMN_CONVERSATION_LAST_PREVIEW);
	conversation->created_at_ms = db_int(statement, COLUMN_CONVERSATION_CREATED_AT);
	copy_column(statement, COLUMN_CONVERSATION_PHONE_NUMBER_ID, conversation->phone_number_id,
		    sizeof(conversation->phone_number_id));
	read_contact(db, statement, &conversation->contact);
	copy_column(statement, COLUMN_CONVERSATION_MERGED_INTO_NAME, conversation->merged_into,
		    sizeof(conversation->merged_into));
	copy_column(statement, COLUMN_CONVERSATION_ASSIGNEE, conversation->assignee, sizeof(conversation->assignee));
	copy_column(statement, COLUMN_CONVERSATION_ASSIGNED_BY, conversation->assigned_by,
		    sizeof(conversation->assigned_by));
	conversation->is_done = db_int(statement, COLUMN_CONVERSATION_DONE) != 0;
}

bool conversation_load(struct db *db, int64_t id, struct conversation_row *row)
{
	sqlite3_stmt *statement = db_bind(db, SQL_CONVERSATION_BY_ID, "i", id);
	bool is_found = db_step(db, statement);

	if (is_found) {
		conversation_read(db, statement, row);
		db_end(statement);
	}
	return is_found;
}

bool conversation_find(struct db *db, const char *name, struct conversation_row *row)
{
	sqlite3_stmt *statement = db_bind(db, SQL_CONVERSATION_BY_NAME, "t", name);
	bool is_found = db_step(db, statement);

	if (is_found) {
		conversation_read(db, statement, row);
		db_end(statement);
	}
	return is_found;
}

bool conversation_find_root(struct db *db, const char *name, struct conversation_row *row)
{
	if (!conversation_find(db, name, row)) {
		return false;
	}
	int64_t root = row->merged_into;

	if (root == 0) {
		return true;
	}
	conversation_row_finish(row);
	*row = (struct conversation_row){ .id = 0 };
	return conversation_load(db, root, row);
}

static json_t *load_notice(struct db *db, int64_t id)
{
	sqlite3_stmt *statement = db_bind(db, SQL_NOTICE_BY_ID, "i", id);
	json_t *notice = NULL;

	if (db_step(db, statement)) {
		notice = json_pack("{s:s, s:s, s:I, s:I, s:o*}", "field", db_text(statement, 1), "subject",
				   db_text(statement, 2), "version", (json_int_t)db_int(statement, 3), "at",
				   (json_int_t)db_int(statement, 4), "value", read_json(db, statement, 5));
		db_end(statement);
	}
	return notice;
}

static void load_parts(struct db *db, int64_t conversation, int64_t ref, struct cw_event *event)
{
	struct conversation_row conversation_row;
	struct message_row message_row;

	if (conversation == 0) {
		event->notice = load_notice(db, ref);
		return;
	}
	if (conversation_load(db, conversation, &conversation_row)) {
		event->conversation = conversation_row.row; /* moved: the row is not finished */
	}
	if (ref != 0 && message_load(db, ref, &message_row)) {
		event->message = message_row.message;
	}
}

/* Loads the assignee before the event. */
static void load_lost_by(struct db *db, int64_t conversation, struct cw_event *event)
{
	sqlite3_stmt *statement = db_bind(db, SQL_ASSIGNMENT_ENDED, "ii", conversation, event->seq);

	if (db_step(db, statement)) {
		copy_column(statement, 0, event->lost_by, sizeof(event->lost_by));
		db_end(statement);
	}
}

static bool was_assigned_after(struct db *db, int64_t conversation, int64_t seq)
{
	sqlite3_stmt *statement = db_bind(db, SQL_ASSIGNMENT_AFTER, "ii", conversation, seq);
	bool was = db_step(db, statement);

	db_end(statement);
	return was;
}

void event_read(struct db *db, sqlite3_stmt *statement, struct cw_event *event)
{
	*event = (struct cw_event){
		.id = db_int(statement, COLUMN_EVENT_ID),
		.seq = db_int(statement, COLUMN_EVENT_SEQ),
		.prev = db_int(statement, COLUMN_EVENT_PREV),
		.is_quiet = db_int(statement, COLUMN_EVENT_QUIET) != 0,
		.at_ms = db_int(statement, COLUMN_EVENT_AT),
		.has_conversation = (db_int(statement, COLUMN_EVENT_PARTS) & PART_CONVERSATION) != 0,
		.has_contact = (db_int(statement, COLUMN_EVENT_PARTS) & PART_CONTACT) != 0,
		.changes_assignment = (db_int(statement, COLUMN_EVENT_PARTS) & PART_ASSIGNMENT) != 0,
	};
	if (cw_event_kind_parse(db_text(statement, COLUMN_EVENT_KIND), &event->kind) != CW_OK) {
		event->kind = CW_EVENT_SETTINGS; /* a kind from a newer version; its data is still useful */
	}
	copy_column(statement, COLUMN_EVENT_ACCOUNT_NAME, event->account, sizeof(event->account));
	copy_column(statement, COLUMN_EVENT_EPOCH, event->epoch, sizeof(event->epoch));
	load_parts(db, db_int(statement, COLUMN_EVENT_CONVERSATION), db_int(statement, COLUMN_EVENT_REF), event);
	if (event->changes_assignment) {
		load_lost_by(db, db_int(statement, COLUMN_EVENT_CONVERSATION), event);
	}
	event->assigned_later = db_int(statement, COLUMN_EVENT_CONVERSATION) != 0 &&
				was_assigned_after(db, db_int(statement, COLUMN_EVENT_CONVERSATION), event->seq);
}

void message_row_finish(struct message_row *row)
{
	cw_message_finish(&row->message);
}

void conversation_row_finish(struct conversation_row *row)
{
	cw_conversation_finish(&row->row);
}

bool message_find_uid(struct db *db, int64_t account, const char *id, struct message_row *row)
{
	unsigned char uid[CW_CLOCK_UUID_BYTES];

	if (cw_clock_uuid_parse(id, uid) != CW_OK) {
		return false;
	}
	sqlite3_stmt *statement = db_bind(db, SQL_MESSAGE_BY_UID, "bi", uid, account);
	bool is_found = db_step(db, statement);

	if (is_found) {
		message_read(db, statement, row);
		db_end(statement);
	}
	return is_found;
}

int64_t raw_count(struct db *db, const char *state)
{
	sqlite3_stmt *statement = db_bind(db, SQL_RAW_COUNT, "t", state);
	int64_t n = db_step(db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return n;
}
