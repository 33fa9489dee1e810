/* SPDX-License-Identifier: MIT */
#include "store/search.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/search_text.h"
#include "core/text.h"

#define SLICE 100

/* The parts of an event that matter for the index. contact: the conversation's; 0: the event has no conversation. */
struct step {
	int64_t id, account, contact, ref;
	enum cw_event_kind kind;
	int64_t parts;
};

int64_t search_cursor(struct db *db)
{
	return db_meta_int(db, "search_cursor");
}

static void save_cursor(struct tx *tx, const char *name, int64_t value)
{
	char text[24];

	if (cw_text_format(text, sizeof(text), "%lld", (long long)value)) {
		db_run(tx->db, SQL_META_SET, "tt", name, text);
	}
}

static void index_message(struct tx *tx, const struct step *step)
{
	struct message_row row;

	db_run(tx->db, SQL_SEARCH_DELETE_MESSAGE, "i", step->ref);
	if (!message_load(tx->db, step->ref, &row)) {
		return;
	}
	bool is_hidden = row.message.is_revoked || row.message.kind == CW_KIND_REACTION;
	char *text = is_hidden ? NULL : cw_search_text(row.message.body);

	if (text && text[0]) {
		db_run(tx->db, SQL_SEARCH_INSERT_MESSAGE, "iiti", step->ref, step->account, text, row.conversation);
	} else if (!text && !is_hidden && cw_memory_ran_out()) {
		db_fail(tx->db, SQLITE_NOMEM);
	} else if (!text && !is_hidden) {
		db_report(tx->db, "the body of message %s is not JSON: search does not find it", row.message.id);
	}
	free(text);
	message_row_finish(&row);
}

static bool has_contact(struct db *db, int64_t contact)
{
	sqlite3_stmt *statement = db_bind(db, SQL_SEARCH_HAS_CONTACT, "i", contact);
	bool is_there = db_step(db, statement);

	db_end(statement);
	return is_there;
}

static void insert_contact(struct tx *tx, int64_t contact)
{
	char endings[CW_SEARCH_ENDINGS_MAX] = "";
	sqlite3_stmt *statement = db_bind(tx->db, SQL_SEARCH_CONTACT, "i", contact);

	if (!db_step(tx->db, statement)) {
		return;
	}
	const char *name = db_text(statement, 0);
	char *words = cw_search_words(name, strlen(name));

	cw_search_endings(db_text(statement, 1), endings);
	db_end(statement);
	if (words) {
		db_run(tx->db, SQL_SEARCH_INSERT_CONTACT, "itt", contact, words, endings);
	} else {
		db_fail(tx->db, SQLITE_NOMEM);
	}
	free(words);
}

static void index_contact(struct tx *tx, const struct step *step)
{
	if ((step->parts & PART_CONTACT) != 0 || step->kind == CW_EVENT_CONTACT || !has_contact(tx->db, step->contact)) {
		db_run(tx->db, SQL_SEARCH_DELETE_CONTACT, "i", step->contact);
		insert_contact(tx, step->contact);
	}
}

static void take_step(struct tx *tx, const struct step *step)
{
	if (step->contact == 0) {
		return;
	}
	index_contact(tx, step);
	if (step->ref != 0 &&
	    (step->kind == CW_EVENT_MESSAGE || step->kind == CW_EVENT_EDIT || step->kind == CW_EVENT_REVOKE)) {
		index_message(tx, step);
	}
}

/* Reads the whole slice before indexing, which uses other statements. */
static size_t read_steps(struct db *db, enum statement which, int64_t from, struct step steps[SLICE])
{
	size_t n = 0;
	sqlite3_stmt *statement = db_bind(db, which, "ii", from, (int64_t)SLICE);

	while (n < SLICE && db_step(db, statement)) {
		struct step *step = &steps[n++];

		*step = (struct step){ .id = db_int(statement, 0),
				       .account = db_int(statement, 1),
				       .contact = db_int(statement, 2),
				       .ref = db_int(statement, 4),
				       .parts = db_int(statement, 5) };
		if (cw_event_kind_parse(db_text(statement, 3), &step->kind) != CW_OK) {
			step->contact = 0; /* a kind from a newer version: nothing to index */
		}
	}
	db_end(statement);
	return n;
}

/* A slice of what one of these cursors points at. Returns how many rows it had. */
static size_t take_slice(struct tx *tx, const char *cursor, enum statement which)
{
	struct step steps[SLICE];
	int64_t from = db_meta_int(tx->db, cursor);
	size_t n = from == 0 && which != SQL_SEARCH_EVENTS ? 0 : read_steps(tx->db, which, from, steps);

	for (size_t i = 0; i < n; i++) {
		take_step(tx, &steps[i]);
	}
	if (n > 0) {
		save_cursor(tx, cursor, steps[n - 1].id);
	}
	return n;
}

bool apply_search_slice(struct tx *tx)
{
	static const struct {
		const char *cursor;
		enum statement which;
	} slices[] = { { "search_cursor", SQL_SEARCH_EVENTS }, /* what is new comes first */
		       { "search_old_contacts", SQL_SEARCH_OLD_CONTACTS },
		       { "search_old_messages", SQL_SEARCH_OLD_MESSAGES } };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]) && n < SLICE; i++) {
		n = take_slice(tx, slices[i].cursor, slices[i].which);
	}
	return n == SLICE;
}
