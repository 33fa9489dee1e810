/* SPDX-License-Identifier: MIT */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

/*
 * The keywords for messages, spelled the same in JSON, SQL and docs/protocol.md, and the rules for how
 * statuses advance. No state, any thread.
 *
 * What a kind counts as is said here and nowhere else: C asks the functions below, SQL is made from this list
 * (store/columns.h), and TypeScript is held to it by tests/unit/test_message.c (client/src/kinds.ts).
 *   shown   it can be a conversation's last message; reactions, edits and revokes have rows, but cannot
 *   unread  a customer's makes the conversation unread
 *   window  a customer's opens the 24-hour customer service window ("Send messages", Customer service windows)
 *   file    its content is a file
 */
/* clang-format off: a table */
/*	  name, word, shown, unread, window, file */
#define CW_MESSAGE_KIND_LIST(X) \
	X(TEXT, "text", yes, yes, yes, no) \
	X(IMAGE, "image", yes, yes, yes, yes) \
	X(VIDEO, "video", yes, yes, yes, yes) \
	X(AUDIO, "audio", yes, yes, yes, yes) \
	X(VOICE, "voice", yes, yes, yes, yes) \
	X(DOCUMENT, "document", yes, yes, yes, yes) \
	X(STICKER, "sticker", yes, yes, yes, yes) \
	X(LOCATION, "location", yes, yes, yes, no) \
	X(CONTACTS, "contacts", yes, yes, yes, no) \
	X(INTERACTIVE, "interactive", yes, yes, yes, no) \
	X(BUTTON, "button", yes, yes, yes, no) \
	X(REACTION, "reaction", no, no, no, no) \
	X(ORDER, "order", yes, yes, yes, no) \
	X(SYSTEM, "system", yes, no, no, no) \
	X(UNSUPPORTED, "unsupported", yes, yes, yes, no) \
	X(EDIT, "edit", no, no, no, no) \
	X(REVOKE, "revoke", no, no, no, no) \
	X(REQUEST_WELCOME, "request_welcome", yes, no, yes, no) \
	X(MEDIA_PLACEHOLDER, "media_placeholder", yes, yes, yes, no) \
	X(CALL, "call", yes, yes, yes, no) \
	X(TEMPLATE, "template", yes, yes, yes, no)
/* clang-format on */

enum cw_message_kind {
#define X(name, word, shown, unread, window, file) CW_KIND_##name,
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
	CW_STATUS_FAILED,
	CW_STATUS_DELIVERED,
	CW_STATUS_READ,
	CW_STATUS_PLAYED,
	CW_MESSAGE_STATUS_COUNT
};

/* What a customer said about marketing messages. */
enum cw_marketing {
	CW_MARKETING_UNSAID,
	CW_MARKETING_IN,  /* resume them */
	CW_MARKETING_OUT, /* stop them */
	CW_MARKETING_COUNT
};

/* "in", "out"; NULL for CW_MARKETING_UNSAID. */
const char *cw_marketing_text(enum cw_marketing marketing);
/* Of such a word; UNSAID for NULL and every other text. */
enum cw_marketing cw_marketing_parse(const char *text);

/*
 * A hash for looking up a WhatsApp message id (which is then compared in full): the first 64 bits of its SHA-256,
 * never 0. 0 for NULL, and when out of memory, which is noted (core/memory.h).
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
 * Reported statuses only advance: accepted < sent < failed < delivered < read < played. What WhatsApp reports as
 * delivered is proof that the customer has it, whether `failed` was reported before or after. Meta guarantees no order
 * and may skip statuses ("Status messages webhook reference").
 */
bool cw_message_status_may_follow(enum cw_message_status now, enum cw_message_status next);

/* What the table above says of a kind. */
bool cw_message_kind_is_shown(enum cw_message_kind kind);
bool cw_message_kind_is_unread(enum cw_message_kind kind);
bool cw_message_kind_opens_window(enum cw_message_kind kind);
bool cw_message_kind_is_media(enum cw_message_kind kind);

#endif
