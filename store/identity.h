/* SPDX-License-Identifier: MIT */
#ifndef STORE_IDENTITY_H
#define STORE_IDENTITY_H

#include "core/phone.h"
#include "store/tx.h"

/*
 * Finds a customer's conversation: identities, aliases, minting, merging.
 * The only place where a conversation id is minted. Writer's thread; failures are in db->failed.
 */
struct number_row {
	int64_t id;
	int64_t account;
	bool is_replaying;
	bool has_waba;
	char display_phone[CW_PHONE_MAX + 1]; /* "": not known yet */
	char account_name[CW_ACCOUNT_MAX + 1];
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
};

/* A business number with its account. false when unknown (*row is then unchanged) or on error (see db_status). */
bool number_find(struct db *db, const char *phone_number_id, struct number_row *row);

/*
 * The conversation of party at number, created if there is none. *ret_is_new and *ret_contact_changed say
 * what the caller's event must contain. false on failure.
 */
bool identity_conversation(struct tx *tx, const struct number_row *number, const struct cw_party *party, int64_t at_ms,
			   struct conversation_row *ret_row, bool *ret_is_new, bool *ret_contact_changed);

/*
 * The same for a name that a person typed: it finds or creates a conversation, but adds no identity to a known
 * customer. false on failure.
 */
bool identity_named(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		    struct conversation_row *ret_row, bool *ret_is_new);

/* The conversation of party at number, if there is one; never creates anything. */
bool identity_find(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		   struct conversation_row *ret_row);

/*
 * From at_ms on, the customer has a new phone number or business-scoped user id. The old ones are retired. If two
 * contacts turn out to be the same customer, they are merged, with the events that announce it.
 */
void identity_replace(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		      const char *new_wa_id, const char *new_user_id, int64_t at_ms);

/*
 * WhatsApp answered with another spelling of the contact's phone number: it becomes an alias, and replies go there,
 * unless another contact already has it.
 */
void identity_learn_phone(struct tx *tx, const struct number_row *number, int64_t contact, const char *wa_id);

/* Updates name and username from what WhatsApp sent. true when something changed; *row then has the new values. */
bool identity_rename(struct tx *tx, struct conversation_row *row, const struct cw_party *party);

/*
 * Stores what the customer said about marketing messages at at_ms, unless they have said something since. true when
 * *row has a new contact.
 */
bool identity_prefer(struct tx *tx, struct conversation_row *row, enum cw_marketing marketing, int64_t at_ms);

/*
 * Stores party->name, said at at_ms unless they said another since, as the name under which others list the customer or group; NULL: they no longer do. It is shown
 * as long as WhatsApp has not told the customer's own. A contact without a conversation waits for its first message.
 */
void identity_list_as(struct tx *tx, const struct number_row *number, const struct cw_party *party, int64_t at_ms);

/* Makes an event for each conversation of the contact except `except` (0: no exception). */
void identity_tell(struct tx *tx, int64_t contact, int64_t except);

#endif
