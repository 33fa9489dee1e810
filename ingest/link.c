/* SPDX-License-Identifier: MIT */
/* The publisher's connection: making, renewing and losing it; the tables, sent first; and the plugin's notices. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/topic.h"
#include "ingest/publisher_private.h"
#include "ingest/tables.h"

#define STUCK_MS 20000
/* A token is valid for a day; the connection is renewed after two thirds of that. */
#define RENEW_AFTER_MS (16 * 60 * 60 * 1000LL)
#define SUBSCRIBE_MS 5000
#define WAIT_SLICE_MS 100
#define MAX_LOAD_MS 30000
#define LOAD_AGAIN_MS 5000

/* ---- Paho's threads ---- */

void link_on_connected(void *context)
{
	struct publisher *publisher = context;

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->has_connected = true;
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
}

void link_on_lost(void *context, const char *reason)
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

void link_on_published(void *context, int64_t id, bool is_taken)
{
	struct publisher *publisher = context;

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->stats.refused += is_taken ? 0 : 1;
	flight_done(&publisher->flight, id);
	trail_note_taken(&publisher->trail, id, cw_clock_now_us(), is_taken);
	publisher_note_lag(publisher);
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
}

/* ---- the plugin's notices ---- */

/* A revocation made at the broker, while it is being stored. */
struct reported {
	struct publisher *publisher;
	struct cw_store_op op;
	int64_t revoked_at_s; /* as in effect at the broker */
};

static void on_revocation_stored(struct cw_store_op *op)
{
	struct reported *reported = op->context;
	struct publisher *publisher = reported->publisher;

	if (op->status == CW_OK) {
		publisher->options.on_revoked(publisher->options.context, &op->revocation);
	} else {
		cw_log_error("a revocation made at the broker is in effect there, but was not stored: %s",
			     op->error.text);
	}
	if (op->status == CW_OK && op->revocation.revoked_at_s > reported->revoked_at_s) {
		publisher_revoke(publisher, &op->revocation); /* it ended sessions, so it now covers their last tokens */
	}
	free(reported);
}

/* An administrator made a revocation at the broker, where it is in effect: store it, so that HTTP applies it, too. */
static void store_revocation(struct publisher *publisher, const json_t *json)
{
	struct reported *reported = calloc(1, sizeof(*reported));
	struct cw_error error;

	if (!reported) {
		return; /* out of memory: the next load of the tables shows that it is missing */
	}
	struct cw_store_op *op = &reported->op;

	reported->publisher = publisher;
	*op = (struct cw_store_op){ .type = CW_STORE_REVOKE, .on_done = on_revocation_stored, .context = reported };
	enum cw_status status = cw_revocation_from_json(json, &op->revocation, &error);

	if (status == CW_OK) {
		reported->revoked_at_s = op->revocation.revoked_at_s;
		status = cw_store_submit(publisher->store, op);
	}
	if (status != CW_OK) {
		cw_log_error("a revocation made at the broker is in effect there, but cannot be stored now");
		free(reported);
	}
}

static int64_t count_of(const json_t *json, const char *group, const char *name)
{
	return json_integer_value(json_object_get(group ? json_object_get(json, group) : json, name));
}

static void take_counters(struct publisher *publisher, const json_t *json)
{
	const struct plugin_counters counters = {
		.connects = count_of(json, NULL, "connects"),
		.refused_token = count_of(json, "connects_refused", "token"),
		.refused_expired = count_of(json, "connects_refused", "expired"),
		.refused_revoked = count_of(json, "connects_refused", "revoked"),
		.refused_client_id = count_of(json, "connects_refused", "client_id"),
		.refused_limit = count_of(json, "connects_refused", "limit"),
		.refused_other = count_of(json, "connects_refused", "other"),
		.denied_read = count_of(json, "denied", "read"),
		.denied_write = count_of(json, "denied", "write"),
		.denied_subscribe = count_of(json, "denied", "subscribe"),
		.live = count_of(json, NULL, "live"),
		.expired = count_of(json, NULL, "expired"),
		.revoked = count_of(json, NULL, "revoked"),
		.renewed = count_of(json, NULL, "renewed"),
		.kicked = count_of(json, NULL, "kicked"),
		.check_samples = count_of(json, NULL, "check_samples"),
		.check_ns = count_of(json, NULL, "check_nanoseconds"),
		.assignments = count_of(json, NULL, "assignments"),
		.revocations = count_of(json, NULL, "revocations"),
		.loaded = json_is_true(json_object_get(json, "loaded")) ? 1 : 0,
	};

	(void)pthread_mutex_lock(&publisher->lock);
	publisher->stats.plugin = counters;
	(void)pthread_mutex_unlock(&publisher->lock);
}

static void note_load_failed(struct publisher *publisher, const json_t *json)
{
	const char *reason = json_string_value(json_object_get(json, "reason"));

	cw_log_error("the broker's plugin dropped its tables, resending them: %s", reason ? reason : "no reason given");
	(void)pthread_mutex_lock(&publisher->lock);
	publisher->has_load_failed = true;
	(void)pthread_cond_signal(&publisher->changed);
	(void)pthread_mutex_unlock(&publisher->lock);
}

/* Only the plugin may publish on this topic (core/access). */
void link_on_message(void *context, const struct cw_mqtt_message *message)
{
	struct publisher *publisher = context;
	json_t *json = json_loadb(message->payload, message->len, 0, NULL);
	const char *type = json_string_value(json_object_get(json, "type"));

	if (type && strcmp(type, "stats") == 0) {
		take_counters(publisher, json);
	} else if (type && strcmp(type, "revoked") == 0) {
		store_revocation(publisher, json_object_get(json, "revocation"));
	} else if (type && strcmp(type, "load_failed") == 0) {
		note_load_failed(publisher, json);
	} else if (type && strcmp(type, "loaded") == 0) {
		cw_log_info("the broker's plugin has its tables: assignments=%lld revocations=%lld",
			    (long long)count_of(json, NULL, "n_assignments"),
			    (long long)count_of(json, NULL, "n_revocations"));
	}
	json_decref(json);
}

/* ---- tables ---- */

struct waiting {
	struct publisher *publisher;
	int64_t until_ms;
};

/* Nothing else is published during the load: nothing may overtake it. */
static bool wait_for_room(void *context)
{
	const struct waiting *waiting = context;
	struct publisher *publisher = waiting->publisher;

	(void)pthread_mutex_lock(&publisher->lock);
	if (cw_mqtt_room(publisher->mqtt) <= 0 && !publisher->has_lost && !publisher->is_stopping) {
		publisher_sleep(publisher, WAIT_SLICE_MS);
	}
	bool goes_on = !publisher->has_lost && !publisher->is_stopping;

	(void)pthread_mutex_unlock(&publisher->lock);
	return goes_on && cw_clock_monotonic_ms() < waiting->until_ms;
}

static bool load_tables(struct publisher *publisher)
{
	struct waiting waiting = { publisher, cw_clock_monotonic_ms() + MAX_LOAD_MS };
	struct cw_error error;
	enum cw_status status = tables_publish(publisher->mqtt, publisher->store, wait_for_room, &waiting,
					       &publisher->table_as_of, &error);

	publisher->next_load_ms = cw_clock_monotonic_ms() + LOAD_AGAIN_MS;
	publisher->must_load_tables = status != CW_OK;
	if (status != CW_OK) {
		cw_log_warn("broker: %s", error.text);
	}
	return status == CW_OK;
}

/* Sends the tables if the broker lost or never had them. Events wait for the first load of a connection. */
static void look_at_tables(struct publisher *publisher)
{
	(void)pthread_mutex_lock(&publisher->lock);
	bool has_failed = publisher->has_load_failed;

	publisher->has_load_failed = false;
	(void)pthread_mutex_unlock(&publisher->lock);
	publisher->must_load_tables = publisher->must_load_tables || has_failed;
	if (publisher->must_load_tables && cw_clock_monotonic_ms() >= publisher->next_load_ms && load_tables(publisher)) {
		publisher->has_tables = true;
	}
}

static struct noted_revocation *take_revocation(struct publisher *publisher)
{
	(void)pthread_mutex_lock(&publisher->lock);
	struct noted_revocation *noted = publisher->revocations;

	publisher->revocations = noted ? noted->next : NULL;
	(void)pthread_mutex_unlock(&publisher->lock);
	return noted;
}

/* If there is no room, the next load of the tables includes the revocation from the store. */
static void send_revocations(struct publisher *publisher)
{
	struct noted_revocation *noted = NULL;

	while ((noted = take_revocation(publisher))) {
		if (tables_publish_revocation(publisher->mqtt, &noted->revocation) != CW_OK) {
			publisher->must_load_tables = true;
		}
		free(noted);
	}
}

/* For counters and revocations. A broker without the plugin refuses this; events are published anyway. */
static void subscribe_to_notices(struct publisher *publisher)
{
	struct cw_error error;

	if (cw_mqtt_subscribe(publisher->mqtt, CW_TOPIC_PUBLISHER_NOTICE, SUBSCRIBE_MS, &error) != CW_OK) {
		cw_log_warn("broker: cannot subscribe to the plugin's notices: %s", error.text);
	}
}

/* ---- connection ---- */

static void try_connect(struct publisher *publisher)
{
	struct cw_error error;
	char *token = publisher->options.mint_token(publisher->options.context);

	publisher->retry_at_ms = cw_clock_monotonic_ms() + publisher->backoff_ms;
	publisher->backoff_ms = publisher->backoff_ms * 2 > PUBLISHER_MAX_BACKOFF_MS ? PUBLISHER_MAX_BACKOFF_MS :
										       publisher->backoff_ms * 2;
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
	publisher->backoff_ms = PUBLISHER_MIN_BACKOFF_MS;
	publisher->connected_at_ms = cw_clock_monotonic_ms();
	publisher->must_load_tables = true;
	publisher->has_tables = false;
	publisher->told_id = 0;
	publisher->next_load_ms = 0;
	subscribe_to_notices(publisher);
	publish_load_heads(publisher, HEADS_LOAD_CONNECTED);
	feeds_forget_said(publisher->feeds);
	cw_log_info("broker connected, lag=%lld", (long long)(publisher_newest_id(publisher) - publisher->sent));
}

/* Events under way are published again after the reconnect; receivers drop those they have, by seq. */
static void after_loss(struct publisher *publisher)
{
	char reason[sizeof(publisher->lost_reason)];

	(void)pthread_mutex_lock(&publisher->lock);
	memcpy(reason, publisher->lost_reason, sizeof(reason));
	flight_forget(&publisher->flight);
	publisher->sent = publisher->flight.acked;
	handover_clear(&publisher->handover);
	(void)pthread_mutex_unlock(&publisher->lock);
	if (publisher->is_connected || publisher->backoff_ms >= PUBLISHER_MAX_BACKOFF_MS) {
		cw_log_warn("broker: %s, retrying", reason);
	}
	set_connected(publisher, false);
}

/* The token must be renewed, or an acknowledgement is so late that it will not come. */
static bool must_reconnect(struct publisher *publisher)
{
	int64_t now_ms = cw_clock_monotonic_ms();

	(void)pthread_mutex_lock(&publisher->lock);
	const struct flight_entry *oldest = flight_oldest(&publisher->flight);
	bool is_stuck = oldest && now_ms - oldest->sent_ms > STUCK_MS;

	(void)pthread_mutex_unlock(&publisher->lock);
	if (is_stuck && now_ms - publisher->connected_at_ms > STUCK_MS) {
		cw_log_warn("broker: a publish was not acknowledged for %d s, reconnecting", STUCK_MS / 1000);
		return true;
	}
	return now_ms - publisher->connected_at_ms > RENEW_AFTER_MS;
}

bool link_look(struct publisher *publisher)
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
	if (publisher->is_connected) {
		look_at_tables(publisher);
	}
	if (publisher->is_connected && publisher->has_tables) {
		send_revocations(publisher);
	}
	return publisher->is_connected && publisher->has_tables;
}
