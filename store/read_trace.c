/* SPDX-License-Identifier: MIT */
/* The history of a message or a conversation, from the event log and the steps of outgoing messages. */
#include <stdio.h>
#include <string.h>

#include "core/message.h"
#include "store/read_trace.h"
#include "store/rows.h"
#include "store/store_private.h"

/* How many events of a conversation to search, from the newest back, for those of a message. */
#define MAX_WALK 20000

struct walk {
	int64_t account, seq; /* the next event to look at; 0: none */
	int64_t message;      /* only events about this message; 0: all */
	int64_t not_before_ms;
	int64_t left; /* how many more to give */
};

/* Walks back along `prev`, which stays within one conversation. */
static void walk_events(struct cw_reader *reader, struct walk *walk, const struct cw_trace_sink *sink)
{
	for (int n = 0; walk->seq > 0 && walk->left > 0 && n < MAX_WALK; n++) {
		struct cw_trace_event event;
		sqlite3_stmt *statement = db_bind(&reader->db, SQL_TRACE_EVENT, "ii", walk->account, walk->seq);

		if (!db_step(&reader->db, statement)) {
			return; /* trimmed */
		}
		event = (struct cw_trace_event){ .id = db_int(statement, 0),
						 .seq = walk->seq,
						 .is_quiet = db_int(statement, 5) != 0,
						 .at_ms = db_int(statement, 6) };
		enum cw_status status = cw_event_kind_parse(db_text(statement, 3), &event.kind);
		int64_t ref = db_int(statement, 4);

		db_uuid(statement, 7, event.message);

		walk->seq = db_int(statement, 2);
		db_end(statement);
		if (status != CW_OK) {
			db_fail(&reader->db, SQLITE_CORRUPT); /* cannot happen: we wrote it */
		}
		if (reader->db.failed != SQLITE_OK || event.at_ms < walk->not_before_ms) {
			return;
		}
		if (walk->message == 0 || (event.message[0] && ref == walk->message)) {
			sink->on_event(sink->context, &event);
			walk->left--;
		}
	}
}

static void give_attempts(struct cw_reader *reader, int64_t message, const struct cw_trace_sink *sink)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_TRACE_ATTEMPTS, "i", message);

	while (db_step(&reader->db, statement)) {
		struct cw_trace_attempt attempt = { .attempt = (int)db_int(statement, 0),
						    .tries = (int)db_int(statement, 2),
						    .queued_at_ms = db_int(statement, 3),
						    .due_at_ms = db_int(statement, 4),
						    .wamid = db_text(statement, 5),
						    .code = (int)db_int(statement, 6),
						    .reported = db_text(statement, 7),
						    .phone_number_id = db_text(statement, 8),
						    .paused_reason = db_text(statement, 9) };

		if (cw_outbound_state_parse(db_text(statement, 1), &attempt.state) != CW_OK) {
			db_fail(&reader->db, SQLITE_CORRUPT);
		} else {
			sink->on_attempt(sink->context, &attempt);
		}
	}
}

static void give_steps(struct cw_reader *reader, int64_t message, const struct cw_trace_sink *sink)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_STEP_LIST, "i", message);

	while (db_step(&reader->db, statement)) {
		const struct cw_trace_step step = { .attempt = (int)db_int(statement, 0),
						    .at_ms = db_int(statement, 1),
						    .word = db_text(statement, 2),
						    .said_at_ms = db_int(statement, 3),
						    .code = (int)db_int(statement, 4) };

		sink->on_step(sink->context, &step);
	}
}

/* Explains what there may be about a message that is not stored. */
static void explain_missing(struct cw_reader *reader, int64_t account, const char *id, const struct cw_trace_sink *sink)
{
	char line[200];
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_PENDING_FIND, "iit", cw_message_wamid_hash(id), account, id);

	if (db_step(&reader->db, statement)) {
		(void)snprintf(line, sizeof(line), "a %s (%s) arrived for it, but the message never did",
			       db_text(statement, 0), db_text(statement, 1)); /* a truncated line is still useful */
		db_end(statement);
		sink->on_compared(sink->context, line);
	}
	(void)snprintf(line, sizeof(line),
		       "changes waiting for a number that has not been added: %lld; kept because not understood: %lld",
		       (long long)raw_count(&reader->db, "waiting"), (long long)raw_count(&reader->db, "kept"));
	sink->on_compared(sink->context, line);
}

/* By our id, or by WhatsApp's. */
static bool find_message(struct cw_reader *reader, int64_t account, const char *id, struct message_row *row)
{
	return message_find_uid(&reader->db, account, id, row) ||
	       message_find(&reader->db, account, id, cw_message_wamid_hash(id), row);
}

static void give_message(struct cw_reader *reader, int64_t account, const struct message_row *message,
			 const struct cw_trace_sink *sink)
{
	struct conversation_row conversation;

	sink->on_message(sink->context, &message->message);
	give_attempts(reader, message->id, sink);
	give_steps(reader, message->id, sink);
	if (conversation_load(&reader->db, message->conversation, &conversation)) {
		struct walk walk = { .account = account,
				     .seq = conversation.last_seq,
				     .message = message->id,
				     .not_before_ms = message->message.received_at_ms,
				     .left = INT64_MAX };

		walk_events(reader, &walk, sink);
		conversation_row_finish(&conversation);
	}
}

enum cw_status cw_store_trace_message(struct cw_reader *reader, const char *account, const char *id,
				      const struct cw_trace_sink *sink, struct cw_error *reterr)
{
	struct account_row account_row;
	struct message_row message;
	char line[300];

	if (!account_find(&reader->db, account, &account_row)) {
		return reader_no_account(reader, account, reterr);
	}
	(void)snprintf(line, sizeof(line), "message ids and wamids of account %s: %s", account, id);
	sink->on_compared(sink->context, line);
	if (!find_message(reader, account_row.id, id, &message)) {
		explain_missing(reader, account_row.id, id, sink);
		enum cw_status status = db_status(&reader->db, reterr);

		return status != CW_OK ? status : cw_error_set(reterr, CW_NOT_FOUND, "no such message");
	}
	give_message(reader, account_row.id, &message, sink);
	message_row_finish(&message);
	return db_status(&reader->db, reterr);
}

enum cw_status cw_store_trace_conversation(struct cw_reader *reader, const char *conversation, int64_t limit,
					   const struct cw_trace_sink *sink, struct cw_error *reterr)
{
	struct conversation_row row;

	if (!conversation_find(&reader->db, conversation, &row)) {
		return reader_no_conversation(reader, reterr);
	}
	struct walk walk = { .account = row.account, .seq = row.last_seq, .left = limit };

	walk_events(reader, &walk, sink);
	conversation_row_finish(&row);
	return db_status(&reader->db, reterr);
}
