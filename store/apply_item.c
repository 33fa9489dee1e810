/* SPDX-License-Identifier: MIT */
/*
 * Webhook items → rows and events: dedupe, position, unread, window, edits, revokes, statuses.
 * The rules are those of docs/protocol.md, "Messages". Nothing here talks to the outside.
 */
#include "store/apply_item.h"

#include <stdlib.h>
#include <string.h>

#include "store/lane.h"
#include "store/media.h"
#include "store/message.h"

/* ---- changes of a message ---- */

static void change_edit(struct tx *tx, struct draft *draft, enum cw_message_kind kind, json_t *content, int64_t at_ms)
{
	struct cw_message *message = draft->message;

	if (!message->is_revoked && at_ms >= message->edited_at_ms) {
		message->kind = kind;
		message->edited_at_ms = at_ms;
		draft_set(tx, draft, "content", content);
	}
}

static void change_revoke(struct tx *tx, struct draft *draft)
{
	json_t *nothing = json_null();

	draft->message->is_revoked = true;
	draft_set(tx, draft, "content", nothing);
}

/* Returns whether the status advanced. People see the first error of a failed message, while it is failed. */
static bool change_status(struct tx *tx, struct draft *draft, enum cw_message_status status, json_t *errors)
{
	struct cw_message *message = draft->message;

	if (!message->is_outbound || !cw_message_status_may_follow(message->status, status)) {
		return false;
	}
	message->status = status;
	bool has_error = status == CW_STATUS_FAILED && json_array_size(errors) > 0;
	json_t *error = has_error ? message_error(json_array_get(errors, 0)) : NULL;

	draft_set(tx, draft, "error", error);
	json_decref(error);
	return true;
}

/* ---- statuses, edits and revokes that arrived before their message ---- */

struct pending {
	const char *wamid; /* of the message that has not arrived yet */
	const char *kind, *word;
	int64_t at_ms;
	json_t *body;
	int64_t conversation; /* edits and revokes: the author's; 0 for statuses */
	bool is_outbound;
};

static void keep_pending(struct tx *tx, int64_t account, const struct pending *pending)
{
	json_t *body = pending->body;
	char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	db_run(tx->db, SQL_PENDING_INSERT, "iitttitIii", account, cw_message_wamid_hash(pending->wamid), pending->wamid,
	       pending->kind, pending->word, pending->at_ms, text, pending->conversation, (int64_t)pending->is_outbound,
	       tx->now_ms);
	free(text);
}

static void apply_pending_row(struct tx *tx, sqlite3_stmt *statement, int64_t conversation, struct draft *draft)
{
	const char *kind = db_text(statement, 0);
	const char *word = db_text(statement, 1);
	const char *text = db_text(statement, 3);
	json_t *body = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
	enum cw_message_status status = CW_STATUS_NONE;
	enum cw_message_kind new_kind = CW_KIND_UNSUPPORTED;
	bool is_authors = db_int(statement, 4) == conversation &&
			  (db_int(statement, 5) != 0) == draft->message->is_outbound;

	if (strcmp(kind, "revoke") == 0) {
		if (is_authors) {
			change_revoke(tx, draft);
		}
	} else if (strcmp(kind, "edit") == 0) {
		if (is_authors && body && cw_message_kind_parse(word, &new_kind) == CW_OK) {
			change_edit(tx, draft, new_kind, body, db_int(statement, 2));
		}
	} else if (cw_message_status_parse(word, &status) == CW_OK) {
		(void)change_status(tx, draft, status, body); /* the message is new: it gets an event anyway */
	}
	json_decref(body);
}

static void apply_pending(struct tx *tx, const struct conversation_row *row, int64_t wamid_hash, struct draft *draft)
{
	int64_t account = row->account;
	const char *wamid = draft->message->wamid;
	sqlite3_stmt *statement = db_bind(tx->db, SQL_PENDING_FIND, "iit", wamid_hash, account, wamid);
	bool has_any = false;

	while (db_step(tx->db, statement)) {
		apply_pending_row(tx, statement, row->id, draft);
		has_any = true;
	}
	if (has_any) {
		db_run(tx->db, SQL_PENDING_DELETE, "iit", wamid_hash, account, wamid);
	}
}

/* ---- a new message ---- */

/* The uid of the message with this wamid, for quotes and reactions; "" while the message is not known. */
static void find_target(struct tx *tx, int64_t account, const char *wamid, char out[CW_CLOCK_UUID_TEXT])
{
	struct message_row row;

	out[0] = '\0';
	if (!wamid) {
		return;
	}
	int64_t hash = cw_message_wamid_hash(wamid);

	if (message_find(tx->db, account, wamid, hash, &row) || lane_find_message(tx, account, wamid, hash, &row)) {
		memcpy(out, row.message.id, CW_CLOCK_UUID_TEXT);
		message_row_finish(&row);
	}
}

static void resolve_context(struct tx *tx, int64_t account, const struct cw_webhook_item *item)
{
	char id[CW_CLOCK_UUID_TEXT];
	json_t *context = json_object_get(item->body, "context");

	find_target(tx, account, item->context_wamid, id);
	if (id[0] && json_object_set_new(context, "message", json_string(id)) != 0) {
		db_fail(tx->db, SQLITE_NOMEM);
	}
}

/*
 * Fills the fields that do not depend on the conversation. Strings other than the body are borrowed from item, so the
 * message must not be passed to cw_message_finish.
 */
static bool start_message(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item,
			  unsigned char uid[CW_CLOCK_UUID_BYTES], struct cw_message *message)
{
	*message = (struct cw_message){
		.wamid = (char *)item->wamid,
		.kind = item->kind,
		.origin = item->origin,
		.is_outbound = item->is_outbound,
		.sent_at_ms = item->sent_at_ms,
		.received_at_ms = tx->now_ms,
		.version = 1,
		.status = item->status,
		.target_wamid = (char *)item->target_wamid,
	};
	if (cw_clock_uuid7(tx->now_ms, uid) != CW_OK) {
		db_fail(tx->db, SQLITE_IOERR);
		return false;
	}
	cw_clock_uuid_text(uid, message->id);
	if (item->kind == CW_KIND_REACTION) {
		find_target(tx, number->account, item->target_wamid, message->target);
	}
	if (item->context_wamid) {
		resolve_context(tx, number->account, item);
	}
	return true;
}

static void place_and_insert(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item,
			     struct conversation_row *row, bool is_contact_changed)
{
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	struct cw_message message;
	bool is_old = false;

	if (!start_message(tx, number, item, uid, &message)) {
		return;
	}
	memcpy(message.conversation, row->row.id, sizeof(message.conversation));
	message.position = message_place(tx, row, item->origin, item->sent_at_ms, &is_old);
	message.is_late = is_old && item->origin != CW_ORIGIN_HISTORY;
	/* A copy: pending changes modify it, and the item may be applied again in a smaller batch. */
	struct draft draft = { .message = &message, .body = json_copy(item->body) };

	apply_pending(tx, row, item->wamid_hash, &draft);
	int64_t media = media_note(tx, number, row, item, &draft);

	draft_write(tx, &draft);
	int64_t message_id = message_insert(tx, number->account, row->id, uid, item->wamid_hash, &message);

	media_belongs_to(tx, media, message_id);
	message_advance(tx, row, &message, draft.body);
	tx_event(tx, &(struct event_spec){ .kind = CW_EVENT_MESSAGE,
					   .account = number->account,
					   .conversation = row,
					   .has_conversation = true,
					   .has_contact = is_contact_changed,
					   .ref = message_id,
					   .message = &message });
	tx_save_conversation(tx, row);
	draft_close(&draft);
	free(message.body);
	tx->counts.messages++;
}

/* Edits and revokes get a row only so that a second delivery is recognised; they have no place in the thread. */
static void record_change(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item,
			  const struct conversation_row *row)
{
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	struct cw_message message;

	if (!start_message(tx, number, item, uid, &message)) {
		return;
	}
	struct draft draft = { .message = &message, .body = item->body };

	draft_write(tx, &draft);
	(void)message_insert(tx, number->account, row->id, uid, item->wamid_hash, &message);
	free(message.body);
}

/* Only its author may change a message: same conversation, same side. */
static bool is_author(struct tx *tx, const struct cw_webhook_item *item, const struct conversation_row *row,
		      const struct message_row *target)
{
	return message_is_of(tx, target, row) && target->message.is_outbound == item->is_outbound;
}

static void apply_change(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item,
			 const struct conversation_row *row)
{
	bool is_edit = item->kind == CW_KIND_EDIT;
	int64_t at_ms = item->sent_at_ms ? item->sent_at_ms : tx->now_ms;
	json_t *content = json_object_get(item->body, "content");
	struct message_row target;
	struct draft draft;

	record_change(tx, number, item, row);
	if (!message_find(tx->db, number->account, item->target_wamid, cw_message_wamid_hash(item->target_wamid),
			  &target)) {
		keep_pending(tx, number->account,
			     &(struct pending){ .wamid = item->target_wamid,
						.kind = cw_message_kind_text(item->kind),
						.word = is_edit ? cw_message_kind_text(item->new_kind) : "",
						.at_ms = at_ms,
						.body = is_edit ? content : NULL,
						.conversation = row->id,
						.is_outbound = item->is_outbound });
		return;
	}
	if (is_author(tx, item, row, &target) && draft_open(tx, &target.message, &draft)) {
		if (is_edit) {
			change_edit(tx, &draft, item->new_kind, content, at_ms);
		} else {
			change_revoke(tx, &draft);
		}
		message_publish_change(tx, is_edit ? CW_EVENT_EDIT : CW_EVENT_REVOKE, &target, &draft);
		draft_close(&draft);
	}
	message_row_finish(&target);
}

/*
 * An edit or revoke may be the first message from a customer, or bring a new name. That needs an event of its own,
 * since the edit's event is about its target.
 */
static void tell_of_customer(struct tx *tx, struct conversation_row *row, bool is_new, bool is_contact_changed)
{
	if (!is_new && !is_contact_changed) {
		return;
	}
	row->row.version += is_new;
	tx_event(tx, &(struct event_spec){ .kind = is_new ? CW_EVENT_CONVERSATION : CW_EVENT_CONTACT,
					   .account = row->account,
					   .conversation = row,
					   .has_conversation = is_new,
					   .has_contact = true });
	tx_save_conversation(tx, row);
}

static const json_t *content_of(const json_t *body, const char *name)
{
	return json_object_get(json_object_get(body, "content"), name);
}

/* The second history webhook delivers a placeholder's media under its id, and a call's end comes under the call's. */
static bool may_complete(const struct cw_webhook_item *item, const struct message_row *known)
{
	return known->message.kind == CW_KIND_CALL ?
		       item->kind == CW_KIND_CALL && content_of(item->body, "status") :
		       known->message.kind == CW_KIND_MEDIA_PLACEHOLDER && item->kind != CW_KIND_MEDIA_PLACEHOLDER;
}

static void apply_repeat(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item,
			 struct message_row *known)
{
	struct draft draft;

	if (!may_complete(item, known)) {
		tx->counts.duplicates++;
		return;
	}
	if (!draft_open(tx, &known->message, &draft)) {
		return;
	}
	if (known->message.kind == CW_KIND_CALL && content_of(draft.body, "status")) {
		tx->counts.duplicates++; /* its end has been told before */
	} else {
		const struct conversation_row row = { .id = known->conversation };

		known->message.kind = item->kind;
		draft_set(tx, &draft, "content", json_object_get(item->body, "content"));
		media_belongs_to(tx, media_note(tx, number, &row, item, &draft), known->id);
		message_publish_change(tx, CW_EVENT_MESSAGE, known, &draft);
	}
	draft_close(&draft);
}

static void apply_message(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item)
{
	int64_t at_ms = item->sent_at_ms ? item->sent_at_ms : tx->now_ms;
	struct conversation_row row;
	struct message_row known;
	bool is_new = false;
	bool is_contact_changed = false;

	if (message_find(tx->db, number->account, item->wamid, item->wamid_hash, &known)) {
		apply_repeat(tx, number, item, &known);
		message_row_finish(&known);
		return;
	}
	if (!identity_conversation(tx, number, &item->party, at_ms, &row, &is_new, &is_contact_changed)) {
		return;
	}
	/* An old name must not replace a newer one. */
	if (item->origin == CW_ORIGIN_CUSTOMER && at_ms > tx->now_ms - MESSAGE_RECENT_MS &&
	    identity_rename(tx, &row, &item->party)) {
		is_contact_changed = true;
	}
	if (item->marketing && identity_prefer(tx, &row, item->marketing, at_ms)) {
		is_contact_changed = true;
	}
	if (item->kind == CW_KIND_EDIT || item->kind == CW_KIND_REVOKE) {
		tell_of_customer(tx, &row, is_new, is_contact_changed);
		apply_change(tx, number, item, &row);
	} else {
		place_and_insert(tx, number, item, &row, is_contact_changed || is_new);
	}
	if (is_contact_changed) {
		identity_tell(tx, row.contact, row.id);
	}
	if (item->new_wa_id || item->new_user_id) {
		identity_replace(tx, number, &item->party, item->new_wa_id, item->new_user_id, at_ms);
	}
	conversation_row_finish(&row);
}

static void change_row_status(struct tx *tx, const struct cw_webhook_item *item, struct message_row *row)
{
	struct draft draft;

	if (draft_open(tx, &row->message, &draft)) {
		if (change_status(tx, &draft, item->status, item->errors)) {
			message_step(tx, &(struct message_step){ .message = row->id,
								 .word = cw_message_status_text(item->status),
								 .said_at_ms = item->sent_at_ms });
			message_publish_change(tx, CW_EVENT_STATUS, row, &draft);
		}
		draft_close(&draft);
	}
}

/*
 * For an agent's message the status is recorded with the attempt, found by wamid or by our mark: the status may arrive
 * before the answer to the request. For any other message it is recorded with the message.
 */
static void apply_status(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item)
{
	const struct lane_report report = { .wamid = item->wamid,
					    .wamid_hash = item->wamid_hash,
					    .mark = item->our_id,
					    .status = item->status,
					    .said_at_ms = item->sent_at_ms,
					    .error = json_array_get(item->errors, 0) };
	struct message_row row;

	tx->counts.statuses++;
	if (lane_report(tx, number->account, &report)) {
		return;
	}
	if (!message_find(tx->db, number->account, item->wamid, item->wamid_hash, &row)) {
		keep_pending(tx, number->account,
			     &(struct pending){ .wamid = item->wamid,
						.kind = "status",
						.word = cw_message_status_text(item->status),
						.at_ms = item->sent_at_ms,
						.body = item->errors });
		return;
	}
	change_row_status(tx, item, &row);
	message_row_finish(&row);
}

void apply_item(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item)
{
	switch (item->type) {
	case CW_ITEM_MESSAGE:
		apply_message(tx, number, item);
		break;
	case CW_ITEM_STATUS:
		apply_status(tx, number, item);
		break;
	case CW_ITEM_IDENTITY:
		identity_replace(tx, number, &item->party, NULL, item->new_user_id,
				 item->sent_at_ms ? item->sent_at_ms : tx->now_ms);
		break;
	case CW_ITEM_NAME:
		identity_list_as(tx, number, &item->party, item->sent_at_ms ? item->sent_at_ms : tx->now_ms);
		break;
	}
}
