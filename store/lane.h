/* SPDX-License-Identifier: MIT */
#ifndef STORE_LANE_H
#define STORE_LANE_H

#include "core/outbound.h"
#include "store/message.h"

/*
 * Attempts to send messages (core/outbound.h), their states, and what WhatsApp reports about them. A conversation's
 * attempts form its lane: they are sent in order, one at a time.
 * Writer's thread; failures are in db->failed.
 */

/*
 * Queues attempt number `attempt` of a message at the end of its conversation's lane. media is the row id of its file,
 * which may have to be uploaded first; 0: no file.
 */
void lane_queue(struct tx *tx, int64_t message, int attempt, const struct conversation_row *conversation, int64_t media);

/* After two conversations turned out to be one: moves the younger's lane into the older's, in order. Row ids. */
void lane_join(struct tx *tx, int64_t younger, int64_t older);

/* What WhatsApp reports about a message. Borrowed. */
struct lane_report {
	const char *wamid;
	int64_t wamid_hash;
	const char *mark; /* biz_opaque_callback_data; NULL: none */
	enum cw_message_status status;
	int64_t said_at_ms; /* Meta's time; 0: none */
	json_t *error;      /* NULL: none */
};

/* Records the report with the attempt it is about. false when it is not about one of our attempts. */
bool lane_report(struct tx *tx, int64_t account, const struct lane_report *report);

/* The message whose attempt was accepted under this wamid, even if a later attempt has replaced that one. */
bool lane_find_message(struct tx *tx, int64_t account, const char *wamid, int64_t wamid_hash, struct message_row *row);

/* At a person's request: another attempt, or none any more. false, with the problem, when too early or too late. */
struct cw_problem;
bool lane_retry(struct tx *tx, struct message_row *message, const struct conversation_row *conversation,
		struct cw_problem *problem);
bool lane_discard(struct tx *tx, const struct message_row *message, struct cw_problem *problem);

/* The file that messages wait for was uploaded; or cannot be: the Graph API's error code (0: none) and a sentence. */
void lane_file_awaited(struct tx *tx, int64_t media);
void lane_file_uploaded(struct tx *tx, int64_t media);
void lane_file_failed(struct tx *tx, int64_t media, int code, const char *error);

/*
 * An older copy of the database was restored: messages that it shows as unsent may have been sent since. They all
 * become unknown, for people to decide. Returns how many.
 */
int64_t lane_restored(struct tx *tx);

#endif
