/* SPDX-License-Identifier: MIT */
#ifndef MQTT_MQTT_H
#define MQTT_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/*
 * One MQTT 5 connection over Eclipse Paho's MQTTAsync; the only place that knows Paho. Always a clean
 * start without a session: nothing relies on what a broker remembers.
 * Reconnecting is the owner's, since each connect needs a fresh token.
 *
 * At most `window` publishes are under way, and never more than the broker's Receive Maximum: Paho
 * 1.3.12 sleeps up to a second when it has to hold one back itself.
 *
 * Callbacks run on Paho's threads: they copy, signal and return, and must not call back into here.
 */
struct cw_mqtt;

/* A publish, coming or going. What arrives ends with the callback; what goes is copied. */
struct cw_mqtt_message {
	const char *topic;
	const void *payload;
	size_t len;
	bool retain;
	const void *correlation; /* correlation data (MQTT 5.0, 3.3.2.3.6); NULL: none */
	size_t correlation_len;
	int64_t published_at_ms; /* of what goes: user property "published_at"; 0: none */
};

struct cw_mqtt_options {
	const char *uri;       /* tcp://host:port, ssl://, ws:// or wss:// */
	const char *client_id; /* copied; "" lets the broker choose */
	const char *ca_file;   /* PEM, trusted in place of the system's; NULL: those. Borrowed while it lives */
	int window;
	void *context;
	void (*on_connected)(void *context);
	/* The connection could not be made, or ended. reason is for a log line. */
	void (*on_lost)(void *context, const char *reason);
	/* The broker took (or for good reason refused) the publish with this id. NULL: not of interest. */
	void (*on_published)(void *context, int64_t id, bool is_taken);
	/* NULL: not of interest. */
	void (*on_message)(void *context, const struct cw_mqtt_message *message);
};

/* *ret_mqtt is the caller's. Destroy disconnects, waits for callbacks that are running, and accepts NULL. */
CW_MUST_CHECK enum cw_status cw_mqtt_create(const struct cw_mqtt_options *options, struct cw_mqtt **ret_mqtt,
					    struct cw_error *reterr);
void cw_mqtt_destroy(struct cw_mqtt *mqtt);

/* Starts to connect with a token as the password; on_connected or on_lost follows. CW_BUSY while one is under way. */
CW_MUST_CHECK enum cw_status cw_mqtt_connect(struct cw_mqtt *mqtt, const char *token, struct cw_error *reterr);

/* Starts to disconnect after what is under way; on_lost follows. Nothing happens when not connected. */
void cw_mqtt_disconnect(struct cw_mqtt *mqtt);

/* The last connection was not made because the broker answered CONNECT with a refusal: whoever is there speaks MQTT. */
bool cw_mqtt_was_refused(struct cw_mqtt *mqtt);

/* Publishes at QoS 1; copies payload. CW_BUSY: not connected or the window is full. */
CW_MUST_CHECK enum cw_status cw_mqtt_publish(struct cw_mqtt *mqtt, const char *topic, const void *payload, size_t len,
					     bool retain, int64_t id);

/* The same, with everything that a publish may carry. */
CW_MUST_CHECK enum cw_status cw_mqtt_send(struct cw_mqtt *mqtt, const struct cw_mqtt_message *message, int64_t id);

/* How many publishes may be added now; 0 when not connected. */
int cw_mqtt_room(struct cw_mqtt *mqtt);

/* Subscribes at QoS 1 and waits for SUBACK, up to timeout_ms. CW_DENIED when refused, CW_BUSY when no answer came. */
CW_MUST_CHECK enum cw_status cw_mqtt_subscribe(struct cw_mqtt *mqtt, const char *filter, int64_t timeout_ms,
					       struct cw_error *reterr);

#endif
