/* SPDX-License-Identifier: MIT */
#ifndef CORE_WEBHOOK_ITEMS_H
#define CORE_WEBHOOK_ITEMS_H

#include "core/webhook.h"

/*
 * Reads the elements of a change: messages, echoes, history, statuses, and what else customers do. One row per field
 * of the webhook. Only core/webhook.c includes this.
 */

/* Far beyond Meta's own limit of 1000 updates; a body with more is kept raw. */
#define CW_WEBHOOK_MAX_ITEMS 50000

/*
 * Reads the change into items of the webhook, if its field contains any. *ret_is_known says whether it does. CW_NOMEM;
 * also with more than CW_WEBHOOK_MAX_ITEMS.
 */
CW_MUST_CHECK enum cw_status cw_webhook_read_items(struct cw_webhook *webhook, struct cw_webhook_change *change,
						   bool *ret_is_known);

/* Makes room for element number count of an array that begins as NULL. NULL when out of memory, which is noted. */
CW_MUST_CHECK void *cw_webhook_grow(void *array, size_t count, size_t size);

#endif
