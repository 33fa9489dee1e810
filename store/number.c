/* SPDX-License-Identifier: MIT */
/* Business numbers: added, paused and resumed; the conversations that people begin at them; their templates. */
#include <stdlib.h>
#include <string.h>

#include "core/phone.h"
#include "core/text.h"
#include "store/assignment.h"
#include "store/notice.h"
#include "store/number.h"

enum cw_status number_read_customer(const char *customer, char digits[CW_PHONE_MAX + 1], struct cw_party *party,
				    struct cw_error *reterr)
{
	char part[CW_CUSTOMER_MAX + 1];

	if (cw_phone_digits(customer, digits) == CW_OK) {
		party->wa_id = digits;
		return CW_OK;
	}
	if (strchr(customer, '.') && cw_conversation_customer(customer, part) == CW_OK) {
		party->user_id = customer;
		return CW_OK;
	}
	return cw_error_set(reterr, CW_INVALID, "customer \"%.40s\" is neither a phone number nor a user id", customer);
}

void number_tell_new_conversation(struct tx *tx, struct conversation_row *row)
{
	row->row.version++;
	tx_event(tx, &(struct event_spec){ .kind = CW_EVENT_CONVERSATION,
					   .account = row->account,
					   .conversation = row,
					   .has_conversation = true });
	tx_save_conversation(tx, row);
}

enum cw_status apply_number_add(struct tx *tx, struct cw_store_op *op)
{
	struct number_row number;

	if (!cw_phone_number_id_is_valid(op->number.phone_number_id)) {
		return cw_error_set(&op->error, CW_INVALID,
				    "number \"%.40s\": a phone_number_id has 1 to 32 digits; it is not the phone number, "
				    "see WhatsApp Manager, Phone numbers",
				    op->number.phone_number_id);
	}
	int64_t account = tx_find_account(tx, op->number.account);

	if (!account) {
		return cw_error_set(&op->error, CW_NOT_FOUND,
				    "account %.70s is not there; `convwire account add` makes it", op->number.account);
	}
	if (number_find(tx->db, op->number.phone_number_id, &number)) {
		return cw_error_set(&op->error, CW_DUPLICATE, "number %s is there already, with account %s",
				    op->number.phone_number_id, number.account_name);
	}
	db_run(tx->db, SQL_NUMBER_INSERT, "ittiii", account, op->number.phone_number_id, op->number.waba_id,
	       (int64_t)op->number.is_simulated, (int64_t)1, tx->now_ms);
	return CW_OK;
}

/* ---- pausing ---- */

static void tell_paused(struct tx *tx, const struct number_row *number, const struct cw_store_pause *pause)
{
	json_t *value = json_pack("{s:s, s:b, s:i, s:s?, s:I}", "phone_number_id", pause->phone_number_id, "paused",
				  pause->reason != NULL, "code", pause->code, "reason", pause->reason, "since",
				  (json_int_t)tx->now_ms);

	notice_tell(tx, number->account, CW_EVENT_NUMBER, "sending", pause->phone_number_id, value);
	json_decref(value);
}

enum cw_status apply_number_pause(struct tx *tx, struct cw_store_op *op)
{
	const struct cw_store_pause *pause = &op->pause;
	struct number_row number;

	if (!number_find(tx->db, pause->phone_number_id, &number)) {
		return cw_error_set(&op->error, CW_NOT_FOUND,
				    "number %.40s is not there; `convwire number list` lists them",
				    pause->phone_number_id);
	}
	sqlite3_stmt *statement = db_bind(tx->db, SQL_NUMBER_PAUSED, "i", number.id);
	bool is_paused = db_step(tx->db, statement) && db_int(statement, 0) != 0;

	db_end(statement);
	if (is_paused == (pause->reason != NULL)) {
		return cw_error_set(&op->error, CW_DUPLICATE, is_paused ? "it is paused already" : "it is not paused");
	}
	db_run(tx->db, SQL_NUMBER_PAUSE, "iIit", number.id, pause->reason ? tx->now_ms : (int64_t)0,
	       (int64_t)pause->code, pause->reason);
	if (!pause->reason) {
		db_run(tx->db, SQL_MEDIA_HURRY, "ii", number.id, tx->now_ms); /* they may have waited for the token */
	}
	tell_paused(tx, &number, pause);
	tx->wakes_bridge = true;
	return CW_OK;
}

/* ---- beginning a conversation ---- */

/* Who sees only their own conversations gets a new one, and none of somebody else's. */
static enum cw_status claim(struct tx *tx, struct cw_store_op *op, struct conversation_row *row)
{
	const char *claimant = op->mint.claimant;

	if (!claimant || strcmp(row->row.assignee, claimant) == 0) {
		return CW_OK;
	}
	if (!op->mint.is_new) {
		return cw_error_set(&op->error, CW_DENIED, "this customer's conversation is not assigned to you");
	}
	(void)assignment_give(tx, row, claimant);
	return CW_OK;
}

enum cw_status apply_mint(struct tx *tx, struct cw_store_op *op)
{
	struct cw_store_mint *mint = &op->mint;
	char digits[CW_PHONE_MAX + 1];
	struct cw_party party = { .wa_id = NULL };
	struct number_row number;
	struct conversation_row row;

	mint->is_new = false;
	if (!number_find(tx->db, mint->phone_number_id, &number) || strcmp(number.account_name, mint->account) != 0) {
		return cw_error_set(&op->error, CW_NOT_FOUND, "phone_number_id %.40s is none of this account's numbers",
				    mint->phone_number_id);
	}
	enum cw_status status = number_read_customer(mint->customer, digits, &party, &op->error);

	if (status != CW_OK) {
		return status;
	}
	if (!tx_account(tx, number.account) || !identity_named(tx, &number, &party, &row, &mint->is_new)) {
		return CW_IO; /* the batch fails as a whole */
	}
	memcpy(mint->conversation, row.row.id, sizeof(mint->conversation));
	if (mint->is_new) {
		number_tell_new_conversation(tx, &row);
	}
	status = claim(tx, op, &row);
	conversation_row_finish(&row);
	return status;
}

/* ---- templates ---- */

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "";
}

static bool store_template(struct tx *tx, int64_t account, const char *waba_id, const json_t *row)
{
	const json_t *components = json_object_get(row, "components");
	char *text = components ? json_dumps(components, JSON_COMPACT) : NULL;
	bool is_whole = text_of(row, "name")[0] && text_of(row, "language")[0];

	if (is_whole) {
		db_run(tx->db, SQL_TEMPLATE_INSERT, "itttttti", account, waba_id, text_of(row, "name"),
		       text_of(row, "language"), text_of(row, "status"), text_of(row, "category"), text ? text : "[]",
		       tx->now_ms);
	}
	free(text);
	return is_whole;
}

enum cw_status apply_templates(struct tx *tx, struct cw_store_op *op)
{
	struct cw_store_templates *templates = &op->templates;
	int64_t account = tx_find_account(tx, templates->account);
	size_t index;
	json_t *row;

	templates->n_stored = 0;
	if (!account || !tx_account(tx, account)) {
		return cw_error_set(&op->error, CW_NOT_FOUND, "account %.70s is not there", templates->account);
	}
	db_run(tx->db, SQL_TEMPLATE_CLEAR, "it", account, templates->waba_id);
	json_array_foreach(templates->rows, index, row)
	{
		templates->n_stored += store_template(tx, account, templates->waba_id, row);
	}
	return CW_OK;
}
