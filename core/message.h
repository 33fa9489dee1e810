/* SPDX-License-Identifier: MIT */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

/*
 * The keywords for messages, spelled the same in JSON, SQL and docs/protocol.md, and the rules for how
 * statuses advance. No state, any thread.
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
	CW_ORIGIN_CUSTOMER, /* arrived by webhook, new */
	CW_ORIGIN_PHONE,    /* typed on the business phone (coexistence echo) */
	CW_ORIGIN_HISTORY,  /* imported from the phone; never shown as new */
	CW_ORIGIN_AGENT,    /* sent from here, by a command */
	CW_ORIGIN_COUNT
};

/*
 * In ascending order; inbound messages have NONE. Those before ACCEPTED are for an agent's message on its way to
 * WhatsApp (core/outbound.h), the others are reported by WhatsApp.
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
 * A hash for looking up a WhatsApp message id (which is then compared in full): the first 64 bits of its SHA-256,
 * never 0; 0 only when the library fails. wamid must not be NULL.
 */
int64_t cw_message_wamid_hash(const char *wamid);

const char *cw_message_kind_text(enum cw_message_kind kind);
const char *cw_message_origin_text(enum cw_message_origin origin);
/* "" for CW_STATUS_NONE. */
const char *cw_message_status_text(enum cw_message_status status);

/* CW_NOT_FOUND: not one of the keywords; the match is exact. */
CW_MUST_CHECK enum cw_status cw_message_kind_parse(const char *text, enum cw_message_kind *ret_kind);
CW_MUST_CHECK enum cw_status cw_message_status_parse(const char *text, enum cw_message_status *ret_status);
/* The same, only for statuses that WhatsApp reports: accepted and later. */
CW_MUST_CHECK enum cw_status cw_message_status_reported(const char *text, enum cw_message_status *ret_status);

/*
 * Reported statuses only advance: accepted < sent < delivered < read < played. failed can only follow a status below
 * delivered, and nothing follows failed. Meta guarantees no order and may skip statuses
 * ("Status messages webhook reference").
 */
bool cw_message_status_may_follow(enum cw_message_status now, enum cw_message_status next);

/* Can it be a conversation's last message? Reactions, edits and revokes have rows, but cannot. */
bool cw_message_kind_is_shown(enum cw_message_kind kind);

/* Does it make a conversation unread when a customer sends it? All shown kinds except system lines and welcomes. */
bool cw_message_kind_is_unread(enum cw_message_kind kind);

/* Is the content of this kind a file: image, video, audio, voice, document, sticker? */
bool cw_message_kind_is_media(enum cw_message_kind kind);

/* Does it open the 24-hour customer service window ("Send messages", Customer service windows)? */
bool cw_message_kind_opens_window(enum cw_message_kind kind);

#endif
