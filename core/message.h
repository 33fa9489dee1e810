/* SPDX-License-Identifier: MIT */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

/*
 * The words that messages are made of, each with its one spelling in JSON, SQL and docs/protocol.md;
 * and the rule by which statuses climb. No state, any thread.
 */
#define CW_MESSAGE_KIND_LIST(X) \
	X(TEXT, "text") \
	X(IMAGE, "image") \
	X(VIDEO, "video") \
	X(AUDIO, "audio") \
	X(VOICE, "voice") \
	X(DOCUMENT, "document") \
	X(STICKER, "sticker") \
	X(LOCATION, "location") \
	X(CONTACTS, "contacts") \
	X(INTERACTIVE, "interactive") \
	X(BUTTON, "button") \
	X(REACTION, "reaction") \
	X(ORDER, "order") \
	X(SYSTEM, "system") \
	X(UNSUPPORTED, "unsupported") \
	X(EDIT, "edit") \
	X(REVOKE, "revoke") \
	X(REQUEST_WELCOME, "request_welcome") \
	X(MEDIA_PLACEHOLDER, "media_placeholder") \
	X(TEMPLATE, "template")

enum cw_message_kind {
#define X(name, text) CW_KIND_##name,
	CW_MESSAGE_KIND_LIST(X)
#undef X
		CW_KIND_COUNT
};

enum cw_message_origin {
	CW_ORIGIN_CUSTOMER, /* came by webhook, fresh */
	CW_ORIGIN_PHONE,    /* typed on the business phone (coexistence echo) */
	CW_ORIGIN_HISTORY,  /* imported from the phone; never shown as fresh */
	CW_ORIGIN_AGENT,    /* sent from here, by a command */
	CW_ORIGIN_COUNT
};

/*
 * In climbing order; NONE is what an inbound message has. Those before ACCEPTED are an agent's message on its way
 * to WhatsApp (core/outbound.h), the others are what WhatsApp says.
 */
enum cw_message_status {
	CW_STATUS_NONE,
	CW_STATUS_QUEUED,
	CW_STATUS_SENDING,
	CW_STATUS_RETRYING,
	CW_STATUS_UNKNOWN,
	CW_STATUS_ACCEPTED,
	CW_STATUS_SENT,
	CW_STATUS_DELIVERED,
	CW_STATUS_READ,
	CW_STATUS_PLAYED,
	CW_STATUS_FAILED,
	CW_MESSAGE_STATUS_COUNT
};

/*
 * What a WhatsApp message id is looked up by before it is compared: the first 64 bits of its SHA-256, never
 * 0; 0 when the library fails. wamid must not be NULL.
 */
int64_t cw_message_wamid_hash(const char *wamid);

const char *cw_message_kind_text(enum cw_message_kind kind);
const char *cw_message_origin_text(enum cw_message_origin origin);
/* "" for CW_STATUS_NONE. */
const char *cw_message_status_text(enum cw_message_status status);

/* CW_NOT_FOUND for a word that is none; the match is exact. */
CW_MUST_CHECK enum cw_status cw_message_kind_parse(const char *text, enum cw_message_kind *ret_kind);
CW_MUST_CHECK enum cw_status cw_message_status_parse(const char *text, enum cw_message_status *ret_status);
/* The same for the words that WhatsApp uses: accepted and what follows. */
CW_MUST_CHECK enum cw_status cw_message_status_reported(const char *text, enum cw_message_status *ret_status);

/*
 * What WhatsApp reports only climbs: accepted < sent < delivered < read < played; failed only from below delivered,
 * and from failed nothing leads on. Meta promises no order and may skip some
 * ("Status messages webhook reference").
 */
bool cw_message_status_may_follow(enum cw_message_status now, enum cw_message_status next);

/* Reactions, edits and revokes are rows, but never the last message of a conversation. */
bool cw_message_kind_is_shown(enum cw_message_kind kind);

/* What makes a conversation unread when a customer sends it: what is shown, except system lines and welcomes. */
bool cw_message_kind_is_unread(enum cw_message_kind kind);

/* Is the content of this kind a file: image, video, audio, voice, document, sticker? */
bool cw_message_kind_is_media(enum cw_message_kind kind);

/* What opens the 24-hour customer service window ("Send messages", Customer service windows). */
bool cw_message_kind_opens_window(enum cw_message_kind kind);

#endif
