/* SPDX-License-Identifier: MIT */
#ifndef STORE_STATEMENTS_TRACE_H
#define STORE_STATEMENTS_TRACE_H

/* The SQL for `convwire trace`; part of store/statements.h's list. */

#define TRACE_STATEMENT_LIST(X) \
	X(SQL_STEP_INSERT, "INSERT OR IGNORE INTO step (message, attempt, at, word, said_at, code) " \
			   "VALUES (?1, ?2, ?3, ?4, ?5, ?6)") \
	X(SQL_STEP_LIST, "SELECT attempt, at, word, said_at, code FROM step WHERE message = ?1 ORDER BY at, attempt") \
	X(SQL_TRACE_ATTEMPTS, "SELECT o.attempt, o.state, o.tries, o.queued_at, o.due_at, o.wamid, o.code, o.reported, " \
			      "n.phone_number_id, n.paused_reason FROM outbound o JOIN number n ON n.id = o.number " \
			      "WHERE o.message = ?1 ORDER BY o.attempt") \
	X(SQL_TRACE_EVENT, "SELECT e.id, e.seq, e.prev, e.kind, e.ref, e.quiet, e.at, m.uid FROM event e " \
			   "LEFT JOIN message m ON m.id = e.ref AND e.kind IN ('message', 'status', 'media', " \
			   "'edit', 'revoke') WHERE e.account = ?1 AND e.seq = ?2")

#endif
