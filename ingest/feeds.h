/* SPDX-License-Identifier: MIT */
#ifndef INGEST_FEEDS_H
#define INGEST_FEEDS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "core/token.h"
#include "mqtt/mqtt.h"
#include "store/store.h"

/*
 * For agents who see only some conversations, a feed replaces the account's head: it has the seq of the last
 * event that they may see, so that other people's messages cause them no call (docs/protocol.md, "Feed"). A feed
 * is created when such an agent calls /sync, and published until a day after the last call. The publisher's
 * thread only.
 */
#define FEED_KEEP_MS (24 * 60 * 60 * 1000LL)

struct feeds;

/* May the token see the conversation, which is assigned to assignee? conversation NULL: acct/<a>/events. Any thread. */
typedef bool (*feeds_sees_fn)(void *context, const struct cw_token *token, const char *conversation,
			      const char *assignee);

/* NULL when out of memory. Destroy accepts NULL. */
struct feeds *feeds_create(feeds_sees_fn sees, void *sees_context);
void feeds_destroy(struct feeds *feeds);

/*
 * The agent with this token called /sync at now_ms (Unix). is_limited: the role sees only assigned conversations;
 * otherwise a deny rule or a claim hides some. References the token's claim. true: the store should record the call.
 */
bool feeds_note_sync(struct feeds *feeds, const struct cw_token *token, bool is_limited, int64_t now_ms);

/* After a start: loads the agents of the last day from the store. CW_NOMEM, or the store's error. */
CW_MUST_CHECK enum cw_status feeds_load(struct feeds *feeds, struct cw_reader *reader, int64_t now_ms,
					struct cw_error *reterr);

/* Call when an event is published, or (is_published false) passed over, which leaves it to the feeds and heads. */
void feeds_see(struct feeds *feeds, const struct cw_event *event, bool is_published);

/* After a reconnect: restarts every feed from the database; its readers must ask /sync which assignments changed. */
void feeds_forget_said(struct feeds *feeds);

/* Reads the initial values of new feeds from the database. CW_OK when none is new. */
CW_MUST_CHECK enum cw_status feeds_refresh(struct feeds *feeds, struct cw_store *store, struct cw_error *reterr);

/* Publishes what is due, as far as there is room. Returns for how many ms nothing will be due. payload is scratch. */
int64_t feeds_say(struct feeds *feeds, struct cw_mqtt *mqtt, struct cw_buf *payload, int64_t now_ms);

#endif
