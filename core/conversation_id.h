/* SPDX-License-Identifier: MIT */
#ifndef CORE_CONVERSATION_ID_H
#define CORE_CONVERSATION_ID_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

/*
 * The canonical conversation id `<account>_<phone_number_id>_<customer>`: the only code that joins or
 * splits it. The previous system joined these strings in two places, in two different ways, and no page
 * ever saw a message.
 * client/src/conversation_id.ts is tested with the same vectors, tests/data/conversation_ids.json.
 *
 * account [A-Za-z0-9-]{1,64}, phone_number_id [0-9]{1,32}, customer [A-Za-z0-9-]{1,140}: exactly two
 * underscores, so that splitting is unambiguous. No state, any thread.
 */
#define CW_ACCOUNT_MAX 64
#define CW_PHONE_NUMBER_ID_MAX 32
#define CW_CUSTOMER_MAX 140
#define CW_CONVERSATION_ID_MAX (CW_ACCOUNT_MAX + 1 + CW_PHONE_NUMBER_ID_MAX + 1 + CW_CUSTOMER_MAX)
#define CW_SUBJECT_MAX 64
/* The account of the daemon and of mosquitto admins; deliberately not a valid tenant account. */
#define CW_SYSTEM_ACCOUNT "_system"

struct cw_conversation_id {
	char account[CW_ACCOUNT_MAX + 1];
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	char customer[CW_CUSTOMER_MAX + 1];
};

bool cw_account_is_valid(const char *account);
bool cw_phone_number_id_is_valid(const char *phone_number_id);
bool cw_subject_is_valid(const char *subject);

/*
 * Is it of the form of a business-scoped user id: a country's two capital letters, a dot, then letters and digits
 * (Cloud API, "Business-scoped user IDs")? NULL is not.
 */
bool cw_user_id_is_valid(const char *user_id);

/*
 * The customer part for an identity: the digits of a wa_id unchanged, a business-scoped user id with '.'
 * replaced by '-'. CW_INVALID: an invalid character or length.
 */
CW_MUST_CHECK enum cw_status cw_conversation_customer(const char *identity, char out[CW_CUSTOMER_MAX + 1]);

/* Joins the three parts. CW_INVALID: a part is invalid. */
CW_MUST_CHECK enum cw_status cw_conversation_id_make(const char *account, const char *phone_number_id,
						     const char *customer, char out[CW_CONVERSATION_ID_MAX + 1]);

/* Splits text. *ret_id is unchanged unless CW_OK. */
CW_MUST_CHECK enum cw_status cw_conversation_id_parse(const char *text, struct cw_conversation_id *ret_id);

/*
 * The tag of a conversation in logs: `…9012#a1b2c3d4`, the customer's last four characters and the
 * first four bytes of HMAC-SHA256(tag key, id). The hash is keyed so that phone numbers cannot be found
 * by trying them all.
 */
#define CW_TAG_MAX 20
struct cw_tag_key;

/* NULL when out of memory. Destroy accepts NULL. */
struct cw_tag_key *cw_tag_key_create(const void *key, size_t key_len);
/* The installation's own key, KEYS/shared/tag.key. CW_NOT_FOUND: no such file; CW_INVALID as `file:1: …`. */
CW_MUST_CHECK enum cw_status cw_tag_key_load(const char *keys_dir, struct cw_tag_key **ret_key, struct cw_error *reterr);
void cw_tag_key_destroy(struct cw_tag_key *key);

/* Never fails: for an invalid id, or if the library fails, gives "…#invalid". Several threads may share a key. */
void cw_tag_make(const struct cw_tag_key *key, const char *conversation_id, char out[CW_TAG_MAX + 1]);

#endif
