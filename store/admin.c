/* SPDX-License-Identifier: MIT */
/* Operations for accounts, legacy ids, and the publisher's cursor. */
#include <inttypes.h>
#include <string.h>

#include "core/phone.h"
#include "core/text.h"
#include "store/mint.h"

static enum cw_status make_epoch(char out[CW_EPOCH_TEXT])
{
	unsigned char bytes[(CW_EPOCH_TEXT - 1) / 2];

	if (cw_clock_random(bytes, sizeof(bytes)) != CW_OK) {
		return CW_IO;
	}
	cw_text_hex(bytes, sizeof(bytes), out);
	return CW_OK;
}

enum cw_status apply_account_add(struct tx *tx, struct cw_store_op *op)
{
	char epoch[CW_EPOCH_TEXT];

	if (!cw_account_is_valid(op->account.name)) {
		return cw_error_set(&op->error, CW_INVALID,
				    "account \"%.70s\": an account id has 1 to 64 letters, digits or -",
				    op->account.name);
	}
	if (tx_find_account(tx, op->account.name)) {
		return cw_error_set(&op->error, CW_DUPLICATE, "account %s already exists", op->account.name);
	}
	if (make_epoch(epoch) != CW_OK) {
		return cw_error_set(&op->error, CW_IO, "the system's random number generator failed");
	}
	db_run(tx->db, SQL_ACCOUNT_INSERT, "tti", op->account.name, epoch, tx->now_ms);
	return CW_OK;
}

static bool find_legacy(struct tx *tx, int64_t account, const char *legacy_id, struct conversation_row *row)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_IDENTITY_FIND_LEGACY, "it", account, legacy_id);
	int64_t id = db_step(tx->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return id && conversation_load(tx->db, id, row);
}

static void add_legacy(struct tx *tx, const struct number_row *number, const struct conversation_row *row,
		       const char *legacy_id)
{
	db_run(tx->db, SQL_IDENTITY_INSERT, "iiiittti", number->account, row->contact, row->id, number->id, "legacy",
	       legacy_id, NULL, tx->now_ms);
}

static enum cw_status check_alias(struct tx *tx, struct cw_store_op *op, struct number_row *number)
{
	if (op->alias.legacy_id[0] == '\0' || strlen(op->alias.legacy_id) > CW_CONVERSATION_ID_MAX) {
		return cw_error_set(&op->error, CW_INVALID, "_id is empty or longer than %d characters",
				    CW_CONVERSATION_ID_MAX);
	}
	if (!number_find(tx->db, op->alias.phone_number_id, number)) {
		return cw_error_set(&op->error, CW_NOT_FOUND,
				    "phoneNumberId %.40s does not exist; add it with `convwire number add`",
				    op->alias.phone_number_id);
	}
	if (strcmp(number->account_name, op->alias.account) != 0) {
		return cw_error_set(&op->error, CW_INVALID, "phoneNumberId %.40s belongs to another account than %.70s",
				    op->alias.phone_number_id, op->alias.account);
	}
	return CW_OK;
}

/* A legacy id refers to the same conversation forever. Checked before anything is created. */
static enum cw_status check_named(struct tx *tx, struct cw_store_op *op, const struct number_row *number,
				  const struct cw_party *party)
{
	struct conversation_row named;
	struct conversation_row meant;
	enum cw_status status = CW_OK;

	if (!find_legacy(tx, number->account, op->alias.legacy_id, &named)) {
		return CW_OK;
	}
	if (identity_find(tx, number, party, &meant)) {
		if (named.id == meant.id || named.merged_into == meant.id) {
			memcpy(op->alias.conversation, meant.row.id, sizeof(op->alias.conversation));
			status = cw_error_set(&op->error, CW_DUPLICATE, "already an alias of this conversation");
		}
		conversation_row_finish(&meant);
	}
	if (status == CW_OK) {
		status = cw_error_set(&op->error, CW_INVALID, "_id already refers to another conversation: %s",
				      named.row.id);
	}
	conversation_row_finish(&named);
	return status;
}

enum cw_status apply_alias_add(struct tx *tx, struct cw_store_op *op)
{
	char digits[CW_PHONE_MAX + 1];
	struct cw_party party = { .wa_id = NULL };
	struct number_row number;
	struct conversation_row row;
	bool is_new = false;
	enum cw_status status = check_alias(tx, op, &number);

	if (status == CW_OK) {
		status = mint_read_customer(op->alias.customer, digits, &party, &op->error);
	}
	if (status == CW_OK) {
		status = check_named(tx, op, &number, &party);
	}
	if (status != CW_OK) {
		return status;
	}
	if (!tx_account(tx, number.account) || !identity_named(tx, &number, &party, &row, &is_new)) {
		return CW_IO; /* the batch fails as a whole */
	}
	memcpy(op->alias.conversation, row.row.id, sizeof(op->alias.conversation));
	if (is_new) {
		tx_tell_conversation(tx, &row);
	}
	add_legacy(tx, &number, &row, op->alias.legacy_id);
	conversation_row_finish(&row);
	return CW_OK;
}

enum cw_status apply_cursor(struct tx *tx, struct cw_store_op *op)
{
	char text[24];

	if (!cw_text_format(text, sizeof(text), "%" PRId64, op->cursor.event_id)) {
		return cw_error_set(&op->error, CW_INVALID, "the cursor is not a number");
	}
	db_run(tx->db, SQL_META_SET, "tt", "publisher_cursor", text);
	return CW_OK;
}
