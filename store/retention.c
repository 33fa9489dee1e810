/* SPDX-License-Identifier: MIT */
#include "store/retention.h"

#include "store/search.h"

#define SLICE 100

bool apply_trim_slice(struct tx *tx)
{
	int64_t published = db_meta_int(tx->db, "publisher_cursor");
	int64_t indexed = search_cursor(tx->db);

	if (tx->options->event_retention_ms <= 0) {
		return false;
	}
	db_run(tx->db, SQL_EVENT_TRIM, "iii", tx->now_ms - tx->options->event_retention_ms,
	       published < indexed ? published : indexed, (int64_t)SLICE);
	return sqlite3_changes(tx->db->handle) == SLICE;
}
