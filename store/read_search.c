/* SPDX-License-Identifier: MIT */
/* The read side of full-text search. */
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/phone.h"
#include "core/search_text.h"
#include "store/read_search.h"
#include "store/rows.h"
#include "store/store_private.h"

#define MAX_QUERY_BYTES 4096
/* A shorter prefix matches too many words: then only the word itself is searched for. */
#define MIN_PREFIX_BYTES 2

/* Adds an FTS5 string, in quotes, with quotes doubled (sqlite.org/fts5.html, section 3.1): never parsed as syntax. */
static enum cw_status put_word(struct cw_buf *out, const char *word, size_t len, bool is_last)
{
	enum cw_status status = cw_buf_append_text(out, out->data[out->len - 1] == '(' ? "\"" : " AND \"");

	for (size_t i = 0; status == CW_OK && i < len; i++) {
		status = word[i] == '"' ? cw_buf_append_text(out, "\"\"") : cw_buf_append(out, &word[i], 1);
	}
	if (status == CW_OK) {
		status = cw_buf_append_text(out, is_last && len >= MIN_PREFIX_BYTES ? "\"*" : "\"");
	}
	return status;
}

/* "+92 345 678-9012" is one number, not four words. With zeros in front it may be dialled from abroad or at home. */
static enum cw_status put_phone(struct cw_buf *out, const char *digits)
{
	const char *bare = digits + strspn(digits, "0");

	return bare == digits || !*bare ? cw_buf_append_format(out, "\"%s\"*", digits) :
					  cw_buf_append_format(out, "\"%s\"* OR \"%s\"*", digits, bare);
}

static enum cw_status put_words(struct cw_buf *out, const char *text)
{
	enum cw_status status = CW_OK;

	for (int n = 0; status == CW_OK && n < CW_SEARCH_MAX_WORDS; n++) {
		text += strspn(text, " \t\r\n");
		size_t len = strcspn(text, " \t\r\n");

		if (len == 0) {
			break;
		}
		char *words = cw_search_words(text, len); /* several are a phrase */

		status = words ? put_word(out, words, strlen(words), text[len] == '\0') : CW_NOMEM;
		free(words);
		text += len;
	}
	return status;
}

/* The tokens of a conversation and of those that were merged into it. */
static enum cw_status put_conversation(struct cw_reader *reader, const char *name, struct cw_buf *out)
{
	struct conversation_row row = { .id = 0 };
	enum cw_status status = conversation_find(&reader->db, name, &row) ?
					cw_buf_append_format(out, "account : (c%lld", (long long)row.id) :
					CW_NOT_FOUND;
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_MERGED_CONVERSATIONS, "i", row.id);

	while (status == CW_OK && db_step(&reader->db, statement)) {
		status = cw_buf_append_format(out, " OR c%lld", (long long)db_int(statement, 0));
	}
	db_end(statement);
	conversation_row_finish(&row);
	return status == CW_OK ? cw_buf_append_text(out, ") AND ") : status;
}

/* The MATCH expression; empty when the text contains no word. */
static enum cw_status make_query(struct cw_reader *reader, const struct cw_search *search, struct cw_buf *out,
				 struct cw_error *reterr)
{
	struct account_row account;

	if (!account_find(&reader->db, search->account, &account)) {
		return reader_no_account(reader, search->account, reterr);
	}
	char digits[CW_PHONE_MAX + 1];
	enum cw_status status = search->conversation ? put_conversation(reader, search->conversation, out) : CW_OK;

	if (status == CW_OK) {
		status = cw_buf_append_format(out, "account : a%lld AND text : (", (long long)account.id);
	}
	size_t before = out->len;

	if (status == CW_OK) {
		status = cw_phone_part(search->text, digits) ? put_phone(out, digits) : put_words(out, search->text);
	}
	if (status == CW_OK && out->len == before) {
		cw_buf_reset(out);
		return CW_OK;
	}
	if (status == CW_OK) {
		status = cw_buf_append_text(out, ")");
	}
	return status == CW_OK        ? CW_OK :
	       status == CW_NOT_FOUND ? reader_no_conversation(reader, reterr) :
	       status == CW_NOMEM     ? cw_error_set(reterr, CW_NOMEM, "out of memory") :
					cw_error_set(reterr, CW_INVALID, "the search text is too long");
}

static void give_conversations(struct cw_reader *reader, const char *query, const struct cw_search *search,
			       cw_found_conversation_fn on_found, void *context)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_SEARCH_CONVERSATIONS, "tt", query, search->assignee);

	while (db_step(&reader->db, statement)) {
		struct conversation_row row;

		conversation_read(&reader->db, statement, &row);
		bool goes_on = reader->db.failed == SQLITE_OK && on_found(context, &row.row);

		conversation_row_finish(&row);
		if (!goes_on) {
			db_end(statement);
			break;
		}
	}
}

static bool give_message(struct cw_reader *reader, sqlite3_stmt *statement, cw_found_message_fn on_found, void *context)
{
	struct message_row message;
	struct conversation_row conversation;
	bool goes_on = false;

	message_read(&reader->db, statement, &message);
	if (conversation_load(&reader->db, message.conversation, &conversation)) {
		goes_on = on_found(context, &conversation.row, &message.message, message.id);
		conversation_row_finish(&conversation);
	}
	message_row_finish(&message);
	return goes_on;
}

enum cw_status cw_store_search_conversations(struct cw_reader *reader, const struct cw_search *search,
					     cw_found_conversation_fn on_found, void *context, struct cw_error *reterr)
{
	struct cw_buf query;

	cw_buf_init(&query, MAX_QUERY_BYTES);
	enum cw_status status = make_query(reader, search, &query, reterr);

	if (status == CW_OK && query.len > 0) {
		give_conversations(reader, query.data, search, on_found, context);
		status = db_status(&reader->db, reterr);
	}
	cw_buf_finish(&query);
	return status;
}

enum cw_status cw_store_search_messages(struct cw_reader *reader, const struct cw_search *search, int64_t before,
					cw_found_message_fn on_found, void *context, struct cw_error *reterr)
{
	struct cw_buf query;

	cw_buf_init(&query, MAX_QUERY_BYTES);
	enum cw_status status = make_query(reader, search, &query, reterr);

	if (status == CW_OK && query.len > 0) {
		sqlite3_stmt *statement = db_bind(&reader->db, SQL_SEARCH_MESSAGES, "tit", query.data, before,
						  search->assignee);

		while (db_step(&reader->db, statement)) {
			if (!give_message(reader, statement, on_found, context)) {
				db_end(statement);
				break;
			}
		}
		status = db_status(&reader->db, reterr);
	}
	cw_buf_finish(&query);
	return status;
}
