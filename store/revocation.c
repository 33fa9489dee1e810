/* SPDX-License-Identifier: MIT */
#include "store/revocation.h"

/* A session's last token may have been issued a moment ago: if a session ended, revoke tokens up to now. */
static void end_sessions(struct tx *tx, struct cw_revocation *revocation)
{
	int64_t now_s = tx->now_ms / 1000;

	if (revocation->kind != CW_REVOKE_SUBJECT && revocation->kind != CW_REVOKE_ACCOUNT) {
		return;
	}
	db_run(tx->db, SQL_SESSION_END_ALL, "tt", revocation->account,
	       revocation->kind == CW_REVOKE_SUBJECT ? revocation->value : NULL);
	if (sqlite3_changes(tx->db->handle) > 0 && revocation->revoked_at_s < now_s) {
		revocation->forget_at_s += now_s - revocation->revoked_at_s;
		revocation->revoked_at_s = now_s;
	}
}

void revocation_store(struct tx *tx, struct cw_revocation *revocation)
{
	end_sessions(tx, revocation);
	db_run(tx->db, SQL_REVOCATION_TRIM, "i", tx->now_ms / 1000);
	sqlite3_stmt *statement = db_bind(tx->db, SQL_REVOCATION_UPSERT, "tttii",
					  cw_revocation_kind_text(revocation->kind), revocation->account,
					  revocation->value, revocation->revoked_at_s, revocation->forget_at_s);

	if (db_step(tx->db, statement)) {
		revocation->revoked_at_s = db_int(statement, 0);
		revocation->forget_at_s = db_int(statement, 1);
		(void)db_step(tx->db, statement); /* RETURNING has one row; this ends the statement */
	}
}

enum cw_status apply_revoke(struct tx *tx, struct cw_store_op *op)
{
	enum cw_status status = cw_revocation_check(&op->revocation, &op->error);

	if (status == CW_OK) {
		revocation_store(tx, &op->revocation);
	}
	return status;
}
