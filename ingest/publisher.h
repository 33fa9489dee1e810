/* SPDX-License-Identifier: MIT */
#ifndef INGEST_PUBLISHER_H
#define INGEST_PUBLISHER_H

#include <stdbool.h>

#include "core/event.h"
#include "core/revocation.h"
#include "ingest/feeds.h"
#include "ingest/trail.h"
#include "store/store.h"

/*
 * The only publisher on acct/<a>/conv/<c>, acct/<a>/events and the heads: one MQTT connection, strictly in
 * log order. Events are taken from the hand-over in memory while they continue the cursor, else read from
 * the table. From the heads, a client notices what it missed and fetches it.
 */
struct publisher;

struct publisher_options {
	const char *broker_uri;
	int window;
	void *context;
	/* Mints a token for account _system, subject publisher; freed with free(). NULL: failed and logged. */
	char *(*mint_token)(void *context);
	/* According to the current roles; the publisher's thread. */
	feeds_sees_fn sees;
	/* Called when a revocation made by an administrator at the broker was stored; the writer's thread. */
	void (*on_revoked)(void *context, const struct cw_revocation *revocation);
};

/* The broker plugin's counters since the broker started, some seconds old; zeros until it has reported them. */
struct plugin_counters {
	int64_t connects;
	int64_t refused_token, refused_expired, refused_revoked, refused_client_id, refused_limit, refused_other;
	int64_t denied_read, denied_write, denied_subscribe;
	int64_t live, expired, revoked, renewed, kicked;
	int64_t check_samples, check_ns;
	int64_t assignments, revocations, loaded;
};

struct publisher_stats {
	bool is_connected;
	int64_t published, skipped, refused, reconnects;
	int64_t cursor, lag_events, lag_ms;
	struct plugin_counters plugin;
};

/* Does not start the thread yet: the store, which hands events over, is opened in between. Destroy accepts NULL. */
CW_MUST_CHECK enum cw_status publisher_create(const struct publisher_options *options, struct publisher **ret_publisher,
					      struct cw_error *reterr);
CW_MUST_CHECK enum cw_status publisher_start(struct publisher *publisher, struct cw_store *store,
					     struct cw_error *reterr);
/* Publishes what it can within a second, saves the cursor, and ends the thread. The store must still be open. */
void publisher_stop(struct publisher *publisher);
void publisher_destroy(struct publisher *publisher);

/* The store's on_events; context is the publisher. Takes ownership of the events. */
void publisher_hand_over(void *publisher, struct cw_event *events, size_t n_events);

/* An agent who does not see every conversation called /sync: publishes their feed from now on. Any thread. */
void publisher_note_sync(struct publisher *publisher, const struct cw_token *token, bool is_limited);

/* A revocation was stored: tells the broker at once, or with the tables after the next connect. Any thread. */
void publisher_revoke(struct publisher *publisher, const struct cw_revocation *revocation);

/* The current state and counters. Any thread. */
void publisher_stats(struct publisher *publisher, struct publisher_stats *ret_stats);

/* When an event was published and acknowledged; false when not yet published, or no longer remembered. Any thread. */
bool publisher_trail(struct publisher *publisher, int64_t event_id, struct trail_entry *ret_entry);

#endif
