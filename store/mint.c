/* SPDX-License-Identifier: MIT */
/* Conversations started by agents, with a customer who may not have written yet. */
#include "store/mint.h"

#include <string.h>

#include "core/phone.h"
#include "store/assignment.h"

enum cw_status mint_read_customer(const char *customer, char digits[CW_PHONE_MAX + 1], struct cw_party *party,
				  struct cw_error *reterr)
{
	struct cw_error why = { .status = CW_OK };

	if (cw_user_id_is_valid(customer)) {
		party->user_id = customer;
		return CW_OK;
	}
	if (cw_phone_digits(customer, digits, &why) != CW_OK) {
		return cw_error_set(reterr, CW_INVALID, "customer %s", why.text);
	}
	party->wa_id = digits;
	return CW_OK;
}

/* An agent limited to assigned conversations is assigned a new one, and denied one that is not theirs. */
static enum cw_status claim(struct tx *tx, struct cw_store_op *op, struct conversation_row *row)
{
	const char *claimant = op->mint.claimant;

	if (!claimant || strcmp(row->row.assignee, claimant) == 0) {
		return CW_OK;
	}
	if (!op->mint.is_new) {
		return cw_error_set(&op->error, CW_DENIED, "this customer's conversation is not assigned to you");
	}
	(void)assignment_give(tx, row, claimant, claimant);
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
		return cw_error_set(&op->error, CW_NOT_FOUND, "phone_number_id %.40s does not belong to this account",
				    mint->phone_number_id);
	}
	enum cw_status status = mint_read_customer(mint->customer, digits, &party, &op->error);

	if (status != CW_OK) {
		return status;
	}
	if (!tx_account(tx, number.account) || !identity_named(tx, &number, &party, &row, &mint->is_new)) {
		return CW_IO; /* the batch fails as a whole */
	}
	memcpy(mint->conversation, row.row.id, sizeof(mint->conversation));
	if (mint->is_new) {
		tx_tell_conversation(tx, &row);
	}
	status = claim(tx, op, &row);
	conversation_row_finish(&row);
	return status;
}
