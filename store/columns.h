/* SPDX-License-Identifier: MIT */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H

#include "core/message.h"

/*
 * The columns that several statements select. One list makes both the SQL and the enum by which they are read, so that
 * a new column is one row here: `db_int(statement, COLUMN_EVENT_SEQ)`.
 */
#define COLUMN_NAME(name, sql) COLUMN_##name,
#define COLUMN_FIRST(name, sql) sql
#define COLUMN_NEXT(name, sql) ", " sql

/* The kinds that do not make a conversation unread, and those that do not open a window, as lists for SQL's IN. */
#define KIND_UNLESS_yes(word)
#define KIND_UNLESS_no(word) ", '" word "'"
#define KIND_NOT_UNREAD(name, word, shown, unread, window, file) KIND_UNLESS_##unread(word)
#define KIND_NOT_WINDOW(name, word, shown, unread, window, file) KIND_UNLESS_##window(word)
#define KINDS_NOT_UNREAD "''" CW_MESSAGE_KIND_LIST(KIND_NOT_UNREAD)
#define KINDS_NOT_WINDOW "''" CW_MESSAGE_KIND_LIST(KIND_NOT_WINDOW)

/* A contact's newest identity that is still in use. */
#define LIVE_IDENTITY(kind) \
	"(SELECT i.value FROM identity i WHERE i.contact = c.contact AND i.kind = '" kind "' AND i.until IS NULL "
#define NEWEST "ORDER BY i.id DESC LIMIT 1)"

/* clang-format off: a list, one row per column */

/* Of a message. */
#define MESSAGE_COLUMN_LIST(FIRST, NEXT) \
	FIRST(MESSAGE_ID, "m.id") \
	NEXT(MESSAGE_UID, "m.uid") \
	NEXT(MESSAGE_WAMID, "m.wamid") \
	NEXT(MESSAGE_KIND, "m.kind") \
	NEXT(MESSAGE_ORIGIN, "m.origin") \
	NEXT(MESSAGE_OUTBOUND, "m.outbound") \
	NEXT(MESSAGE_LATE, "m.late") \
	NEXT(MESSAGE_REVOKED, "m.revoked") \
	NEXT(MESSAGE_POSITION, "m.position") \
	NEXT(MESSAGE_SENT_AT, "m.sent_at") \
	NEXT(MESSAGE_RECEIVED_AT, "m.received_at") \
	NEXT(MESSAGE_EDITED_AT, "m.edited_at") \
	NEXT(MESSAGE_VERSION, "m.version") \
	NEXT(MESSAGE_STATUS, "m.status") \
	NEXT(MESSAGE_TARGET, "m.target") \
	NEXT(MESSAGE_TARGET_WAMID, "m.target_wamid") \
	NEXT(MESSAGE_BODY, "m.body") \
	NEXT(MESSAGE_CONVERSATION, "m.conversation") \
	NEXT(MESSAGE_CONVERSATION_NAME, "c.name") \
	NEXT(MESSAGE_ATTEMPT, "m.attempt")
#define MESSAGE_COLUMNS MESSAGE_COLUMN_LIST(COLUMN_FIRST, COLUMN_NEXT) " "
enum { MESSAGE_COLUMN_LIST(COLUMN_NAME, COLUMN_NAME) N_MESSAGE_COLUMNS };

/* Of a conversation with its contact. */
#define CONVERSATION_COLUMN_LIST(FIRST, NEXT) \
	FIRST(CONVERSATION_ID, "c.id") \
	NEXT(CONVERSATION_ACCOUNT, "c.account") \
	NEXT(CONVERSATION_NUMBER, "c.number") \
	NEXT(CONVERSATION_CONTACT, "c.contact") \
	NEXT(CONVERSATION_NAME, "c.name") \
	NEXT(CONVERSATION_TAG, "c.tag") \
	NEXT(CONVERSATION_VERSION, "c.version") \
	NEXT(CONVERSATION_LAST_SEQ, "c.last_seq") \
	NEXT(CONVERSATION_TOP_POSITION, "c.top_position") \
	NEXT(CONVERSATION_READ_POSITION, "c.read_position") \
	NEXT(CONVERSATION_UNREAD, "c.unread") \
	NEXT(CONVERSATION_WINDOW_ENDS_AT, "c.window_ends_at") \
	NEXT(CONVERSATION_LAST_MESSAGE, "c.last_message") \
	NEXT(CONVERSATION_LAST_POSITION, "c.last_position") \
	NEXT(CONVERSATION_LAST_KIND, "c.last_kind") \
	NEXT(CONVERSATION_LAST_OUTBOUND, "c.last_outbound") \
	NEXT(CONVERSATION_LAST_STATUS, "c.last_status") \
	NEXT(CONVERSATION_LAST_PREVIEW, "c.last_preview") \
	NEXT(CONVERSATION_CREATED_AT, "c.created_at") \
	NEXT(CONVERSATION_MERGED_INTO, "c.merged_into") \
	NEXT(CONVERSATION_PHONE_NUMBER_ID, "n.phone_number_id") \
	NEXT(CONVERSATION_CONTACT_UID, "k.uid") \
	NEXT(CONVERSATION_CONTACT_VERSION, "k.version") \
	NEXT(CONVERSATION_CONTACT_NAME, "coalesce(k.name, k.known_as)") \
	NEXT(CONVERSATION_CONTACT_USERNAME, "k.username") \
	NEXT(CONVERSATION_CONTACT_WA_ID, "k.wa_id") \
	NEXT(CONVERSATION_CONTACT_USER_ID, "k.user_id") \
	NEXT(CONVERSATION_CONTACT_MARKETING, "k.marketing") \
	NEXT(CONVERSATION_CONTACT_OWN_NAME, "k.name IS NOT NULL") \
	NEXT(CONVERSATION_MERGED_INTO_NAME, "(SELECT o.name FROM conversation o WHERE o.id = c.merged_into)") \
	NEXT(CONVERSATION_ASSIGNEE, "c.assignee") \
	NEXT(CONVERSATION_ASSIGNED_BY, "c.assigned_by") \
	NEXT(CONVERSATION_DONE, "c.done")
#define CONVERSATION_COLUMNS CONVERSATION_COLUMN_LIST(COLUMN_FIRST, COLUMN_NEXT) " "
enum { CONVERSATION_COLUMN_LIST(COLUMN_NAME, COLUMN_NAME) N_CONVERSATION_COLUMNS };

/* Of an event. */
#define EVENT_COLUMN_LIST(FIRST, NEXT) \
	FIRST(EVENT_ID, "e.id") \
	NEXT(EVENT_ACCOUNT, "e.account") \
	NEXT(EVENT_SEQ, "e.seq") \
	NEXT(EVENT_PREV, "e.prev") \
	NEXT(EVENT_CONVERSATION, "e.conversation") \
	NEXT(EVENT_KIND, "e.kind") \
	NEXT(EVENT_REF, "e.ref") \
	NEXT(EVENT_PARTS, "e.parts") \
	NEXT(EVENT_QUIET, "e.quiet") \
	NEXT(EVENT_AT, "e.at") \
	NEXT(EVENT_ACCOUNT_NAME, "a.name") \
	NEXT(EVENT_EPOCH, "a.epoch")
#define EVENT_COLUMNS EVENT_COLUMN_LIST(COLUMN_FIRST, COLUMN_NEXT) " "
enum { EVENT_COLUMN_LIST(COLUMN_NAME, COLUMN_NAME) N_EVENT_COLUMNS };

/* Of an attempt to send, as the writer needs it. */
#define OUTBOUND_COLUMN_LIST(FIRST, NEXT) \
	FIRST(OUTBOUND_ID, "o.id") \
	NEXT(OUTBOUND_MESSAGE, "o.message") \
	NEXT(OUTBOUND_ATTEMPT, "o.attempt") \
	NEXT(OUTBOUND_CONVERSATION, "o.conversation") \
	NEXT(OUTBOUND_NUMBER, "o.number") \
	NEXT(OUTBOUND_MEDIA, "o.media") \
	NEXT(OUTBOUND_STATE, "o.state") \
	NEXT(OUTBOUND_HOLDS_LANE, "o.holds_lane") \
	NEXT(OUTBOUND_TRIES, "o.tries") \
	NEXT(OUTBOUND_REPORTED, "o.reported") \
	NEXT(OUTBOUND_REPORT, "o.report") \
	NEXT(OUTBOUND_WAMID, "o.wamid") \
	NEXT(OUTBOUND_ACCOUNT, "m.account") \
	NEXT(OUTBOUND_QUEUED_AT, "o.queued_at")
#define OUTBOUND_COLUMNS OUTBOUND_COLUMN_LIST(COLUMN_FIRST, COLUMN_NEXT) " "
enum { OUTBOUND_COLUMN_LIST(COLUMN_NAME, COLUMN_NAME) N_OUTBOUND_COLUMNS };

/* Of an attempt to send, as its request needs it. */
#define OUTBOUND_JOB_COLUMN_LIST(FIRST, NEXT) \
	FIRST(JOB_ID, "o.id") \
	NEXT(JOB_STATE, "o.state") \
	NEXT(JOB_ATTEMPT, "o.attempt") \
	NEXT(JOB_TRIES, "o.tries") \
	NEXT(JOB_QUEUED_AT, "o.queued_at") \
	NEXT(JOB_DUE_AT, "o.due_at") \
	NEXT(JOB_WINDOW_ENDS_AT, "c.window_ends_at") \
	NEXT(JOB_MESSAGE_UID, "m.uid") \
	NEXT(JOB_TAG, "c.tag") \
	NEXT(JOB_CONVERSATION, "o.conversation") \
	NEXT(JOB_KIND, "m.kind") \
	NEXT(JOB_BODY, "m.body") \
	NEXT(JOB_WA_ID, "k.wa_id") \
	/* per business portfolio: one learned at this number is preferred */ \
	NEXT(JOB_USER_ID, "coalesce(" LIVE_IDENTITY("user_id") "AND i.number = o.number " NEWEST \
							       ", " LIVE_IDENTITY("user_id") NEWEST ")") \
	NEXT(JOB_GROUP_ID, LIVE_IDENTITY("group_id") NEWEST) \
	NEXT(JOB_TARGET_WAMID, "(SELECT t.wamid FROM message t WHERE t.uid = m.target)") \
	NEXT(JOB_BARE_TARGET_WAMID, "m.target_wamid") \
	NEXT(JOB_UPLOADED_AS, "d.uploaded_as") \
	NEXT(JOB_REPORTED, "o.reported") \
	NEXT(JOB_ACCOUNT_NAME, "a.name") \
	NEXT(JOB_PHONE_NUMBER_ID, "n.phone_number_id") \
	NEXT(JOB_CODE, "o.code") \
	NEXT(JOB_CONVERSATION_NAME, "c.name")
#define OUTBOUND_JOB_COLUMNS OUTBOUND_JOB_COLUMN_LIST(COLUMN_FIRST, COLUMN_NEXT) " "
enum { OUTBOUND_JOB_COLUMN_LIST(COLUMN_NAME, COLUMN_NAME) N_OUTBOUND_JOB_COLUMNS };

/* Of a file. */
#define MEDIA_COLUMN_LIST(FIRST, NEXT) \
	FIRST(MEDIA_ID, "d.id") \
	NEXT(MEDIA_UID, "d.uid") \
	NEXT(MEDIA_ACCOUNT, "d.account") \
	NEXT(MEDIA_CONVERSATION, "d.conversation") \
	NEXT(MEDIA_MESSAGE, "d.message") \
	NEXT(MEDIA_STATE, "d.state") \
	NEXT(MEDIA_MIME_TYPE, "d.mime_type") \
	NEXT(MEDIA_FILENAME, "d.filename") \
	NEXT(MEDIA_SIZE, "d.size") \
	NEXT(MEDIA_SHA256, "d.sha256") \
	NEXT(MEDIA_SOURCE, "d.source") \
	NEXT(MEDIA_NUMBER, "d.number") \
	NEXT(MEDIA_UPLOADED_AS, "d.uploaded_as") \
	NEXT(MEDIA_UPLOADED_AT, "d.uploaded_at") \
	NEXT(MEDIA_TRIES, "d.tries") \
	NEXT(MEDIA_CREATED_AT, "d.created_at") \
	NEXT(MEDIA_ERROR, "d.error")
#define MEDIA_COLUMNS MEDIA_COLUMN_LIST(COLUMN_FIRST, COLUMN_NEXT) " "
enum { MEDIA_COLUMN_LIST(COLUMN_NAME, COLUMN_NAME) N_MEDIA_COLUMNS };

/* Of an agent. */
#define AGENT_COLUMN_LIST(FIRST, NEXT) \
	FIRST(AGENT_ID, "g.id") \
	NEXT(AGENT_ACCOUNT, "g.account") \
	NEXT(AGENT_ACCOUNT_NAME, "a.name") \
	NEXT(AGENT_SUBJECT, "g.subject") \
	NEXT(AGENT_EMAIL, "g.email") \
	NEXT(AGENT_NAME, "g.name") \
	NEXT(AGENT_ROLE, "g.role") \
	NEXT(AGENT_PASSWORD_HASH, "g.password_hash") \
	NEXT(AGENT_DISABLED_AT, "g.disabled_at") \
	NEXT(AGENT_CREATED_AT, "g.created_at")
#define AGENT_COLUMNS AGENT_COLUMN_LIST(COLUMN_FIRST, COLUMN_NEXT) " "
enum { AGENT_COLUMN_LIST(COLUMN_NAME, COLUMN_NAME) N_AGENT_COLUMNS };

/* clang-format on */

#endif
