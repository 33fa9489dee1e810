/* SPDX-License-Identifier: MIT */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "core/event.h"
#include "store/sqlite.h"

/* Rows ↔ the values of core/event.h. Only for store/. On the connection's thread. */

/* event.parts: which parts of the conversation an event's data holds, and whether the event changed the assignee. */
enum event_parts { PART_CONVERSATION = 1, PART_CONTACT = 2, PART_ASSIGNMENT = 4 };

struct account_row {
	int64_t id;
	char name[CW_ACCOUNT_MAX + 1];
	char epoch[CW_EPOCH_TEXT];
	int64_t head;
	int64_t notice_head;
};

struct message_row {
	int64_t id;
	int64_t conversation;
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	struct cw_message message;
};

struct conversation_row {
	int64_t id;
	int64_t account;
	int64_t number;
	int64_t contact;
	int64_t last_seq;
	int64_t top_position;
	int64_t read_position;
	int64_t merged_into; /* 0: not merged */
	struct cw_conversation row;
};

/* Each overwrites *row with the statement's current row (SQL_ACCOUNT_*, MESSAGE_COLUMNS, CONVERSATION_COLUMNS). */
void account_read(sqlite3_stmt *statement, struct account_row *row);
void message_read(struct db *db, sqlite3_stmt *statement, struct message_row *row);
void conversation_read(struct db *db, sqlite3_stmt *statement, struct conversation_row *row);

/* By row id. false when there is none or on error. */
bool account_load(struct db *db, int64_t id, struct account_row *row);
bool message_load(struct db *db, int64_t id, struct message_row *row);
bool conversation_load(struct db *db, int64_t id, struct conversation_row *row);

/* By name. false when there is none or on error. */
bool account_find(struct db *db, const char *name, struct account_row *row);
bool conversation_find(struct db *db, const char *name, struct conversation_row *row);
/* The same, but for a merged conversation the one it was merged into. */
bool conversation_find_root(struct db *db, const char *name, struct conversation_row *row);

/* By wamid, and its cw_message_wamid_hash, within an account. */
bool message_find(struct db *db, int64_t account, const char *wamid, int64_t wamid_hash, struct message_row *row);

/* By its id on the wire, within an account. false when there is none, when id is malformed, or on error. */
bool message_find_uid(struct db *db, int64_t account, const char *id, struct message_row *row);

/* How many raw changes are stored in a state, 'waiting' or 'kept'. */
int64_t raw_count(struct db *db, const char *state);

/* Reads EVENT_COLUMNS and everything the event refers to, in its current state, into *event. The caller finishes it. */
void event_read(struct db *db, sqlite3_stmt *statement, struct cw_event *event);

void message_row_finish(struct message_row *row);
void conversation_row_finish(struct conversation_row *row);

#endif
