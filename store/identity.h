/* SPDX-License-Identifier: MIT */
#ifndef STORE_IDENTITY_H
#define STORE_IDENTITY_H

#include "store/tx.h"

/*
 * Which conversation a customer means: identities, aliases, minting, merging.
 * The only place where a conversation id is minted. Writer's thread; failures are db->failed.
 */
struct number_row {
	int64_t id;
	int64_t account;
	bool is_replaying;
	bool has_waba;
	char account_name[CW_ACCOUNT_MAX + 1];
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
};

/* A business number with its account. false when it is not known, with *row as it was, and on error, which db_status tells. */
bool number_find(struct db *db, const char *phone_number_id, struct number_row *row);

/*
 * The conversation of party at number, made if there is none. *ret_is_new and *ret_contact_changed tell
 * what the caller's event must carry. false on failure.
 */
bool identity_conversation(struct tx *tx, const struct number_row *number, const struct cw_party *party, int64_t at_ms,
			   struct conversation_row *ret_row, bool *ret_is_new, bool *ret_contact_changed);

/*
 * The same for a name that a person typed: it finds or makes a conversation, but a known customer learns no
 * spelling from it. false on failure.
 */
bool identity_named(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		    struct conversation_row *ret_row, bool *ret_is_new);

/* The conversation of party at number if there is one; never makes anything. */
bool identity_find(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		   struct conversation_row *ret_row);

/*
 * The customer of party has a new phone or business-scoped user id from at_ms on: the old ones retire;
 * two contacts that turn out to be one are merged, with their events.
 */
void identity_replace(struct tx *tx, const struct number_row *number, const struct cw_party *party,
		      const char *new_wa_id, const char *new_user_id, int64_t at_ms);

/* WhatsApp answers with another spelling of the contact's phone: an alias, unless somebody has it; replies go there. */
void identity_learn_phone(struct tx *tx, const struct number_row *number, int64_t contact, const char *wa_id);

/* Name and username as WhatsApp gives them now. true when something changed; the row then has it. */
bool identity_rename(struct tx *tx, struct conversation_row *row, const struct cw_party *party);

/* An event for each conversation of the contact but `except` (0: none). */
void identity_tell(struct tx *tx, int64_t contact, int64_t except);

#endif
