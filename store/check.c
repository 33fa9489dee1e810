/* SPDX-License-Identifier: MIT */
/* The invariants that `convwire check` verifies. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/media_store.h"
#include "core/text.h"
#include "store/rows.h"
#include "store/store_private.h"

struct checker {
	struct db *db;
	void (*on_fault)(void *context, const char *text);
	void *context;
	struct cw_check *check;
};

static void fault(struct checker *checker, const char *text)
{
	checker->check->faults++;
	checker->on_fault(checker->context, text);
}

static int64_t ask(struct checker *checker, enum statement question)
{
	sqlite3_stmt *statement = db_bind(checker->db, question, "");
	int64_t answer = db_step(checker->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return answer;
}

/*
 * FTS5 caches its index's structure and looks for other connections' changes only when a cursor is opened, which PRAGMA
 * integrity_check (SQLite 3.44 and later) never does. Without this, a second check would compare new data with the old
 * index and call a sound one malformed.
 */
static void open_search(struct checker *checker)
{
	(void)ask(checker, SQL_CHECK_OPEN_SEARCH);
}

static void check_integrity(struct checker *checker)
{
	open_search(checker);
	sqlite3_stmt *statement = db_bind(checker->db, SQL_CHECK_INTEGRITY, "");

	while (db_step(checker->db, statement)) {
		if (strcmp(db_text(statement, 0), "ok") != 0) {
			fault(checker, db_text(statement, 0));
		}
	}
	statement = db_bind(checker->db, SQL_CHECK_FOREIGN_KEYS, "");
	if (db_step(checker->db, statement)) {
		fault(checker, "a row refers to a row that does not exist");
		db_end(statement);
	}
}

static void check_seq(struct checker *checker)
{
	sqlite3_stmt *statement = db_bind(checker->db, SQL_CHECK_SEQ, "");

	while (db_step(checker->db, statement)) {
		int64_t head = db_int(statement, 1);
		int64_t highest = db_int(statement, 2);
		int64_t count = db_int(statement, 3);
		int64_t lowest = db_int(statement, 4);
		char text[200];

		if (count > 0 && (highest != head || highest - lowest + 1 != count)) {
			(void)snprintf(text, sizeof(text),
				       "account %s: head %lld, but its events run from %lld to %lld in %lld rows",
				       db_text(statement, 0), (long long)head, (long long)lowest, (long long)highest,
				       (long long)count); /* a truncated sentence is still useful */
			fault(checker, text);
		}
	}
}

/* A violation of one about sending stops messages. */
struct rule {
	enum statement question; /* counts the violations */
	bool is_about_sending;
	const char *sentence;
};

static void check_rules(struct checker *checker, bool only_sending)
{
	static const struct rule rules[] = {
		{ SQL_CHECK_PREV, false, "an event's prev is not the seq of the conversation's previous event" },
		{ SQL_CHECK_EVENT_ORDER, false, "an account's events are not in seq order" },
		{ SQL_CHECK_DOUBLE_WAMID, false, "a WhatsApp message id is stored twice" },
		{ SQL_CHECK_UNREAD, false, "a conversation's unread count differs from its number of unread messages" },
		{ SQL_CHECK_LAST, false, "a conversation's last message does not exist" },
		{ SQL_CHECK_LANES, true, "messages of a conversation are waiting, but none or several are at the front" },
		{ SQL_CHECK_SENDING, true, "two messages of a conversation are being sent at the same time" },
		{ SQL_CHECK_ATTEMPTS, true, "a message refers to an attempt to send it that does not exist" },
		{ SQL_CHECK_ACCEPTED, true,
		  "WhatsApp accepted a message, but its WhatsApp message id (wamid) is missing" },
		{ SQL_CHECK_FINISHED, true, "a message that was accepted or has failed still holds up those behind it" },
		{ SQL_CHECK_PAUSED, true, "a number is paused without a reason, or has a reason without being paused" },
		{ SQL_CHECK_WAMID_HASH, false, "a WhatsApp message id is stored without its hash, so it is not found" },
		{ SQL_CHECK_JSON, false, "a stored text is not the JSON that it must be" },
		{ SQL_CHECK_MERGED, false, "a conversation is merged into itself, or into one that is merged itself" },
		{ SQL_CHECK_DOUBLE_ASSIGNMENT, false, "a conversation is assigned to two agents" },
		{ SQL_CHECK_ASSIGNEE, false, "a conversation's assignee differs from its assignment history" },
		{ SQL_CHECK_MERGED_ASSIGNEE, false,
		  "a merged conversation and the one it was merged into have different assignees" },
	};
	char text[200];

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		int64_t n = only_sending && !rules[i].is_about_sending ? 0 : ask(checker, rules[i].question);

		if (n > 0) {
			(void)snprintf(text, sizeof(text), "%s (%lld)", rules[i].sentence, (long long)n); /* it fits */
			fault(checker, text);
		}
	}
}

static bool has_file(const char *dir, const unsigned char *sha256, int64_t size)
{
	char path[PATH_MAX];
	struct stat found;

	return cw_media_store_path(dir, sha256, path, sizeof(path)) && stat(path, &found) == 0 && found.st_size == size;
}

/* Checks that every file of a message exists and has the right size. Backup and restore check the contents. */
static void check_media(struct checker *checker, const char *database)
{
	char dir[PATH_MAX];
	char text[PATH_MAX + 150];
	const char *slash = strrchr(database, '/');
	sqlite3_stmt *statement = db_bind(checker->db, SQL_CHECK_MEDIA, "");
	int64_t n_missing = 0;

	if (!slash || !cw_text_format(dir, sizeof(dir), "%.*s/media", (int)(slash - database), database)) {
		db_end(statement);
		return; /* cannot happen: the store was opened with this path */
	}
	while (db_step(checker->db, statement)) {
		const unsigned char *sha256 = sqlite3_column_blob(statement, 0);

		if (!sha256 || sqlite3_column_bytes(statement, 0) != CW_SHA256_BYTES ||
		    !has_file(dir, sha256, db_int(statement, 1))) {
			n_missing++;
		}
	}
	if (n_missing > 0) {
		(void)snprintf(
			text, sizeof(text),
			"files of messages are missing from %s or have the wrong size (%lld): copy them from a backup's media/",
			dir, (long long)n_missing); /* it fits */
		fault(checker, text);
	}
}

enum cw_status cw_store_check(struct cw_reader *reader, int64_t published,
			      void (*on_fault)(void *context, const char *text), void *context,
			      struct cw_check *ret_check, struct cw_error *reterr)
{
	struct cw_check check = { .has_checked_search = sqlite3_libversion_number() >= 3044000 };
	struct checker checker = { &reader->db, on_fault, context, &check };
	int64_t cursor = published;
	int64_t oldest_at_ms = 0;

	check_integrity(&checker);
	check_seq(&checker);
	check_rules(&checker, false);
	check_media(&checker, reader->store->path);
	check.messages = ask(&checker, SQL_COUNT_MESSAGES);
	check.conversations = ask(&checker, SQL_COUNT_CONVERSATIONS);
	check.waiting_changes = raw_count(&reader->db, "waiting");
	check.kept_changes = raw_count(&reader->db, "kept");
	enum cw_status status = published < 0 ? cw_store_cursor(reader, &cursor, reterr) : CW_OK;

	if (status == CW_OK) {
		status = cw_store_log_lag(reader, cursor, &check.lag_events, &oldest_at_ms, reterr);
	}
	if (status == CW_OK) {
		check.lag_ms = check.lag_events ? cw_clock_now_ms() - oldest_at_ms : 0;
		*ret_check = check;
	}
	return status;
}

enum cw_status cw_store_check_sending(struct cw_reader *reader, void (*on_fault)(void *context, const char *text),
				      void *context, struct cw_error *reterr)
{
	struct cw_check check = { .faults = 0 };
	struct checker checker = { &reader->db, on_fault, context, &check };

	check_rules(&checker, true);
	return db_status(&reader->db, reterr);
}
