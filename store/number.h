/* SPDX-License-Identifier: MIT */
#ifndef STORE_NUMBER_H
#define STORE_NUMBER_H

#include "core/phone.h"
#include "store/identity.h"

/* What beginning a conversation by hand and importing legacy ids share. Writer's thread. */

/* A customer as a person types them: party borrows from customer and digits. CW_INVALID with a sentence. */
CW_MUST_CHECK enum cw_status number_read_customer(const char *customer, char digits[CW_PHONE_MAX + 1],
						  struct cw_party *party, struct cw_error *reterr);

/* The event of a conversation that was minted without a message. */
void number_tell_new_conversation(struct tx *tx, struct conversation_row *row);

#endif
