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
 * What the store keeps and what goes over the wire, as values; and their one JSON form, the same over
 * MQTT, in /sync and in lists (docs/protocol.md, "Events"). Every payload is an absolute upsert with a
 * version: applying one twice, or after a newer one, changes nothing.
 *
 * Texts are owned by the struct that holds them; finish frees them and accepts zeroed structs.
 * One thread at a time; a value may move from thread to thread.
 */
#define CW_EVENT_MAX_BYTES 65536 /* a larger one goes out with "data":null and is fetched */
#define CW_EPOCH_TEXT 33
#define CW_PREVIEW_CHARACTERS 120

struct cw_message {
	char id[CW_CLOCK_UUID_TEXT]; /* "" when there is no message */
	char conversation[CW_CONVERSATION_ID_MAX + 1];
	char *wamid; /* NULL until WhatsApp gave one */
	enum cw_message_kind kind;
	enum cw_message_origin origin;
	bool is_outbound;
	bool is_late;
	bool is_revoked;
	int64_t position;
	int64_t sent_at_ms;     /* Meta's time; 0 when it gave none */
	int64_t received_at_ms; /* ours */
	int64_t edited_at_ms;   /* 0: never */
	int64_t version;
	enum cw_message_status status;
	int attempt;                     /* of an agent's message, from 1; 0 for others */
	char target[CW_CLOCK_UUID_TEXT]; /* reactions: the message; "" while only target_wamid is known */
	char *target_wamid;              /* reactions; NULL otherwise */
	/* JSON text, so that no thread shares a tree: {"content","context","referral","errors","author","error","media","command"} */
	char *body;
};

struct cw_contact {
	char id[CW_CLOCK_UUID_TEXT];
	int64_t version;
	char *name;     /* NULL when WhatsApp gave none */
	char *username; /* with its @; NULL when there is none */
	char *wa_id;    /* newest live phone; NULL when hidden */
	char *user_id;  /* newest live business-scoped user id; NULL when unknown */
};

struct cw_conversation {
	char id[CW_CONVERSATION_ID_MAX + 1]; /* "" when there is no conversation */
	char tag[CW_TAG_MAX + 1];
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	int64_t version;
	int64_t created_at_ms;
	int64_t unread;
	int64_t window_ends_at_ms; /* 0: never opened */
	int64_t last_position;     /* of the last shown message; 0: none yet */
	char last_message[CW_CLOCK_UUID_TEXT];
	enum cw_message_kind last_kind;
	bool last_is_outbound;
	enum cw_message_status last_status;
	char *last_preview;                           /* NULL: none */
	char merged_into[CW_CONVERSATION_ID_MAX + 1]; /* "" unless merged */
	char assignee[CW_SUBJECT_MAX + 1];            /* who has it; "": nobody */
	bool is_done;                                 /* the team is done with it, until the customer writes */
	struct cw_contact contact;
};

/* What an event is about. The words are the wire's `kind`. */
enum cw_event_kind {
	CW_EVENT_MESSAGE,      /* a message came, or a placeholder was filled */
	CW_EVENT_STATUS,       /* a status changed: one of ours on its way, or what WhatsApp reports */
	CW_EVENT_MEDIA,        /* a message's file came, or could not be fetched */
	CW_EVENT_EDIT,         /* a message was edited; data holds it as it is now */
	CW_EVENT_REVOKE,       /* a message was deleted for everyone */
	CW_EVENT_CONVERSATION, /* a conversation was made or changed without a message */
	CW_EVENT_CONTACT,      /* name, phone or user id of the customer changed */
	CW_EVENT_MERGE,        /* the conversation turned out to be another's */
	CW_EVENT_TEMPLATE,     /* on acct/<a>/events: a template's status, quality or category */
	CW_EVENT_NUMBER,       /* a business number's quality or name */
	CW_EVENT_AGENT,        /* an agent who signs in here was added, disabled or enabled */
	CW_EVENT_SETTINGS,     /* everything else that Meta says about the account */
	CW_EVENT_KIND_COUNT
};

/* Unix microseconds of what an event went through before it was handed over; 0: not known. Kept nowhere but in memory. */
struct cw_hops {
	int64_t arrived_us;   /* the first byte of the webhook's body, or the command */
	int64_t verified_us;  /* its signature was right, and it was parsed */
	int64_t committed_us; /* COMMIT returned */
};

struct cw_event {
	int64_t id; /* global; the publisher's cursor */
	char account[CW_ACCOUNT_MAX + 1];
	char epoch[CW_EPOCH_TEXT];
	int64_t seq, prev;
	enum cw_event_kind kind;
	int64_t at_ms;
	bool is_quiet;                       /* of a webhook with too many events: only heads are published */
	struct cw_conversation conversation; /* id "" on acct/<a>/events */
	bool has_conversation;               /* its row is part of data */
	bool has_contact;                    /* its contact is part of data by itself */
	bool changes_assignment;             /* the broker's table must know before this event goes out */
	bool assigned_later;                 /* the row is newer than the event: it shows an assignment made since */
	char lost_by[CW_SUBJECT_MAX + 1]; /* who had the conversation until this event; "": nobody. Not on the wire */
	struct cw_message message;        /* id "": no part of data */
	json_t *notice;                   /* owned and not shared; the account-level kinds only */
	struct cw_hops hops;
};

const char *cw_event_kind_text(enum cw_event_kind kind);
CW_MUST_CHECK enum cw_status cw_event_kind_parse(const char *text, enum cw_event_kind *ret_kind);

/* New references, NULL without memory. */
json_t *cw_message_to_json(const struct cw_message *message);
json_t *cw_conversation_to_json(const struct cw_conversation *conversation);
json_t *cw_event_to_json(const struct cw_event *event);

/*
 * The event as the payload of a publish: at most CW_EVENT_MAX_BYTES, else with "data":null.
 * out is reset first. CW_NOMEM.
 */
CW_MUST_CHECK enum cw_status cw_event_render(const struct cw_event *event, struct cw_buf *out);

/* The first characters of what a list shows of a message, by kind; a new text, NULL when there is none. */
char *cw_message_preview(enum cw_message_kind kind, const json_t *body);

void cw_message_finish(struct cw_message *message);
void cw_contact_finish(struct cw_contact *contact);
void cw_conversation_finish(struct cw_conversation *conversation);
void cw_event_finish(struct cw_event *event);

#endif
