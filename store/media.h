/* SPDX-License-Identifier: MIT */
#ifndef STORE_MEDIA_H
#define STORE_MEDIA_H

#include "core/webhook.h"
#include "store/identity.h"
#include "store/message.h"

/*
 * Files of messages: which to fetch, which to upload, and the message's `media` member.
 * The bytes are not stored here but in DIR/media. Writer's thread; failures are in db->failed.
 */

/* If a webhook's message has a file, schedules fetching it and shows it as pending. Its row id; 0: no file. */
int64_t media_note(struct tx *tx, const struct number_row *number, const struct conversation_row *row,
		   const struct cw_webhook_item *item, struct draft *draft);
void media_belongs_to(struct tx *tx, int64_t media, int64_t message);

/* A row of table media. */
struct media_row {
	int64_t id, account, conversation, message;
	char uid[CW_CLOCK_UUID_TEXT];
	char state[8];
	char mime_type[CW_MIME_MAX + 1];
	char filename[256]; /* "": none */
	char error[400];    /* "": none */
	int64_t size_bytes, uploaded_at_ms;
	bool is_inbound, is_uploaded;
};

/* By its id on the wire. false when there is none or on error. */
bool media_find(struct tx *tx, const char *uid, struct media_row *row);

/* The message's `media` member; a new reference. */
json_t *media_shown(const struct media_row *row);

/* Has it been uploaded to WhatsApp, and is it not about to expire there? */
bool media_is_uploaded(struct tx *tx, int64_t media);
/* Schedules the upload unless it is already uploaded. */
void media_want_upload(struct tx *tx, int64_t media);
/* The next media_want_upload uploads it even if it was before: WhatsApp no longer knows it. */
void media_forget_upload(struct tx *tx, int64_t media);

/* Someone asked to retry a file that could not be fetched. false when the message has no such file. */
bool media_fetch_again(struct tx *tx, struct message_row *message);

#endif
