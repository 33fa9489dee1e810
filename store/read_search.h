/* SPDX-License-Identifier: MIT */
#ifndef STORE_READ_SEARCH_H
#define STORE_READ_SEARCH_H

#include <stdint.h>

#include "core/event.h"
#include "core/status.h"

/* Full-text search: part of store/store.h. */

struct cw_reader;

/* Words beyond this many are ignored. */
#define CW_SEARCH_MAX_WORDS 8

struct cw_search {
	const char *account;
	const char *text;         /* words, all of which must occur; the last may be a prefix */
	const char *assignee;     /* only conversations assigned to this agent; NULL: all */
	const char *conversation; /* messages: only of this one and those merged into it; NULL: all */
};

typedef bool (*cw_found_conversation_fn)(void *context, const struct cw_conversation *conversation);
/* conversation: the message's. row: pass it as `before` to get the next page. */
typedef bool (*cw_found_message_fn)(void *context, const struct cw_conversation *conversation,
				    const struct cw_message *message, int64_t row);

/*
 * Conversations by their customer's name or number, newest customers first. A text without a word finds nothing.
 * CW_NOT_FOUND: account.
 */
CW_MUST_CHECK enum cw_status cw_store_search_conversations(struct cw_reader *reader, const struct cw_search *search,
							   cw_found_conversation_fn on_found, void *context,
							   struct cw_error *reterr);

/*
 * Messages by their visible text, newest first, those before a row (start with INT64_MAX). The index may lag the log by
 * moments.
 */
CW_MUST_CHECK enum cw_status cw_store_search_messages(struct cw_reader *reader, const struct cw_search *search,
						      int64_t before, cw_found_message_fn on_found, void *context,
						      struct cw_error *reterr);

#endif
