/* SPDX-License-Identifier: MIT */
#ifndef INGEST_PUBLISHER_H
#define INGEST_PUBLISHER_H

#include <stdbool.h>

#include "core/event.h"
#include "store/store.h"

/*
 * The only voice on acct/<a>/conv/<c>, acct/<a>/events and the heads: one MQTT
 * connection, strictly in the order of the log. Events come by hand-over in memory while they continue
 * the cursor, else from the table. What a client must not miss it learns from the heads and fetches.
 */
struct publisher;

struct publisher_options {
	const char *broker_uri;
	/* Mints a token for account _system, subject publisher; the result is freed with free(). NULL: failed, logged. */
	char *(*mint_token)(void *context);
	void *mint_context;
	int window;
};

struct publisher_stats {
	bool is_connected;
	int64_t published, skipped, refused, reconnects;
	int64_t cursor, lag_events, lag_ms;
};

/* *ret_publisher takes no thread yet: the store, which hands over, is opened in between. Destroy accepts NULL. */
CW_MUST_CHECK enum cw_status publisher_create(const struct publisher_options *options, struct publisher **ret_publisher,
					      struct cw_error *reterr);
CW_MUST_CHECK enum cw_status publisher_start(struct publisher *publisher, struct cw_store *store,
					     struct cw_error *reterr);
/* Publishes what it can within a second, saves the cursor, ends the thread. The store must still be open. */
void publisher_stop(struct publisher *publisher);
void publisher_destroy(struct publisher *publisher);

/* The store's on_events; context is the publisher. Takes the events. */
void publisher_hand_over(void *publisher, struct cw_event *events, size_t n_events);

void publisher_stats(struct publisher *publisher, struct publisher_stats *ret_stats);

#endif
