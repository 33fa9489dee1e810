/* SPDX-License-Identifier: MIT */
#include "ingest/publisher.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/log.h"
#include "ingest/publisher_private.h"

/* About 6 MB. */
#define MAX_HANDED_EVENTS 4096
#define TRAIL_EVENTS 8192
#define SAVE_CURSOR_MS 1000
#define STOP_MS 1000
#define REFUSAL_LOG_MS 60000

static void *run(void *context);
static void forget_noted(struct publisher *publisher);

void publisher_note_lag(struct publisher *publisher)
{
	if (publisher->flight.acked >= publisher->newest_id) {
		publisher->behind_since_ms = 0;
	} else if (publisher->behind_since_ms == 0) {
		publisher->behind_since_ms = cw_clock_monotonic_ms();
	}
}

int64_t publisher_newest_id(struct publisher *publisher)
{
	(void)pthread_mutex_lock(&publisher->lock);
	int64_t newest_id = publisher->newest_id;

	(void)pthread_mutex_unlock(&publisher->lock);
	return newest_id;
}

/* ---- lifetime ---- */

enum cw_status publisher_create(const struct publisher_options *options, struct publisher **ret_publisher,
				struct cw_error *reterr)
{
	struct publisher *publisher = calloc(1, sizeof(*publisher));
	pthread_condattr_t monotonic;

	if (!publisher) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	publisher->options = *options;
	publisher->handover.max_events = MAX_HANDED_EVENTS;
	bool has_flight = flight_init(&publisher->flight, (size_t)options->window + PUBLISHER_TABLE_SLICE) &&
			  trail_init(&publisher->trail, TRAIL_EVENTS);

	publisher->heads = heads_create();
	publisher->feeds = feeds_create(options->sees, options->context);
	publisher->backoff_ms = PUBLISHER_MIN_BACKOFF_MS;
	cw_buf_init(&publisher->payload, 4 * CW_EVENT_MAX_BYTES);
	(void)pthread_condattr_init(&monotonic); /* glibc's cannot fail, nor can the three below */
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&publisher->lock, NULL);
	(void)pthread_cond_init(&publisher->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	const struct cw_mqtt_options mqtt_options = {
		.uri = options->broker_uri,
		.client_id = CW_SYSTEM_ACCOUNT ":publisher:1",
		.window = options->window,
		.context = publisher,
		.on_connected = link_on_connected,
		.on_lost = link_on_lost,
		.on_published = link_on_published,
		.on_message = link_on_message,
	};
	enum cw_status status = has_flight && publisher->heads && publisher->feeds ?
					cw_mqtt_create(&mqtt_options, &publisher->mqtt, reterr) :
					cw_error_set(reterr, CW_NOMEM, "out of memory");

	if (status != CW_OK) {
		publisher_destroy(publisher);
		return status;
	}
	*ret_publisher = publisher;
	return CW_OK;
}

static enum cw_status read_start(struct publisher *publisher, struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;
	int64_t lag = 0;
	int64_t oldest_at_ms = 0;
	enum cw_status status = cw_reader_acquire(publisher->store, &reader, reterr);

	if (status == CW_OK) {
		status = cw_store_cursor(reader, &publisher->sent, reterr);
	}
	if (status == CW_OK) {
		status = cw_store_log_lag(reader, publisher->sent, &lag, &oldest_at_ms, reterr);
	}
	if (status == CW_OK) {
		status = feeds_load(publisher->feeds, reader, cw_clock_now_ms(), reterr);
	}
	cw_reader_release(reader);
	(void)pthread_mutex_lock(&publisher->lock);
	publisher->flight.acked = publisher->saved = publisher->sent;
	if (publisher->newest_id < publisher->sent + lag) {
		publisher->newest_id = publisher->sent + lag;
	}
	publisher_note_lag(publisher);
	(void)pthread_mutex_unlock(&publisher->lock);
	return status;
}

enum cw_status publisher_start(struct publisher *publisher, struct cw_store *store, struct cw_error *reterr)
{
	publisher->store = store;
	enum cw_status status = read_start(publisher, reterr);

	if (status == CW_OK && pthread_create(&publisher->thread, NULL, run, publisher) != 0) {
		status = cw_error_set(reterr, CW_NOMEM, "cannot start the publisher's thread");
	}
	publisher->has_thread = status == CW_OK;
	return status;
}

void publisher_stop(struct publisher *publisher)
{
	if (!publisher || !publisher->has_thread) {
		return;
	}
	(void)pthread_mutex_lock(&publisher->lock);
	publisher->is_stopping = true;
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
	(void)pthread_join(publisher->thread, NULL);
	publisher->has_thread = false;
}

void publisher_destroy(struct publisher *publisher)
{
	if (!publisher) {
		return;
	}
	publisher_stop(publisher);
	cw_mqtt_destroy(publisher->mqtt);
	handover_clear(&publisher->handover);
	heads_destroy(publisher->heads);
	feeds_destroy(publisher->feeds);
	forget_noted(publisher);
	cw_buf_finish(&publisher->payload);
	flight_finish(&publisher->flight);
	trail_finish(&publisher->trail);
	(void)pthread_mutex_destroy(&publisher->lock);
	(void)pthread_cond_destroy(&publisher->changed);
	free(publisher);
}

void publisher_stats(struct publisher *publisher, struct publisher_stats *ret_stats)
{
	(void)pthread_mutex_lock(&publisher->lock);
	const struct flight_entry *oldest = flight_oldest(&publisher->flight);

	*ret_stats = publisher->stats;
	ret_stats->cursor = publisher->flight.acked;
	ret_stats->lag_events = publisher->newest_id - publisher->flight.acked;
	if (oldest) {
		ret_stats->lag_ms = cw_clock_now_ms() - oldest->at_ms;
	} else if (publisher->behind_since_ms) {
		ret_stats->lag_ms = cw_clock_monotonic_ms() - publisher->behind_since_ms;
	}
	(void)pthread_mutex_unlock(&publisher->lock);
}

bool publisher_trail(struct publisher *publisher, int64_t event_id, struct trail_entry *ret_entry)
{
	(void)pthread_mutex_lock(&publisher->lock);
	const struct trail_entry *entry = trail_find(&publisher->trail, event_id);

	if (entry) {
		*ret_entry = *entry;
	}
	(void)pthread_mutex_unlock(&publisher->lock);
	return entry != NULL;
}

/* ---- agents with a feed, and revocations: any thread ---- */

void publisher_note_sync(struct publisher *publisher, const struct cw_token *token, bool is_limited)
{
	struct noted_sync *noted = calloc(1, sizeof(*noted));

	if (!noted) {
		return; /* out of memory: the client asks again when it gets no feed */
	}
	noted->token = *token;
	(void)cw_claim_ref(noted->token.claim);
	noted->is_limited = is_limited;
	(void)pthread_mutex_lock(&publisher->lock);
	noted->next = publisher->syncs;
	publisher->syncs = noted;
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
}

void publisher_revoke(struct publisher *publisher, const struct cw_revocation *revocation)
{
	struct noted_revocation *noted = calloc(1, sizeof(*noted));

	(void)pthread_mutex_lock(&publisher->lock);
	if (noted) {
		noted->revocation = *revocation;
		noted->next = publisher->revocations;
		publisher->revocations = noted;
	} else {
		publisher->has_load_failed = true; /* resend the whole table instead */
	}
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
}

static struct noted_sync *take_syncs(struct publisher *publisher)
{
	(void)pthread_mutex_lock(&publisher->lock);
	struct noted_sync *noted = publisher->syncs;

	publisher->syncs = NULL;
	(void)pthread_mutex_unlock(&publisher->lock);
	return noted;
}

static void free_sync(struct noted_sync *noted)
{
	cw_token_finish(&noted->token);
	free(noted);
}

static void on_limited_stored(struct cw_store_op *op)
{
	free_sync(op->context);
	free(op);
}

/* Stored so that after a restart the feed continues even before the agent calls again. Takes ownership of noted. */
static void store_limited(struct publisher *publisher, struct noted_sync *noted)
{
	struct cw_store_op *op = calloc(1, sizeof(*op));

	if (op) {
		*op = (struct cw_store_op){ .type = CW_STORE_LIMITED_SEEN,
					    .on_done = on_limited_stored,
					    .context = noted,
					    .limited = { noted->token.account, noted->token.subject } };
	}
	if (!op || cw_store_submit(publisher->store, op) != CW_OK) {
		free(op); /* it is recorded again within an hour */
		free_sync(noted);
	}
}

static void note_syncs(struct publisher *publisher)
{
	struct noted_sync *next = NULL;

	for (struct noted_sync *noted = take_syncs(publisher); noted; noted = next) {
		next = noted->next;
		if (feeds_note_sync(publisher->feeds, &noted->token, noted->is_limited, cw_clock_now_ms())) {
			store_limited(publisher, noted);
		} else {
			free_sync(noted);
		}
	}
}

static void forget_noted(struct publisher *publisher)
{
	struct noted_sync *next = NULL;

	for (struct noted_sync *noted = publisher->syncs; noted; noted = next) {
		next = noted->next;
		free_sync(noted);
	}
	while (publisher->revocations) {
		struct noted_revocation *noted = publisher->revocations;

		publisher->revocations = noted->next;
		free(noted);
	}
}

/* ---- hand-over: the writer's thread ---- */

void publisher_hand_over(void *context, struct cw_event *events, size_t n_events)
{
	struct publisher *publisher = context;
	int64_t newest_id = events[n_events - 1].id;

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->newest_id = newest_id;
	publisher_note_lag(publisher);
	handover_put(&publisher->handover, events, n_events);
	if (!publisher->stats.is_connected) {
		handover_clear(&publisher->handover); /* the table has them */
	}
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
}

/* ---- the cursor ---- */

static void on_saved(struct cw_store_op *op)
{
	struct publisher *publisher = op->context;

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->is_saving = false;
	(void)pthread_mutex_unlock(&publisher->lock);
}

/* Saved lazily: after a crash a few events are published twice; clients drop them by seq. */
static void save_cursor(struct publisher *publisher)
{
	int64_t now_ms = cw_clock_monotonic_ms();

	(void)pthread_mutex_lock(&publisher->lock);
	int64_t acked = publisher->flight.acked;
	bool must_save = !publisher->is_saving && acked != publisher->saved &&
			 now_ms - publisher->saved_at_ms >= SAVE_CURSOR_MS;

	publisher->is_saving = publisher->is_saving || must_save;
	(void)pthread_mutex_unlock(&publisher->lock);
	if (!must_save) {
		return;
	}
	publisher->save = (struct cw_store_op){
		.type = CW_STORE_CURSOR, .on_done = on_saved, .context = publisher, .cursor.event_id = acked
	};
	publisher->saved = acked;
	publisher->saved_at_ms = now_ms;
	if (cw_store_submit(publisher->store, &publisher->save) != CW_OK) {
		on_saved(&publisher->save); /* next time */
		publisher->saved = -1;
	}
}

static void save_last_cursor(struct publisher *publisher)
{
	(void)pthread_mutex_lock(&publisher->lock);
	struct cw_store_op op = { .type = CW_STORE_CURSOR, .cursor.event_id = publisher->flight.acked };

	(void)pthread_mutex_unlock(&publisher->lock);
	if (cw_store_run(publisher->store, &op) != CW_OK) {
		cw_log_warn("the cursor was not saved, ignoring: %s", op.error.text);
	}
}

/* ---- the loop ---- */

void publisher_sleep(struct publisher *publisher, int64_t wait_ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail for this clock */
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_cond_timedwait(&publisher->changed, &publisher->lock, &until);
}

/* Returns whether to continue. */
static bool wait_for_change(struct publisher *publisher, int64_t wait_ms)
{
	(void)pthread_mutex_lock(&publisher->lock);
	bool has_work = publisher->has_lost || publisher->has_connected || publisher->is_stopping || publisher->syncs ||
			publisher->has_load_failed || (publisher->has_tables && publisher->revocations) ||
			(publisher->has_tables && publisher->is_connected && publisher->newest_id > publisher->sent &&
			 !publisher->is_table_failing && !flight_is_full(&publisher->flight) &&
			 cw_mqtt_room(publisher->mqtt) > 0);

	if (!has_work) {
		publisher_sleep(publisher, wait_ms);
	}
	bool goes_on = !publisher->is_stopping;

	(void)pthread_mutex_unlock(&publisher->lock);
	return goes_on;
}

static void log_refusals(struct publisher *publisher)
{
	struct publisher_stats stats;
	int64_t now_ms = cw_clock_monotonic_ms();

	publisher_stats(publisher, &stats);
	if (stats.refused > 0 && now_ms >= publisher->next_refusal_log_ms) {
		publisher->next_refusal_log_ms = now_ms + REFUSAL_LOG_MS;
		cw_log_error("the broker refused %lld publishes so far; check that its ACL allows the publisher",
			     (long long)stats.refused);
	}
}

/* A new account needs a head before its first event. */
static void look_for_accounts(struct publisher *publisher)
{
	if (cw_clock_monotonic_ms() >= publisher->next_accounts_ms) {
		publisher->next_accounts_ms = cw_clock_monotonic_ms() + HEADS_MAX_INTERVAL_MS;
		publish_load_heads(publisher, HEADS_LOAD_RUNNING);
	}
}

static int64_t work(struct publisher *publisher)
{
	struct publisher_stats stats;

	bool is_ready = link_look(publisher);
	int64_t next_ms = publisher->is_connected ? publisher->next_load_ms : publisher->retry_at_ms;
	int64_t wait_ms = next_ms - cw_clock_monotonic_ms();

	note_syncs(publisher);
	if (is_ready) {
		look_for_accounts(publisher);
		cw_log_hold();
		publish_all(publisher);
		cw_log_release();
		wait_ms = publish_due(publisher);
		if (publisher->must_load_tables && wait_ms > SAVE_CURSOR_MS) {
			wait_ms = SAVE_CURSOR_MS;
		}
		log_refusals(publisher);
	}
	save_cursor(publisher);
	publisher_stats(publisher, &stats);
	/* An unsaved cursor, a failed table, or a missing acknowledgement: check again soon. */
	bool is_unfinished = stats.cursor != publisher->saved || publisher->is_table_failing || stats.lag_events > 0;

	wait_ms = is_unfinished && wait_ms > SAVE_CURSOR_MS ? SAVE_CURSOR_MS : wait_ms;
	return wait_ms < 1 ? 1 : wait_ms;
}

/* When stopping: publishes what is stored, for at most STOP_MS. */
static void drain(struct publisher *publisher)
{
	int64_t until_ms = cw_clock_monotonic_ms() + STOP_MS;

	while (publisher->is_connected && cw_clock_monotonic_ms() < until_ms) {
		(void)work(publisher);
		(void)pthread_mutex_lock(&publisher->lock);
		bool is_done = publisher->flight.acked >= publisher->newest_id;

		if (!is_done) {
			publisher_sleep(publisher, STOP_MS / 10);
		}
		(void)pthread_mutex_unlock(&publisher->lock);
		if (is_done) {
			break;
		}
	}
	heads_forget_said(publisher->heads);
	(void)publish_due(publisher);
}

static void *run(void *context)
{
	struct publisher *publisher = context;
	int64_t wait_ms = 0;

	do {
		wait_ms = work(publisher);
	} while (wait_for_change(publisher, wait_ms));
	drain(publisher);
	cw_mqtt_disconnect(publisher->mqtt);
	save_last_cursor(publisher);
	return NULL;
}
