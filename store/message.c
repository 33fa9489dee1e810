/* SPDX-License-Identifier: MIT */
#include "store/message.h"

#include <stdlib.h>
#include <string.h>

#include "core/graph_error.h"
#include "core/memory.h"

#define MAX_LOOKED_AT 1000 /* how many of the newest messages to search for the place of a late one */
#define ONE_DAY_MS (24 * 60 * 60 * 1000LL)

/* ---- position ---- */

static int64_t first_free_position(struct tx *tx, int64_t conversation, int64_t from)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_MESSAGE_POSITIONS_FROM, "ii", conversation, from);

	while (db_step(tx->db, statement)) {
		if (db_int(statement, 0) != from) {
			db_end(statement);
			break;
		}
		from++;
	}
	return from;
}

/*
 * Where the search for an old message's place begins: after what the customer sent before it. Those messages are at
 * their own times, unless the clock was wrong when they arrived, or they followed one for which it was wrong.
 */
static int64_t after_those_before(struct tx *tx, int64_t conversation, int64_t sent_at_ms)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_MESSAGE_SENT_UP_TO, "iii", conversation, sent_at_ms,
					  (int64_t)MAX_LOOKED_AT);
	int64_t position = db_step(tx->db, statement) ? db_int(statement, 0) + 1 : sent_at_ms;

	db_end(statement);
	return position;
}

int64_t message_place(struct tx *tx, const struct conversation_row *row, enum cw_message_origin origin,
		      int64_t sent_at_ms, bool *ret_is_old)
{
	int64_t at = sent_at_ms == 0 || sent_at_ms > tx->now_ms + MESSAGE_RECENT_MS ? tx->now_ms : sent_at_ms;

	*ret_is_old = at < tx->now_ms - MESSAGE_RECENT_MS;
	if (at > row->top_position) {
		return at;
	}
	if (!*ret_is_old) {
		return row->top_position + 1;
	}
	return first_free_position(tx, row->id, origin == CW_ORIGIN_CUSTOMER ? after_those_before(tx, row->id, at) : at);
}

/* ---- conversation rows ---- */

static void show_as_last(struct conversation_row *row, const struct cw_message *message, const json_t *body)
{
	struct cw_conversation *conversation = &row->row;

	memcpy(conversation->last_message, message->id, sizeof(conversation->last_message));
	conversation->last_position = message->position;
	conversation->last_kind = message->kind;
	conversation->last_is_outbound = message->is_outbound;
	conversation->last_status = message->status;
	free(conversation->last_preview);
	conversation->last_preview = message->is_revoked ? NULL : cw_message_preview(message->kind, body);
}

int64_t message_count_unread(struct tx *tx, const struct conversation_row *row)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_UNREAD_AFTER, "ii", row->id, row->read_position);
	int64_t n = db_step(tx->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return n;
}

void message_advance(struct tx *tx, struct conversation_row *row, const struct cw_message *message, const json_t *body)
{
	struct cw_conversation *conversation = &row->row;

	conversation->version++;
	if (message->position > row->top_position) {
		row->top_position = message->position;
	}
	if (message->position < conversation->created_at_ms) {
		conversation->created_at_ms = message->position; /* imported, or late */
	}
	if (cw_message_kind_is_shown(message->kind) && message->position > conversation->last_position) {
		show_as_last(row, message, body);
	}
	if (message->origin == CW_ORIGIN_CUSTOMER && cw_message_kind_is_unread(message->kind)) {
		conversation->unread++;
		conversation->is_done = false;
	}
	if ((message->origin == CW_ORIGIN_PHONE || message->origin == CW_ORIGIN_AGENT) &&
	    cw_message_kind_is_shown(message->kind) && message->position > row->read_position) {
		row->read_position = message->position;
		conversation->unread = message_count_unread(tx, row);
	}
	if (message->origin == CW_ORIGIN_CUSTOMER && cw_message_kind_opens_window(message->kind)) {
		int64_t from = message->sent_at_ms && message->sent_at_ms < tx->now_ms ? message->sent_at_ms : tx->now_ms;

		if (from + ONE_DAY_MS > conversation->window_ends_at_ms) {
			conversation->window_ends_at_ms = from + ONE_DAY_MS;
		}
	}
}

/* ---- changing a message ---- */

void draft_set(struct tx *tx, struct draft *draft, const char *name, json_t *part)
{
	if (!part) {
		(void)json_object_del(draft->body, name); /* it may have none */
	} else if (json_object_set(draft->body, name, part) != 0) {
		db_fail(tx->db, SQLITE_NOMEM);
	}
}

bool draft_open(struct tx *tx, struct cw_message *message, struct draft *draft)
{
	*draft = (struct draft){ .message = message, .body = json_loads(message->body, 0, NULL) };
	if (!json_is_object(draft->body)) {
		if (cw_memory_ran_out()) {
			db_fail(tx->db, SQLITE_NOMEM);
		} else {
			db_report(tx->db, "the body of message %s is not a JSON object", message->id);
		}
		json_decref(draft->body);
		draft->body = NULL;
	}
	return draft->body != NULL;
}

void draft_write(struct tx *tx, struct draft *draft)
{
	free(draft->message->body);
	draft->message->body = json_dumps(draft->body, JSON_COMPACT);
	if (!draft->message->body) {
		db_fail(tx->db, SQLITE_NOMEM);
	}
}

void draft_close(struct draft *draft)
{
	json_decref(draft->body);
}

static void save_message(struct tx *tx, const struct message_row *row)
{
	const struct cw_message *message = &row->message;

	db_run(tx->db, SQL_MESSAGE_UPDATE, "itiiitttIi", row->id, cw_message_kind_text(message->kind),
	       (int64_t)message->is_revoked, message->edited_at_ms, message->version,
	       message->status ? cw_message_status_text(message->status) : NULL, message->body, message->wamid,
	       cw_message_wamid_hash(message->wamid), (int64_t)message->attempt);
}

/* A merged conversation's last message may also be shown in the row of the one it was merged into. */
static void refresh_survivor(struct tx *tx, int64_t conversation, const struct draft *draft)
{
	struct conversation_row row;

	if (!conversation_load(tx->db, conversation, &row)) {
		return;
	}
	if (strcmp(row.row.last_message, draft->message->id) == 0) {
		show_as_last(&row, draft->message, draft->body);
		tx_tell_conversation(tx, &row);
	}
	conversation_row_finish(&row);
}

void message_publish_change(struct tx *tx, enum cw_event_kind kind, struct message_row *row, struct draft *draft)
{
	struct conversation_row conversation;

	row->message.version++;
	draft_write(tx, draft);
	save_message(tx, row);
	if (!conversation_load(tx->db, row->conversation, &conversation)) {
		return;
	}
	bool is_last = strcmp(conversation.row.last_message, row->message.id) == 0;

	if (is_last) {
		conversation.row.version++;
		show_as_last(&conversation, &row->message, draft->body);
	}
	tx_event(tx, &(struct event_spec){ .kind = kind,
					   .account = conversation.account,
					   .conversation = &conversation,
					   .has_conversation = is_last,
					   .ref = row->id,
					   .message = &row->message });
	tx_save_conversation(tx, &conversation);
	if (conversation.merged_into != 0) {
		refresh_survivor(tx, conversation.merged_into, draft);
	}
	conversation_row_finish(&conversation);
}

json_t *message_error(const json_t *error)
{
	json_t *shown = json_is_object(error) ? json_copy((json_t *)error) : json_object();
	json_t *code = json_object_get(error, "code");
	json_t *nested = json_object_get(json_object_get(error, "error_data"), "details");
	const struct cw_graph_said said = {
		.code = (int)json_integer_value(code),
		.subcode = (int)json_integer_value(json_object_get(error, "error_subcode")),
	};

	/* Both are for people, and optional: they may be missing. */
	if (json_is_string(nested) && !json_object_get(error, "details")) {
		(void)json_object_set(shown, "details", nested);
	}
	if (json_is_integer(code) && !json_object_get(error, "explanation")) {
		(void)json_object_set_new(shown, "explanation", json_string(cw_graph_error_find(&said)->explanation));
	}
	return shown;
}

/* ---- a new message ---- */

int64_t message_insert(struct tx *tx, int64_t account, int64_t conversation, const unsigned char *uid,
		       int64_t wamid_hash, const struct cw_message *message)
{
	unsigned char target[CW_CLOCK_UUID_BYTES];
	bool has_target = cw_clock_uuid_parse(message->target, target) == CW_OK;

	db_run(tx->db, SQL_MESSAGE_INSERT, "iibtIttiiiIiiitbtti", account, conversation, uid, message->wamid,
	       wamid_hash, cw_message_kind_text(message->kind), cw_message_origin_text(message->origin),
	       (int64_t)message->is_outbound, (int64_t)message->is_late, (int64_t)message->is_revoked,
	       message->position, message->sent_at_ms, message->received_at_ms, message->edited_at_ms,
	       message->status ? cw_message_status_text(message->status) : NULL, has_target ? target : NULL,
	       message->target_wamid, message->body, (int64_t)message->attempt);
	return sqlite3_last_insert_rowid(tx->db->handle);
}

void message_step(struct tx *tx, const struct message_step *step)
{
	db_run(tx->db, SQL_STEP_INSERT, "iiitii", step->message, (int64_t)step->attempt, tx->now_ms, step->word,
	       step->said_at_ms, (int64_t)step->code);
}

/* ---- finding ---- */

bool message_find_id(struct tx *tx, int64_t account, const char *id, struct message_row *row)
{
	return message_find_uid(tx->db, account, id, row);
}

bool message_is_of(struct tx *tx, const struct message_row *message, const struct conversation_row *row)
{
	struct conversation_row merged;
	int64_t conversation = message->conversation;

	if (conversation != row->id && conversation_load(tx->db, conversation, &merged)) {
		conversation = merged.merged_into;
		conversation_row_finish(&merged);
	}
	return conversation == row->id;
}
