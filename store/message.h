/* SPDX-License-Identifier: MIT */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "store/tx.h"

/*
 * Message rows, whoever writes them: their place in the thread, their effect on the conversation, and changes with
 * the events that announce them (docs/protocol.md, "Messages"). Writer's thread; failures are in db->failed.
 */
#define MESSAGE_RECENT_MS (10 * 60 * 1000LL)

/*
 * The position of a new message. If Meta's time (0: none given) is within ten minutes of arrival, the message is placed
 * at that time, but after everything already there. An older message (*ret_is_old) takes the first free place at its
 * time; a customer's goes after what that customer sent before it, whatever our clock said then. A timestamp in the
 * future counts as the time of arrival.
 */
int64_t message_place(struct tx *tx, const struct conversation_row *row, enum cw_message_origin origin,
		      int64_t sent_at_ms, bool *ret_is_old);

/* Inserts the row and returns its id. wamid_hash is 0 without a wamid. */
int64_t message_insert(struct tx *tx, int64_t account, int64_t conversation, const unsigned char *uid,
		       int64_t wamid_hash, const struct cw_message *message);

/*
 * Updates the conversation for a new message: last message, unread count, window; a customer's message reopens it.
 * A message from the team means that the team has read everything before it. The caller saves the row.
 */
void message_advance(struct tx *tx, struct conversation_row *row, const struct cw_message *message, const json_t *body);

/* How many customer messages the team has neither read nor answered; 0 on error: see the transaction's status. */
int64_t message_count_unread(struct tx *tx, const struct conversation_row *row);

/* By its id on the wire, within an account. false when there is none or on error. */
bool message_find_id(struct tx *tx, int64_t account, const char *id, struct message_row *row);

/* Does the message belong to this conversation, or to one that was merged into it? */
bool message_is_of(struct tx *tx, const struct message_row *message, const struct conversation_row *row);

/* A message with its body parsed, for changing both. draft_write writes the body back as text. */
struct draft {
	struct cw_message *message;
	json_t *body;
};

/* draft_open and draft_close are a pair; the parsed body is valid until draft_close. part is borrowed;
 * NULL removes it. */
bool draft_open(struct tx *tx, struct cw_message *message, struct draft *draft);
void draft_set(struct tx *tx, struct draft *draft, const char *name, json_t *part);
void draft_write(struct tx *tx, struct draft *draft);
void draft_close(struct draft *draft);

/*
 * Why the message failed, for people and clients: Meta's error (NULL: none) together with our explanation of its code.
 * A new reference.
 */
json_t *message_error(const json_t *error);

/* Records one step of an outgoing message, at the current time (schema_6.sql, step). */
struct message_step {
	int64_t message; /* row id */
	int attempt;     /* 0: not sent from here */
	const char *word;
	int64_t said_at_ms; /* Meta's time; 0: none */
	int code;           /* the Graph API's; 0: none */
};
void message_step(struct tx *tx, const struct message_step *step);

/* Stores a changed message and makes its event; also updates the conversation's list row if that shows this message. */
void message_publish_change(struct tx *tx, enum cw_event_kind kind, struct message_row *row, struct draft *draft);

#endif
