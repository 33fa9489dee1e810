/* SPDX-License-Identifier: MIT */
#include "store/notice.h"

#include <stdlib.h>

void notice_tell(struct tx *tx, int64_t account, enum cw_event_kind kind, const char *field, const char *subject,
		 json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);

	if (!text) {
		db_fail(tx->db, SQLITE_NOMEM);
		return;
	}
	sqlite3_stmt *statement = db_bind(tx->db, SQL_NOTICE_UPSERT, "itttit", account, cw_event_kind_text(kind), field,
					  subject, tx->now_ms, text);

	if (db_step(tx->db, statement)) {
		int64_t id = db_int(statement, 0);
		json_t *notice = json_pack("{s:s, s:s, s:I, s:I, s:O}", "field", field, "subject", subject, "version",
					   (json_int_t)db_int(statement, 1), "at", (json_int_t)tx->now_ms, "value",
					   value);

		(void)db_step(tx->db, statement); /* RETURNING has one row; this ends the statement */
		tx_event(tx, &(struct event_spec){ .kind = kind, .account = account, .ref = id, .notice = notice });
		json_decref(notice);
	}
	free(text);
}
