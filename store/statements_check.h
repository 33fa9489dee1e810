/* SPDX-License-Identifier: MIT */
#ifndef STORE_STATEMENTS_CHECK_H
#define STORE_STATEMENTS_CHECK_H

/* The SQL for `convwire check`; part of store/statements.h's list. Statements find rows that violate an invariant. */

#define CHECK_STATEMENT_LIST(X) \
	/* no row of either: opening them is the point */ \
	X(SQL_CHECK_OPEN_SEARCH, "SELECT 1 FROM message_text WHERE rowid = 0 UNION ALL " \
				 "SELECT 1 FROM contact_text WHERE rowid = 0") \
	X(SQL_CHECK_INTEGRITY, "PRAGMA integrity_check(20)") \
	X(SQL_CHECK_FOREIGN_KEYS, "PRAGMA foreign_key_check") \
	X(SQL_CHECK_SEQ, "SELECT a.name, a.head, coalesce(max(e.seq), 0), count(e.seq), coalesce(min(e.seq), 0) " \
			 "FROM account a LEFT JOIN event e ON e.account = a.id GROUP BY a.id") \
	X(SQL_CHECK_PREV, "SELECT count(*) FROM (SELECT e.prev, lag(e.seq) OVER (PARTITION BY e.account, " \
			  "e.conversation ORDER BY e.seq) AS before, (SELECT min(seq) FROM event f " \
			  "WHERE f.account = e.account) AS first FROM event e) " \
			  "WHERE prev <> coalesce(before, prev) OR (before IS NULL AND prev >= first)") \
	X(SQL_CHECK_MEDIA, "SELECT sha256, size FROM media WHERE state = 'ready' GROUP BY sha256, size") \
	X(SQL_CHECK_DOUBLE_WAMID, "SELECT count(*) FROM (SELECT 1 FROM message WHERE wamid_hash IS NOT NULL " \
				  "GROUP BY wamid_hash, account, wamid HAVING count(*) > 1)") \
	X(SQL_CHECK_ASSIGNEE, "SELECT count(*) FROM conversation c LEFT JOIN assignment s ON s.conversation = c.id " \
			      "AND s.until_seq IS NULL WHERE c.assignee IS NOT s.subject") \
	X(SQL_CHECK_DOUBLE_ASSIGNMENT, "SELECT count(*) FROM (SELECT 1 FROM assignment WHERE until_seq IS NULL " \
				       "GROUP BY conversation HAVING count(*) > 1)") \
	X(SQL_CHECK_MERGED_ASSIGNEE, "SELECT count(*) FROM conversation c JOIN conversation r ON r.id = c.merged_into " \
				     "WHERE c.assignee IS NOT r.assignee") \
	/* a range: a late message may count although read_position is past it; merges are skipped */ \
	X(SQL_CHECK_UNREAD, \
	  "SELECT count(*) FROM conversation c WHERE c.merged_into IS NULL " \
	  "AND NOT EXISTS (SELECT 1 FROM conversation d WHERE d.merged_into = c.id) AND c.unread NOT " \
	  "BETWEEN (SELECT count(*) FROM message WHERE conversation = c.id AND " COUNTS_AS_UNREAD " AND " \
	  "position > c.read_position) AND (SELECT count(*) FROM message WHERE conversation = c.id AND " COUNTS_AS_UNREAD \
	  " AND (late OR position > c.read_position))") \
	X(SQL_CHECK_LAST, "SELECT count(*) FROM conversation c WHERE c.last_message IS NOT NULL " \
			  "AND NOT EXISTS (SELECT 1 FROM message m WHERE m.uid = c.last_message)") \
	X(SQL_CHECK_EVENT_ORDER, "SELECT count(*) FROM (SELECT seq, lag(seq) OVER (PARTITION BY account ORDER BY id) " \
				 "AS before FROM event) WHERE seq < before") \
	X(SQL_CHECK_LANES, "SELECT count(*) FROM (SELECT 1 FROM outbound WHERE state IN ('queued', 'sending', " \
			   "'retrying', 'unknown') GROUP BY conversation HAVING sum(holds_lane) > 1 OR " \
			   "(sum(holds_lane) = 0 AND sum(state <> 'unknown') > 0))") \
	X(SQL_CHECK_SENDING, "SELECT count(*) FROM (SELECT 1 FROM outbound WHERE state = 'sending' " \
			     "GROUP BY conversation HAVING count(*) > 1)") \
	X(SQL_CHECK_ACCEPTED, "SELECT count(*) FROM outbound WHERE state = 'accepted' AND wamid IS NULL") \
	X(SQL_CHECK_FINISHED, "SELECT count(*) FROM outbound WHERE holds_lane = 1 AND state IN ('accepted', 'failed')") \
	X(SQL_CHECK_PAUSED, "SELECT count(*) FROM number WHERE (paused_at IS NULL) <> (paused_reason IS NULL)") \
	X(SQL_CHECK_WAMID_HASH, "SELECT (SELECT count(*) FROM message WHERE (wamid IS NULL) <> (wamid_hash IS NULL)) + " \
				"(SELECT count(*) FROM outbound WHERE (wamid IS NULL) <> (wamid_hash IS NULL))") \
	X(SQL_CHECK_JSON, \
	  "SELECT (SELECT count(*) FROM message WHERE NOT json_valid(body) OR json_type(body) <> 'object') + " \
	  "(SELECT count(*) FROM outbound WHERE report IS NOT NULL AND NOT json_valid(report)) + " \
	  "(SELECT count(*) FROM notice WHERE NOT json_valid(value)) + " \
	  "(SELECT count(*) FROM command WHERE NOT json_valid(answer))") \
	X(SQL_CHECK_MERGED, "SELECT count(*) FROM conversation c JOIN conversation r ON r.id = c.merged_into " \
			    "WHERE r.merged_into IS NOT NULL") \
	/* a later one may have failed after this one turned out to have arrived */ \
	X(SQL_CHECK_ATTEMPTS, "SELECT count(*) FROM message m WHERE m.attempt > 0 AND (NOT EXISTS " \
			      "(SELECT 1 FROM outbound o WHERE o.message = m.id AND o.attempt = m.attempt) OR EXISTS " \
			      "(SELECT 1 FROM outbound o WHERE o.message = m.id AND o.attempt > m.attempt " \
			      "AND o.state NOT IN ('failed', 'accepted')))")

#endif
