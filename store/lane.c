/* SPDX-License-Identifier: MIT */
#include "store/lane.h"

#include <stdlib.h>
#include <string.h>

#include "core/command.h"
#include "core/graph_error.h"
#include "core/text.h"
#include "store/identity.h"
#include "store/media.h"

/* An attempt that could not be sent for this long fails. */
#define ONE_DAY_MS (24LL * 60 * 60 * 1000)

struct attempt {
	int64_t id, message, conversation, number, media, account, queued_at_ms;
	int attempt, tries;
	enum cw_outbound_state state;
	bool holds_lane;
	enum cw_message_status reported;
	json_t *report; /* the reported error; NULL: none */
	char *wamid;    /* NULL until known */
};

static void attempt_finish(struct attempt *attempt)
{
	json_decref(attempt->report);
	free(attempt->wamid);
	*attempt = (struct attempt){ .id = 0 };
}

/* Reads the statement's row and ends the statement. */
static bool read_attempt(struct tx *tx, sqlite3_stmt *statement, struct attempt *attempt)
{
	if (!db_step(tx->db, statement)) {
		return false;
	}
	const char *report = db_text(statement, COLUMN_OUTBOUND_REPORT);

	*attempt = (struct attempt){
		.id = db_int(statement, COLUMN_OUTBOUND_ID),
		.message = db_int(statement, COLUMN_OUTBOUND_MESSAGE),
		.attempt = (int)db_int(statement, COLUMN_OUTBOUND_ATTEMPT),
		.conversation = db_int(statement, COLUMN_OUTBOUND_CONVERSATION),
		.number = db_int(statement, COLUMN_OUTBOUND_NUMBER),
		.media = db_int(statement, COLUMN_OUTBOUND_MEDIA),
		.holds_lane = db_int(statement, COLUMN_OUTBOUND_HOLDS_LANE) != 0,
		.tries = (int)db_int(statement, COLUMN_OUTBOUND_TRIES),
		.report = report ? json_loads(report, 0, NULL) : NULL,
		.wamid = db_copy(tx->db, statement, COLUMN_OUTBOUND_WAMID),
		.account = db_int(statement, COLUMN_OUTBOUND_ACCOUNT),
		.queued_at_ms = db_int(statement, COLUMN_OUTBOUND_QUEUED_AT),
	};
	if (cw_outbound_state_parse(db_text(statement, COLUMN_OUTBOUND_STATE), &attempt->state) != CW_OK) {
		db_fail(tx->db, SQLITE_CORRUPT); /* the column's CHECK allows nothing else */
	}
	if (cw_message_status_reported(db_text(statement, COLUMN_OUTBOUND_REPORTED), &attempt->reported) != CW_OK) {
		attempt->reported = CW_STATUS_NONE;
	}
	db_end(statement);
	if (tx->db->failed != SQLITE_OK) {
		attempt_finish(attempt);
	}
	return tx->db->failed == SQLITE_OK;
}

static bool load_attempt(struct tx *tx, int64_t id, struct attempt *attempt)
{
	return read_attempt(tx, db_bind(tx->db, SQL_OUTBOUND_BY_ID, "i", id), attempt);
}

static bool load_newest(struct tx *tx, const struct message_row *message, struct attempt *attempt)
{
	return read_attempt(
		tx, db_bind(tx->db, SQL_OUTBOUND_BY_ATTEMPT, "ii", message->id, (int64_t)message->message.attempt),
		attempt);
}

/* ---- the lane ---- */

void lane_queue(struct tx *tx, int64_t message, int attempt, const struct conversation_row *conversation, int64_t media)
{
	int64_t due_at_ms = media && !media_is_uploaded(tx, media) ? CW_STORE_NEVER : tx->now_ms;

	db_run(tx->db, SQL_OUTBOUND_INSERT, "iiiiIii", message, (int64_t)attempt, conversation->id,
	       conversation->number, media, due_at_ms, tx->now_ms);
	tx->wakes_bridge = true;
}

void lane_join(struct tx *tx, int64_t younger, int64_t older)
{
	db_run(tx->db, SQL_OUTBOUND_JOIN_LANE, "ii", younger, older);
	db_run(tx->db, SQL_OUTBOUND_STEP_BACK, "i", older);
	db_run(tx->db, SQL_OUTBOUND_FRONT, "i", older);
	tx->wakes_bridge = true;
}

static void leave_lane(struct tx *tx, const struct attempt *attempt)
{
	if (attempt->holds_lane) {
		db_run(tx->db, SQL_OUTBOUND_LEAVE, "i", attempt->id);
		db_run(tx->db, SQL_OUTBOUND_FRONT, "i", attempt->conversation);
	}
}

/* ---- what people see ---- */

static void show_error(struct tx *tx, struct draft *draft, const json_t *error)
{
	json_t *shown = error ? message_error(error) : NULL;

	draft_set(tx, draft, "error", shown);
	json_decref(shown);
}

/* Updates the message; only the newest attempt is visible. */
static void show(struct tx *tx, const struct attempt *attempt, const json_t *error)
{
	struct message_row row;
	struct draft draft;

	if (!message_load(tx->db, attempt->message, &row)) {
		return;
	}
	if (row.message.attempt == attempt->attempt && draft_open(tx, &row.message, &draft)) {
		row.message.status = cw_outbound_shown(attempt->state, attempt->reported);
		if (attempt->wamid) {
			free(row.message.wamid);
			row.message.wamid = db_dup(tx->db, attempt->wamid);
		}
		show_error(tx, &draft, error);
		message_publish_change(tx, CW_EVENT_STATUS, &row, &draft);
		draft_close(&draft);
	}
	message_row_finish(&row);
}

/* WhatsApp refuses marketing messages to customers who stopped them, which it may not have told otherwise. */
static void learn_of_opt_out(struct tx *tx, const struct attempt *attempt, int code, int64_t at_ms)
{
	struct conversation_row row;

	if (code != CW_GRAPH_CODE_OPTED_OUT || !conversation_load(tx->db, attempt->conversation, &row)) {
		return;
	}
	if (row.row.contact.marketing != CW_MARKETING_OUT && identity_prefer(tx, &row, CW_MARKETING_OUT, at_ms)) {
		identity_tell(tx, row.contact, 0);
	}
	conversation_row_finish(&row);
}

/* ---- the state machine ---- */

struct change {
	enum cw_outbound_state next;
	int64_t due_at_ms;
	const char *wamid;
	int code;
	const json_t *error; /* borrowed; NULL: none */
};

static void note_state(struct tx *tx, const struct attempt *attempt, int code)
{
	message_step(tx, &(struct message_step){ .message = attempt->message,
						 .attempt = attempt->attempt,
						 .word = cw_outbound_state_text(attempt->state),
						 .code = code });
}

/* The only place that changes a state. The caller has checked cw_outbound_may_enter. */
static void enter(struct tx *tx, struct attempt *attempt, const struct change *change)
{
	bool has_ended = cw_outbound_is_final(change->next);

	attempt->state = change->next;
	attempt->tries += change->next == CW_OUTBOUND_SENDING;
	if (change->wamid && (!attempt->wamid || strcmp(attempt->wamid, change->wamid) != 0)) {
		free(attempt->wamid);
		attempt->wamid = db_dup(tx->db, change->wamid);
	}
	db_run(tx->db, SQL_OUTBOUND_MOVE, "itiiitIi", attempt->id, cw_outbound_state_text(attempt->state),
	       has_ended ? CW_STORE_NEVER : change->due_at_ms, tx->now_ms, (int64_t)attempt->tries, attempt->wamid,
	       cw_message_wamid_hash(attempt->wamid), (int64_t)change->code);
	note_state(tx, attempt, change->code);
	if (has_ended) {
		leave_lane(tx, attempt);
	}
	show(tx, attempt, attempt->reported == CW_STATUS_FAILED ? attempt->report : change->error);
	learn_of_opt_out(tx, attempt, change->code, tx->now_ms);
	tx->wakes_bridge = true;
}

/* code 0: the error is Convwire's, not WhatsApp's. */
static json_t *make_error(int code, const char *explanation, const char *title, const char *details)
{
	return json_pack("{s:o*, s:s*, s:s*, s:s*}", "code", code ? json_integer(code) : NULL, "title", title,
			 "details", details, "explanation", explanation);
}

static void fail(struct tx *tx, struct attempt *attempt, int code, const char *title)
{
	json_t *error = make_error(code, NULL, title, NULL);

	enter(tx, attempt, &(struct change){ .next = CW_OUTBOUND_FAILED, .code = code, .error = error });
	json_decref(error);
}

/* ---- what WhatsApp reports ---- */

static bool find_by_mark(struct tx *tx, int64_t account, const char *mark, struct attempt *attempt)
{
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	char id[CW_CLOCK_UUID_TEXT];
	struct message_row message;
	int n = 0;

	if (!mark || cw_outbound_mark_parse(mark, uid, &n) != CW_OK) {
		return false;
	}
	cw_clock_uuid_text(uid, id);
	if (!message_find_id(tx, account, id, &message)) {
		return false;
	}
	bool is_found = read_attempt(tx, db_bind(tx->db, SQL_OUTBOUND_BY_ATTEMPT, "ii", message.id, (int64_t)n), attempt);

	message_row_finish(&message);
	return is_found;
}

/* WhatsApp reported a status other than failed, so it has the message. */
static bool has_arrived(const struct attempt *attempt)
{
	return attempt->reported != CW_STATUS_NONE && attempt->reported != CW_STATUS_FAILED;
}

static bool has_failed(const struct attempt *attempt)
{
	return attempt->state == CW_OUTBOUND_FAILED ||
	       (attempt->state == CW_OUTBOUND_ACCEPTED && attempt->reported == CW_STATUS_FAILED);
}

/*
 * If a person retried the message, but this attempt turns out to have arrived: withdraws the newer attempt, unless it
 * has already been sent; if that has failed, this one counts.
 */
static void withdraw_newer(struct tx *tx, const struct attempt *attempt)
{
	struct message_row message;
	struct attempt newer;

	if (!has_arrived(attempt) || !message_load(tx->db, attempt->message, &message)) {
		return;
	}
	if (message.message.attempt > attempt->attempt && load_newest(tx, &message, &newer)) {
		if (newer.state == CW_OUTBOUND_QUEUED || newer.state == CW_OUTBOUND_RETRYING) {
			db_run(tx->db, SQL_OUTBOUND_DELETE, "i", newer.id);
			leave_lane(tx, &newer);
		}
		if (newer.state == CW_OUTBOUND_QUEUED || newer.state == CW_OUTBOUND_RETRYING || has_failed(&newer)) {
			db_run(tx->db, SQL_MESSAGE_ATTEMPT, "ii", message.id, (int64_t)attempt->attempt);
		}
		attempt_finish(&newer);
	}
	message_row_finish(&message);
}

/* Returns whether the report adds to earlier ones. */
static bool record(struct tx *tx, struct attempt *attempt, const struct lane_report *report)
{
	enum cw_message_status known = attempt->reported ? attempt->reported : CW_STATUS_ACCEPTED;
	int code = (int)json_integer_value(json_object_get(report->error, "code"));
	char *error = NULL;

	if (attempt->reported && !cw_message_status_may_follow(known, report->status)) {
		return false;
	}
	attempt->reported = report->status;
	message_step(tx, &(struct message_step){ .message = attempt->message,
						 .attempt = attempt->attempt,
						 .word = cw_message_status_text(report->status),
						 .said_at_ms = report->said_at_ms,
						 .code = code });
	json_decref(attempt->report);
	attempt->report = report->error ? json_incref(report->error) : NULL;
	if (!attempt->wamid) {
		attempt->wamid = db_dup(tx->db, report->wamid);
	}
	error = attempt->report ? json_dumps(attempt->report, JSON_COMPACT) : NULL;
	db_run(tx->db, SQL_OUTBOUND_REPORT, "itttI", attempt->id, cw_message_status_text(attempt->reported), error,
	       attempt->wamid, cw_message_wamid_hash(attempt->wamid));
	free(error);
	learn_of_opt_out(tx, attempt, code, report->said_at_ms ? report->said_at_ms : tx->now_ms);
	return true;
}

bool lane_report(struct tx *tx, int64_t account, const struct lane_report *report)
{
	struct attempt attempt;

	if (!read_attempt(tx, db_bind(tx->db, SQL_OUTBOUND_BY_WAMID, "iit", report->wamid_hash, account, report->wamid),
			  &attempt) &&
	    !find_by_mark(tx, account, report->mark, &attempt)) {
		return false;
	}
	if (record(tx, &attempt, report)) {
		if (attempt.state == CW_OUTBOUND_ACCEPTED) {
			withdraw_newer(tx, &attempt); /* it may have been retried after `failed` */
			show(tx, &attempt, attempt.report);
		}
		tx->wakes_bridge = true; /* it looks for attempts that this settles */
	}
	attempt_finish(&attempt);
	return true;
}

bool lane_find_message(struct tx *tx, int64_t account, const char *wamid, int64_t wamid_hash, struct message_row *row)
{
	struct attempt attempt;

	if (!read_attempt(tx, db_bind(tx->db, SQL_OUTBOUND_BY_WAMID, "iit", wamid_hash, account, wamid), &attempt)) {
		return false;
	}
	bool is_found = message_load(tx->db, attempt.message, row);

	attempt_finish(&attempt);
	return is_found;
}

/* Takes statuses that arrived before the answer and without our mark: until now, their message was unknown. */
static void take_pending(struct tx *tx, struct attempt *attempt, const char *wamid)
{
	int64_t hash = cw_message_wamid_hash(wamid);
	sqlite3_stmt *statement = db_bind(tx->db, SQL_PENDING_FIND, "iit", hash, attempt->account, wamid);

	while (db_step(tx->db, statement)) {
		const char *text = db_text(statement, 3);
		json_t *errors = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
		struct lane_report report = { .wamid = wamid,
					      .said_at_ms = db_int(statement, 2),
					      .error = json_array_get(errors, 0) };

		if (strcmp(db_text(statement, 0), "status") == 0 &&
		    cw_message_status_reported(db_text(statement, 1), &report.status) == CW_OK) {
			(void)record(tx, attempt, &report); /* shown together with the acceptance */
		}
		json_decref(errors);
	}
	db_run(tx->db, SQL_PENDING_DELETE, "iit", hash, attempt->account, wamid);
}

/* ---- the bridge's moves ---- */

static bool number_is_paused(struct tx *tx, int64_t number)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_NUMBER_PAUSED, "i", number);
	bool is_paused = db_step(tx->db, statement) && db_int(statement, 0) != 0;

	db_end(statement);
	return is_paused;
}

/* Outside the 24-hour window, WhatsApp accepts only templates ("Send messages", Customer service windows). */
static bool window_is_closed(struct tx *tx, const struct attempt *attempt)
{
	struct message_row message;
	struct conversation_row row;
	bool is_closed = false;

	if (!message_load(tx->db, attempt->message, &message)) {
		return false;
	}
	if (message.message.kind != CW_KIND_TEMPLATE && conversation_load(tx->db, attempt->conversation, &row)) {
		int64_t root = row.merged_into;

		is_closed = row.row.window_ends_at_ms <= tx->now_ms;
		conversation_row_finish(&row);
		if (root && conversation_load(tx->db, root, &row)) {
			is_closed = is_closed && row.row.window_ends_at_ms <= tx->now_ms;
			conversation_row_finish(&row);
		}
	}
	message_row_finish(&message);
	return is_closed;
}

static void learn_recipient(struct tx *tx, const struct attempt *attempt, const char *wa_id)
{
	struct conversation_row row;
	const struct number_row number = { .id = attempt->number, .account = attempt->account };

	if (wa_id && conversation_load(tx->db, attempt->conversation, &row)) {
		identity_learn_phone(tx, &number, row.contact, wa_id);
		conversation_row_finish(&row);
	}
}

static void enter_accepted(struct tx *tx, struct attempt *attempt, const struct cw_store_outbound_move *move)
{
	if (move->wamid) {
		take_pending(tx, attempt, move->wamid);
	}
	withdraw_newer(tx, attempt);
	enter(tx, attempt, &(struct change){ .next = CW_OUTBOUND_ACCEPTED, .wamid = move->wamid });
	learn_recipient(tx, attempt, move->wa_id);
}

static enum cw_status begin_sending(struct tx *tx, struct attempt *attempt, struct cw_error *reterr)
{
	if (number_is_paused(tx, attempt->number)) {
		return cw_error_set(reterr, CW_BUSY, "the number is paused");
	}
	if (attempt->reported) {
		enter_accepted(tx, attempt, &(struct cw_store_outbound_move){ .wamid = NULL });
	} else if (window_is_closed(tx, attempt)) {
		fail(tx, attempt, CW_GRAPH_CODE_WINDOW_CLOSED, "Re-engagement message");
	} else if (tx->now_ms - attempt->queued_at_ms > ONE_DAY_MS) {
		fail(tx, attempt, 0, "It could not be sent within 24 hours.");
	} else {
		enter(tx, attempt, &(struct change){ .next = CW_OUTBOUND_SENDING, .due_at_ms = CW_STORE_NEVER });
	}
	return CW_OK;
}

static void move_on(struct tx *tx, struct attempt *attempt, const struct cw_store_outbound_move *move)
{
	json_t *error = move->code || move->title || move->details ?
				make_error(move->code, move->explanation, move->title, move->details) :
				NULL;

	/* A status that arrived in the meantime settles it: WhatsApp has the message, whatever the request's answer was. */
	if (attempt->state == CW_OUTBOUND_SENDING && attempt->reported) {
		enter_accepted(tx, attempt, move);
	} else {
		enter(tx, attempt,
		      &(struct change){
			      .next = move->next, .due_at_ms = move->due_at_ms, .code = move->code, .error = error });
	}
	json_decref(error);
}

/* The same state again: only due_at changes, and an unknown attempt leaves the lane to those behind it. */
static void stay(struct tx *tx, const struct attempt *attempt, int64_t due_at_ms)
{
	db_run(tx->db, SQL_OUTBOUND_DELAY, "ii", attempt->id,
	       attempt->state == CW_OUTBOUND_UNKNOWN ? CW_STORE_NEVER : due_at_ms);
	if (attempt->state == CW_OUTBOUND_UNKNOWN) {
		leave_lane(tx, attempt);
	}
	tx->wakes_bridge = true; /* the next due time has changed */
}

enum cw_status apply_outbound_move(struct tx *tx, struct cw_store_op *op)
{
	struct cw_store_outbound_move *move = &op->outbound_move;
	struct attempt attempt;
	enum cw_status status = CW_OK;

	if (!load_attempt(tx, move->id, &attempt)) {
		return cw_error_set(&op->error, CW_NOT_FOUND, "no such attempt");
	}
	if (attempt.state == move->next) {
		stay(tx, &attempt, move->due_at_ms);
	} else if (!cw_outbound_may_enter(attempt.state, move->next)) {
		status = cw_error_set(&op->error, CW_DENIED, "an attempt cannot go from %s to %s",
				      cw_outbound_state_text(attempt.state), cw_outbound_state_text(move->next));
	} else if (move->next == CW_OUTBOUND_SENDING) {
		status = begin_sending(tx, &attempt, &op->error);
	} else if (move->next == CW_OUTBOUND_ACCEPTED) {
		enter_accepted(tx, &attempt, move);
	} else {
		move_on(tx, &attempt, move);
	}
	move->now = attempt.state;
	attempt_finish(&attempt);
	return status;
}

/* Makes every attempt that the statement finds unknown; after that it no longer finds it. Returns how many. */
static int64_t doubt(struct tx *tx, enum statement statement, int64_t until_ms)
{
	const struct cw_store_outbound_move move = { .next = CW_OUTBOUND_UNKNOWN, .due_at_ms = until_ms };
	struct attempt attempt;
	int64_t n = 0;

	for (; read_attempt(tx, db_bind(tx->db, statement, ""), &attempt); n++) {
		move_on(tx, &attempt, &move);
		attempt_finish(&attempt);
	}
	return n;
}

/* After a start: nobody knows whether these were sent. */
enum cw_status apply_outbound_recover(struct tx *tx, struct cw_store_op *op)
{
	(void)doubt(tx, SQL_OUTBOUND_IN_FLIGHT, op->recover_until_ms);
	return CW_OK;
}

int64_t lane_restored(struct tx *tx)
{
	return doubt(tx, SQL_OUTBOUND_UNFINISHED, tx->now_ms);
}

/* What is not sent yet and has this file waits for its upload. */
void lane_file_awaited(struct tx *tx, int64_t media)
{
	db_run(tx->db, SQL_OUTBOUND_FILE_AWAITED, "ii", media, CW_STORE_NEVER);
}

void lane_file_uploaded(struct tx *tx, int64_t media)
{
	db_run(tx->db, SQL_OUTBOUND_FILE_READY, "ii", media, tx->now_ms);
	tx->wakes_bridge = true;
}

void lane_file_failed(struct tx *tx, int64_t media, int code, const char *error)
{
	struct attempt attempt;
	int64_t id = 0;

	do {
		sqlite3_stmt *statement = db_bind(tx->db, SQL_OUTBOUND_OF_MEDIA, "ii", media, id);

		id = db_step(tx->db, statement) ? db_int(statement, 0) : 0;
		db_end(statement);
		if (id && load_attempt(tx, id, &attempt)) {
			fail(tx, &attempt, code, error);
			attempt_finish(&attempt);
		} else if (id && tx->db->failed == SQLITE_OK) {
			db_report(tx->db, "attempt %lld to send refers to a message that does not exist", (long long)id);
		}
	} while (id && tx->db->failed == SQLITE_OK);
}

/* ---- a person's choice ---- */

/*
 * Did the message fail because of its file? WhatsApp forgets uploaded files, and says so with a code that may mean
 * other things, too: then uploading it again is only superfluous.
 */
static bool is_about_file(const struct draft *draft)
{
	static const int codes[] = { 100, 131008, 131009, 131051, 131052, CW_GRAPH_CODE_MEDIA };
	json_int_t code = json_integer_value(json_object_get(json_object_get(draft->body, "error"), "code"));

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (code == codes[i]) {
			return true;
		}
	}
	return false;
}

/* By another message that is being sent with it: that one must not lose its upload. */
static bool file_is_in_use(struct tx *tx, int64_t media)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_OUTBOUND_FILE_IN_USE, "i", media);
	bool is_in_use = db_step(tx->db, statement);

	db_end(statement);
	return is_in_use;
}

bool lane_retry(struct tx *tx, struct message_row *message, const struct conversation_row *conversation,
		struct cw_problem *problem)
{
	struct attempt attempt;
	struct draft draft;

	if (!load_newest(tx, message, &attempt)) {
		cw_problem_set(problem, "not_possible", 409, "This message was not sent from here.");
		return false;
	}
	int64_t media = attempt.media;
	bool may_retry = cw_outbound_may_retry(attempt.state, attempt.reported);

	if (!may_retry) {
		cw_problem_set(problem, "not_possible", 409,
			       "This message is %s; only a failed or unknown message can be sent again.",
			       cw_message_status_text(message->message.status));
	} else if (!draft_open(tx, &message->message, &draft)) {
		may_retry = false;
		cw_problem_set(problem, "not_possible", 409,
			       "The stored message cannot be read, so it cannot be sent again.");
	} else {
		if (media && is_about_file(&draft) && !file_is_in_use(tx, media)) {
			media_forget_upload(tx, media);
		}
		message->message.attempt++;
		message->message.status = CW_STATUS_QUEUED;
		if (media) {
			media_want_upload(tx, media);
		}
		lane_queue(tx, message->id, message->message.attempt, conversation, media);
		show_error(tx, &draft, NULL);
		message_publish_change(tx, CW_EVENT_STATUS, message, &draft);
		draft_close(&draft);
	}
	attempt_finish(&attempt);
	return may_retry;
}

bool lane_discard(struct tx *tx, const struct message_row *message, struct cw_problem *problem)
{
	struct attempt attempt;

	if (!load_newest(tx, message, &attempt)) {
		cw_problem_set(problem, "not_possible", 409, "This message was not sent from here.");
		return false;
	}
	bool may_discard = attempt.state != CW_OUTBOUND_SENDING &&
			   cw_outbound_may_enter(attempt.state, CW_OUTBOUND_FAILED);

	if (may_discard) {
		json_t *error = json_pack("{s:s, s:s}", "title", "Discarded", "explanation",
					  "An agent decided not to send it.");

		enter(tx, &attempt, &(struct change){ .next = CW_OUTBOUND_FAILED, .error = error });
		json_decref(error);
	} else {
		cw_problem_set(problem, "not_possible", 409, "This message is %s; it is too late to discard it.",
			       cw_message_status_text(message->message.status));
	}
	attempt_finish(&attempt);
	return may_discard;
}
