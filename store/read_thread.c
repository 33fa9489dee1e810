/* SPDX-License-Identifier: MIT */
/* A conversation's messages, in either direction, with those of the conversations that were merged into it. */
#include <stdlib.h>

#include "store/read_thread.h"
#include "store/rows.h"
#include "store/store_private.h"

/* One of several merged threads shown as one, with its next message read ahead. */
struct thread {
	int64_t conversation;
	int64_t from; /* exclusive */
	bool is_oldest_first;
	bool has_next;
	struct message_row next;
};

static void read_ahead(struct db *db, struct thread *thread)
{
	sqlite3_stmt *statement = db_bind(db, thread->is_oldest_first ? SQL_MESSAGE_LIST_AFTER : SQL_MESSAGE_LIST, "ii",
					  thread->conversation, thread->from);

	thread->has_next = db_step(db, statement);
	if (thread->has_next) {
		message_read(db, statement, &thread->next);
		thread->from = thread->next.message.position;
		db_end(statement);
	}
}

/* One of an array that grows; out of memory, the connection has failed. */
static void add_thread(struct db *db, struct thread **threads, size_t *n, const struct thread *thread)
{
	struct thread *grown = realloc(*threads, (*n + 1) * sizeof(*grown));

	if (!grown) {
		db_fail(db, SQLITE_NOMEM);
		return;
	}
	*threads = grown;
	grown[(*n)++] = *thread;
}

/* The conversation's own and those that were merged into it; *ret_threads is freed by the caller. */
static size_t open_threads(struct db *db, struct thread first, struct thread **ret_threads)
{
	size_t n = 0;
	sqlite3_stmt *statement = db_bind(db, SQL_MERGED_CONVERSATIONS, "i", first.conversation);

	add_thread(db, ret_threads, &n, &first);
	while (db_step(db, statement)) {
		first.conversation = db_int(statement, 0);
		add_thread(db, ret_threads, &n, &first);
	}
	for (size_t i = 0; i < n; i++) {
		read_ahead(db, &(*ret_threads)[i]);
	}
	return n;
}

/* The one with the next message, in the direction of reading. */
static struct thread *next_thread(struct thread *threads, size_t n)
{
	struct thread *next = NULL;

	for (size_t i = 0; i < n; i++) {
		int64_t lead = next ? threads[i].next.message.position - next->next.message.position : 0;

		if (threads[i].has_next && (!next || (threads[i].is_oldest_first ? lead < 0 : lead > 0))) {
			next = &threads[i];
		}
	}
	return next;
}

static enum cw_status give_messages(struct cw_reader *reader, const char *conversation, struct thread first,
				    int64_t limit, cw_message_fn on_message, void *context, struct cw_error *reterr)
{
	struct conversation_row row;
	struct thread *threads = NULL;
	struct thread *thread = NULL;
	int64_t last_position = 0;
	bool goes_on = true;

	if (!conversation_find(&reader->db, conversation, &row)) {
		return reader_no_conversation(reader, reterr);
	}
	first.conversation = row.id;
	size_t n = open_threads(&reader->db, first, &threads);

	/* Merged threads may share a position: a page never ends between two of them. */
	while (goes_on && (thread = next_thread(threads, n)) &&
	       (limit-- > 0 || thread->next.message.position == last_position)) {
		last_position = thread->next.message.position;
		goes_on = reader->db.failed == SQLITE_OK && on_message(context, &thread->next.message);
		message_row_finish(&thread->next);
		read_ahead(&reader->db, thread);
	}
	for (size_t i = 0; i < n; i++) {
		if (threads[i].has_next) {
			message_row_finish(&threads[i].next);
		}
	}
	free(threads);
	conversation_row_finish(&row);
	return db_status(&reader->db, reterr);
}

enum cw_status cw_store_messages(struct cw_reader *reader, const char *conversation, int64_t before, int64_t limit,
				 cw_message_fn on_message, void *context, struct cw_error *reterr)
{
	return give_messages(reader, conversation, (struct thread){ .from = before }, limit, on_message, context, reterr);
}

enum cw_status cw_store_messages_after(struct cw_reader *reader, const char *conversation, int64_t after, int64_t limit,
				       cw_message_fn on_message, void *context, struct cw_error *reterr)
{
	return give_messages(reader, conversation, (struct thread){ .from = after, .is_oldest_first = true }, limit,
			     on_message, context, reterr);
}

enum cw_status cw_store_message_position(struct cw_reader *reader, const char *conversation, const char *message,
					 int64_t *ret_position, struct cw_error *reterr)
{
	struct conversation_row row;
	struct conversation_row owner = { .id = 0 };
	struct message_row found;
	bool is_of_it = false;

	if (!conversation_find(&reader->db, conversation, &row)) {
		return reader_no_conversation(reader, reterr);
	}
	if (message_find_uid(&reader->db, row.account, message, &found)) {
		is_of_it = found.message.position > 0 &&
			   (found.conversation == row.id ||
			    (conversation_load(&reader->db, found.conversation, &owner) && owner.merged_into == row.id));
		*ret_position = found.message.position;
		conversation_row_finish(&owner);
		message_row_finish(&found);
	}
	conversation_row_finish(&row);
	if (!is_of_it && reader->db.failed == SQLITE_OK) {
		return cw_error_set(reterr, CW_NOT_FOUND, "there is no such message in this conversation");
	}
	return db_status(&reader->db, reterr);
}
