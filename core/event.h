/* SPDX-License-Identifier: MIT */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/conversation_id.h"
#include "core/message.h"
#include "core/status.h"

/*
 * Events, messages, conversations and contacts as values, and their one JSON form, which is the same over
 * MQTT, in /sync and in lists (docs/protocol.md, "Events"). Every payload is a complete upsert with a
 * version: applying one twice, or after a newer one, changes nothing.
 *
 * Strings belong to their struct; the finish functions free them and accept zeroed structs.
 * One thread at a time; a value may be passed from thread to thread.
 */
#define CW_EVENT_MAX_BYTES 65536 /* a larger event is sent with "data":null, and clients fetch it */
#define CW_EPOCH_TEXT 33
#define CW_PREVIEW_CHARACTERS 120

struct cw_message {
	char id[CW_CLOCK_UUID_TEXT]; /* "" when there is no message */
	char conversation[CW_CONVERSATION_ID_MAX + 1];
	char *wamid; /* NULL until WhatsApp assigns one */
	enum cw_message_kind kind;
	enum cw_message_origin origin;
	bool is_outbound;
	bool is_late;
	bool is_revoked;
	int64_t position;
	int64_t sent_at_ms;     /* Meta's time; 0: none given */
	int64_t received_at_ms; /* ours */
	int64_t edited_at_ms;   /* 0: never */
	int64_t version;
	enum cw_message_status status;
	int attempt;                     /* an agent's message: from 1; others: 0 */
	char target[CW_CLOCK_UUID_TEXT]; /* reactions: the message's id; "" while only target_wamid is known */
	char *target_wamid;              /* reactions; NULL otherwise */
	/*
	 * JSON text, so that threads share no tree: {"content","context","referral","errors","author","error","media",
	 * "command"}
	 */
	char *body;
};

struct cw_contact {
	char id[CW_CLOCK_UUID_TEXT];
	int64_t version;
	char *name; /* the customer's own, else that of the phone's address book, or a group's subject; NULL: none */
	char *username;   /* with its @; NULL: none */
	char *wa_id;      /* newest live phone; NULL: hidden */
	char *user_id;    /* newest live business-scoped user id; NULL: unknown */
	bool is_own_name; /* name is the customer's own */
	enum cw_marketing marketing;
};

struct cw_conversation {
	char id[CW_CONVERSATION_ID_MAX + 1]; /* "" when there is no conversation */
	char tag[CW_TAG_MAX + 1];
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	int64_t version;
	int64_t created_at_ms;
	int64_t unread;
	int64_t window_ends_at_ms; /* 0: never opened */
	int64_t last_position;     /* of the last visible message; 0: none yet */
	char last_message[CW_CLOCK_UUID_TEXT];
	enum cw_message_kind last_kind;
	bool last_is_outbound;
	enum cw_message_status last_status;
	char *last_preview;                           /* NULL: none */
	char merged_into[CW_CONVERSATION_ID_MAX + 1]; /* "" unless merged */
	char assignee[CW_SUBJECT_MAX + 1];            /* "": nobody */
	char assigned_by[CW_SUBJECT_MAX + 1];         /* who made it so; "": an operator, or nobody yet */
	bool is_done;                                 /* marked done by the team, until the customer writes */
	struct cw_contact contact;
};

/* What an event is about. On the wire: `kind`. */
enum cw_event_kind {
	CW_EVENT_MESSAGE,      /* a new message, or a placeholder was filled */
	CW_EVENT_STATUS,       /* a message's status changed, while being sent or as reported by WhatsApp */
	CW_EVENT_MEDIA,        /* a message's file arrived, or could not be fetched */
	CW_EVENT_EDIT,         /* a message was edited; data has its current state */
	CW_EVENT_REVOKE,       /* a message was deleted for everyone */
	CW_EVENT_CONVERSATION, /* a conversation was created or changed without a message */
	CW_EVENT_CONTACT,      /* the customer's name, phone or user id changed */
	CW_EVENT_MERGE,        /* the conversation was merged into another */
	CW_EVENT_TEMPLATE,     /* on acct/<a>/events: a template's status, quality or category */
	CW_EVENT_NUMBER,       /* a business number's quality or name */
	CW_EVENT_AGENT,        /* an agent who signs in here was added, disabled or enabled */
	CW_EVENT_SETTINGS,     /* everything else that Meta says about the account */
	CW_EVENT_KIND_COUNT
};

/* When an event passed each stage before it was handed over, in Unix microseconds; 0: not known. In memory only. */
struct cw_hops {
	int64_t arrived_us;   /* the first byte of the webhook's body, or the command, arrived */
	int64_t verified_us;  /* signature verified, body parsed */
	int64_t committed_us; /* COMMIT returned */
};

struct cw_event {
	int64_t id; /* global; the publisher's cursor */
	char account[CW_ACCOUNT_MAX + 1];
	char epoch[CW_EPOCH_TEXT];
	int64_t seq, prev;
	enum cw_event_kind kind;
	int64_t at_ms;
	bool is_quiet;                       /* from a webhook with too many events: only heads are published */
	struct cw_conversation conversation; /* id "" on acct/<a>/events */
	bool has_conversation;               /* data has the conversation's row */
	bool has_contact;                    /* data has the contact separately */
	bool changes_assignment;             /* the broker's table must be updated before this event is published */
	bool assigned_later;                 /* the row is newer than the event: it was reassigned since */
	char lost_by[CW_SUBJECT_MAX + 1];    /* the assignee before this event; "": nobody. Not on the wire */
	struct cw_message message;           /* id "": not in data */
	json_t *notice;                      /* owned and not shared; the account-level kinds only */
	struct cw_hops hops;
};

const char *cw_event_kind_text(enum cw_event_kind kind);
CW_MUST_CHECK enum cw_status cw_event_kind_parse(const char *text, enum cw_event_kind *ret_kind);

/* New references; NULL when out of memory. */
json_t *cw_message_to_json(const struct cw_message *message);
json_t *cw_conversation_to_json(const struct cw_conversation *conversation);
json_t *cw_event_to_json(const struct cw_event *event);

/*
 * Renders the event as an MQTT payload: at most CW_EVENT_MAX_BYTES, else with "data":null.
 * Resets out first. CW_NOMEM.
 */
CW_MUST_CHECK enum cw_status cw_event_render(const struct cw_event *event, struct cw_buf *out);

/* A message's preview for lists, depending on its kind, in a group with its author; a new string, NULL: none. */
char *cw_message_preview(enum cw_message_kind kind, const json_t *body);

void cw_message_finish(struct cw_message *message);
void cw_contact_finish(struct cw_contact *contact);
void cw_conversation_finish(struct cw_conversation *conversation);
void cw_event_finish(struct cw_event *event);

#endif
