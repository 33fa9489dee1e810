/* SPDX-License-Identifier: MIT */
/*
 * Webhook items → rows and events: dedupe, position, unread, window, edits, revokes, statuses.
 * The rules are those of docs/protocol.md, "Messages". Nothing here talks to the outside.
 */
#include "store/apply_item.h"

#include <stdlib.h>
#include <string.h>

#define TEN_MINUTES_MS (10 * 60 * 1000LL)
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
 * Within ten minutes of arrival a message stands at Meta's time, but after everything before it; an older
 * one takes the first free place at its time; a stamp from the future counts as arrival.
 */
static int64_t choose_position(struct tx *tx, const struct conversation_row *row, int64_t sent_at_ms, bool *ret_is_old)
{
	int64_t at = sent_at_ms == 0 || sent_at_ms > tx->now_ms + TEN_MINUTES_MS ? tx->now_ms : sent_at_ms;

	*ret_is_old = at < tx->now_ms - TEN_MINUTES_MS;
	if (at > row->top_position) {
		return at;
	}
	return *ret_is_old ? first_free_position(tx, row->id, at) : row->top_position + 1;
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

static int64_t count_unread(struct tx *tx, const struct conversation_row *row)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_UNREAD_AFTER, "ii", row->id, row->read_position);
	int64_t n = db_step(tx->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return n;
}

/* What a new message does to its conversation. An echo from the phone means that the team has read what was before it. */
static void advance_conversation(struct tx *tx, struct conversation_row *row, const struct cw_message *message,
				 const json_t *body)
{
	struct cw_conversation *conversation = &row->row;

	conversation->version++;
	if (message->position > row->top_position) {
		row->top_position = message->position;
	}
	if (cw_message_kind_is_shown(message->kind) && message->position > conversation->last_position) {
		show_as_last(row, message, body);
	}
	if (message->origin == CW_ORIGIN_CUSTOMER && cw_message_kind_is_unread(message->kind)) {
		conversation->unread++;
	}
	if (message->origin == CW_ORIGIN_PHONE && cw_message_kind_is_shown(message->kind) &&
	    message->position > row->read_position) {
		row->read_position = message->position;
		conversation->unread = count_unread(tx, row);
	}
	if (message->origin == CW_ORIGIN_CUSTOMER && cw_message_kind_opens_window(message->kind)) {
		int64_t from = message->sent_at_ms && message->sent_at_ms < tx->now_ms ? message->sent_at_ms : tx->now_ms;

		if (from + ONE_DAY_MS > conversation->window_ends_at_ms) {
			conversation->window_ends_at_ms = from + ONE_DAY_MS;
		}
	}
}

/* ---- changes of a message ---- */

/* A message with its body opened: changes work on both, close_body writes the body back as text. */
struct draft {
	struct cw_message *message;
	json_t *body;
};

static void set_part(struct tx *tx, struct draft *draft, const char *name, json_t *part)
{
	if (json_object_set(draft->body, name, part) != 0) {
		tx->db->failed = SQLITE_NOMEM;
	}
}

static bool open_body(struct tx *tx, struct cw_message *message, struct draft *draft)
{
	*draft = (struct draft){ .message = message, .body = json_loads(message->body, 0, NULL) };
	if (!draft->body) {
		tx->db->failed = SQLITE_CORRUPT; /* only what we wrote is there */
	}
	return draft->body != NULL;
}

/* The opened body stays valid until close_draft. */
static void write_body(struct tx *tx, struct draft *draft)
{
	free(draft->message->body);
	draft->message->body = json_dumps(draft->body, JSON_COMPACT);
	if (!draft->message->body) {
		tx->db->failed = SQLITE_NOMEM;
	}
}

static void close_draft(struct draft *draft)
{
	json_decref(draft->body);
}

static void change_edit(struct tx *tx, struct draft *draft, enum cw_message_kind kind, json_t *content, int64_t at_ms)
{
	struct cw_message *message = draft->message;

	if (!message->is_revoked && at_ms >= message->edited_at_ms) {
		message->kind = kind;
		message->edited_at_ms = at_ms;
		set_part(tx, draft, "content", content);
	}
}

static void change_revoke(struct tx *tx, struct draft *draft)
{
	json_t *nothing = json_null();

	draft->message->is_revoked = true;
	set_part(tx, draft, "content", nothing);
}

/* Answers whether the status climbed. The first error of a failure is what people see. */
static bool change_status(struct tx *tx, struct draft *draft, enum cw_message_status status, json_t *errors)
{
	struct cw_message *message = draft->message;

	if (!message->is_outbound || !cw_message_status_may_follow(message->status, status)) {
		return false;
	}
	message->status = status;
	if (status == CW_STATUS_FAILED && json_array_size(errors) > 0) {
		set_part(tx, draft, "error", json_array_get(errors, 0));
	}
	return true;
}

static void save_message(struct tx *tx, const struct message_row *row)
{
	db_run(tx->db, SQL_MESSAGE_UPDATE, "itiiitt", row->id, cw_message_kind_text(row->message.kind),
	       (int64_t)row->message.is_revoked, row->message.edited_at_ms, row->message.version,
	       row->message.status ? cw_message_status_text(row->message.status) : NULL, row->message.body);
}

/* The conversation that took over a merged one shows the changed message in its own row, too. */
static void refresh_survivor(struct tx *tx, int64_t conversation, const struct draft *draft)
{
	struct conversation_row row;

	if (!conversation_load(tx->db, conversation, &row)) {
		return;
	}
	if (strcmp(row.row.last_message, draft->message->id) == 0) {
		row.row.version++;
		show_as_last(&row, draft->message, draft->body);
		tx_event(tx, &(struct event_spec){ .kind = CW_EVENT_CONVERSATION,
						   .account = row.account,
						   .conversation = &row,
						   .has_conversation = true });
		tx_save_conversation(tx, &row);
	}
	conversation_row_finish(&row);
}

/* Stores a changed message and tells; the list row goes along when it shows this message. */
static void publish_change(struct tx *tx, enum cw_event_kind kind, struct message_row *row, struct draft *draft)
{
	struct conversation_row conversation;

	row->message.version++;
	write_body(tx, draft);
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

/* ---- what came before its message ---- */

struct pending {
	const char *wamid; /* of the message that has not come yet */
	const char *kind, *word;
	int64_t at_ms;
	json_t *body;
	int64_t conversation; /* edits and revokes: of their author; 0 for statuses */
	bool is_outbound;
};

static void keep_pending(struct tx *tx, int64_t account, const struct pending *pending)
{
	json_t *body = pending->body;
	char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	db_run(tx->db, SQL_PENDING_INSERT, "iitttitIi", account, cw_message_wamid_hash(pending->wamid), pending->wamid,
	       pending->kind, pending->word, pending->at_ms, text, pending->conversation, (int64_t)pending->is_outbound);
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
		(void)change_status(tx, draft, status, body); /* the message is new: it is told about anyway */
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

/* The uid of the message with this wamid, for quotes and reactions; out is "" while it is not known. */
static void find_target(struct tx *tx, int64_t account, const char *wamid, char out[CW_CLOCK_UUID_TEXT])
{
	struct message_row row;

	out[0] = '\0';
	if (wamid && message_find(tx->db, account, wamid, cw_message_wamid_hash(wamid), &row)) {
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
		tx->db->failed = SQLITE_NOMEM;
	}
}

static void insert_message(struct tx *tx, int64_t account, int64_t conversation, const unsigned char *uid,
			   int64_t wamid_hash, const struct cw_message *message)
{
	unsigned char target[CW_CLOCK_UUID_BYTES];
	bool has_target = cw_clock_uuid_parse(message->target, target) == CW_OK;

	db_run(tx->db, SQL_MESSAGE_INSERT, "iibtittiiiIiiitbtt", account, conversation, uid, message->wamid, wamid_hash,
	       cw_message_kind_text(message->kind), cw_message_origin_text(message->origin),
	       (int64_t)message->is_outbound, (int64_t)message->is_late, (int64_t)message->is_revoked,
	       message->position, message->sent_at_ms, message->received_at_ms, message->edited_at_ms,
	       message->status ? cw_message_status_text(message->status) : NULL, has_target ? target : NULL,
	       message->target_wamid, message->body);
}

/* Fills what does not depend on the conversation. Texts but the body are borrowed from item: the message is not finished. */
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
		tx->db->failed = SQLITE_IOERR;
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
	message.position = choose_position(tx, row, item->sent_at_ms, &is_old);
	message.is_late = is_old && item->origin != CW_ORIGIN_HISTORY;
	/* A copy: what was pending changes it, and the item may be applied again in a smaller batch. */
	struct draft draft = { .message = &message, .body = json_copy(item->body) };

	apply_pending(tx, row, item->wamid_hash, &draft);
	write_body(tx, &draft);
	insert_message(tx, number->account, row->id, uid, item->wamid_hash, &message);
	int64_t message_id = sqlite3_last_insert_rowid(tx->db->handle);

	advance_conversation(tx, row, &message, draft.body);
	tx_event(tx, &(struct event_spec){ .kind = CW_EVENT_MESSAGE,
					   .account = number->account,
					   .conversation = row,
					   .has_conversation = true,
					   .has_contact = is_contact_changed,
					   .ref = message_id,
					   .message = &message });
	tx_save_conversation(tx, row);
	close_draft(&draft);
	free(message.body);
	tx->counts.messages++;
}

/* Edits and revokes are rows only so that a second delivery is known; they have no place in the thread. */
static void record_change(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item,
			  const struct conversation_row *row)
{
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	struct cw_message message;

	if (!start_message(tx, number, item, uid, &message)) {
		return;
	}
	struct draft draft = { .message = &message, .body = item->body };

	write_body(tx, &draft);
	insert_message(tx, number->account, row->id, uid, item->wamid_hash, &message);
	free(message.body);
}

/* Whoever wrote a message may change it, and nobody else: in the same conversation, from the same side. */
static bool is_author(struct tx *tx, const struct cw_webhook_item *item, const struct conversation_row *row,
		      const struct message_row *target)
{
	struct conversation_row merged;
	int64_t conversation = target->conversation;

	if (conversation != row->id && conversation_load(tx->db, conversation, &merged)) {
		conversation = merged.merged_into;
		conversation_row_finish(&merged);
	}
	return conversation == row->id && target->message.is_outbound == item->is_outbound;
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
	if (is_author(tx, item, row, &target) && open_body(tx, &target.message, &draft)) {
		if (is_edit) {
			change_edit(tx, &draft, item->new_kind, content, at_ms);
		} else {
			change_revoke(tx, &draft);
		}
		publish_change(tx, is_edit ? CW_EVENT_EDIT : CW_EVENT_REVOKE, &target, &draft);
		close_draft(&draft);
	}
	message_row_finish(&target);
}

/* An edit or revoke may be the first that is heard of a customer, or bring a new name; its own event is about its target. */
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

/* The second history webhook brings the media of a placeholder under the same id; everything else is a repeat. */
static void apply_repeat(struct tx *tx, const struct cw_webhook_item *item, struct message_row *known)
{
	if (known->message.kind != CW_KIND_MEDIA_PLACEHOLDER || item->kind == CW_KIND_MEDIA_PLACEHOLDER) {
		tx->counts.duplicates++;
		return;
	}
	struct draft draft;

	if (open_body(tx, &known->message, &draft)) {
		known->message.kind = item->kind;
		set_part(tx, &draft, "content", json_object_get(item->body, "content"));
		publish_change(tx, CW_EVENT_MESSAGE, known, &draft);
		close_draft(&draft);
	}
}

static void apply_message(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item)
{
	int64_t at_ms = item->sent_at_ms ? item->sent_at_ms : tx->now_ms;
	struct conversation_row row;
	struct message_row known;
	bool is_new = false;
	bool is_contact_changed = false;

	if (message_find(tx->db, number->account, item->wamid, item->wamid_hash, &known)) {
		apply_repeat(tx, item, &known);
		message_row_finish(&known);
		return;
	}
	if (!identity_conversation(tx, number, &item->party, at_ms, &row, &is_new, &is_contact_changed)) {
		return;
	}
	/* An old name must not replace a newer one. */
	if (item->origin == CW_ORIGIN_CUSTOMER && at_ms > tx->now_ms - TEN_MINUTES_MS &&
	    identity_rename(tx, &row, &item->party)) {
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

static void apply_status(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item)
{
	struct message_row row;

	tx->counts.statuses++;
	if (!message_find(tx->db, number->account, item->wamid, item->wamid_hash, &row)) {
		keep_pending(tx, number->account,
			     &(struct pending){ .wamid = item->wamid,
						.kind = "status",
						.word = cw_message_status_text(item->status),
						.at_ms = item->sent_at_ms,
						.body = item->errors });
		return;
	}
	struct draft draft;

	if (open_body(tx, &row.message, &draft)) {
		if (change_status(tx, &draft, item->status, item->errors)) {
			publish_change(tx, CW_EVENT_STATUS, &row, &draft);
		}
		close_draft(&draft);
	}
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
	}
}
