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
#include "ingest/heads.h"
#include "mqtt/mqtt.h"

/* Hand-overs beyond this are dropped and read from the table; about 6 MB. */
#define MAX_HANDED_EVENTS 4096
#define TABLE_SLICE 200
/* design.md section 3: more than this behind, or older, and an account gets heads only. */
#define MAX_LAG_EVENTS 10000
#define MAX_AGE_MS 60000
#define SAVE_CURSOR_MS 1000
#define MIN_BACKOFF_MS 100
#define MAX_BACKOFF_MS 5000
#define STOP_MS 1000
#define REFUSAL_LOG_MS 60000
/* A token lives a day; the connection is renewed when two thirds of it are over. */
#define RENEW_AFTER_MS (16 * 60 * 60 * 1000LL)
#define HEAD_ID 0 /* heads are not events; their answers are not waited for */

struct batch {
	struct cw_event *events;
	size_t n_events, next_event;
	struct batch *next;
};

/* An event that was sent, or passed over (is_done from the start), in the order of the log. */
struct in_flight {
	int64_t id;
	int64_t at_ms;
	bool is_done;
};

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
	struct batch *first, *last; /* handed over */
	size_t n_handed;
	int64_t newest_id; /* of the log */
	struct in_flight *ring;
	size_t ring_start, ring_len, ring_room;
	int64_t acked;     /* everything up to here was taken by the broker or passed over */
	struct publisher_stats stats;

	/* The thread's own. */
	struct heads *heads;
	struct cw_buf payload;
	int64_t sent; /* cursor: the last event given to the connection */
	int64_t saved, saved_at_ms;
	bool is_saving;
	struct cw_store_op save;
	bool is_connected;
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

static struct in_flight *ring_at(struct publisher *publisher, size_t index)
{
	return &publisher->ring[(publisher->ring_start + index) % publisher->ring_room];
}

/* Called with the lock. */
static void advance_acked(struct publisher *publisher)
{
	while (publisher->ring_len > 0 && ring_at(publisher, 0)->is_done) {
		publisher->acked = ring_at(publisher, 0)->id;
		publisher->ring_start = (publisher->ring_start + 1) % publisher->ring_room;
		publisher->ring_len--;
	}
}

static void on_published(void *context, int64_t id, bool is_taken)
{
	struct publisher *publisher = context;

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->stats.refused += is_taken ? 0 : 1;
	for (size_t i = 0; i < publisher->ring_len; i++) {
		if (ring_at(publisher, i)->id == id) {
			ring_at(publisher, i)->is_done = true;
			break;
		}
	}
	advance_acked(publisher);
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
	publisher->ring_room = (size_t)options->window + TABLE_SLICE;
	publisher->ring = calloc(publisher->ring_room, sizeof(*publisher->ring));
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
	enum cw_status status = publisher->ring && publisher->heads ?
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
	cw_reader_release(reader);
	publisher->acked = publisher->saved = publisher->sent;
	publisher->newest_id = publisher->sent + lag;
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

static void free_batch(struct batch *batch)
{
	for (size_t i = batch->next_event; i < batch->n_events; i++) {
		cw_event_finish(&batch->events[i]);
	}
	free(batch->events);
	free(batch);
}

static void drop_handed(struct publisher *publisher)
{
	while (publisher->first) {
		struct batch *next = publisher->first->next;

		free_batch(publisher->first);
		publisher->first = next;
	}
	publisher->last = NULL;
	publisher->n_handed = 0;
}

void publisher_destroy(struct publisher *publisher)
{
	if (!publisher) {
		return;
	}
	publisher_stop(publisher);
	cw_mqtt_destroy(publisher->mqtt);
	drop_handed(publisher);
	heads_destroy(publisher->heads);
	cw_buf_finish(&publisher->payload);
	free(publisher->ring);
	(void)pthread_mutex_destroy(&publisher->lock);
	(void)pthread_cond_destroy(&publisher->changed);
	free(publisher);
}

void publisher_stats(struct publisher *publisher, struct publisher_stats *ret_stats)
{
	(void)pthread_mutex_lock(&publisher->lock);
	*ret_stats = publisher->stats;
	ret_stats->cursor = publisher->acked;
	ret_stats->lag_events = publisher->newest_id - publisher->acked;
	ret_stats->lag_ms = publisher->ring_len > 0 ? cw_clock_now_ms() - ring_at(publisher, 0)->at_ms : 0;
	(void)pthread_mutex_unlock(&publisher->lock);
}

/* ---- hand-over: the writer's thread ---- */

void publisher_hand_over(void *context, struct cw_event *events, size_t n_events)
{
	struct publisher *publisher = context;
	struct batch *batch = malloc(sizeof(*batch));

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->newest_id = events[n_events - 1].id;
	bool is_kept = batch && publisher->stats.is_connected && publisher->n_handed + n_events <= MAX_HANDED_EVENTS;

	if (batch) {
		*batch = (struct batch){ .events = events, .n_events = n_events };
	}
	if (is_kept) {
		if (publisher->last) {
			publisher->last->next = batch;
		} else {
			publisher->first = batch;
		}
		publisher->last = batch;
		publisher->n_handed += n_events;
		(void)pthread_cond_signal(&publisher->changed);
	}
	(void)pthread_mutex_unlock(&publisher->lock);
	if (!is_kept && batch) {
		free_batch(batch); /* the table has them */
	}
}

/* The next event if it continues the cursor. Older ones, which the table gave already, are dropped. */
static bool take_handed(struct publisher *publisher, struct cw_event *ret_event)
{
	bool is_taken = false;

	(void)pthread_mutex_lock(&publisher->lock);
	while (publisher->first && !is_taken) {
		struct batch *batch = publisher->first;

		if (batch->next_event < batch->n_events && batch->events[batch->next_event].id > publisher->sent + 1) {
			break;
		}
		if (batch->next_event < batch->n_events) {
			struct cw_event *event = &batch->events[batch->next_event++];

			publisher->n_handed--;
			is_taken = event->id == publisher->sent + 1;
			if (is_taken) {
				*ret_event = *event;
			} else {
				cw_event_finish(event);
			}
		}
		if (batch->next_event == batch->n_events) {
			publisher->first = batch->next;
			publisher->last = publisher->first ? publisher->last : NULL;
			free_batch(batch);
		}
	}
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
	bool has_room = publisher->ring_len < publisher->ring_room;

	if (has_room) {
		*ring_at(publisher, publisher->ring_len++) =
			(struct in_flight){ .id = event->id, .at_ms = event->at_ms, .is_done = is_done };
		advance_acked(publisher);
		publisher->stats.skipped += is_done ? 1 : 0;
		publisher->stats.published += is_done ? 0 : 1;
	}
	(void)pthread_mutex_unlock(&publisher->lock);
	return has_room;
}

static void forget_newest_in_flight(struct publisher *publisher)
{
	(void)pthread_mutex_lock(&publisher->lock);
	publisher->ring_len--;
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

static bool on_account(void *context, const struct cw_account *account)
{
	struct publisher *publisher = context;
	struct head *head = heads_get(publisher->heads, account->name, account->epoch);

	if (head && account->head > head->newest_seq) {
		head->newest_seq = account->head;
	}
	if (head && head->seq == 0) {
		head->seq = account->head; /* an account that had no event on this connection */
	}
	return head != NULL;
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
		status = cw_store_accounts(reader, on_account, publisher, &error);
	}
	if (status == CW_OK) {
		status = cw_store_log_after(reader, publisher->sent, TABLE_SLICE, on_table_event, publisher, &error);
	}
	cw_reader_release(reader);
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
	struct cw_topic topic = { .kind = CW_TOPIC_HEAD };
	char text[CW_TOPIC_MAX + 1];
	int64_t wait_ms = 0;
	int64_t now_ms = cw_clock_monotonic_ms();
	struct head *head = NULL;

	while ((head = heads_next_due(publisher->heads, now_ms, &wait_ms))) {
		memcpy(topic.account, head->account, sizeof(topic.account));
		if (cw_topic_make(&topic, text) != CW_OK ||
		    heads_render(head, cw_clock_now_ms(), &publisher->payload) != CW_OK ||
		    cw_mqtt_publish(publisher->mqtt, text, publisher->payload.data, publisher->payload.len, true,
				    HEAD_ID) != CW_OK) {
			return HEADS_MIN_INTERVAL_MS; /* no room: the next answer makes some */
		}
		head->said_seq = head->seq;
		head->said_at_ms = now_ms;
	}
	return wait_ms;
}

static bool on_account_connected(void *context, const struct cw_account *account)
{
	struct publisher *publisher = context;
	struct head *head = heads_get(publisher->heads, account->name, account->epoch);

	if (!head) {
		return false;
	}
	/* Clients that connect now fetch up to here; what is published later and not newer, they drop. */
	memcpy(head->epoch, account->epoch, sizeof(head->epoch));
	head->seq = head->newest_seq = account->head;
	return true;
}

/* All accounts, since new ones need a head before their first event. */
static void reload_heads(struct publisher *publisher)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;
	enum cw_status status = cw_reader_acquire(publisher->store, &reader, &error);

	if (status == CW_OK) {
		status = cw_store_accounts(reader, on_account_connected, publisher, &error);
	}
	cw_reader_release(reader);
	if (status != CW_OK) {
		log_read_failure(&error);
	}
	heads_forget_said(publisher->heads);
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
	reload_heads(publisher);
	cw_log_info("broker connected, lag=%lld", (long long)(read_newest_id(publisher) - publisher->sent));
}

/* What was under way goes out again after the reconnect; receivers drop by seq what they have. */
static void after_loss(struct publisher *publisher)
{
	char reason[sizeof(publisher->lost_reason)];

	(void)pthread_mutex_lock(&publisher->lock);
	memcpy(reason, publisher->lost_reason, sizeof(reason));
	publisher->ring_len = 0;
	publisher->sent = publisher->acked;
	drop_handed(publisher);
	(void)pthread_mutex_unlock(&publisher->lock);
	if (publisher->is_connected || publisher->backoff_ms >= MAX_BACKOFF_MS) {
		cw_log_warn("broker: %s, retrying", reason);
	}
	set_connected(publisher, false);
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
	if (publisher->is_connected && cw_clock_monotonic_ms() - publisher->connected_at_ms > RENEW_AFTER_MS) {
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
	int64_t acked = publisher->acked;
	bool must_save = !publisher->is_saving && acked != publisher->saved &&
			 now_ms - publisher->saved_at_ms >= SAVE_CURSOR_MS;

	publisher->is_saving = publisher->is_saving || must_save;
	(void)pthread_mutex_unlock(&publisher->lock);
	if (!must_save) {
		return;
	}
	publisher->save = (struct cw_store_op){ .type = CW_STORE_CURSOR,
						.on_done = on_saved,
						.context = publisher,
						.cursor.event_id = acked };
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
	struct cw_store_op op = { .type = CW_STORE_CURSOR, .cursor.event_id = publisher->acked };

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
			 publisher->ring_len < publisher->ring_room && cw_mqtt_room(publisher->mqtt) > 0);

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
	struct cw_reader *reader = NULL;
	struct cw_error error;

	if (cw_clock_monotonic_ms() < publisher->next_accounts_ms) {
		return;
	}
	publisher->next_accounts_ms = cw_clock_monotonic_ms() + HEADS_MAX_INTERVAL_MS;
	enum cw_status status = cw_reader_acquire(publisher->store, &reader, &error);

	if (status == CW_OK) {
		status = cw_store_accounts(reader, on_account, publisher, &error);
	}
	cw_reader_release(reader);
	if (status != CW_OK) {
		log_read_failure(&error);
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
	/* A cursor that was not due yet is looked at again. */
	wait_ms = stats.cursor != publisher->saved && wait_ms > SAVE_CURSOR_MS ? SAVE_CURSOR_MS : wait_ms;
	return wait_ms < 1 ? 1 : wait_ms;
}

/* Stopping: what is stored goes out, as long as that takes no more than STOP_MS. */
static void drain(struct publisher *publisher)
{
	int64_t until_ms = cw_clock_monotonic_ms() + STOP_MS;

	while (publisher->is_connected && cw_clock_monotonic_ms() < until_ms) {
		(void)work(publisher);
		(void)pthread_mutex_lock(&publisher->lock);
		bool is_done = publisher->acked >= publisher->newest_id;

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
