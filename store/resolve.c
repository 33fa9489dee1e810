/* SPDX-License-Identifier: MIT */
/* resolve: which conversation an id refers to, and what the id was compared with. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/phone.h"
#include "core/text.h"
#include "store/rows.h"
#include "store/store_private.h"

#define MAX_MATCHES 32

struct search {
	struct db *db;
	int64_t account;
	const char *account_name;
	const char *phone_number_id; /* NULL: any number */
	const struct cw_resolve_sink *sink;
	int64_t seen[MAX_MATCHES]; /* conversations already given */
	size_t n_seen;
};

static void compared(struct search *search, const char *format, ...) CW_PRINTF(2, 3);

static void compared(struct search *search, const char *format, ...)
{
	char line[400];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments); /* a truncated line is still useful */
	va_end(arguments);
	search->sink->on_compared(search->sink->context, line);
}

static bool is_seen(struct search *search, int64_t conversation)
{
	for (size_t i = 0; i < search->n_seen; i++) {
		if (search->seen[i] == conversation) {
			return true;
		}
	}
	if (search->n_seen < MAX_MATCHES) {
		search->seen[search->n_seen++] = conversation;
	}
	return false;
}

/* For a merged conversation, gives the one it was merged into. */
static void give(struct search *search, struct conversation_row *row, const char *matched_by)
{
	struct conversation_row target;
	char how[120];

	/* One step: what was merged into a conversation that is merged itself points to the last one. */
	if (row->merged_into != 0 && conversation_load(search->db, row->merged_into, &target)) {
		(void)snprintf(how, sizeof(how), "%s, merged into this one", matched_by); /* ours, and short */
		if (target.merged_into == 0) {
			give(search, &target, how);
		} else {
			db_report(search->db, "conversation %lld is merged into one that is merged itself",
				  (long long)row->id);
		}
		conversation_row_finish(&target);
		return;
	}
	bool is_of_number = !search->phone_number_id || strcmp(search->phone_number_id, row->row.phone_number_id) == 0;

	if (row->account == search->account && is_of_number && !is_seen(search, row->id)) {
		(void)search->sink->on_match(search->sink->context, &row->row, matched_by);
	}
}

static void give_by_id(struct search *search, int64_t id, const char *matched_by)
{
	struct conversation_row row;

	if (conversation_load(search->db, id, &row)) {
		give(search, &row, matched_by);
		conversation_row_finish(&row);
	}
}

static void give_contact(struct search *search, int64_t contact, const char *matched_by)
{
	int64_t ids[MAX_MATCHES];
	size_t n = 0;
	sqlite3_stmt *statement = db_bind(search->db, SQL_CONVERSATION_IDS_OF_CONTACT, "ii", contact, (int64_t)0);

	while (n < MAX_MATCHES && db_step(search->db, statement)) {
		ids[n++] = db_int(statement, 0);
	}
	db_end(statement);
	for (size_t i = 0; i < n; i++) {
		give_by_id(search, ids[i], matched_by);
	}
}

static void by_canonical(struct search *search, const char *id)
{
	struct cw_conversation_id parts;
	struct conversation_row row;
	sqlite3_stmt *statement = NULL;

	if (cw_conversation_id_parse(id, &parts) != CW_OK) {
		compared(search, "canonical ids: not of the form <account>_<phone_number_id>_<customer>");
		return;
	}
	if (strcmp(parts.account, search->account_name) != 0) {
		compared(search, "canonical ids: it belongs to account %s, the token to account %s", parts.account,
			 search->account_name);
		return;
	}
	statement = db_bind(search->db, SQL_CONVERSATION_BY_NAME, "t", id);
	if (db_step(search->db, statement)) {
		conversation_read(search->db, statement, &row);
		db_end(statement);
		give(search, &row, "canonical id");
		conversation_row_finish(&row);
	}
	compared(search, "canonical ids of account %s: %s", search->account_name, id);
}

static void by_legacy(struct search *search, const char *id)
{
	sqlite3_stmt *statement = db_bind(search->db, SQL_IDENTITY_FIND_LEGACY, "it", search->account, id);
	int64_t conversation = db_step(search->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	if (conversation) {
		give_by_id(search, conversation, "legacy id");
	}
	compared(search, "legacy ids (convwire alias import): %s", id);
}

static void by_identity(struct search *search, const char *value, const char *kind, const char *matched_by)
{
	int64_t contacts[MAX_MATCHES];
	size_t n = 0;
	sqlite3_stmt *statement = db_bind(search->db, SQL_IDENTITY_FIND, "itt", search->account, value, kind);

	while (n < MAX_MATCHES && db_step(search->db, statement)) {
		contacts[n++] = db_int(statement, 0);
	}
	db_end(statement);
	for (size_t i = 0; i < n; i++) {
		give_contact(search, contacts[i], matched_by);
	}
}

static void by_match_key(struct search *search, const char *digits)
{
	char key[CW_PHONE_MAX + 1];
	int64_t contacts[4];
	size_t n = 0;

	if (cw_phone_match_key(digits, key) != CW_OK) {
		return;
	}
	sqlite3_stmt *statement = db_bind(search->db, SQL_IDENTITY_FIND_MATCH, "it", search->account, key);

	while (n < 4 && db_step(search->db, statement)) {
		contacts[n++] = db_int(statement, 0);
	}
	db_end(statement);
	for (size_t i = 0; i < n; i++) {
		give_contact(search, contacts[i], "another spelling of the phone number");
	}
	compared(search, "other spellings of the phone number: %s", key);
}

static void by_phone(struct search *search, const char *id)
{
	char digits[CW_PHONE_MAX + 1];

	struct cw_error why = { .status = CW_OK };

	if (cw_phone_digits(id, digits, &why) != CW_OK) {
		compared(search, "phone numbers: %s", why.text);
		return;
	}
	by_identity(search, digits, "wa_id", "phone number");
	compared(search, "phone numbers: %s", digits);
	if (search->n_seen == 0) {
		by_match_key(search, digits);
	}
}

enum cw_status cw_store_resolve(struct cw_reader *reader, const char *account, const char *id,
				const char *phone_number_id, const struct cw_resolve_sink *sink, struct cw_error *reterr)
{
	struct search search = {
		.db = &reader->db, .account_name = account, .phone_number_id = phone_number_id, .sink = sink
	};
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_ACCOUNT_BY_NAME, "t", account);

	if (!db_step(&reader->db, statement)) {
		compared(&search, "account %s does not exist", account);
		return db_status(&reader->db, reterr);
	}
	search.account = db_int(statement, 0);
	db_end(statement);
	by_canonical(&search, id);
	by_legacy(&search, id);
	by_identity(&search, id, "user_id", "business-scoped user id");
	by_identity(&search, id, "parent_user_id", "parent user id");
	by_identity(&search, id, "group_id", "group id");
	compared(&search, "business-scoped user ids and group ids: %s", id);
	by_phone(&search, id);
	if (phone_number_id) {
		compared(&search, "only at phone_number_id %s", phone_number_id);
	}
	return db_status(&reader->db, reterr);
}
