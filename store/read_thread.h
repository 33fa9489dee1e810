/* SPDX-License-Identifier: MIT */
#ifndef STORE_READ_THREAD_H
#define STORE_READ_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "core/status.h"

/* A conversation's messages: part of store/store.h. */

struct cw_reader;

typedef bool (*cw_message_fn)(void *context, const struct cw_message *message);

/*
 * Messages of a conversation and of those merged into it, newest first, with position < before (start
 * with INT64_MAX). May give a few more than limit, when they share the last one's position. CW_NOT_FOUND.
 */
CW_MUST_CHECK enum cw_status cw_store_messages(struct cw_reader *reader, const char *conversation, int64_t before,
					       int64_t limit, cw_message_fn on_message, void *context,
					       struct cw_error *reterr);

/* The same the other way: oldest first, those with position > after. */
CW_MUST_CHECK enum cw_status cw_store_messages_after(struct cw_reader *reader, const char *conversation, int64_t after,
						     int64_t limit, cw_message_fn on_message, void *context,
						     struct cw_error *reterr);

/* The position of a message of this conversation, or of one merged into it. CW_NOT_FOUND. */
CW_MUST_CHECK enum cw_status cw_store_message_position(struct cw_reader *reader, const char *conversation,
						       const char *message, int64_t *ret_position,
						       struct cw_error *reterr);

#endif
