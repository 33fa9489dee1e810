/* SPDX-License-Identifier: MIT */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "store/tx.h"

/*
 * Rows of messages, whoever writes them: their place in the thread, what they do to their conversation, and changes
 * with the event that tells of them (docs/protocol.md, "Messages"). Writer's thread; failures are db->failed.
 */
#define MESSAGE_RECENT_MS (10 * 60 * 1000LL)

/*
 * The position of a new message. Within ten minutes of arrival it stands at Meta's time (0: none given), but after
 * everything before it; an older one (*ret_is_old) takes the first free place at its time, and a customer's stands behind
 * what that customer sent before it, whatever our clock was then; a stamp from the future counts as arrival.
 */
int64_t message_place(struct tx *tx, const struct conversation_row *row, enum cw_message_origin origin,
		      int64_t sent_at_ms, bool *ret_is_old);

/* Inserts and answers the row id. wamid_hash is 0 without a wamid. */
int64_t message_insert(struct tx *tx, int64_t account, int64_t conversation, const unsigned char *uid,
		       int64_t wamid_hash, const struct cw_message *message);

/*
 * What a new message does to its conversation: last message, unread, window, and a customer's opens it again. What
 * the team wrote means that it has read what was before. The row is the caller's to save.
 */
void message_advance(struct tx *tx, struct conversation_row *row, const struct cw_message *message, const json_t *body);

/* What customers wrote that the team has not read nor answered; 0 on error, which the transaction's status tells. */
int64_t message_count_unread(struct tx *tx, const struct conversation_row *row);

/* By its id on the wire, within an account. false when there is none or on error. */
bool message_find_id(struct tx *tx, int64_t account, const char *id, struct message_row *row);

/* Is the message of this conversation, or of one that was merged into it? */
bool message_is_of(struct tx *tx, const struct message_row *message, const struct conversation_row *row);

/* A message with its body opened: changes work on both, draft_write writes the body back as text. */
struct draft {
	struct cw_message *message;
	json_t *body;
};

/* draft_open and draft_close are a pair; the opened body lives until the close. part is borrowed. */
bool draft_open(struct tx *tx, struct cw_message *message, struct draft *draft);
void draft_set(struct tx *tx, struct draft *draft, const char *name, json_t *part);
void draft_write(struct tx *tx, struct draft *draft);
void draft_close(struct draft *draft);

/*
 * Why it failed, as people and clients read it: Meta's error (NULL: none) with our explanation of its code beside
 * it. A new reference.
 */
json_t *message_error(const json_t *error);

/* A message that goes out went a step further, now (schema_6.sql, step). */
struct message_step {
	int64_t message; /* row id */
	int attempt;     /* 0: of none of ours */
	const char *word;
	int64_t said_at_ms; /* Meta's time; 0: none */
	int code;           /* the Graph API's; 0: none */
};
void message_step(struct tx *tx, const struct message_step *step);

/* Stores a changed message and tells of it; the list row goes along when it shows this message. */
void message_publish_change(struct tx *tx, enum cw_event_kind kind, struct message_row *row, struct draft *draft);

#endif
