/* SPDX-License-Identifier: MIT */
#ifndef MQTT_MQTT_H
#define MQTT_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/*
 * One MQTT 5 connection on Eclipse Paho's MQTTAsync; the only module that uses Paho. Always a clean start without a
 * session: nothing relies on state kept by the broker.
 * The owner reconnects, since each connect needs a fresh token.
 *
 * At most `window` publishes are under way, and never more than the broker's Receive Maximum: Paho 1.3.12 would sleep
 * up to a second if it had to hold one back itself.
 *
 * Callbacks run on Paho's threads: they copy, signal and return, and must not call these functions.
 */
struct cw_mqtt;

/*
 * Call first in main, before anything uses OpenSSL. Paho's threads are detached and use it, and may end after main: then
 * OpenSSL must still be there, or what it keeps for them is lost or used after it was freed (OPENSSL_init_crypto(3),
 * OPENSSL_INIT_NO_ATEXIT).
 */
void cw_mqtt_init(void);

/* An incoming or outgoing message. An incoming one is valid during the callback; an outgoing one is copied. */
struct cw_mqtt_message {
	const char *topic;
	const void *payload;
	size_t len;
	bool retain;
	const void *correlation; /* correlation data (MQTT 5.0, 3.3.2.3.6); NULL: none */
	size_t correlation_len;
	int64_t published_at_ms; /* outgoing only: user property "published_at"; 0: none */
};

struct cw_mqtt_options {
	const char *uri;       /* tcp://host:port, ssl://, ws:// or wss:// */
	const char *client_id; /* copied; "" lets the broker choose */
	const char *ca_file;   /* PEM, trusted instead of the system's CAs; NULL: the system's. Borrowed */
	int window;
	void *context;
	void (*on_connected)(void *context);
	/* The connection failed or ended. reason is for the log. */
	void (*on_lost)(void *context, const char *reason);
	/* The broker accepted, or refused with a reason code, the publish with this id. NULL: not needed. */
	void (*on_published)(void *context, int64_t id, bool is_taken);
	/* NULL: not needed. */
	void (*on_message)(void *context, const struct cw_mqtt_message *message);
};

/* *ret_mqtt is the caller's. Destroy disconnects, waits for running callbacks, and accepts NULL. */
CW_MUST_CHECK enum cw_status cw_mqtt_create(const struct cw_mqtt_options *options, struct cw_mqtt **ret_mqtt,
					    struct cw_error *reterr);
void cw_mqtt_destroy(struct cw_mqtt *mqtt);

/* Starts connecting, with a token as the password; on_connected or on_lost follows. CW_BUSY: already connecting. */
CW_MUST_CHECK enum cw_status cw_mqtt_connect(struct cw_mqtt *mqtt, const char *token, struct cw_error *reterr);

/* Starts disconnecting, after publishes under way; on_lost follows. Does nothing when not connected. */
void cw_mqtt_disconnect(struct cw_mqtt *mqtt);

/* Did the last connect fail because the broker refused it? If so, the peer speaks MQTT. */
bool cw_mqtt_was_refused(struct cw_mqtt *mqtt);

/* Publishes at QoS 1; copies payload. CW_BUSY: not connected, or the window is full. */
CW_MUST_CHECK enum cw_status cw_mqtt_publish(struct cw_mqtt *mqtt, const char *topic, const void *payload, size_t len,
					     bool retain, int64_t id);

/* The same, with the message's optional properties. */
CW_MUST_CHECK enum cw_status cw_mqtt_send(struct cw_mqtt *mqtt, const struct cw_mqtt_message *message, int64_t id);

/* How many more publishes fit into the window now; 0 when not connected. */
int cw_mqtt_room(struct cw_mqtt *mqtt);

/* Subscribes at QoS 1 and waits up to timeout_ms for SUBACK. CW_DENIED: refused; CW_BUSY: no answer. */
CW_MUST_CHECK enum cw_status cw_mqtt_subscribe(struct cw_mqtt *mqtt, const char *filter, int64_t timeout_ms,
					       struct cw_error *reterr);

#endif
