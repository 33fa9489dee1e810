/* SPDX-License-Identifier: MIT */
#ifndef STORE_SENDING_H
#define STORE_SENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/command.h"
#include "core/conversation_id.h"
#include "core/media_store.h"
#include "core/message.h"
#include "core/outbound.h"
#include "core/status.h"

/* The part of store/store.h that is about sending and files: values of its operations, and what the bridge reads. */
#define CW_WAMID_MAX 256
#define CW_MEDIA_SOURCE_MAX 64
#define CW_MIME_MAX 128
#define CW_STORE_NEVER INT64_MAX

/* CW_STORE_COMMAND: who may send it was decided before. on_done is told CW_OK for refusals, too. */
struct cw_store_command {
	const char *account, *subject, *conversation; /* canonical id; a merged one is refused */
	const struct cw_command *command;
	char *answer;    /* result, the submitter's to free */
	int http_status; /* result */
};

/*
 * CW_STORE_OUTBOUND_MOVE: one attempt into its next state. CW_NOT_FOUND; CW_DENIED: it may not go there (any more);
 * CW_BUSY: its number is paused. From unknown to unknown: it stays for a person, and those behind it go on.
 */
struct cw_store_outbound_move {
	int64_t id;
	enum cw_outbound_state next;
	/* Of next: RETRYING and UNKNOWN: when to look again. Of the same state as now: only that changes. */
	int64_t due_at_ms;
	const char *wamid;           /* ACCEPTED; NULL: the one that was reported */
	const char *wa_id;           /* ACCEPTED: the recipient as WhatsApp writes it, which becomes an alias; NULL */
	int code;                    /* RETRYING, FAILED: the Graph API's; 0: none */
	const char *title, *details; /* RETRYING, FAILED; NULL: none */
	enum cw_outbound_state now;  /* result: SENDING may become FAILED, too late, or ACCEPTED, reported meanwhile */
};

/*
 * CW_STORE_NUMBER_PAUSE: whether a number sends. An event tells the agents. CW_NOT_FOUND; CW_DUPLICATE: it is so
 * already. A new token resumes what WhatsApp's error paused, and not what a person paused: CW_DENIED.
 */
enum cw_number_change { CW_NUMBER_PAUSE, CW_NUMBER_RESUME, CW_NUMBER_TOKEN };
struct cw_store_pause {
	enum cw_number_change change;
	const char *phone_number_id;
	int code;           /* PAUSE: the Graph API's; 0: a person's */
	const char *reason; /* PAUSE: a sentence */
};

/* CW_STORE_MINT: the conversation of a customer who may not have written yet. CW_NOT_FOUND: number; CW_INVALID; CW_DENIED. */
struct cw_store_mint {
	const char *account, *phone_number_id, *customer; /* digits in any spelling, or a business-scoped user id */
	const char *claimant; /* a new one is assigned to this subject, and one that somebody else has is denied; NULL */
	char conversation[CW_CONVERSATION_ID_MAX + 1]; /* result */
	bool is_new;                                   /* result */
};

/* CW_STORE_MEDIA_ADD: an agent's file, whose bytes are in the media store. CW_NOT_FOUND: conversation. */
struct cw_store_media_add {
	const char *account, *conversation, *mime_type, *filename; /* filename may be NULL */
	int64_t size_bytes;
	unsigned char sha256[CW_SHA256_BYTES];
	char id[CW_CLOCK_UUID_TEXT]; /* result */
};

/* CW_STORE_MEDIA_MOVE: how fetching or uploading a file went. */
enum cw_media_outcome { CW_MEDIA_READY, CW_MEDIA_UPLOADED, CW_MEDIA_AGAIN, CW_MEDIA_FAILED };
struct cw_store_media_move {
	int64_t id;
	enum cw_media_outcome outcome;
	int64_t size_bytes;                    /* READY */
	unsigned char sha256[CW_SHA256_BYTES]; /* READY */
	const char *mime_type;                 /* READY; NULL: as it was */
	const char *uploaded_as;               /* UPLOADED: WhatsApp's id */
	int64_t due_at_ms;                     /* AGAIN */
	int code;                              /* FAILED: the Graph API's; 0: none */
	const char *error;                     /* AGAIN, FAILED: a sentence */
};

/* CW_STORE_TEMPLATES: all of a WABA, in place of those before. rows: [{name,language,status,category,components}], borrowed. */
struct cw_store_templates {
	const char *account, *waba_id;
	json_t *rows;
	int64_t n_stored; /* result */
};

/* What a conversation's customer is to be told, without being a message. Handed over after COMMIT. */
struct cw_signal {
	char account[CW_ACCOUNT_MAX + 1];
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	char wamid[CW_WAMID_MAX + 1]; /* the customer's newest message that is covered */
	bool is_typing;               /* else: read */
};

#endif
