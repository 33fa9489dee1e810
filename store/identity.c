/* SPDX-License-Identifier: MIT */
#include "store/identity.h"

#include <stdlib.h>
#include <string.h>

#include "core/phone.h"
#include "core/text.h"
#include "store/assignment.h"
#include "store/lane.h"

/* A new conversation whose id is taken gets the suffix -2, -3, …; needing more than this many would be a bug. */
#define MAX_SUFFIX 1000

bool number_find(struct db *db, const char *phone_number_id, struct number_row *row)
{
	sqlite3_stmt *statement = db_bind(db, SQL_NUMBER_BY_PHONE_NUMBER_ID, "t", phone_number_id);

	if (!db_step(db, statement)) {
		return false;
	}
	*row = (struct number_row){
		.id = db_int(statement, 0),
		.account = db_int(statement, 1),
		.has_waba = db_text(statement, 2) != NULL,
		.is_replaying = db_int(statement, 3) != 0,
	};
	const char *display = db_text(statement, 5);
	bool is_whole = cw_text_copy(row->account_name, sizeof(row->account_name), db_text(statement, 4)) &&
			cw_text_copy(row->display_phone, sizeof(row->display_phone), display ? display : "") &&
			cw_text_copy(row->phone_number_id, sizeof(row->phone_number_id), phone_number_id);

	db_end(statement);
	return is_whole;
}

/* ---- finding the contact ---- */

static int64_t find_exact(struct tx *tx, int64_t account, const char *value, const char *kind)
{
	sqlite3_stmt *statement = value ? db_bind(tx->db, SQL_IDENTITY_FIND, "itt", account, value, kind) : NULL;
	int64_t contact = db_step(tx->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return contact;
}

/* A match key decides only when exactly one contact has it. */
static int64_t find_by_match_key(struct tx *tx, int64_t account, const char *wa_id)
{
	char key[CW_PHONE_MAX + 1];

	if (!wa_id || cw_phone_match_key(wa_id, key) != CW_OK) {
		return 0;
	}
	sqlite3_stmt *statement = db_bind(tx->db, SQL_IDENTITY_FIND_MATCH, "it", account, key);
	int64_t contact = db_step(tx->db, statement) ? db_int(statement, 0) : 0;

	if (contact && db_step(tx->db, statement)) {
		contact = 0;
	}
	db_end(statement);
	return contact;
}

/*
 * Is the contact known at this number under a different business-scoped user id? Ids are per business
 * portfolio, so one learned at another number proves nothing. Meta gives a person a new id only with a
 * new phone number, so the same phone number with another id is another person.
 */
static bool is_someone_else(struct tx *tx, int64_t contact, int64_t number, const char *user_id)
{
	if (!contact || !user_id) {
		return false;
	}
	sqlite3_stmt *statement = db_bind(tx->db, SQL_IDENTITY_OTHER_USER_ID, "iit", contact, number, user_id);
	bool is_other = db_step(tx->db, statement);

	db_end(statement);
	return is_other;
}

static void add_identity(struct tx *tx, const struct number_row *number, int64_t contact, const char *kind,
			 const char *value, int64_t at_ms)
{
	char key[CW_PHONE_MAX + 1];
	bool has_key = strcmp(kind, "wa_id") == 0 && cw_phone_match_key(value, key) == CW_OK;

	db_run(tx->db, SQL_IDENTITY_INSERT, "iiIittti", number->account, contact, (int64_t)0, number->id, kind, value,
	       has_key ? key : NULL, at_ms);
}

static void newest_identity(struct tx *tx, int64_t contact, const char *kind, char *out, size_t size)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_IDENTITY_NEWEST, "it", contact, kind);

	out[0] = '\0';
	if (db_step(tx->db, statement) && !cw_text_copy(out, size, db_text(statement, 0))) {
		db_fail(tx->db, SQLITE_CORRUPT);
	}
	db_end(statement);
}

/* Updates the contact's row with its newest live phone and user id. */
static void refresh_contact(struct tx *tx, int64_t contact)
{
	char wa_id[CW_CUSTOMER_MAX + 1];
	char user_id[CW_CUSTOMER_MAX + 1];

	newest_identity(tx, contact, "wa_id", wa_id, sizeof(wa_id));
	newest_identity(tx, contact, "user_id", user_id, sizeof(user_id));
	db_run(tx->db, SQL_CONTACT_SET_IDS, "itt", contact, wa_id[0] ? wa_id : NULL, user_id[0] ? user_id : NULL);
}

static int64_t add_contact(struct tx *tx, const struct number_row *number, const struct cw_party *party)
{
	unsigned char uid[CW_CLOCK_UUID_BYTES];

	if (cw_clock_uuid7(tx->now_ms, uid) != CW_OK) {
		db_fail(tx->db, SQLITE_IOERR);
		return 0;
	}
	db_run(tx->db, SQL_CONTACT_INSERT, "ibtttti", number->account, uid, party->name, party->username, party->wa_id,
	       party->user_id, tx->now_ms);
	return sqlite3_last_insert_rowid(tx->db->handle);
}

static void retire(struct tx *tx, int64_t contact, const char *value, int64_t at_ms)
{
	db_run(tx->db, SQL_IDENTITY_RETIRE, "iti", contact, value, at_ms);
	refresh_contact(tx, contact);
	identity_tell(tx, contact, 0);
}

static int64_t merge_contacts(struct tx *tx, int64_t one, int64_t other);

/*
 * The rules, in order: an exact identity decides, except that a phone known at this number with another
 * user id now belongs to someone else; if phone and user id match two contacts, these are merged; then
 * the group id, then the parent user id, then a match key.
 */
static int64_t find_contact(struct tx *tx, const struct number_row *number, const struct cw_party *party, int64_t at_ms)
{
	int64_t by_phone = find_exact(tx, number->account, party->wa_id, "wa_id");
	int64_t by_user_id = find_exact(tx, number->account, party->user_id, "user_id");

	if (by_phone && by_phone != by_user_id && is_someone_else(tx, by_phone, number->id, party->user_id)) {
		retire(tx, by_phone, party->wa_id, at_ms);
		by_phone = 0;
	}
	if (by_phone && by_user_id && by_phone != by_user_id) {
		return merge_contacts(tx, by_phone, by_user_id);
	}
	if (by_phone || by_user_id) {
		return by_phone ? by_phone : by_user_id;
	}
	int64_t contact = find_exact(tx, number->account, party->group_id, "group_id");

	if (!contact) {
		contact = find_exact(tx, number->account, party->parent_user_id, "parent_user_id");
	}
	if (!contact) {
		contact = find_by_match_key(tx, number->account, party->wa_id);
	}
	return is_someone_else(tx, contact, number->id, party->user_id) ? 0 : contact;
}

/* Adds those identities of party that nobody has yet to the contact. true when something was added. */
static bool learn(struct tx *tx, const struct number_row *number, int64_t contact, const struct cw_party *party,
		  int64_t at_ms)
{
	const struct {
		const char *kind, *value;
	} ids[] = { { "wa_id", party->wa_id },
		    { "user_id", party->user_id },
		    { "parent_user_id", party->parent_user_id },
		    { "group_id", party->group_id } };
	bool has_learned = false;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (ids[i].value && !find_exact(tx, number->account, ids[i].value, ids[i].kind)) {
			add_identity(tx, number, contact, ids[i].kind, ids[i].value, at_ms);
			has_learned = true;
		}
	}
	return has_learned;
}

/* Also true for a retired number: the late answer to an old request must not bring it back. */
static bool was_known(struct tx *tx, int64_t account, const char *wa_id)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_IDENTITY_ENDED, "itt", account, wa_id, "wa_id");
	bool was_given_up = db_step(tx->db, statement);

	db_end(statement);
	return was_given_up || find_exact(tx, account, wa_id, "wa_id") != 0;
}

void identity_learn_phone(struct tx *tx, const struct number_row *number, int64_t contact, const char *wa_id)
{
	if (cw_text_is_made_of(wa_id, strlen(wa_id), CW_PHONE_MAX, CW_TEXT_DIGITS) &&
	    !was_known(tx, number->account, wa_id)) {
		add_identity(tx, number, contact, "wa_id", wa_id, tx->now_ms);
		refresh_contact(tx, contact);
		identity_tell(tx, contact, 0);
	}
}

/* ---- minting ---- */

/* A group id may contain characters that are not allowed in a topic. */
static void customer_part(const struct cw_party *party, char out[CW_CUSTOMER_MAX + 1])
{
	const char *identity = party->wa_id ? party->wa_id : party->user_id ? party->user_id : party->group_id;
	size_t len = 0;

	for (; identity[len] && len < CW_CUSTOMER_MAX - 4; len++) { /* room for a suffix */
		out[len] = (char)(strchr(CW_TEXT_ID, identity[len]) ? identity[len] : '-');
	}
	out[len] = '\0';
}

static bool name_is_taken(struct tx *tx, const char *name)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_CONVERSATION_NAME_TAKEN, "t", name);
	bool is_taken = db_step(tx->db, statement);

	db_end(statement);
	return is_taken;
}

static bool mint_name(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		      char name[CW_CONVERSATION_ID_MAX + 1])
{
	char customer[CW_CUSTOMER_MAX + 1];

	customer_part(party, customer);
	size_t len = strlen(customer);

	for (int suffix = 1; suffix < MAX_SUFFIX; suffix++) {
		if (suffix > 1 && !cw_text_format(customer + len, sizeof(customer) - len, "-%d", suffix)) {
			return false;
		}
		if (cw_conversation_id_make(number->account_name, number->phone_number_id, customer, name) != CW_OK) {
			return false;
		}
		if (!name_is_taken(tx, name)) {
			return true;
		}
	}
	return false;
}

static bool load_of_contact(struct tx *tx, int64_t contact, int64_t number, struct conversation_row *row)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_CONVERSATION_OF_CONTACT, "ii", contact, number);
	bool is_found = db_step(tx->db, statement);

	if (is_found) {
		conversation_read(tx->db, statement, row);
		db_end(statement);
	}
	return is_found;
}

static bool mint(struct tx *tx, const struct number_row *number, int64_t contact, const struct cw_party *party,
		 struct conversation_row *row)
{
	char name[CW_CONVERSATION_ID_MAX + 1];
	char tag[CW_TAG_MAX + 1];

	if (!mint_name(tx, number, party, name)) {
		db_fail(tx->db, SQLITE_MISMATCH); /* the parser rejects such parties */
		return false;
	}
	cw_tag_make(tx->options->tag, name, tag);
	db_run(tx->db, SQL_CONVERSATION_INSERT, "iiitti", number->account, number->id, contact, name, tag, tx->now_ms);
	return load_of_contact(tx, contact, number->id, row);
}

/* ---- merging ---- */

/* Updates the survivor and makes the events; merged_into and the contact are already stored. */
static void tell_of_merge(struct tx *tx, struct conversation_row *younger, struct conversation_row *older)
{
	younger->row.version++;
	older->row.version++;
	older->row.unread += younger->row.unread;
	if (younger->row.window_ends_at_ms > older->row.window_ends_at_ms) {
		older->row.window_ends_at_ms = younger->row.window_ends_at_ms;
	}
	if (younger->top_position > older->top_position) {
		older->top_position = younger->top_position;
	}
	if (younger->row.last_position > older->row.last_position) {
		free(older->row.last_preview);
		older->row.last_preview = db_dup(tx->db, younger->row.last_preview);
		memcpy(older->row.last_message, younger->row.last_message, sizeof(older->row.last_message));
		older->row.last_position = younger->row.last_position;
		older->row.last_kind = younger->row.last_kind;
		older->row.last_is_outbound = younger->row.last_is_outbound;
		older->row.last_status = younger->row.last_status;
	}
	younger->row.unread = 0;
	assignment_merge(tx, younger, older);
	tx_save_conversation(tx, younger);
	tx_save_conversation(tx, older);
}

static void merge_into(struct tx *tx, int64_t younger_id, int64_t older_id)
{
	struct conversation_row younger;
	struct conversation_row older;

	if (!conversation_load(tx->db, younger_id, &younger)) {
		return;
	}
	if (conversation_load(tx->db, older_id, &older)) {
		tell_of_merge(tx, &younger, &older);
		conversation_row_finish(&older);
	}
	conversation_row_finish(&younger);
}

/* Moves one conversation to the surviving contact, merging it with that contact's conversation at the same number. */
static void move_conversation(struct tx *tx, int64_t conversation, int64_t survivor)
{
	struct conversation_row moved;
	struct conversation_row kept;

	if (!conversation_load(tx->db, conversation, &moved)) {
		return;
	}
	if (moved.merged_into != 0 || !load_of_contact(tx, survivor, moved.number, &kept)) {
		db_run(tx->db, SQL_CONVERSATION_SET_CONTACT, "ii", moved.id, survivor);
	} else {
		int64_t younger = moved.id < kept.id ? kept.id : moved.id;
		int64_t older = moved.id < kept.id ? moved.id : kept.id;

		db_run(tx->db, SQL_CONVERSATION_MERGE, "ii", younger, older);
		db_run(tx->db, SQL_CONVERSATION_REPOINT, "ii", younger, older);
		db_run(tx->db, SQL_CONVERSATION_SET_CONTACT, "ii", moved.id, survivor);
		merge_into(tx, younger, older);
		lane_join(tx, younger, older);
		conversation_row_finish(&kept);
	}
	conversation_row_finish(&moved);
}

/* The contact's conversation that comes after `after` in the order of ids; 0: there is none. */
static int64_t next_conversation(struct tx *tx, int64_t contact, int64_t after)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_CONVERSATION_IDS_OF_CONTACT, "ii", contact, after);
	int64_t id = db_step(tx->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return id;
}

/* The older contact survives. */
static int64_t merge_contacts(struct tx *tx, int64_t one, int64_t other)
{
	int64_t survivor = one < other ? one : other;
	int64_t younger = one < other ? other : one;
	int64_t conversation = 0;

	db_run(tx->db, SQL_IDENTITY_MOVE, "ii", younger, survivor);
	db_run(tx->db, SQL_CONTACT_JOIN, "ii", survivor, younger);
	refresh_contact(tx, survivor);
	while ((conversation = next_conversation(tx, younger, conversation)) != 0) {
		move_conversation(tx, conversation, survivor);
	}
	identity_tell(tx, survivor, 0);
	return survivor;
}

static void tell_one(struct tx *tx, int64_t conversation)
{
	struct conversation_row row;

	if (!conversation_load(tx->db, conversation, &row)) {
		return;
	}
	/* A merged row may have a new contact, or may now be merged into another row. */
	bool is_merged = row.merged_into != 0;

	row.row.version += is_merged ? 1 : 0;
	tx_event(tx, &(struct event_spec){ .kind = is_merged ? CW_EVENT_MERGE : CW_EVENT_CONTACT,
					   .account = row.account,
					   .conversation = &row,
					   .has_conversation = is_merged,
					   .has_contact = !is_merged });
	tx_save_conversation(tx, &row);
	conversation_row_finish(&row);
}

void identity_tell(struct tx *tx, int64_t contact, int64_t except)
{
	int64_t conversation = 0;

	while ((conversation = next_conversation(tx, contact, conversation)) != 0) {
		if (conversation != except) {
			tell_one(tx, conversation);
		}
	}
}

/* ---- the interface ---- */

/* The fast path: nearly every message is from a customer whose phone and user id are known. One lookup. */
static bool find_known(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		       struct conversation_row *row)
{
	const char *value = party->wa_id ? party->wa_id : party->user_id;
	sqlite3_stmt *statement = value ? db_bind(tx->db, SQL_CONVERSATION_BY_IDENTITY, "itti", number->account, value,
						  party->wa_id ? "wa_id" : "user_id", number->id) :
					  NULL;

	if (!db_step(tx->db, statement)) {
		return false;
	}
	conversation_read(tx->db, statement, row);
	db_end(statement);
	const char *known = row->row.contact.user_id;

	if (!party->user_id || (known && strcmp(known, party->user_id) == 0)) {
		return true;
	}
	conversation_row_finish(row);
	return false;
}

/* The conversation of a contact found by find_contact, or of a new contact (contact 0). */
static bool open_conversation(struct tx *tx, const struct number_row *number, const struct cw_party *party,
			      int64_t contact, int64_t at_ms, struct conversation_row *ret_row, bool *ret_is_new)
{
	*ret_is_new = false;
	if (contact == 0) {
		contact = add_contact(tx, number, party);
		(void)learn(tx, number, contact, party, at_ms); /* it is new in any case */
	}
	if (load_of_contact(tx, contact, number->id, ret_row)) {
		return true; /* even if a copy failed: the caller finishes the row, and the transaction is rolled back */
	}
	if (tx->db->failed != SQLITE_OK) {
		return false;
	}
	*ret_is_new = true;
	return mint(tx, number, contact, party, ret_row);
}

bool identity_conversation(struct tx *tx, const struct number_row *number, const struct cw_party *party, int64_t at_ms,
			   struct conversation_row *ret_row, bool *ret_is_new, bool *ret_contact_changed)
{
	*ret_is_new = *ret_contact_changed = false;
	if (find_known(tx, number, party, ret_row)) {
		return true;
	}
	int64_t contact = find_contact(tx, number, party, at_ms);

	if (contact && learn(tx, number, contact, party, at_ms)) {
		refresh_contact(tx, contact);
		*ret_contact_changed = true;
	}
	return open_conversation(tx, number, party, contact, at_ms, ret_row, ret_is_new);
}

bool identity_named(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		    struct conversation_row *ret_row, bool *ret_is_new)
{
	*ret_is_new = false;
	return find_known(tx, number, party, ret_row) ||
	       open_conversation(tx, number, party, find_contact(tx, number, party, tx->now_ms), tx->now_ms, ret_row,
				 ret_is_new);
}

bool identity_find(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		   struct conversation_row *ret_row)
{
	if (find_known(tx, number, party, ret_row)) {
		return true;
	}
	int64_t contact = find_exact(tx, number->account, party->wa_id, "wa_id");

	if (!contact) {
		contact = find_exact(tx, number->account, party->user_id, "user_id");
	}
	if (!contact) {
		contact = find_by_match_key(tx, number->account, party->wa_id);
	}
	return contact && load_of_contact(tx, contact, number->id, ret_row);
}

void identity_replace(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		      const char *new_wa_id, const char *new_user_id, int64_t at_ms)
{
	int64_t contact = find_exact(tx, number->account, party->wa_id, "wa_id");
	const struct cw_party fresh = { .wa_id = new_wa_id, .user_id = new_user_id };

	if (!contact) {
		contact = find_exact(tx, number->account, party->user_id, "user_id");
	}
	if (!contact) {
		return; /* unknown: created when they write */
	}
	if (!new_wa_id && party->user_id && find_exact(tx, number->account, party->user_id, "user_id") != contact &&
	    is_someone_else(tx, contact, number->id, party->user_id)) {
		return; /* a repeated old update: the id has changed again since */
	}
	if (new_wa_id && party->wa_id && strcmp(new_wa_id, party->wa_id) != 0) {
		db_run(tx->db, SQL_IDENTITY_RETIRE, "iti", contact, party->wa_id, at_ms);
	}
	/* A user id is regenerated with the phone number (Business-scoped user IDs, "Phone number changes"). */
	db_run(tx->db, SQL_IDENTITY_RETIRE_USER_IDS, "ii", contact, at_ms);
	int64_t by_phone = find_exact(tx, number->account, new_wa_id, "wa_id");
	int64_t by_user_id = find_exact(tx, number->account, new_user_id, "user_id");

	if (by_phone && by_phone != contact && is_someone_else(tx, by_phone, number->id, new_user_id)) {
		retire(tx, by_phone, new_wa_id, at_ms); /* the number's previous owner is another person */
		by_phone = 0;
	}
	if (by_phone && by_phone != contact) {
		contact = merge_contacts(tx, contact, by_phone);
		by_user_id = by_user_id == by_phone ? 0 : by_user_id;
	}
	if (by_user_id && by_user_id != contact) {
		contact = merge_contacts(tx, contact, by_user_id);
	}
	(void)learn(tx, number, contact, &fresh, at_ms); /* the contact's event is made either way */
	refresh_contact(tx, contact);
	identity_tell(tx, contact, 0);
}

static bool differs(const char *now, const char *said)
{
	return said && (!now || strcmp(now, said) != 0);
}

/* The row has an older copy of its contact. */
static void reload_contact(struct tx *tx, struct conversation_row *row)
{
	struct conversation_row fresh;

	if (!conversation_load(tx->db, row->id, &fresh)) {
		return;
	}
	struct cw_contact old = row->row.contact;

	row->row.contact = fresh.row.contact;
	fresh.row.contact = old;
	conversation_row_finish(&fresh);
}

bool identity_rename(struct tx *tx, struct conversation_row *row, const struct cw_party *party)
{
	struct cw_contact *contact = &row->row.contact;

	bool is_news = differs(contact->name, party->name) || (party->name && !contact->is_own_name);

	if (!is_news && !differs(contact->username, party->username)) {
		return false;
	}
	db_run(tx->db, SQL_CONTACT_RENAME, "itt", row->contact, party->name, party->username);
	reload_contact(tx, row);
	return true;
}

bool identity_prefer(struct tx *tx, struct conversation_row *row, enum cw_marketing marketing, int64_t at_ms)
{
	db_run(tx->db, SQL_CONTACT_SET_MARKETING, "iti", row->contact, cw_marketing_text(marketing), at_ms);
	if (tx->db->failed != SQLITE_OK || sqlite3_changes(tx->db->handle) == 0) {
		return false;
	}
	reload_contact(tx, row);
	return true;
}

void identity_list_as(struct tx *tx, const struct number_row *number, const struct cw_party *party, int64_t at_ms)
{
	int64_t contact = find_contact(tx, number, party, tx->now_ms);

	if (!contact && party->name) {
		const struct cw_party nameless = { .wa_id = party->wa_id,
						   .user_id = party->user_id,
						   .group_id = party->group_id };

		contact = add_contact(tx, number, &nameless);
		(void)learn(tx, number, contact, party, tx->now_ms);
	}
	if (!contact) {
		return;
	}
	db_run(tx->db, SQL_CONTACT_LIST_AS, "iti", contact, party->name, at_ms);
	if (tx->db->failed == SQLITE_OK && sqlite3_changes(tx->db->handle) > 0) {
		identity_tell(tx, contact, 0);
	}
}
