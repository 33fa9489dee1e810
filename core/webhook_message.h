/* SPDX-License-Identifier: MIT */
#ifndef CORE_WEBHOOK_MESSAGE_H
#define CORE_WEBHOOK_MESSAGE_H

#include "core/webhook.h"

/*
 * Reads one element of messages[], message_echoes[] or a history thread. Knows every kind of the messages
 * webhook reference; an unknown kind or shape becomes `unsupported`, with its payload kept, and is never
 * dropped. Only core/webhook.c includes this.
 */

/* Fills kind, body, target, context, new_wa_id and new_user_id of item. CW_NOMEM. */
CW_MUST_CHECK enum cw_status cw_webhook_read_message(json_t *message, struct cw_webhook_item *item);

/* A non-empty string member, or NULL. Integers, which some senders use for ids, are converted to strings in place. */
const char *cw_webhook_text(json_t *object, const char *key);

/* The same for a member that can be part of a conversation id; otherwise NULL. */
const char *cw_webhook_user_id(json_t *object, const char *key);

#endif
