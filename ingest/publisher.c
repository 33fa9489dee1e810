/* SPDX-License-Identifier: MIT */
#include "ingest/publisher.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/topic.h"
#include "ingest/flight.h"
#include "ingest/handover.h"
#include "ingest/heads.h"
#include "mqtt/mqtt.h"

/* About 6 MB. */
#define MAX_HANDED_EVENTS 4096
#define TABLE_SLICE 200
/* More than this behind, or older, and an account gets heads only. */
#define MAX_LAG_EVENTS 10000
#define MAX_AGE_MS 60000
#define SAVE_CURSOR_MS 1000
#define MIN_BACKOFF_MS 100
#define MAX_BACKOFF_MS 5000
#define STOP_MS 1000
#define REFUSAL_LOG_MS 60000
#define STUCK_MS 20000
/* A token lives a day; the connection is renewed when two thirds of it are over. */
#define RENEW_AFTER_MS (16 * 60 * 60 * 1000LL)

struct publisher {
	struct publisher_options options;
	struct cw_store *store;
	struct cw_mqtt *mqtt;
	pthread_t thread;
	bool has_thread;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	bool is_stopping;
	bool has_connected, has_lost; /* since the thread last looked */
	char lost_reason[160];
	struct handover handover;
	struct flight flight;
	int64_t newest_id;       /* of the log */
	int64_t behind_since_ms; /* monotonic, when newest_id first was beyond what is taken; 0: it is not */
	struct publisher_stats stats;

	/* The thread's own. */
	struct heads *heads;
	struct cw_buf payload;
	int64_t sent; /* cursor: the last event given to the connection */
	int64_t saved, saved_at_ms;
	bool is_saving;
	struct cw_store_op save;
	bool is_connected;
	bool is_table_failing;
	int64_t connected_at_ms, retry_at_ms, backoff_ms, next_refusal_log_ms, next_accounts_ms;
};

static void *run(void *context);

/* ---- Paho's threads ---- */

static void on_connected(void *context)
{
	struct publisher *publisher = context;

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->has_connected = true;
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
}

static void on_lost(void *context, const char *reason)
{
	struct publisher *publisher = context;

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->has_lost = true;
	publisher->has_connected = false;
	publisher->lost_reason[0] = '\0';
	strncat(publisher->lost_reason, reason, sizeof(publisher->lost_reason) - 1);
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
}

/* Called with the lock, after anything that may begin or end being behind. */
static void note_lag(struct publisher *publisher)
{
	if (publisher->flight.acked >= publisher->newest_id) {
		publisher->behind_since_ms = 0;
	} else if (publisher->behind_since_ms == 0) {
		publisher->behind_since_ms = cw_clock_monotonic_ms();
	}
}

static void on_published(void *context, int64_t id, bool is_taken)
{
	struct publisher *publisher = context;

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->stats.refused += is_taken ? 0 : 1;
	flight_done(&publisher->flight, id);
	note_lag(publisher);
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
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
	bool has_flight = flight_init(&publisher->flight, (size_t)options->window + TABLE_SLICE);

	publisher->heads = heads_create();
	publisher->backoff_ms = MIN_BACKOFF_MS;
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
		.on_connected = on_connected,
		.on_lost = on_lost,
		.on_published = on_published,
	};
	enum cw_status status = has_flight && publisher->heads ? cw_mqtt_create(&mqtt_options, &publisher->mqtt, reterr) :
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
	cw_reader_release(reader);
	(void)pthread_mutex_lock(&publisher->lock);
	publisher->flight.acked = publisher->saved = publisher->sent;
	if (publisher->newest_id < publisher->sent + lag) {
		publisher->newest_id = publisher->sent + lag;
	}
	note_lag(publisher);
	(void)pthread_mutex_unlock(&publisher->lock);
	return status;
}

enum cw_status publisher_start(struct publisher *publisher, struct cw_store *store, struct cw_error *reterr)
{
	publisher->store = store;
	enum cw_status status = read_start(publisher, reterr);

	if (status == CW_OK && pthread_create(&publisher->thread, NULL, run, publisher) != 0) {
		status = cw_error_set(reterr, CW_NOMEM, "no thread for the publisher");
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
	cw_buf_finish(&publisher->payload);
	flight_finish(&publisher->flight);
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

/* ---- hand-over: the writer's thread ---- */

void publisher_hand_over(void *context, struct cw_event *events, size_t n_events)
{
	struct publisher *publisher = context;
	int64_t newest_id = events[n_events - 1].id;

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->newest_id = newest_id;
	note_lag(publisher);
	handover_put(&publisher->handover, events, n_events);
	if (!publisher->stats.is_connected) {
		handover_clear(&publisher->handover); /* the table has them */
	}
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
}

static bool take_handed(struct publisher *publisher, struct cw_event *ret_event)
{
	(void)pthread_mutex_lock(&publisher->lock);
	bool is_taken = handover_take(&publisher->handover, publisher->sent + 1, ret_event);

	(void)pthread_mutex_unlock(&publisher->lock);
	return is_taken;
}

/* ---- publishing ---- */

static enum cw_status topic_of(const struct cw_event *event, char out[CW_TOPIC_MAX + 1])
{
	struct cw_topic topic = { .kind = event->conversation.id[0] ? CW_TOPIC_CONVERSATION : CW_TOPIC_EVENTS };

	memcpy(topic.account, event->account, sizeof(topic.account));
	memcpy(topic.conversation, event->conversation.id, sizeof(topic.conversation));
	return cw_topic_make(&topic, out);
}

static bool is_passed_over(const struct cw_event *event, const struct head *head)
{
	return event->is_quiet || head->newest_seq - event->seq > MAX_LAG_EVENTS ||
	       cw_clock_now_ms() - event->at_ms > MAX_AGE_MS;
}

/* Notes the event as under way before it is sent, since the answer may be faster than the return. false: no room. */
static bool note_in_flight(struct publisher *publisher, const struct cw_event *event, bool is_done)
{
	(void)pthread_mutex_lock(&publisher->lock);
	bool has_room = !flight_is_full(&publisher->flight);

	if (has_room) {
		flight_add(&publisher->flight, &(struct flight_entry){ .id = event->id,
								       .at_ms = event->at_ms,
								       .sent_ms = cw_clock_monotonic_ms(),
								       .is_done = is_done });
		note_lag(publisher);
		publisher->stats.skipped += is_done ? 1 : 0;
		publisher->stats.published += is_done ? 0 : 1;
	}
	(void)pthread_mutex_unlock(&publisher->lock);
	return has_room;
}

static void forget_newest_in_flight(struct publisher *publisher)
{
	(void)pthread_mutex_lock(&publisher->lock);
	flight_take_back(&publisher->flight);
	publisher->stats.published--;
	(void)pthread_mutex_unlock(&publisher->lock);
}

/* false: there is no room now, the event was not taken. */
static bool publish_event(struct publisher *publisher, const struct cw_event *event)
{
	char topic[CW_TOPIC_MAX + 1];
	struct head *head = heads_get(publisher->heads, event->account, event->epoch);

	if (!head) {
		return false;
	}
	if (event->seq > head->newest_seq) {
		head->newest_seq = event->seq;
	}
	bool is_skipped = is_passed_over(event, head);

	if (!is_skipped && (topic_of(event, topic) != CW_OK || cw_event_render(event, &publisher->payload) != CW_OK)) {
		cw_log_error("event cannot be rendered, clients will fetch it: account=%s seq=%lld", event->account,
			     (long long)event->seq);
		is_skipped = true;
	}
	if (!note_in_flight(publisher, event, is_skipped)) {
		return false;
	}
	if (!is_skipped) {
		if (cw_mqtt_publish(publisher->mqtt, topic, publisher->payload.data, publisher->payload.len, false,
				    event->id) != CW_OK) {
			forget_newest_in_flight(publisher);
			return false;
		}
		cw_log_info("published conv=%s seq=%lld kind=%s",
			    event->conversation.tag[0] ? event->conversation.tag : "-", (long long)event->seq,
			    cw_event_kind_text(event->kind));
	}
	publisher->sent = event->id;
	head->seq = event->seq;
	return true;
}

/* ---- the table ---- */

static bool on_table_event(void *context, const struct cw_event *event)
{
	struct publisher *publisher = context;

	return cw_mqtt_room(publisher->mqtt) > 0 && publish_event(publisher, event);
}

static void log_read_failure(const struct cw_error *error)
{
	cw_log_warn("the log cannot be read, retrying: %s", error->text);
}

static void publish_from_table(struct publisher *publisher, int64_t newest_id)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;
	enum cw_status status = cw_reader_acquire(publisher->store, &reader, &error);

	if (status == CW_OK && newest_id - publisher->sent > MAX_LAG_EVENTS) {
		status = heads_load(publisher->heads, reader, HEADS_LOAD_RUNNING, &error);
	}
	if (status == CW_OK) {
		status = cw_store_log_after(reader, publisher->sent, TABLE_SLICE, on_table_event, publisher, &error);
	}
	cw_reader_release(reader);
	publisher->is_table_failing = status != CW_OK; /* then it is asked again after a pause */
	if (status != CW_OK) {
		log_read_failure(&error);
	}
}

static int64_t read_newest_id(struct publisher *publisher)
{
	(void)pthread_mutex_lock(&publisher->lock);
	int64_t newest_id = publisher->newest_id;

	(void)pthread_mutex_unlock(&publisher->lock);
	return newest_id;
}

static bool publish_handed(struct publisher *publisher)
{
	struct cw_event event;

	if (cw_mqtt_room(publisher->mqtt) <= 0 || !take_handed(publisher, &event)) {
		return false;
	}
	(void)publish_event(publisher, &event); /* not taken: the table gives it again */
	cw_event_finish(&event);
	return true;
}

static void publish_all(struct publisher *publisher)
{
	for (;;) {
		int64_t before = publisher->sent;

		while (publish_handed(publisher)) {
		}
		int64_t newest_id = read_newest_id(publisher);

		if (publisher->sent < newest_id && cw_mqtt_room(publisher->mqtt) > 0) {
			publish_from_table(publisher, newest_id);
		}
		if (publisher->sent == before) {
			return;
		}
	}
}

/* ---- heads ---- */

static int64_t publish_heads(struct publisher *publisher)
{
	return heads_say(publisher->heads, publisher->mqtt, &publisher->payload);
}

static void load_heads(struct publisher *publisher, enum heads_load_mode mode)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;
	enum cw_status status = cw_reader_acquire(publisher->store, &reader, &error);

	if (status == CW_OK) {
		status = heads_load(publisher->heads, reader, mode, &error);
	}
	cw_reader_release(reader);
	if (status != CW_OK) {
		log_read_failure(&error);
	}
}

/* ---- connection ---- */

static void try_connect(struct publisher *publisher)
{
	struct cw_error error;
	char *token = publisher->options.mint_token(publisher->options.mint_context);

	publisher->retry_at_ms = cw_clock_monotonic_ms() + publisher->backoff_ms;
	publisher->backoff_ms = publisher->backoff_ms * 2 > MAX_BACKOFF_MS ? MAX_BACKOFF_MS : publisher->backoff_ms * 2;
	if (token && cw_mqtt_connect(publisher->mqtt, token, &error) != CW_OK && error.status != CW_BUSY) {
		cw_log_warn("broker: %s, retrying", error.text);
	}
	free(token);
}

static void set_connected(struct publisher *publisher, bool is_connected)
{
	publisher->is_connected = is_connected;
	(void)pthread_mutex_lock(&publisher->lock);
	publisher->stats.is_connected = is_connected;
	publisher->stats.reconnects += is_connected ? 1 : 0;
	(void)pthread_mutex_unlock(&publisher->lock);
}

static void after_connect(struct publisher *publisher)
{
	set_connected(publisher, true);
	publisher->backoff_ms = MIN_BACKOFF_MS;
	publisher->connected_at_ms = cw_clock_monotonic_ms();
	load_heads(publisher, HEADS_LOAD_CONNECTED);
	cw_log_info("broker connected, lag=%lld", (long long)(read_newest_id(publisher) - publisher->sent));
}

/* What was under way goes out again after the reconnect; receivers drop by seq what they have. */
static void after_loss(struct publisher *publisher)
{
	char reason[sizeof(publisher->lost_reason)];

	(void)pthread_mutex_lock(&publisher->lock);
	memcpy(reason, publisher->lost_reason, sizeof(reason));
	flight_forget(&publisher->flight);
	publisher->sent = publisher->flight.acked;
	handover_clear(&publisher->handover);
	(void)pthread_mutex_unlock(&publisher->lock);
	if (publisher->is_connected || publisher->backoff_ms >= MAX_BACKOFF_MS) {
		cw_log_warn("broker: %s, retrying", reason);
	}
	set_connected(publisher, false);
}

/* The token is due, or an answer is missing for so long that it will not come. */
static bool must_reconnect(struct publisher *publisher)
{
	int64_t now_ms = cw_clock_monotonic_ms();

	(void)pthread_mutex_lock(&publisher->lock);
	const struct flight_entry *oldest = flight_oldest(&publisher->flight);
	bool is_stuck = oldest && now_ms - oldest->sent_ms > STUCK_MS;

	(void)pthread_mutex_unlock(&publisher->lock);
	if (is_stuck && now_ms - publisher->connected_at_ms > STUCK_MS) {
		cw_log_warn("broker: no answer to a publish for %d s, reconnecting", STUCK_MS / 1000);
		return true;
	}
	return now_ms - publisher->connected_at_ms > RENEW_AFTER_MS;
}

static void look_at_connection(struct publisher *publisher)
{
	(void)pthread_mutex_lock(&publisher->lock);
	bool has_lost = publisher->has_lost;
	bool has_connected = publisher->has_connected;

	publisher->has_lost = publisher->has_connected = false;
	(void)pthread_mutex_unlock(&publisher->lock);
	if (has_lost) {
		after_loss(publisher);
	}
	if (has_connected) {
		after_connect(publisher);
	}
	if (!publisher->is_connected && cw_clock_monotonic_ms() >= publisher->retry_at_ms) {
		try_connect(publisher);
	}
	if (publisher->is_connected && must_reconnect(publisher)) {
		publisher->connected_at_ms = cw_clock_monotonic_ms();
		cw_mqtt_disconnect(publisher->mqtt);
	}
}

/* ---- the cursor ---- */

static void on_saved(struct cw_store_op *op)
{
	struct publisher *publisher = op->context;

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->is_saving = false;
	(void)pthread_mutex_unlock(&publisher->lock);
}

/* Lazily: after a crash a few events go out twice, and are dropped by seq. */
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
		cw_log_warn("the cursor is not saved, ignoring: %s", op.error.text);
	}
}

/* ---- the loop ---- */

/* Sleeps until something changes, at most wait_ms. Called with the lock. */
static void sleep_ms(struct publisher *publisher, int64_t wait_ms)
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

/* Answers whether to go on. */
static bool wait_for_change(struct publisher *publisher, int64_t wait_ms)
{
	(void)pthread_mutex_lock(&publisher->lock);
	bool has_work = publisher->has_lost || publisher->has_connected || publisher->is_stopping ||
			(publisher->is_connected && publisher->newest_id > publisher->sent &&
			 !publisher->is_table_failing && !flight_is_full(&publisher->flight) &&
			 cw_mqtt_room(publisher->mqtt) > 0);

	if (!has_work) {
		sleep_ms(publisher, wait_ms);
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
		cw_log_error("the broker refused %lld publishes so far; does its ACL know the publisher?",
			     (long long)stats.refused);
	}
}

/* A new account needs a head before its first event. */
static void look_for_accounts(struct publisher *publisher)
{
	if (cw_clock_monotonic_ms() >= publisher->next_accounts_ms) {
		publisher->next_accounts_ms = cw_clock_monotonic_ms() + HEADS_MAX_INTERVAL_MS;
		load_heads(publisher, HEADS_LOAD_RUNNING);
	}
}

static int64_t work(struct publisher *publisher)
{
	struct publisher_stats stats;

	look_at_connection(publisher);
	int64_t wait_ms = publisher->retry_at_ms - cw_clock_monotonic_ms();

	if (publisher->is_connected) {
		look_for_accounts(publisher);
		cw_log_hold();
		publish_all(publisher);
		cw_log_release();
		wait_ms = publish_heads(publisher);
		log_refusals(publisher);
	}
	save_cursor(publisher);
	publisher_stats(publisher, &stats);
	/* A cursor that was not due yet, a table that failed, an answer that is missing: looked at again. */
	bool is_unfinished = stats.cursor != publisher->saved || publisher->is_table_failing || stats.lag_events > 0;

	wait_ms = is_unfinished && wait_ms > SAVE_CURSOR_MS ? SAVE_CURSOR_MS : wait_ms;
	return wait_ms < 1 ? 1 : wait_ms;
}

/* Stopping: what is stored goes out, as long as that takes no more than STOP_MS. */
static void drain(struct publisher *publisher)
{
	int64_t until_ms = cw_clock_monotonic_ms() + STOP_MS;

	while (publisher->is_connected && cw_clock_monotonic_ms() < until_ms) {
		(void)work(publisher);
		(void)pthread_mutex_lock(&publisher->lock);
		bool is_done = publisher->flight.acked >= publisher->newest_id;

		if (!is_done) {
			sleep_ms(publisher, STOP_MS / 10);
		}
		(void)pthread_mutex_unlock(&publisher->lock);
		if (is_done) {
			break;
		}
	}
	heads_forget_said(publisher->heads);
	(void)publish_heads(publisher);
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
