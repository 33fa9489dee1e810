/* SPDX-License-Identifier: MIT */
#ifndef STORE_OUTBOUND_H
#define STORE_OUTBOUND_H

#include "core/outbound.h"
#include "store/message.h"

/*
 * The attempts to send messages (core/outbound.h): their lanes, their states, and what WhatsApp reports of them.
 * Writer's thread; failures are db->failed.
 */

/*
 * Queues attempt number `attempt` of a message at the end of its conversation's lane. media is its file's row, which
 * may have to be uploaded first; 0: it has none.
 */
void outbound_queue(struct tx *tx, int64_t message, int attempt, const struct conversation_row *conversation,
		    int64_t media);

/* What WhatsApp says of a message. Borrowed. */
struct outbound_report {
	const char *wamid;
	int64_t wamid_hash;
	const char *mark; /* biz_opaque_callback_data; NULL: none */
	enum cw_message_status status;
	json_t *error; /* NULL: none */
};

/* Records it with the attempt that it is about. false when it is about none of ours. */
bool outbound_report(struct tx *tx, int64_t account, const struct outbound_report *report);

/* The message of the attempt that was accepted under this wamid, also of one that a later attempt replaced. */
bool outbound_find_message(struct tx *tx, int64_t account, const char *wamid, int64_t wamid_hash,
			   struct message_row *row);

/* A person asks: another attempt, or none any more. false, with the problem, when it is too early or too late for it. */
struct cw_problem;
bool outbound_retry(struct tx *tx, struct message_row *message, const struct conversation_row *conversation,
		    struct cw_problem *problem);
bool outbound_discard(struct tx *tx, const struct message_row *message, struct cw_problem *problem);

/* The file of the message is at WhatsApp, or (error not NULL) will never be. */
void outbound_file_is_there(struct tx *tx, int64_t media, const char *error);

#endif
