/* SPDX-License-Identifier: MIT */
/* Business numbers: added, paused and resumed. */
#include <string.h>

#include "store/identity.h"
#include "store/notice.h"
#include "store/template.h"

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
				    "account %.70s does not exist; create it with `convwire account add`",
				    op->number.account);
	}
	if (number_find(tx->db, op->number.phone_number_id, &number)) {
		return cw_error_set(&op->error, CW_DUPLICATE, "number %s already exists, in account %s",
				    op->number.phone_number_id, number.account_name);
	}
	db_run(tx->db, SQL_NUMBER_INSERT, "ittiii", account, op->number.phone_number_id, op->number.waba_id,
	       (int64_t)op->number.is_simulated, (int64_t)1, tx->now_ms);
	if (op->number.waba_id) {
		template_due(tx, account, op->number.waba_id);
	}
	return CW_OK;
}

/* ---- pausing ---- */

/* reason NULL: not paused. */
static void tell_paused(struct tx *tx, const struct number_row *number, const struct cw_store_pause *pause,
			const char *reason)
{
	json_t *value = json_pack("{s:s, s:b, s:i, s:s?, s:I}", "phone_number_id", pause->phone_number_id, "paused",
				  reason != NULL, "code", pause->code, "reason", reason, "since", (json_int_t)tx->now_ms);

	notice_tell(tx, number->account, CW_EVENT_NUMBER, "sending", pause->phone_number_id, value);
	json_decref(value);
	tx->wakes_bridge = true;
}

static void pause_number(struct tx *tx, const struct number_row *number, const struct cw_store_pause *pause)
{
	db_run(tx->db, SQL_NUMBER_PAUSE, "iIit", number->id, tx->now_ms, (int64_t)pause->code, pause->reason);
	tell_paused(tx, number, pause, pause->reason);
}

static void resume_number(struct tx *tx, const struct number_row *number, const struct cw_store_pause *pause)
{
	db_run(tx->db, SQL_NUMBER_PAUSE, "iIit", number->id, (int64_t)0, (int64_t)0, NULL);
	tell_paused(tx, number, pause, NULL);
}

/* A new token also hurries files, which wait for one even when the number is not paused. */
static enum cw_status take_token(struct tx *tx, const struct number_row *number, struct cw_store_op *op, bool is_paused,
				 int64_t code)
{
	db_run(tx->db, SQL_MEDIA_HURRY, "ii", number->id, tx->now_ms);
	tx->wakes_bridge = true;
	if (is_paused && code == 0) {
		return cw_error_set(&op->error, CW_DENIED,
				    "a person paused this number; `convwire number resume` resumes it");
	}
	if (is_paused) {
		resume_number(tx, number, &op->pause);
	}
	return CW_OK;
}

enum cw_status apply_number_pause(struct tx *tx, struct cw_store_op *op)
{
	const struct cw_store_pause *pause = &op->pause;
	struct number_row number;

	if (!number_find(tx->db, pause->phone_number_id, &number)) {
		return cw_error_set(&op->error, CW_NOT_FOUND,
				    "number %.40s does not exist; `convwire number list` shows all numbers",
				    pause->phone_number_id);
	}
	sqlite3_stmt *statement = db_bind(tx->db, SQL_NUMBER_PAUSED, "i", number.id);
	bool is_paused = db_step(tx->db, statement) && db_int(statement, 0) != 0;
	int64_t code = is_paused ? db_int(statement, 1) : 0;

	db_end(statement);
	if (pause->change == CW_NUMBER_TOKEN) {
		return take_token(tx, &number, op, is_paused, code);
	}
	if (is_paused == (pause->change == CW_NUMBER_PAUSE)) {
		return cw_error_set(&op->error, CW_DUPLICATE, is_paused ? "it is already paused" : "it is not paused");
	}
	if (pause->change == CW_NUMBER_PAUSE) {
		pause_number(tx, &number, pause);
	} else {
		resume_number(tx, &number, pause);
	}
	return CW_OK;
}
