/* SPDX-License-Identifier: MIT */
#ifndef STORE_LANE_H
#define STORE_LANE_H

#include "core/outbound.h"
#include "store/message.h"

/*
 * The attempts to send messages (core/outbound.h). A conversation's attempts are its lane: one goes at a time, in order.
 * Their states, and what WhatsApp reports of them.
 * Writer's thread; failures are db->failed.
 */

/*
 * Queues attempt number `attempt` of a message at the end of its conversation's lane. media is its file's row, which
 * may have to be uploaded first; 0: it has none.
 */
void lane_queue(struct tx *tx, int64_t message, int attempt, const struct conversation_row *conversation, int64_t media);

/* Two conversations turn out to be one: what waits in the younger's lane goes in the older's, in order. Row ids. */
void lane_join(struct tx *tx, int64_t younger, int64_t older);

/* What WhatsApp says of a message. Borrowed. */
struct lane_report {
	const char *wamid;
	int64_t wamid_hash;
	const char *mark; /* biz_opaque_callback_data; NULL: none */
	enum cw_message_status status;
	int64_t said_at_ms; /* Meta's time; 0: none */
	json_t *error;      /* NULL: none */
};

/* Records it with the attempt that it is about. false when it is about none of ours. */
bool lane_report(struct tx *tx, int64_t account, const struct lane_report *report);

/* The message of the attempt that was accepted under this wamid, also of one that a later attempt replaced. */
bool lane_find_message(struct tx *tx, int64_t account, const char *wamid, int64_t wamid_hash, struct message_row *row);

/* A person asks: another attempt, or none any more. false, with the problem, when it is too early or too late for it. */
struct cw_problem;
bool lane_retry(struct tx *tx, struct message_row *message, const struct conversation_row *conversation,
		struct cw_problem *problem);
bool lane_discard(struct tx *tx, const struct message_row *message, struct cw_problem *problem);

/* The file that messages wait for is at WhatsApp; or never will be: the Graph API's code, 0 without, and a sentence. */
void lane_file_uploaded(struct tx *tx, int64_t media);
void lane_file_failed(struct tx *tx, int64_t media, int code, const char *error);

/*
 * The database is an older one: what had not been sent then may have been sent since. All of it becomes unknown, for
 * people to decide. Answers how many.
 */
int64_t lane_restored(struct tx *tx);

#endif
