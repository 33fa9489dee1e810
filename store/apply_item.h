/* SPDX-License-Identifier: MIT */
#ifndef STORE_APPLY_ITEM_H
#define STORE_APPLY_ITEM_H

#include "store/identity.h"
#include "store/tx.h"

/* Applies one message, status or identity change of a webhook. Writer's thread; failures are in tx->db->failed. */
void apply_item(struct tx *tx, const struct number_row *number, const struct cw_webhook_item *item);

#endif
