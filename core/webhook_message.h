/* SPDX-License-Identifier: MIT */
#ifndef CORE_WEBHOOK_MESSAGE_H
#define CORE_WEBHOOK_MESSAGE_H

#include "core/webhook.h"

/*
 * One element of messages[], message_echoes[] or a history thread → what it says. Knows every kind of
 * the messages webhook reference; a kind or a shape it does not know becomes `unsupported` with the
 * payload kept, never nothing. Only core/webhook.c includes this.
 */

/* Fills kind, body, target, context, new_wa_id and new_user_id of item. CW_NOMEM. */
CW_MUST_CHECK enum cw_status cw_webhook_read_message(json_t *message, struct cw_webhook_item *item);

/* A non-empty text member, or NULL. Whole numbers, as careless senders write ids, are turned into text in place. */
const char *cw_webhook_text(json_t *object, const char *key);

#endif
