/* SPDX-License-Identifier: MIT */
/*
 * Agents' commands. A command is applied and its answer stored in one transaction, so that repeating its id returns the
 * same answer and does nothing twice (docs/protocol.md, "Commands"). A refusal stores nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "core/command.h"
#include "core/content.h"
#include "core/text.h"
#include "store/assignment.h"
#include "store/lane.h"
#include "store/media.h"

/* Meta accepts reactions only to messages from the last 30 days ("Reaction messages"). */
#define THIRTY_DAYS_MS (30LL * 24 * 60 * 60 * 1000)

struct acting {
	struct tx *tx;
	const struct cw_store_command *asked;
	const struct cw_command *command;
	struct conversation_row *row;
	struct cw_problem *problem;
	char message[CW_CLOCK_UUID_TEXT]; /* result; "": none */
};

static bool refuse(struct acting *acting, const char *type, int status, const char *detail)
{
	cw_problem_set(acting->problem, type, status, "%s", detail);
	return false;
}

/* ---- shared ---- */

/* Finds a message of this conversation; the caller finishes it when found. */
static bool find_message(struct acting *acting, const char *id, struct message_row *message)
{
	struct tx *tx = acting->tx;

	if (message_find_id(tx, acting->row->account, id, message)) {
		if (message->message.position > 0 && message_is_of(tx, message, acting->row)) {
			return true;
		}
		message_row_finish(message);
	}
	return refuse(acting, "unknown_message", 404, "There is no such message in this conversation.");
}

/* Signals the customer, naming their newest message up to a position; does nothing if WhatsApp knows none. */
static void signal_customer(struct acting *acting, int64_t position, bool is_typing)
{
	struct cw_signal signal = { .is_typing = is_typing };
	sqlite3_stmt *statement = db_bind(acting->tx->db, SQL_LAST_CUSTOMER_WAMID, "ii", acting->row->id, position);
	bool is_found = db_step(acting->tx->db, statement);

	if (is_found && cw_text_copy(signal.wamid, sizeof(signal.wamid), db_text(statement, 0)) &&
	    cw_text_copy(signal.account, sizeof(signal.account), acting->asked->account) &&
	    cw_text_copy(signal.phone_number_id, sizeof(signal.phone_number_id), acting->row->row.phone_number_id)) {
		tx_signal(acting->tx, &signal);
	}
	db_end(statement);
}

/* ---- send ---- */

static bool check_window(struct acting *acting)
{
	if (acting->command->kind == CW_KIND_TEMPLATE || acting->row->row.window_ends_at_ms > acting->tx->now_ms) {
		return true;
	}
	return refuse(
		acting, "window_closed", 409,
		acting->row->row.window_ends_at_ms ?
			"More than 24 hours have passed since the customer's last message: only a template can be sent." :
			"The customer has not written yet: only a template can be sent.");
}

static bool check_recipient(struct acting *acting)
{
	const struct cw_contact *contact = &acting->row->row.contact;
	sqlite3_stmt *statement = db_bind(acting->tx->db, SQL_IDENTITY_NEWEST, "it", acting->row->contact, "group_id");
	bool is_group = db_step(acting->tx->db, statement);

	db_end(statement);
	if (contact->wa_id || contact->user_id || is_group) {
		return true;
	}
	return refuse(acting, "no_recipient", 409,
		      "The customer gave up their number and has no other known one: nothing can be sent.");
}

/* Refuses a marketing template to a customer who stopped marketing messages; other templates are not meant by that. */
static bool check_marketing(struct acting *acting)
{
	const struct cw_command *command = acting->command;

	if (command->kind != CW_KIND_TEMPLATE || acting->row->row.contact.marketing != CW_MARKETING_OUT) {
		return true;
	}
	sqlite3_stmt *statement =
		db_bind(acting->tx->db, SQL_TEMPLATE_CATEGORY, "itti", acting->row->account,
			json_string_value(json_object_get(command->content, "name")),
			json_string_value(json_object_get(json_object_get(command->content, "language"), "code")),
			acting->row->number);
	bool is_marketing = db_step(acting->tx->db, statement) && strcmp(db_text(statement, 0), "MARKETING") == 0;

	db_end(statement);
	return is_marketing ?
		       refuse(acting, "opted_out", 409,
			      "The customer stopped marketing messages from this business: only other templates can be "
			      "sent.") :
		       true;
}

/* Finds and checks the content's file, if it names one stored here; else media->id is 0. */
static bool check_file(struct acting *acting, struct media_row *media)
{
	enum cw_message_kind kind;
	const json_t *file = cw_content_file(acting->command->kind, acting->command->content, &kind);
	const char *id = json_string_value(json_object_get(file, "media"));
	struct conversation_row owner = { .id = 0 };
	struct cw_error error;

	*media = (struct media_row){ .id = 0 };
	if (!id) {
		return true;
	}
	bool is_found = media_find(acting->tx, id, media) && media->account == acting->row->account;

	if (is_found && media->conversation != acting->row->id) {
		is_found = conversation_load(acting->tx->db, media->conversation, &owner) &&
			   owner.merged_into == acting->row->id;
		conversation_row_finish(&owner);
	}
	if (!is_found || media->is_inbound || strcmp(media->state, "ready") != 0) {
		return refuse(acting, "unknown_media", 404,
			      "This conversation has no such file; upload it with POST /api/v1/media first.");
	}
	enum cw_status status = cw_content_check_file(kind, media->mime_type, media->size_bytes, &error);

	if (status != CW_OK) {
		cw_problem_set(acting->problem, status == CW_TOO_LARGE ? "media_too_large" : "media_type",
			       status == CW_TOO_LARGE ? 413 : 415, "%s.", error.text);
	}
	return status == CW_OK;
}

/* Quotes and reactions refer to a message that WhatsApp knows, or will know by the time this one is sent. */
static bool add_quote(struct acting *acting, json_t *body)
{
	struct message_row quoted;

	if (!acting->command->reply_to) {
		return true;
	}
	if (!find_message(acting, acting->command->reply_to, &quoted)) {
		return false;
	}
	json_t *context = json_pack("{s:s, s:s?}", "message", quoted.message.id, "wamid", quoted.message.wamid);

	message_row_finish(&quoted);
	if (!context || json_object_set_new(body, "context", context) != 0) {
		db_fail(acting->tx->db, SQLITE_NOMEM);
	}
	return true;
}

static bool add_target(struct acting *acting, struct cw_message *message)
{
	struct message_row target;

	if (acting->command->kind != CW_KIND_REACTION) {
		return true;
	}
	if (!find_message(acting, acting->command->message, &target)) {
		return false;
	}
	bool is_recent = target.message.position > acting->tx->now_ms - THIRTY_DAYS_MS;

	memcpy(message->target, target.message.id, sizeof(message->target));
	message->target_wamid = db_dup(acting->tx->db, target.message.wamid);
	message_row_finish(&target);
	return is_recent ? true :
			   refuse(acting, "not_possible", 409,
				  "WhatsApp accepts reactions only to messages from the last 30 days.");
}

/* A document without a name would arrive as "Untitled". */
static json_t *name_document(const struct cw_command *command, const struct media_row *media)
{
	json_t *copy = json_deep_copy(command->content);
	enum cw_message_kind kind;
	json_t *file = cw_content_file(command->kind, copy, &kind);

	if (!json_object_get(file, "filename") &&
	    json_object_set_new(file, "filename", json_string(media->filename)) != 0) {
		json_decref(copy);
		copy = NULL;
	}
	return copy;
}

static json_t *make_content(const struct cw_command *command, const struct media_row *media)
{
	enum cw_message_kind kind;

	(void)cw_content_file(command->kind, command->content, &kind);
	if (kind == CW_KIND_DOCUMENT && media->filename[0]) {
		return name_document(command, media);
	}
	if (command->kind != CW_KIND_REACTION) {
		return json_incref(command->content);
	}
	const char *emoji = json_string_value(json_object_get(command->content, "emoji"));

	return json_pack("{s:s*}", "emoji", emoji[0] ? emoji : NULL); /* none when removing a reaction, as in webhooks */
}

static json_t *make_body(const struct acting *acting, const struct media_row *media)
{
	json_t *body = json_pack("{s:o, s:{s:s, s:s}}", "content", make_content(acting->command, media), "command",
				 "subject", acting->asked->subject, "id", acting->command->id);

	if (body && media->id && json_object_set_new(body, "media", media_shown(media)) != 0) {
		json_decref(body);
		body = NULL;
	}
	return body;
}

static void store_message(struct acting *acting, struct draft *draft, const struct media_row *media)
{
	struct tx *tx = acting->tx;
	struct cw_message *message = draft->message;
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	bool is_old = false;

	if (cw_clock_uuid7(tx->now_ms, uid) != CW_OK) {
		db_fail(tx->db, SQLITE_IOERR);
		return;
	}
	cw_clock_uuid_text(uid, message->id);
	memcpy(acting->message, message->id, sizeof(acting->message));
	memcpy(message->conversation, acting->row->row.id, sizeof(message->conversation));
	message->position = message_place(tx, acting->row, CW_ORIGIN_AGENT, tx->now_ms, &is_old);
	draft_write(tx, draft);
	int64_t id = message_insert(tx, acting->row->account, acting->row->id, uid, 0, message);

	if (media->id) {
		media_want_upload(tx, media->id);
	}
	lane_queue(tx, id, message->attempt, acting->row, media->id);
	message_advance(tx, acting->row, message, draft->body);
	tx_event(tx, &(struct event_spec){ .kind = CW_EVENT_MESSAGE,
					   .account = acting->row->account,
					   .conversation = acting->row,
					   .has_conversation = true,
					   .ref = id,
					   .message = message });
	tx_save_conversation(tx, acting->row);
	tx->counts.messages++;
}

static bool act_send(struct acting *acting)
{
	struct cw_message message = {
		.kind = acting->command->kind,
		.origin = CW_ORIGIN_AGENT,
		.is_outbound = true,
		.received_at_ms = acting->tx->now_ms,
		.version = 1,
		.status = CW_STATUS_QUEUED,
		.attempt = 1,
	};
	struct media_row media;

	if (!check_window(acting) || !check_recipient(acting) || !check_marketing(acting) || !check_file(acting, &media)) {
		return false;
	}
	struct draft draft = { .message = &message, .body = make_body(acting, &media) };

	if (!draft.body) {
		db_fail(acting->tx->db, SQLITE_NOMEM);
	}
	bool is_fine = add_quote(acting, draft.body) && add_target(acting, &message);

	if (is_fine && acting->tx->db->failed == SQLITE_OK) {
		store_message(acting, &draft, &media);
	}
	draft_close(&draft);
	cw_message_finish(&message);
	return is_fine;
}

/* ---- the other commands ---- */

static bool act_read(struct acting *acting)
{
	struct conversation_row *row = acting->row;
	struct message_row message;

	if (!find_message(acting, acting->command->message, &message)) {
		return false;
	}
	int64_t position = message.message.position;

	message_row_finish(&message);
	if (position > row->read_position) {
		int64_t unread = row->row.unread;

		row->read_position = position;
		row->row.unread = message_count_unread(acting->tx, row);
		signal_customer(acting, position, false);
		if (row->row.unread != unread) {
			tx_tell_conversation(acting->tx, row);
		} else {
			tx_save_conversation(acting->tx, row); /* no visible change */
		}
	}
	return true;
}

/* The message and what came after it; without one, the customer's last message. */
static bool find_unread(struct acting *acting, int64_t *ret_position)
{
	struct message_row message;

	if (!acting->command->message) {
		sqlite3_stmt *statement = db_bind(acting->tx->db, SQL_LAST_UNREADABLE, "i", acting->row->id);

		*ret_position = db_step(acting->tx->db, statement) ? db_int(statement, 0) : 0;
		db_end(statement);
		return *ret_position > 0 ||
		       refuse(acting, "not_possible", 409,
			      "The customer has not written in this conversation: there is nothing to mark as unread.");
	}
	if (!find_message(acting, acting->command->message, &message)) {
		return false;
	}
	*ret_position = message.message.position;
	message_row_finish(&message);
	return true;
}

static bool act_unread(struct acting *acting)
{
	struct conversation_row *row = acting->row;
	int64_t position = 0;

	if (!find_unread(acting, &position)) {
		return false;
	}
	if (position <= row->read_position) {
		row->read_position = position - 1;
		row->row.unread = message_count_unread(acting->tx, row);
		tx_tell_conversation(acting->tx, row);
	}
	return true;
}

static bool act_typing(struct acting *acting)
{
	signal_customer(acting, INT64_MAX, true);
	return true;
}

static bool act_assign(struct acting *acting)
{
	const char *self = acting->asked->subject;
	const char *assignee = acting->command->assignee ? acting->command->assignee : "";
	const char *subject = strcmp(assignee, "me") == 0 ? self : assignee;
	bool is_asked = subject[0] && strcmp(subject, self) != 0; /* they may answer: they command */
	const char *why = is_asked ? assignment_refusal(acting->tx, acting->row->account, subject) : NULL;

	if (why) {
		cw_problem_set(acting->problem, "cannot_answer", 409, "This conversation cannot be assigned to %s: %s.",
			       subject, why);
		return false;
	}
	(void)assignment_give(acting->tx, acting->row, subject, self);
	return true; /* also when it was already assigned that way */
}

static bool set_done(struct acting *acting, bool is_done)
{
	if (acting->row->row.is_done != is_done) {
		acting->row->row.is_done = is_done;
		tx_tell_conversation(acting->tx, acting->row);
	}
	return true;
}

static bool act_done(struct acting *acting)
{
	return set_done(acting, true);
}

static bool act_reopen(struct acting *acting)
{
	return set_done(acting, false);
}

static bool act_retry(struct acting *acting)
{
	struct message_row message;
	bool is_done = false;

	if (!find_message(acting, acting->command->message, &message)) {
		return false;
	}
	if (message.message.origin == CW_ORIGIN_AGENT) {
		is_done = lane_retry(acting->tx, &message, acting->row, acting->problem);
	} else {
		is_done = media_fetch_again(acting->tx, &message) ||
			  refuse(acting, "not_possible", 409, "This message has no failed download to retry.");
	}
	message_row_finish(&message);
	return is_done;
}

static bool act_discard(struct acting *acting)
{
	struct message_row message;

	if (!find_message(acting, acting->command->message, &message)) {
		return false;
	}
	bool is_done = lane_discard(acting->tx, &message, acting->problem);

	message_row_finish(&message);
	return is_done;
}

static bool (*const acts[CW_COMMAND_TYPE_COUNT])(struct acting *acting) = {
	[CW_COMMAND_SEND] = act_send,     [CW_COMMAND_READ] = act_read,     [CW_COMMAND_UNREAD] = act_unread,
	[CW_COMMAND_TYPING] = act_typing, [CW_COMMAND_ASSIGN] = act_assign, [CW_COMMAND_DONE] = act_done,
	[CW_COMMAND_REOPEN] = act_reopen, [CW_COMMAND_RETRY] = act_retry,   [CW_COMMAND_DISCARD] = act_discard,
};

/* ---- exactly once ---- */

/* Does name refer to the conversation, or to one that has been merged with it since? */
static bool means_the_same(struct tx *tx, const char *name, int64_t conversation)
{
	struct conversation_row named = { .id = 0 };
	struct conversation_row known = { .id = 0 };
	bool is_same = conversation_find_root(tx->db, name, &named) && conversation_load(tx->db, conversation, &known) &&
		       named.id == (known.merged_into ? known.merged_into : known.id);

	conversation_row_finish(&named);
	conversation_row_finish(&known);
	return is_same;
}

/* The stored answer, or a refusal if another command had the same id. NULL: the id is new. */
static char *find_answer(struct tx *tx, int64_t account, const struct cw_store_command *asked, struct cw_problem *problem)
{
	const struct cw_command *command = asked->command;
	sqlite3_stmt *statement = db_bind(tx->db, SQL_COMMAND_FIND, "itt", account, asked->subject, command->id);

	if (!db_step(tx->db, statement)) {
		return NULL;
	}
	const void *known = sqlite3_column_blob(statement, 0);
	bool is_same = known && sqlite3_column_bytes(statement, 0) == CW_COMMAND_DIGEST_BYTES &&
		       memcmp(known, command->digest, CW_COMMAND_DIGEST_BYTES) == 0;
	char *answer = db_copy(tx->db, statement, 1);
	int64_t conversation = db_int(statement, 2);

	db_end(statement);
	if (!is_same || !means_the_same(tx, asked->conversation, conversation)) {
		free(answer);
		cw_problem_set(problem, "id_reused", 409,
			       "You already used this id for another command; each command needs a new id.");
		answer = cw_command_refusal(command->id, problem);
	}
	return answer;
}

/*
 * The database was restored from a backup since this command was first sent, and may have lost its answer: the command
 * may have been carried out, and the customer may have the message.
 */
static bool is_of_another_log(struct tx *tx, int64_t account, const struct cw_command *command)
{
	const struct tx_account *known = account && command->epoch ? tx_account(tx, account) : NULL;

	return known && strcmp(known->row.epoch, command->epoch) != 0;
}

static char *act(struct tx *tx, int64_t account, const struct cw_store_command *asked, struct cw_problem *problem)
{
	struct conversation_row row = { .id = 0 };
	struct acting acting = { .tx = tx, .asked = asked, .command = asked->command, .row = &row, .problem = problem };
	bool is_done = false;

	if (is_of_another_log(tx, account, asked->command)) {
		cw_problem_set(problem, "other_epoch", 409,
			       "The server was restored from a backup after this was first sent, and cannot tell whether it was "
			       "carried out. Check, and send it again if it was not.");
	} else if (!account || !conversation_find(tx->db, asked->conversation, &row) || row.account != account) {
		cw_problem_set(problem, "unknown_conversation", 404,
			       "There is no such conversation; use its canonical id, which /api/v1/resolve finds.");
	} else if (row.merged_into) {
		/* Whoever may use this id may not be allowed to use the other. */
		cw_problem_set(problem, "conversation_merged", 409,
			       "This conversation was merged into %s; send the command there, with the same id.",
			       row.row.merged_into);
	} else {
		is_done = acts[asked->command->type](&acting);
	}
	if (!is_done) {
		conversation_row_finish(&row);
		return cw_command_refusal(asked->command->id, problem);
	}
	char *answer = cw_command_answer(asked->command->id, acting.message[0] ? acting.message : NULL);

	if (answer && asked->command->type != CW_COMMAND_TYPING) {
		db_run(tx->db, SQL_COMMAND_INSERT, "ittBtii", account, asked->subject, asked->command->id,
		       asked->command->digest, CW_COMMAND_DIGEST_BYTES, answer, row.id, tx->now_ms);
	}
	conversation_row_finish(&row);
	return answer;
}

enum cw_status apply_command(struct tx *tx, struct cw_store_op *op)
{
	struct cw_store_command *asked = &op->command;
	struct cw_problem problem = { .status = 200 };
	int64_t account = tx_find_account(tx, asked->account);

	free(asked->answer); /* from a batch that was rolled back */
	asked->answer = account ? find_answer(tx, account, asked, &problem) : NULL;
	if (!asked->answer) {
		asked->answer = act(tx, account, asked, &problem);
	}
	asked->http_status = problem.status;
	if (!asked->answer) {
		db_fail(tx->db, SQLITE_NOMEM); /* rolls back: without a stored answer, a repeat would do it again */
		return cw_error_set(&op->error, CW_NOMEM, "out of memory");
	}
	return CW_OK;
}
