/* SPDX-License-Identifier: MIT */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

#include "store/columns.h"
#include "store/statements_agents.h"
#include "store/statements_check.h"
#include "store/statements_search.h"
#include "store/statements_sending.h"
#include "store/statements_trace.h"

/*
 * All SQL except the schema. Each statement is prepared once per connection, on first use; none is
 * built at run time.
 */

/* Messages that count as unread until the team has read them. */
#define COUNTS_AS_UNREAD "outbound = 0 AND origin = 'customer' AND kind NOT IN (" KINDS_NOT_UNREAD ")"
#define CONVERSATION_TABLES "conversation c JOIN number n ON n.id = c.number JOIN contact k ON k.id = c.contact "
#define STATEMENT_LIST(X) \
	SENDING_STATEMENT_LIST(X) \
	AGENTS_STATEMENT_LIST(X) \
	SEARCH_STATEMENT_LIST(X) \
	TRACE_STATEMENT_LIST(X) \
	X(SQL_BEGIN_WRITE, "BEGIN IMMEDIATE") \
	X(SQL_BEGIN_READ, "BEGIN") \
	X(SQL_COMMIT, "COMMIT") \
	X(SQL_ROLLBACK, "ROLLBACK") \
	/* meta */ \
	X(SQL_META_GET, "SELECT value FROM meta WHERE key = ?1") \
	X(SQL_META_SET, "INSERT INTO meta (key, value) VALUES (?1, ?2) " \
			"ON CONFLICT (key) DO UPDATE SET value = excluded.value") \
	/* accounts and numbers */ \
	X(SQL_ACCOUNT_INSERT, "INSERT INTO account (name, epoch, created_at) VALUES (?1, ?2, ?3)") \
	X(SQL_ACCOUNT_BY_NAME, "SELECT id, name, epoch, head, notice_head FROM account WHERE name = ?1") \
	X(SQL_ACCOUNT_BY_ID, "SELECT id, name, epoch, head, notice_head FROM account WHERE id = ?1") \
	X(SQL_ACCOUNT_LIST, "SELECT id, name, epoch, head, notice_head FROM account ORDER BY name") \
	X(SQL_ACCOUNT_ADVANCE, "UPDATE account SET head = ?2, notice_head = ?3 WHERE id = ?1") \
	X(SQL_ACCOUNTS_OF_WABA, "SELECT DISTINCT account FROM number WHERE waba_id = ?1") \
	X(SQL_NUMBER_INSERT, "INSERT INTO number (account, phone_number_id, waba_id, simulated, replaying, created_at) " \
			     "VALUES (?1, ?2, ?3, ?4, ?5, ?6)") \
	X(SQL_NUMBER_BY_PHONE_NUMBER_ID, \
	  "SELECT n.id, n.account, n.waba_id, n.replaying, a.name, n.display_phone FROM number n " \
	  "JOIN account a ON a.id = n.account WHERE n.phone_number_id = ?1") \
	X(SQL_NUMBER_LIST, "SELECT n.phone_number_id, a.name, n.waba_id, n.simulated, n.replaying, n.paused_at, " \
			   "n.paused_code, n.paused_reason, n.display_phone FROM number n " \
			   "JOIN account a ON a.id = n.account ORDER BY n.id") \
	X(SQL_NUMBER_SET_WABA, "UPDATE number SET waba_id = ?2 WHERE id = ?1") \
	X(SQL_NUMBER_SET_DISPLAY_PHONE, "UPDATE number SET display_phone = ?2 WHERE id = ?1") \
	X(SQL_NUMBER_REPLAYED, "UPDATE number SET replaying = 0 WHERE id = ?1") \
	X(SQL_NUMBER_REPLAYING, "SELECT phone_number_id FROM number WHERE replaying = 1 LIMIT 1") \
	/* contacts and identities */ \
	X(SQL_CONTACT_INSERT, "INSERT INTO contact (account, uid, name, username, wa_id, user_id, created_at) " \
			      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)") \
	X(SQL_CONTACT_SET_IDS, "UPDATE contact SET version = version + 1, wa_id = ?2, user_id = ?3 WHERE id = ?1") \
	X(SQL_CONTACT_RENAME, "UPDATE contact SET version = version + 1, name = coalesce(?2, name), " \
			      "username = coalesce(?3, username) WHERE id = ?1") \
	X(SQL_CONTACT_LIST_AS, "UPDATE contact SET version = version + 1, known_as = ?2, known_as_at = ?3 WHERE id = ?1 " \
			       "AND coalesce(known_as_at, 0) <= ?3 AND known_as IS NOT ?2") \
	X(SQL_CONTACT_SET_MARKETING, "UPDATE contact SET version = version + 1, marketing = ?2, marketing_at = ?3 " \
				     "WHERE id = ?1 AND coalesce(marketing_at, 0) <= ?3") \
	/* ?1 takes what it lacks from ?2; of what both said about marketing, the later counts */ \
	X(SQL_CONTACT_JOIN, "UPDATE contact SET name = coalesce(contact.name, o.name), " \
			    "username = coalesce(contact.username, o.username), " \
			    "known_as = coalesce(contact.known_as, o.known_as), " \
			    "marketing = iif(coalesce(o.marketing_at, 0) > coalesce(contact.marketing_at, 0), " \
			    "o.marketing, contact.marketing), " \
			    "marketing_at = max(coalesce(contact.marketing_at, 0), coalesce(o.marketing_at, 0)) " \
			    "FROM contact o WHERE contact.id = ?1 AND o.id = ?2") \
	X(SQL_IDENTITY_INSERT, "INSERT INTO identity (account, contact, conversation, number, kind, value, match_key, " \
			       "since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)") \
	X(SQL_IDENTITY_FIND, "SELECT contact FROM identity WHERE account = ?1 AND value = ?2 AND kind = ?3 " \
			     "AND until IS NULL ORDER BY id") \
	X(SQL_IDENTITY_ENDED, "SELECT 1 FROM identity WHERE account = ?1 AND value = ?2 AND kind = ?3 " \
			      "AND until IS NOT NULL") \
	X(SQL_IDENTITY_FIND_LEGACY, "SELECT conversation FROM identity WHERE account = ?1 AND value = ?2 " \
				    "AND kind = 'legacy' AND until IS NULL") \
	X(SQL_IDENTITY_FIND_MATCH, "SELECT DISTINCT contact FROM identity WHERE account = ?1 AND match_key = ?2 " \
				   "AND until IS NULL LIMIT 3") \
	X(SQL_IDENTITY_OTHER_USER_ID, "SELECT 1 FROM identity WHERE contact = ?1 AND number = ?2 AND kind = 'user_id' " \
				      "AND value <> ?3 AND until IS NULL") \
	X(SQL_IDENTITY_RETIRE, "UPDATE identity SET until = ?3 WHERE contact = ?1 AND value = ?2 AND until IS NULL") \
	X(SQL_IDENTITY_RETIRE_USER_IDS, "UPDATE identity SET until = ?2 WHERE contact = ?1 AND kind = 'user_id' " \
					"AND until IS NULL") \
	X(SQL_IDENTITY_NEWEST, "SELECT value FROM identity WHERE contact = ?1 AND kind = ?2 AND until IS NULL " \
			       "ORDER BY id DESC LIMIT 1") \
	X(SQL_IDENTITY_MOVE, "UPDATE identity SET contact = ?2 WHERE contact = ?1") \
	/* conversations */ \
	X(SQL_CONVERSATION_INSERT, "INSERT INTO conversation (account, number, contact, name, tag, version, last_seq, " \
				   "top_position, read_position, unread, window_ends_at, last_position, " \
				   "last_outbound, created_at) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, 0, 0, 0, 0, ?6)") \
	X(SQL_CONVERSATION_UPDATE, "UPDATE conversation SET version = ?2, last_seq = ?3, top_position = ?4, " \
				   "read_position = ?5, unread = ?6, window_ends_at = ?7, last_message = ?8, " \
				   "last_position = ?9, last_kind = ?10, last_outbound = ?11, last_status = ?12, " \
				   "last_preview = ?13, done = ?14, created_at = ?15 WHERE id = ?1") \
	X(SQL_CONVERSATION_MERGE, "UPDATE conversation SET merged_into = ?2 WHERE id = ?1") \
	X(SQL_CONVERSATION_REPOINT, "UPDATE conversation SET merged_into = ?2 WHERE merged_into = ?1") \
	X(SQL_CONVERSATION_SET_CONTACT, "UPDATE conversation SET contact = ?2 WHERE id = ?1") \
	X(SQL_CONVERSATION_BY_ID, "SELECT " CONVERSATION_COLUMNS "FROM " CONVERSATION_TABLES "WHERE c.id = ?1") \
	X(SQL_CONVERSATION_BY_NAME, "SELECT " CONVERSATION_COLUMNS "FROM " CONVERSATION_TABLES "WHERE c.name = ?1") \
	X(SQL_CONVERSATION_OF_CONTACT, "SELECT " CONVERSATION_COLUMNS "FROM " CONVERSATION_TABLES \
				       "WHERE c.contact = ?1 AND c.number = ?2 AND c.merged_into IS NULL") \
	X(SQL_CONVERSATION_BY_IDENTITY, "SELECT " CONVERSATION_COLUMNS "FROM identity i JOIN " CONVERSATION_TABLES \
					"WHERE i.account = ?1 AND i.value = ?2 AND i.kind = ?3 AND i.until IS NULL " \
					"AND c.contact = i.contact AND c.number = ?4 AND c.merged_into IS NULL") \
	X(SQL_CONVERSATION_IDS_OF_CONTACT, "SELECT id, number, merged_into FROM conversation WHERE contact = ?1 " \
					   "AND id > ?2 ORDER BY id") \
	X(SQL_CONVERSATION_NAME_TAKEN, "SELECT 1 FROM conversation WHERE name = ?1") \
	X(SQL_CONVERSATION_LIST, "SELECT " CONVERSATION_COLUMNS "FROM " CONVERSATION_TABLES \
				 "WHERE c.account = ?1 AND (c.last_position, c.id) < (?2, ?3) " \
				 "ORDER BY c.last_position DESC, c.id DESC") \
	X(SQL_CONVERSATION_LIST_OF, "SELECT " CONVERSATION_COLUMNS "FROM " CONVERSATION_TABLES \
				    "WHERE c.account = ?1 AND (c.last_position, c.id) < (?2, ?3) AND c.assignee = ?4 " \
				    "ORDER BY c.last_position DESC, c.id DESC") \
	X(SQL_UNREAD_AFTER, "SELECT count(*) FROM message WHERE (conversation = ?1 OR conversation IN (SELECT id FROM " \
			    "conversation WHERE merged_into = ?1)) AND position > ?2 AND " COUNTS_AS_UNREAD) \
	X(SQL_LAST_UNREADABLE, "SELECT max(position) FROM message WHERE (conversation = ?1 OR conversation IN (SELECT id " \
			       "FROM conversation WHERE merged_into = ?1)) AND " COUNTS_AS_UNREAD) \
	/* assignments */ \
	X(SQL_CONVERSATION_ASSIGN, "UPDATE conversation SET assignee = ?2, assigned_by = ?3 WHERE id = ?1") \
	X(SQL_CONVERSATION_ASSIGNED_OTHERWISE, "SELECT id FROM conversation WHERE merged_into = ?1 " \
					       "AND assignee IS NOT ?2 ORDER BY id LIMIT 1") \
	X(SQL_ASSIGNMENT_END, "UPDATE assignment SET until_seq = ?2 WHERE conversation = ?1 AND until_seq IS NULL") \
	X(SQL_ASSIGNMENT_INSERT, "INSERT INTO assignment (account, conversation, subject, from_seq) " \
				 "VALUES (?1, ?2, ?3, ?4)") \
	X(SQL_ASSIGNMENT_ENDED, "SELECT subject FROM assignment WHERE conversation = ?1 AND until_seq = ?2") \
	X(SQL_ASSIGNMENT_AFTER, "SELECT 1 FROM assignment WHERE conversation = ?1 AND (until_seq > ?2 OR " \
				"(until_seq IS NULL AND from_seq > ?2)) LIMIT 1") \
	X(SQL_ASSIGNMENT_LIST, "SELECT s.conversation, c.name, s.subject FROM assignment s JOIN conversation c " \
			       "ON c.id = s.conversation WHERE s.until_seq IS NULL AND s.conversation > ?1 " \
			       "ORDER BY s.conversation LIMIT ?2") \
	/* for rows that began or ended since: was the conversation assigned before, and is it now? */ \
	X(SQL_ASSIGNMENT_CHANGES, "SELECT c.name, max(s.until_seq IS NULL) AS now, max(s.from_seq <= ?3) AS before " \
				  "FROM assignment s JOIN conversation c ON c.id = s.conversation " \
				  "WHERE s.account = ?1 AND s.subject = ?2 AND (s.from_seq > ?3 OR s.until_seq > ?3) " \
				  "GROUP BY s.conversation HAVING now <> before") \
	X(SQL_ASSIGNMENT_LAST_LOST, "SELECT max(until_seq) FROM assignment WHERE account = ?1 AND subject = ?2") \
	X(SQL_ASSIGNED_LAST_SEQ, "SELECT max(last_seq) FROM conversation WHERE account = ?1 AND assignee = ?2") \
	X(SQL_LIMITED_SEEN, "INSERT INTO limited_subject (account, subject, synced_at) VALUES (?1, ?2, ?3) " \
			    "ON CONFLICT (account, subject) DO UPDATE SET synced_at = excluded.synced_at") \
	X(SQL_LIMITED_TRIM, "DELETE FROM limited_subject WHERE synced_at < ?1") \
	X(SQL_LIMITED_LIST, "SELECT a.name, l.subject, l.synced_at FROM limited_subject l JOIN account a " \
			    "ON a.id = l.account WHERE l.synced_at >= ?1 ORDER BY a.name, l.subject") \
	/* revocations */ \
	X(SQL_REVOCATION_TRIM, "DELETE FROM revocation WHERE forget_at <= ?1") \
	X(SQL_REVOCATION_UPSERT, "INSERT INTO revocation (kind, account, value, revoked_at, forget_at) " \
				 "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (kind, account, value) DO UPDATE SET " \
				 "revoked_at = max(revoked_at, excluded.revoked_at), " \
				 "forget_at = max(forget_at, excluded.forget_at) RETURNING revoked_at, forget_at") \
	X(SQL_REVOCATION_LIST, "SELECT kind, account, value, revoked_at, forget_at FROM revocation " \
			       "WHERE forget_at > ?1 ORDER BY kind, account, value") \
	/* messages */ \
	X(SQL_MESSAGE_INSERT, "INSERT INTO message (account, conversation, uid, wamid, wamid_hash, kind, origin, " \
			      "outbound, late, revoked, position, sent_at, received_at, edited_at, status, target, " \
			      "target_wamid, body, attempt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, " \
			      "?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)") \
	X(SQL_MESSAGE_BY_WAMID, "SELECT " MESSAGE_COLUMNS "FROM message m JOIN conversation c ON c.id = m.conversation " \
				"WHERE m.wamid_hash = ?1 AND m.account = ?2 AND m.wamid = ?3") \
	X(SQL_MESSAGE_BY_ID, "SELECT " MESSAGE_COLUMNS "FROM message m JOIN conversation c ON c.id = m.conversation " \
			     "WHERE m.id = ?1") \
	X(SQL_MESSAGE_BY_UID, "SELECT " MESSAGE_COLUMNS "FROM message m JOIN conversation c ON c.id = m.conversation " \
			      "WHERE m.uid = ?1 AND m.account = ?2") \
	X(SQL_MESSAGE_UPDATE, "UPDATE message SET kind = ?2, revoked = ?3, edited_at = ?4, version = ?5, status = ?6, " \
			      "body = ?7, wamid = ?8, wamid_hash = ?9, attempt = ?10 WHERE id = ?1") \
	X(SQL_MESSAGE_ATTEMPT, "UPDATE message SET attempt = ?2 WHERE id = ?1") \
	X(SQL_MESSAGE_POSITIONS_FROM, "SELECT position FROM message WHERE conversation = ?1 AND position >= ?2 " \
				      "ORDER BY position") \
	X(SQL_MESSAGE_SENT_UP_TO, "SELECT position FROM (SELECT position, sent_at, outbound FROM message WHERE " \
				  "conversation = ?1 AND position >= ?2 ORDER BY position DESC LIMIT ?3) " \
				  "WHERE outbound = 0 AND sent_at > 0 AND sent_at <= ?2 LIMIT 1") \
	X(SQL_MESSAGE_LIST, "SELECT " MESSAGE_COLUMNS "FROM message m JOIN conversation c ON c.id = m.conversation " \
			    "WHERE m.conversation = ?1 AND m.position < ?2 ORDER BY m.position DESC") \
	X(SQL_MESSAGE_LIST_AFTER, "SELECT " MESSAGE_COLUMNS "FROM message m JOIN conversation c ON c.id = m.conversation " \
				  "WHERE m.conversation = ?1 AND m.position > ?2 ORDER BY m.position") \
	X(SQL_MERGED_CONVERSATIONS, "SELECT id FROM conversation WHERE merged_into = ?1") \
	/* statuses, edits and revokes that arrived before their message */ \
	X(SQL_PENDING_INSERT, \
	  "INSERT INTO pending_status (account, wamid_hash, wamid, kind, word, at, body, " \
	  "conversation, outbound, received_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE NOT EXISTS " \
	  "(SELECT 1 FROM pending_status WHERE wamid_hash = ?2 AND account = ?1 AND wamid = ?3 " \
	  "AND kind = ?4 AND word = ?5 AND at = ?6 AND conversation IS ?8)") \
	X(SQL_PENDING_FIND, "SELECT kind, word, at, body, conversation, outbound FROM pending_status " \
			    "WHERE wamid_hash = ?1 AND account = ?2 AND wamid = ?3 ORDER BY id") \
	/* the oldest, as far as they are old */ \
	X(SQL_PENDING_FORGET, "DELETE FROM pending_status WHERE received_at < ?1 AND id IN " \
			      "(SELECT id FROM pending_status ORDER BY id LIMIT ?2)") \
	X(SQL_PENDING_DELETE, "DELETE FROM pending_status WHERE wamid_hash = ?1 AND account = ?2 AND wamid = ?3") \
	/* events */ \
	X(SQL_EVENT_INSERT, "INSERT INTO event (id, account, seq, prev, conversation, kind, ref, parts, quiet, at) " \
			    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)") \
	X(SQL_EVENT_MAX_ID, "SELECT max(id) FROM event") \
	X(SQL_EVENT_FIRST_SEQ, "SELECT min(seq) FROM event WHERE account = ?1") \
	X(SQL_EVENTS_AFTER_ID, "SELECT " EVENT_COLUMNS "FROM event e JOIN account a ON a.id = e.account " \
			       "WHERE e.id > ?1 ORDER BY e.id LIMIT ?2") \
	X(SQL_EVENTS_AFTER_SEQ, "SELECT " EVENT_COLUMNS "FROM event e JOIN account a ON a.id = e.account " \
				"WHERE e.account = ?1 AND e.seq > ?2 ORDER BY e.seq") \
	X(SQL_NOTICE_UPSERT, "INSERT INTO notice (account, kind, field, subject, version, at, value) " \
			     "VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6) ON CONFLICT (account, kind, field, subject) " \
			     "DO UPDATE SET version = version + 1, at = excluded.at, value = excluded.value " \
			     "WHERE value <> excluded.value RETURNING id, version") \
	X(SQL_NOTICE_BY_ID, "SELECT kind, field, subject, version, at, value FROM notice WHERE id = ?1") \
	/* raw changes */ \
	X(SQL_RAW_INSERT, "INSERT INTO raw_change (at, secret, waba_id, phone_number_id, state, reason, body) " \
			  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)") \
	X(SQL_RAW_WAITING, "SELECT id, secret, body FROM raw_change WHERE phone_number_id = ?1 AND state = 'waiting' " \
			   "ORDER BY id LIMIT ?2") \
	X(SQL_RAW_DELETE, "DELETE FROM raw_change WHERE id = ?1") \
	X(SQL_RAW_KEEP, "UPDATE raw_change SET state = 'kept', reason = ?2 WHERE id = ?1") \
	X(SQL_RAW_COUNT, "SELECT count(*) FROM raw_change WHERE state = ?1") \
	CHECK_STATEMENT_LIST(X) \
	X(SQL_COUNT_MESSAGES, "SELECT count(*) FROM message") \
	X(SQL_COUNT_CONVERSATIONS, "SELECT count(*) FROM conversation") \
	X(SQL_COUNT_EVENTS_AFTER, "SELECT count(*), coalesce(min(at), 0) FROM event WHERE id > ?1")

enum statement {
#define X(name, text) name,
	STATEMENT_LIST(X)
#undef X
		STATEMENT_COUNT
};

#endif
