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
 * What agents who see only some conversations have in place of the account's head: the seq of the last event
 * that concerns them, so that other people's messages cost them no call (docs/protocol.md, "Feed"). A feed is
 * made when such an agent calls /sync, and said for a day after the last call. The publisher's thread only.
 */
#define FEED_KEEP_MS (24 * 60 * 60 * 1000LL)

struct feeds;

/* May the token see the conversation, which assignee has? conversation NULL: acct/<a>/events. Any thread. */
typedef bool (*feeds_sees_fn)(void *context, const struct cw_token *token, const char *conversation,
			      const char *assignee);

/* NULL without memory. Destroy accepts NULL. */
struct feeds *feeds_create(feeds_sees_fn sees, void *sees_context);
void feeds_destroy(struct feeds *feeds);

/*
 * The agent of this token called /sync at now_ms (Unix). is_limited: the role sees assigned conversations only;
 * otherwise a deny rule or a claim keeps some back. The token's claim is referenced. true: the store should note it.
 */
bool feeds_note_sync(struct feeds *feeds, const struct cw_token *token, bool is_limited, int64_t now_ms);

/* Agents of the last day, from the store: after a start. CW_NOMEM, or what the store says. */
CW_MUST_CHECK enum cw_status feeds_load(struct feeds *feeds, struct cw_reader *reader, int64_t now_ms,
					struct cw_error *reterr);

/* An event goes out, or (is_published false) is left to the feeds and heads. */
void feeds_see(struct feeds *feeds, const struct cw_event *event, bool is_published);

/* After a reconnect: every feed begins anew from the database, and whoever hears it asks /sync what changed hands. */
void feeds_forget_said(struct feeds *feeds);

/* Reads from the database what new feeds begin with. CW_OK when none is new. */
CW_MUST_CHECK enum cw_status feeds_refresh(struct feeds *feeds, struct cw_store *store, struct cw_error *reterr);

/* Publishes what is due, as far as there is room; answers how many ms nothing will be. payload is scratch. */
int64_t feeds_say(struct feeds *feeds, struct cw_mqtt *mqtt, struct cw_buf *payload, int64_t now_ms);

#endif
