/* SPDX-License-Identifier: MIT */
#ifndef INGEST_PUBLISHER_PRIVATE_H
#define INGEST_PUBLISHER_PRIVATE_H

#include <pthread.h>

#include "core/buf.h"
#include "ingest/feeds.h"
#include "ingest/flight.h"
#include "ingest/handover.h"
#include "ingest/heads.h"
#include "ingest/publisher.h"
#include "ingest/trail.h"
#include "mqtt/mqtt.h"

/* Shared by publisher.c (lifetime and loop), publish.c (events) and link.c (the connection and what arrives on it). */
#define PUBLISHER_TABLE_SLICE 200
#define PUBLISHER_MIN_BACKOFF_MS 100
#define PUBLISHER_MAX_BACKOFF_MS 5000

/* An agent who called /sync, handed over by the API's threads. */
struct noted_sync {
	struct cw_token token;
	bool is_limited;
	struct noted_sync *next;
};

struct noted_revocation {
	struct cw_revocation revocation;
	struct noted_revocation *next;
};

struct publisher {
	struct publisher_options options;
	struct cw_store *store;
	struct cw_mqtt *mqtt;
	pthread_t thread;

	pthread_mutex_t lock; /* guards the members up to revocations */
	pthread_cond_t changed;
	bool is_stopping;
	bool has_connected, has_lost; /* since the thread last checked */
	bool has_load_failed;         /* reported by the plugin */
	char lost_reason[160];
	struct handover handover;
	struct flight flight;
	struct trail trail;
	int64_t newest_id;       /* of the log */
	int64_t behind_since_ms; /* monotonic, when newest_id first exceeded flight.acked; 0: it does not */
	struct publisher_stats stats;
	struct noted_sync *syncs;
	struct noted_revocation *revocations; /* to be sent; newest first */

	/* The thread's own. */
	struct heads *heads;
	struct cw_buf payload;
	int64_t sent; /* the last event given to the connection */
	int64_t saved, saved_at_ms;
	struct cw_store_op save;
	int64_t connected_at_ms, retry_at_ms, backoff_ms, next_refusal_log_ms, next_accounts_ms;

	int64_t table_as_of; /* the broker's table has the assignments up to this event */
	int64_t told_id;     /* the event whose assignment was sent last */
	int64_t next_load_ms;
	struct feeds *feeds;
	bool has_thread, is_connected, is_saving, is_table_failing;
	bool must_load_tables; /* after a connect, and when the plugin dropped a load */
	bool has_tables;       /* sent once on this connection: events may follow */
};

/* link.c: Paho's threads. */
void link_on_connected(void *publisher);
void link_on_lost(void *publisher, const char *reason);
void link_on_published(void *publisher, int64_t id, bool is_taken);
void link_on_message(void *publisher, const struct cw_mqtt_message *message);

/* link.c: connects, renews the connection, and sends the tables after a connect. true: events may be published. */
bool link_look(struct publisher *publisher);

/* publish.c: publishes stored events as far as there is room. */
void publish_all(struct publisher *publisher);
/* Publishes heads and feeds that are due. Returns for how many ms none will be due. */
int64_t publish_due(struct publisher *publisher);
void publish_load_heads(struct publisher *publisher, enum heads_load_mode mode);

/* publisher.c: updates behind_since_ms. With the lock held, after anything that may change it. */
void publisher_note_lag(struct publisher *publisher);
/* The newest event of the log, as far as is known. */
int64_t publisher_newest_id(struct publisher *publisher);
/* Sleeps until something changes, at most wait_ms. With the lock held. */
void publisher_sleep(struct publisher *publisher, int64_t wait_ms);

#endif
