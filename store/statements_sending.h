/* SPDX-License-Identifier: MIT */
#ifndef STORE_STATEMENTS_SENDING_H
#define STORE_STATEMENTS_SENDING_H

/* The SQL for sending, files and templates; part of store/statements.h's list. */

/* clang-format off: a list of statements, one per line */

#define OUTBOUND_TABLES "outbound o JOIN message m ON m.id = o.message "
#define OUTBOUND_JOB_TABLES \
	"outbound o JOIN message m ON m.id = o.message JOIN conversation c ON c.id = o.conversation " \
	"JOIN contact k ON k.id = c.contact JOIN account a ON a.id = m.account JOIN number n ON n.id = o.number " \
	"LEFT JOIN media d ON d.id = o.media "
/* Looks redundant next to another condition on the state, but lets SQLite use the partial indexes with this WHERE. */
#define OUTBOUND_OPEN "o.state IN ('queued', 'sending', 'retrying', 'unknown')"
/*
 * WhatsApp has reported something about the attempt that its state does not say. Must match the WHERE of index
 * outbound_settled.
 */
#define OUTBOUND_SETTLED \
	"o.reported IS NOT NULL AND (o.state IN ('retrying', 'unknown') OR (o.state = 'failed' AND o.reported <> 'failed'))"
#define SENDING_STATEMENT_LIST(X) \
	/* sending */ \
	X(SQL_OUTBOUND_INSERT, \
	  "INSERT INTO outbound (message, attempt, conversation, number, media, state, holds_lane, " \
	  "due_at, queued_at, state_at) SELECT ?1, ?2, ?3, ?4, ?5, 'queued', NOT EXISTS (SELECT 1 FROM " \
	  "outbound o WHERE o.conversation = ?3 AND " OUTBOUND_OPEN " AND o.holds_lane = 1), ?6, ?7, ?7") \
	X(SQL_OUTBOUND_BY_ID, "SELECT " OUTBOUND_COLUMNS "FROM " OUTBOUND_TABLES "WHERE o.id = ?1") \
	X(SQL_OUTBOUND_BY_ATTEMPT, \
	  "SELECT " OUTBOUND_COLUMNS "FROM " OUTBOUND_TABLES "WHERE o.message = ?1 AND o.attempt = ?2") \
	X(SQL_OUTBOUND_BY_WAMID, "SELECT " OUTBOUND_COLUMNS "FROM " OUTBOUND_TABLES \
				 "WHERE o.wamid_hash = ?1 AND m.account = ?2 AND o.wamid = ?3") \
	X(SQL_OUTBOUND_MOVE, "UPDATE outbound SET state = ?2, due_at = ?3, state_at = ?4, tries = ?5, wamid = ?6, " \
			     "wamid_hash = ?7, code = ?8 WHERE id = ?1") \
	X(SQL_OUTBOUND_DELAY, "UPDATE outbound SET due_at = ?2 WHERE id = ?1") \
	X(SQL_OUTBOUND_LEAVE, "UPDATE outbound SET holds_lane = 0 WHERE id = ?1") \
	X(SQL_OUTBOUND_FRONT, "UPDATE outbound SET holds_lane = 1 WHERE id = (SELECT o.id FROM outbound o " \
			      "WHERE o.conversation = ?1 AND " OUTBOUND_OPEN " AND o.state IN ('queued', 'retrying') " \
			      "ORDER BY o.id LIMIT 1) AND NOT EXISTS (SELECT 1 FROM outbound o WHERE " \
			      "o.conversation = ?1 AND " OUTBOUND_OPEN " AND o.holds_lane = 1)") \
	X(SQL_OUTBOUND_JOIN_LANE, \
	  "UPDATE outbound AS o SET conversation = ?2 WHERE o.conversation = ?1 AND " OUTBOUND_OPEN) \
	X(SQL_OUTBOUND_STEP_BACK, "UPDATE outbound AS o SET holds_lane = 0 WHERE o.conversation = ?1 AND " OUTBOUND_OPEN \
				  " AND o.state IN ('queued', 'retrying')") \
	X(SQL_OUTBOUND_DELETE, "DELETE FROM outbound WHERE id = ?1") \
	X(SQL_OUTBOUND_REPORT, \
	  "UPDATE outbound SET reported = ?2, report = ?3, wamid = ?4, wamid_hash = ?5 WHERE id = ?1") \
	X(SQL_OUTBOUND_IN_FLIGHT, "SELECT " OUTBOUND_COLUMNS "FROM " OUTBOUND_TABLES \
				  "WHERE o.state = 'sending' AND " OUTBOUND_OPEN " ORDER BY o.id LIMIT 1") \
	X(SQL_OUTBOUND_UNFINISHED, \
	  "SELECT " OUTBOUND_COLUMNS "FROM " OUTBOUND_TABLES \
	  "WHERE o.state IN ('queued', 'sending', 'retrying') AND " OUTBOUND_OPEN " ORDER BY o.id LIMIT 1") \
	X(SQL_OUTBOUND_OF_MEDIA, "SELECT o.id FROM outbound o WHERE o.media = ?1 AND o.state = 'queued' " \
				 "AND o.id > ?2 ORDER BY o.id LIMIT 1") \
	X(SQL_OUTBOUND_FILE_READY, \
	  "UPDATE outbound SET due_at = ?2 WHERE media = ?1 AND state = 'queued' AND due_at > ?2") \
	X(SQL_OUTBOUND_FILE_AWAITED, "UPDATE outbound SET due_at = ?2 WHERE media = ?1 AND state = 'queued'") \
	/* the file is in a request, or in one that will be repeated */ \
	X(SQL_OUTBOUND_FILE_IN_USE, "SELECT 1 FROM outbound WHERE state IN ('queued', 'sending', 'retrying', 'unknown') " \
				    "AND state IN ('sending', 'retrying') AND media = ?1") \
	X(SQL_OUTBOUND_NEXT, "SELECT " OUTBOUND_JOB_COLUMNS "FROM " OUTBOUND_JOB_TABLES \
			     "WHERE o.number = (SELECT id FROM number WHERE phone_number_id = ?1) AND o.holds_lane = 1 " \
			     "AND o.due_at <= ?2 ORDER BY o.due_at, o.id") \
	X(SQL_OUTBOUND_NEXT_DUE, "SELECT o.due_at FROM outbound o WHERE o.number = (SELECT id FROM number " \
				 "WHERE phone_number_id = ?1) AND o.holds_lane = 1 AND o.due_at > ?2 " \
				 "ORDER BY o.due_at LIMIT 1") \
	X(SQL_OUTBOUND_SETTLED, \
	  "SELECT " OUTBOUND_JOB_COLUMNS "FROM " OUTBOUND_JOB_TABLES "WHERE " OUTBOUND_SETTLED " ORDER BY o.id") \
	/* the ids first: they are sorted without what the rows hold, and only the rows that are taken are read */ \
	X(SQL_OUTBOUND_LIST, "SELECT " OUTBOUND_JOB_COLUMNS "FROM " OUTBOUND_JOB_TABLES "WHERE o.id IN " \
			     "(SELECT o.id FROM outbound o WHERE " OUTBOUND_OPEN " AND o.id > ?1) " \
			     "AND o.attempt = m.attempt ORDER BY o.id") \
	X(SQL_OUTBOUND_LIST_FAILED, "SELECT " OUTBOUND_JOB_COLUMNS "FROM " OUTBOUND_JOB_TABLES \
				    "WHERE o.state = 'failed' AND o.attempt = m.attempt ORDER BY o.id DESC") \
	X(SQL_OUTBOUND_COUNT, "SELECT count(*), coalesce(min(o.queued_at), 0) FROM outbound o " \
			      "WHERE o.state = ?1 AND " OUTBOUND_OPEN) \
	X(SQL_COMMAND_FIND, \
	  "SELECT digest, answer, conversation FROM command WHERE account = ?1 AND subject = ?2 AND id = ?3") \
	X(SQL_COMMAND_INSERT, "INSERT INTO command (account, subject, id, digest, answer, conversation, at) " \
			      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)") \
	X(SQL_NUMBER_PAUSED, "SELECT paused_at IS NOT NULL, paused_code FROM number WHERE id = ?1") \
	X(SQL_NUMBER_PAUSE, "UPDATE number SET paused_at = ?2, paused_code = ?3, paused_reason = ?4 WHERE id = ?1") \
	X(SQL_LAST_CUSTOMER_WAMID, \
	  "SELECT wamid FROM message WHERE conversation = ?1 AND position <= ?2 " \
	  "AND origin = 'customer' AND wamid IS NOT NULL AND kind NOT IN (" KINDS_NOT_WINDOW ", 'call') " \
	  "ORDER BY position DESC LIMIT 1") \
	X(SQL_MESSAGE_PLACE, "SELECT a.name, c.name FROM message m JOIN conversation c ON c.id = m.conversation " \
			     "JOIN account a ON a.id = m.account WHERE m.uid = ?1") \
	X(SQL_WAMID_OF, "SELECT wamid FROM message WHERE uid = ?1 AND wamid IS NOT NULL") \
	/* files */ \
	X(SQL_MEDIA_INSERT, \
	  "INSERT INTO media (uid, account, conversation, message, state, mime_type, filename, size, " \
	  "sha256, source, number, due_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, " \
	  "?11, ?12, ?13)") \
	X(SQL_MEDIA_SET_MESSAGE, "UPDATE media SET message = ?2 WHERE id = ?1") \
	X(SQL_MEDIA_BY_ID, "SELECT " MEDIA_COLUMNS "FROM media d WHERE d.id = ?1") \
	X(SQL_MEDIA_BY_UID, "SELECT " MEDIA_COLUMNS "FROM media d WHERE d.uid = ?1") \
	X(SQL_MEDIA_OF_MESSAGE, "SELECT " MEDIA_COLUMNS "FROM media d WHERE d.message = ?1 ORDER BY d.id DESC LIMIT 1") \
	X(SQL_MEDIA_READY, "UPDATE media SET state = 'ready', mime_type = ?2, size = ?3, sha256 = ?4, due_at = NULL, " \
			   "error = NULL WHERE id = ?1") \
	X(SQL_MEDIA_UPLOADED, \
	  "UPDATE media SET uploaded_as = ?2, uploaded_at = ?3, due_at = NULL, error = NULL WHERE id = ?1") \
	X(SQL_MEDIA_AGAIN, "UPDATE media SET due_at = ?2, tries = tries + 1, error = ?3 WHERE id = ?1") \
	X(SQL_MEDIA_FAILED, "UPDATE media SET state = ?2, due_at = NULL, error = ?3 WHERE id = ?1") \
	X(SQL_MEDIA_FORGET_UPLOAD, "UPDATE media SET uploaded_as = NULL, uploaded_at = 0 WHERE id = ?1") \
	X(SQL_MEDIA_WANT, "UPDATE media SET state = ?2, due_at = ?3, tries = 0, error = NULL WHERE id = ?1") \
	X(SQL_MEDIA_HURRY, "UPDATE media SET due_at = ?2 WHERE number = ?1 AND due_at IS NOT NULL") \
	X(SQL_MEDIA_NEXT, "SELECT " MEDIA_COLUMNS ", n.phone_number_id, c.tag FROM media d JOIN conversation c " \
			  "ON c.id = d.conversation LEFT JOIN number n ON n.id = d.number " \
			  "WHERE d.due_at <= ?1 AND (d.source IS NOT NULL OR n.paused_at IS NULL) " \
			  "ORDER BY d.due_at LIMIT ?2") \
	X(SQL_MEDIA_NEXT_DUE, "SELECT due_at FROM media WHERE due_at > ?1 ORDER BY due_at LIMIT 1") \
	X(SQL_MEDIA_COUNT_DUE, "SELECT count(*), coalesce(min(created_at), 0) FROM media WHERE due_at IS NOT NULL") \
	/* templates */ \
	X(SQL_TEMPLATE_CLEAR, "DELETE FROM template WHERE account = ?1 AND waba_id = ?2") \
	X(SQL_TEMPLATE_INSERT, "INSERT OR REPLACE INTO template (account, waba_id, name, language, status, category, " \
			       "components, synced_at, quality) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)") \
	X(SQL_TEMPLATE_CHANGE, "UPDATE template SET status = coalesce(?5, status), category = coalesce(?6, category), " \
			       "quality = coalesce(?7, quality) WHERE account = ?1 AND waba_id = ?2 AND name = ?3 " \
			       "AND language = ?4") \
	X(SQL_TEMPLATE_DUE_INSERT, "INSERT OR REPLACE INTO template_due (account, waba_id, since) VALUES (?1, ?2, ?3)") \
	X(SQL_TEMPLATE_DUE_DELETE, "DELETE FROM template_due WHERE account = ?1 AND waba_id = ?2 AND since < ?3") \
	X(SQL_TEMPLATE_DUE_LIST, "SELECT a.name, d.waba_id, n.phone_number_id FROM template_due d " \
				 "JOIN account a ON a.id = d.account JOIN number n ON n.account = d.account " \
				 "AND n.waba_id = d.waba_id ORDER BY d.since, n.id") \
	/* that of the number's own WABA, if several have a template of this name */ \
	X(SQL_TEMPLATE_CATEGORY, "SELECT category FROM template WHERE account = ?1 AND name = ?2 AND language = ?3 " \
				 "ORDER BY waba_id = (SELECT waba_id FROM number WHERE id = ?4) DESC LIMIT 1") \
	X(SQL_TEMPLATE_LIST, \
	  "SELECT waba_id, name, language, status, category, components, synced_at, quality FROM template " \
	  "WHERE account = (SELECT id FROM account WHERE name = ?1) ORDER BY name, language")

/* clang-format on */

#endif
