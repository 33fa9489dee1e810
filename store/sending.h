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

/* Sending and files: the values of their operations, and of what the bridge reads. Part of store/store.h. */
#define CW_WAMID_MAX 256
#define CW_MEDIA_SOURCE_MAX 64
#define CW_MIME_MAX 128
#define CW_STORE_NEVER INT64_MAX

/* CW_STORE_COMMAND: the submitter has checked the sender's rights. The status is CW_OK for refusals, too. */
struct cw_store_command {
	const char *account, *subject, *conversation; /* canonical id; a merged conversation is refused */
	const struct cw_command *command;
	char *answer;    /* result; the submitter frees it */
	int http_status; /* result */
};

/*
 * CW_STORE_OUTBOUND_MOVE: moves one attempt to its next state. CW_NOT_FOUND; CW_DENIED: the transition is not allowed
 * (any more); CW_BUSY: its number is paused. From unknown to unknown: it is left for a person to decide, and the
 * attempts behind it continue.
 */
struct cw_store_outbound_move {
	int64_t id;
	enum cw_outbound_state next;
	/* RETRYING, UNKNOWN: when it is due again. If next is its current state, only this changes. */
	int64_t due_at_ms;
	const char *wamid;           /* ACCEPTED; NULL: use the reported one */
	const char *wa_id;           /* ACCEPTED: the recipient as WhatsApp writes it, becomes an alias; NULL: none */
	int code;                    /* RETRYING, FAILED: the Graph API's; 0: none */
	const char *explanation;     /* RETRYING, FAILED: a sentence for people; NULL: that of the code */
	const char *title, *details; /* RETRYING, FAILED; NULL: none */
	enum cw_outbound_state now;  /* result: not SENDING but FAILED if too late, ACCEPTED if reported meanwhile */
};

/*
 * CW_STORE_NUMBER_PAUSE: pauses or resumes sending at a number. An event informs the agents. CW_NOT_FOUND;
 * CW_DUPLICATE: already in that state. A new token resumes a number that an error from WhatsApp paused, but not one
 * that a person paused: CW_DENIED.
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
	const char *claimant; /* a new one is assigned to this subject; CW_DENIED if someone else has it; NULL: nobody */
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

/* CW_STORE_MEDIA_MOVE: the outcome of fetching or uploading a file. */
enum cw_media_outcome { CW_MEDIA_READY, CW_MEDIA_UPLOADED, CW_MEDIA_AGAIN, CW_MEDIA_FAILED };
struct cw_store_media_move {
	int64_t id;
	enum cw_media_outcome outcome;
	int64_t size_bytes;                    /* READY */
	unsigned char sha256[CW_SHA256_BYTES]; /* READY */
	const char *mime_type;                 /* READY; NULL: unchanged */
	const char *uploaded_as;               /* UPLOADED: WhatsApp's id */
	int64_t due_at_ms;                     /* AGAIN */
	int code;                              /* FAILED: the Graph API's; 0: none */
	const char *error;                     /* AGAIN, FAILED: a sentence */
};

/* CW_STORE_TEMPLATES: replaces a WABA's templates. rows: [{name,language,status,category,components}], borrowed. */
struct cw_store_templates {
	const char *account, *waba_id;
	json_t *rows;
	int64_t asked_at_ms; /* what webhooks say later is fetched again; 0: now */
	int64_t n_stored;    /* result */
};

/* A read mark or typing indicator to send to the customer. Handed over after COMMIT. */
struct cw_signal {
	char account[CW_ACCOUNT_MAX + 1];
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	char wamid[CW_WAMID_MAX + 1]; /* the customer's newest message that it covers */
	bool is_typing;               /* else: read */
};

#endif
