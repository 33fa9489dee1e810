/* SPDX-License-Identifier: MIT */
#ifndef CORE_WEBHOOK_H
#define CORE_WEBHOOK_H

#include <jansson.h>

#include "core/message.h"
#include "core/status.h"

/*
 * WhatsApp Cloud API webhooks: JSON → values. Reads every entry, change, message and status of a body,
 * in any key order, whatever Meta leaves out (Cloud API, "Webhooks", reference of the messages,
 * smb_message_echoes, history and user_id_update fields). A body is one cw_webhook; a change is the
 * unit that is kept raw when it cannot be understood or its number is not known yet.
 *
 * What is unusable (a user id of another form, a phone number with letters) is left out, and the message is read
 * with the rest. Phone numbers are digits, however they were written; names are cut to 512 bytes, at a character.
 *
 * Values borrow their strings from the parsed JSON, which the cw_webhook owns. One thread at a time.
 */

/* The customer or group a message is from or to. Unknown members are NULL; at least one id is set. */
struct cw_party {
	const char *wa_id;   /* digits */
	const char *user_id; /* business-scoped user id, with its dot */
	const char *parent_user_id;
	const char *group_id; /* a message in a group belongs to the group's conversation */
	const char *name;
	const char *username;
};

enum cw_item_type {
	CW_ITEM_MESSAGE, /* also a call, and a line about what the customer chose */
	CW_ITEM_STATUS,
	CW_ITEM_IDENTITY,
	CW_ITEM_NAME /* party is listed under this name; NULL: no longer */
};

struct cw_webhook_item {
	enum cw_item_type type;
	struct cw_party party;
	const char *wamid;  /* messages and statuses: never NULL; of a line, an id made from what it says */
	int64_t wamid_hash; /* cw_message_wamid_hash, computed here to save the writer the work */
	int64_t sent_at_ms; /* Meta's time; 0: missing */

	/* messages */
	enum cw_message_kind kind;
	enum cw_message_origin origin;
	bool is_outbound;
	json_t *body;                  /* owned: {"content","context","referral","errors","author"} */
	const char *target_wamid;      /* of a reaction, edit or revoke */
	const char *context_wamid;     /* of a reply */
	enum cw_message_kind new_kind; /* of an edit: the target's new kind */
	enum cw_marketing marketing;   /* of a line about it: what the customer chose */

	/* history messages, and statuses */
	enum cw_message_status status;
	json_t *errors;     /* borrowed; may be NULL */
	const char *our_id; /* biz_opaque_callback_data */

	/* system messages and user_id_update: the identity that replaces party's */
	const char *new_wa_id;
	const char *new_user_id;
};

enum cw_change_type {
	CW_CHANGE_ITEMS,  /* n_items of the webhook's items, from first_item */
	CW_CHANGE_NOTICE, /* about the account: templates, quality, … ; value is what Meta sent */
	CW_CHANGE_RAW     /* not understood; kept unchanged, reason says why */
};

struct cw_webhook_change {
	enum cw_change_type type;
	const char *field;
	const char *waba_id;         /* NULL when missing or "0" (the App Dashboard's test) */
	const char *phone_number_id; /* NULL: none */
	const char *display_phone;   /* the number as WhatsApp writes it; NULL: none */
	json_t *change;              /* borrowed: the whole change */
	json_t *value;               /* borrowed */
	size_t first_item, n_items;
	const char *reason; /* static; also set on CW_CHANGE_ITEMS when some items were not understood */
};

struct cw_webhook {
	json_t *root;
	json_t *texts; /* an array of strings that differ from what was sent: numbers without spaces, names cut short */
	struct cw_webhook_change *changes;
	size_t n_changes;
	struct cw_webhook_item *items;
	size_t n_items;
	bool was_repaired;
};

/*
 * Parses len bytes. CW_INVALID: not JSON even after repair, or not a webhook envelope; the caller then
 * keeps the bytes raw. CW_NOMEM. *ret_webhook is the caller's; finish accepts a zeroed one.
 */
CW_MUST_CHECK enum cw_status cw_webhook_parse(const char *bytes, size_t len, struct cw_webhook *ret_webhook,
					      struct cw_error *reterr);

/*
 * Parses one change that was kept raw, as `{"waba_id":…,"change":{…}}` (cw_webhook_keep writes it). The writer calls
 * it within a transaction, which fails if memory runs out here.
 */
CW_MUST_CHECK enum cw_status cw_webhook_parse_kept(const char *text, struct cw_webhook *ret_webhook,
						   struct cw_error *reterr);

/* The text in which a change is kept; the caller frees it with free(). NULL when out of memory. */
char *cw_webhook_keep(const struct cw_webhook_change *change);

/* Frees what parsing allocated; NULL and zeroed structs are fine. */
void cw_webhook_finish(struct cw_webhook *webhook);

#endif
