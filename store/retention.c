/* SPDX-License-Identifier: MIT */
#include "store/retention.h"

#include "store/search.h"

#define SLICE 100
/* Meta repeats a webhook for seven days at most ("Webhooks", retries). */
#define PENDING_KEPT_MS (14 * 24 * 60 * 60 * 1000LL)

static bool trim_events(struct tx *tx)
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

static bool trim_pending(struct tx *tx)
{
	db_run(tx->db, SQL_PENDING_FORGET, "ii", tx->now_ms - PENDING_KEPT_MS, (int64_t)SLICE);
	return sqlite3_changes(tx->db->handle) == SLICE;
}

bool apply_trim_slice(struct tx *tx)
{
	bool has_more_events = trim_events(tx);
	bool has_more_pending = trim_pending(tx);

	return has_more_events || has_more_pending;
}
