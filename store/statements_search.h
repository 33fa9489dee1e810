/* SPDX-License-Identifier: MIT */
#ifndef STORE_STATEMENTS_SEARCH_H
#define STORE_STATEMENTS_SEARCH_H

/*
 * The SQL that follows the event log: full-text search and retention; part of store/statements.h's list. An account's
 * token in the index is a<account.id>, a conversation's c<conversation.id>.
 */

#define SEARCH_STATEMENT_LIST(X) \
	X(SQL_SEARCH_EVENTS, "SELECT e.id, e.account, c.contact, e.kind, e.ref, e.parts FROM event e " \
			     "LEFT JOIN conversation c ON c.id = e.conversation WHERE e.id > ?1 ORDER BY e.id LIMIT ?2") \
	X(SQL_SEARCH_DELETE_MESSAGE, "DELETE FROM message_text WHERE rowid = ?1") \
	X(SQL_SEARCH_INSERT_MESSAGE, \
	  "INSERT INTO message_text (rowid, account, text) VALUES (?1, 'a' || ?2 || ' c' || ?4, ?3)") \
	X(SQL_SEARCH_DELETE_CONTACT, "DELETE FROM contact_text WHERE rowid = ?1") \
	X(SQL_SEARCH_HAS_CONTACT, "SELECT 1 FROM contact_text WHERE rowid = ?1") \
	X(SQL_SEARCH_INSERT_CONTACT, "INSERT INTO contact_text (rowid, account, text) SELECT id, 'a' || account, " \
				     "?2 || ' ' || coalesce(username, '') || ' ' || coalesce(wa_id, '') || ?3 || ' ' || " \
				     "coalesce(user_id, '') FROM contact WHERE id = ?1") \
	X(SQL_SEARCH_CONTACT, "SELECT coalesce(name, known_as, ''), coalesce(wa_id, '') FROM contact WHERE id = ?1") \
	/* rows that an older version indexed, newest first */ \
	X(SQL_SEARCH_OLD_MESSAGES, \
	  "SELECT m.id, m.account, c.contact, 'message', m.id, 0 FROM message m JOIN conversation c " \
	  "ON c.id = m.conversation WHERE m.id < ?1 ORDER BY m.id DESC LIMIT ?2") \
	X(SQL_SEARCH_OLD_CONTACTS, "SELECT id, account, id, 'contact', NULL, 0 FROM contact WHERE id < ?1 " \
				   "ORDER BY id DESC LIMIT ?2") \
	X(SQL_SEARCH_MESSAGES, "SELECT " MESSAGE_COLUMNS "FROM message_text s JOIN message m ON m.id = s.rowid " \
			       "JOIN conversation c ON c.id = m.conversation WHERE message_text MATCH ?1 " \
			       "AND s.rowid < ?2 AND (?3 IS NULL OR c.assignee = ?3) ORDER BY s.rowid DESC") \
	X(SQL_SEARCH_CONVERSATIONS, "SELECT " CONVERSATION_COLUMNS "FROM contact_text s " \
				    "JOIN conversation c ON c.contact = s.rowid AND c.merged_into IS NULL " \
				    "JOIN number n ON n.id = c.number JOIN contact k ON k.id = c.contact " \
				    "WHERE contact_text MATCH ?1 AND (?2 IS NULL OR c.assignee = ?2) " \
				    "ORDER BY s.rowid DESC") \
	/* from the oldest up to the first that stays: never leaves a gap, even if the clock jumped */ \
	X(SQL_EVENT_TRIM, "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id <= ?2 ORDER BY id LIMIT ?3) " \
			  "AND id < coalesce((SELECT id FROM (SELECT id, at FROM event ORDER BY id LIMIT ?3) " \
			  "WHERE at >= ?1 ORDER BY id LIMIT 1), ?2 + 1)")

#endif
