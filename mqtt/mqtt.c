/* SPDX-License-Identifier: MIT */
#include "mqtt/mqtt.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <MQTTAsync.h>
#include <openssl/crypto.h>

#define KEEP_ALIVE_S 10
#define CONNECT_TIMEOUT_S 5
#define DISCONNECT_TIMEOUT_MS 2000
#define MAX_RECEIVE_MAXIMUM 65535

enum state { STATE_IDLE, STATE_CONNECTING, STATE_CONNECTED, STATE_DISCONNECTING };

/*
 * A publish under way; freed when its acknowledgement arrives. Paho may report one from an earlier connection during a
 * later one; the generation tells them apart.
 */
struct send {
	_Atomic(struct cw_mqtt *) mqtt; /* written last: this hands the record over to Paho's thread */
	int64_t id;
	unsigned generation;
};

struct cw_mqtt {
	struct cw_mqtt_options options;
	MQTTAsync client;

	pthread_mutex_t callback_lock; /* held while the owner's callbacks run, so that destroy can wait for them */
	pthread_mutex_t lock;          /* guards the members below */
	pthread_cond_t answered;
	enum state state;
	unsigned generation;  /* the current connection's number */
	int under_way;        /* of this generation */
	int window;           /* min(options.window, Receive Maximum) */
	int subscribe_answer; /* -1: waiting; otherwise the reason code */
	bool was_refused;     /* by CONNACK */
};

static void set_state(struct cw_mqtt *mqtt, enum state state)
{
	(void)pthread_mutex_lock(&mqtt->lock);
	mqtt->state = state;
	(void)pthread_mutex_unlock(&mqtt->lock);
}

/* Forgets the publishes that were under way when the connection ended; their owner publishes them again. */
static void lose(struct cw_mqtt *mqtt, const char *reason)
{
	set_state(mqtt, STATE_IDLE);
	(void)pthread_mutex_lock(&mqtt->callback_lock);
	mqtt->options.on_lost(mqtt->options.context, reason);
	(void)pthread_mutex_unlock(&mqtt->callback_lock);
}

/* ---- Paho's callbacks ---- */

static void on_connection_lost(void *context, char *cause)
{
	lose(context, cause ? cause : "the connection was closed");
}

static void on_broker_disconnect(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
	char text[80];

	(void)properties;
	(void)snprintf(text, sizeof(text), "the broker ended the connection: %s", MQTTReasonCode_toString(reason));
	lose(context, text);
}

static void on_connect_success(void *context, MQTTAsync_successData5 *response)
{
	struct cw_mqtt *mqtt = context;
	int receive_maximum = MAX_RECEIVE_MAXIMUM;

	if (MQTTProperties_hasProperty(&response->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM)) {
		receive_maximum = (int)MQTTProperties_getNumericValue(&response->properties,
								      MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
	}
	(void)pthread_mutex_lock(&mqtt->lock);
	mqtt->state = STATE_CONNECTED;
	mqtt->window = receive_maximum < mqtt->options.window ? receive_maximum : mqtt->options.window;
	(void)pthread_mutex_unlock(&mqtt->lock);
	(void)pthread_mutex_lock(&mqtt->callback_lock);
	mqtt->options.on_connected(mqtt->options.context);
	(void)pthread_mutex_unlock(&mqtt->callback_lock);
}

static void on_connect_failure(void *context, MQTTAsync_failureData5 *response)
{
	struct cw_mqtt *mqtt = context;
	char text[160];
	/* Paho 1.3.12 puts a CONNACK's reason in either of the two. */
	int reason = response->reasonCode > 0 ? (int)response->reasonCode : response->code;

	(void)snprintf(text, sizeof(text), "%s%s%s", response->message ? response->message : "cannot connect",
		       reason > 0 ? ": " : "", reason > 0 ? MQTTReasonCode_toString((enum MQTTReasonCodes)reason) : "");
	(void)pthread_mutex_lock(&mqtt->lock);
	mqtt->was_refused = reason > 0;
	(void)pthread_mutex_unlock(&mqtt->lock);
	lose(context, text);
}

static void on_disconnected(void *context, MQTTAsync_successData5 *response)
{
	(void)response;
	lose(context, "disconnected");
}

static void on_disconnect_failed(void *context, MQTTAsync_failureData5 *response)
{
	(void)response;
	lose(context, "disconnected");
}

/* Ends a publish, successful or not. Returns whether it belongs to the current connection. */
static bool end_send(struct send *send)
{
	struct cw_mqtt *mqtt = atomic_load_explicit(&send->mqtt, memory_order_acquire);

	(void)pthread_mutex_lock(&mqtt->lock);
	bool is_current = send->generation == mqtt->generation;

	mqtt->under_way -= is_current ? 1 : 0;
	(void)pthread_mutex_unlock(&mqtt->lock);
	return is_current;
}

static void tell_published(struct send *send, bool is_taken)
{
	struct cw_mqtt *mqtt = atomic_load_explicit(&send->mqtt, memory_order_acquire);

	if (end_send(send)) {
		(void)pthread_mutex_lock(&mqtt->callback_lock);
		if (mqtt->options.on_published) {
			mqtt->options.on_published(mqtt->options.context, send->id, is_taken);
		}
		(void)pthread_mutex_unlock(&mqtt->callback_lock);
	}
	free(send);
}

static void on_publish_success(void *context, MQTTAsync_successData5 *response)
{
	(void)response;
	tell_published(context, true);
}

/* Without a reason code from the broker, the publish only failed because the connection ended. */
static void on_publish_failure(void *context, MQTTAsync_failureData5 *response)
{
	if (response && (int)response->reasonCode >= 0x80) {
		tell_published(context, false);
	} else {
		(void)end_send(context);
		free(context);
	}
}

static int on_message_arrived(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
	struct cw_mqtt *mqtt = context;

	const MQTTProperty *correlation = MQTTProperties_getProperty(&message->properties,
								     MQTTPROPERTY_CODE_CORRELATION_DATA);
	const struct cw_mqtt_message copy = {
		.topic = topic,
		.payload = message->payload,
		.len = (size_t)message->payloadlen,
		.retain = message->retained != 0,
		.correlation = correlation ? correlation->value.data.data : NULL,
		.correlation_len = correlation ? (size_t)correlation->value.data.len : 0,
	};

	(void)topic_len; /* our topics contain no NUL */
	(void)pthread_mutex_lock(&mqtt->callback_lock);
	if (mqtt->options.on_message) {
		mqtt->options.on_message(mqtt->options.context, &copy);
	}
	(void)pthread_mutex_unlock(&mqtt->callback_lock);
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

static void answer_subscribe(struct cw_mqtt *mqtt, int reason)
{
	(void)pthread_mutex_lock(&mqtt->lock);
	mqtt->subscribe_answer = reason;
	(void)pthread_cond_signal(&mqtt->answered);
	(void)pthread_mutex_unlock(&mqtt->lock);
}

static void on_subscribe_success(void *context, MQTTAsync_successData5 *response)
{
	answer_subscribe(context, (int)response->reasonCode);
}

static void on_subscribe_failure(void *context, MQTTAsync_failureData5 *response)
{
	answer_subscribe(context,
			 response->reasonCode > 0 ? (int)response->reasonCode : (int)MQTTREASONCODE_UNSPECIFIED_ERROR);
}

/* ---- lifetime ---- */

void cw_mqtt_init(void)
{
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL); /* failing, it leaves everything as it was */
}

/*
 * By default Paho keeps a trace of its calls in memory. It frees that trace with the last client, while its thread may
 * still write to it: memory used after free, or leaked. Errors alone are few and checked under Paho's lock.
 */
static void limit_trace(void)
{
	MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
}

static enum cw_status set_up_client(struct cw_mqtt *mqtt, struct cw_error *reterr)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, limit_trace); /* before Paho has a thread; nothing guards the level later */
	MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;

	create.maxBufferedMessages = mqtt->options.window;
	int code = MQTTAsync_createWithOptions(&mqtt->client, mqtt->options.uri, mqtt->options.client_id,
					       MQTTCLIENT_PERSISTENCE_NONE, NULL, &create);

	if (code != MQTTASYNC_SUCCESS) {
		return cw_error_set(reterr, CW_INVALID, "%s: %s", mqtt->options.uri, MQTTAsync_strerror(code));
	}
	code = MQTTAsync_setCallbacks(mqtt->client, mqtt, on_connection_lost, on_message_arrived, NULL);
	if (code == MQTTASYNC_SUCCESS) {
		code = MQTTAsync_setDisconnected(mqtt->client, mqtt, on_broker_disconnect);
	}
	return code == MQTTASYNC_SUCCESS ?
		       CW_OK :
		       cw_error_set(reterr, CW_INVALID, "%s: %s", mqtt->options.uri, MQTTAsync_strerror(code));
}

enum cw_status cw_mqtt_create(const struct cw_mqtt_options *options, struct cw_mqtt **ret_mqtt, struct cw_error *reterr)
{
	struct cw_mqtt *mqtt = calloc(1, sizeof(*mqtt));
	pthread_condattr_t monotonic;

	if (!mqtt) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	mqtt->options = *options;
	(void)pthread_condattr_init(&monotonic); /* glibc's cannot fail, nor can the three below */
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&mqtt->callback_lock, NULL);
	(void)pthread_mutex_init(&mqtt->lock, NULL);
	(void)pthread_cond_init(&mqtt->answered, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	enum cw_status status = set_up_client(mqtt, reterr);

	if (status != CW_OK) {
		cw_mqtt_destroy(mqtt);
		return status;
	}
	*ret_mqtt = mqtt;
	return CW_OK;
}

void cw_mqtt_destroy(struct cw_mqtt *mqtt)
{
	if (!mqtt) {
		return;
	}
	MQTTAsync_destroy(&mqtt->client);
	(void)pthread_mutex_lock(&mqtt->callback_lock); /* waits for a callback that is still running */
	(void)pthread_mutex_unlock(&mqtt->callback_lock);
	(void)pthread_mutex_destroy(&mqtt->callback_lock);
	(void)pthread_mutex_destroy(&mqtt->lock);
	(void)pthread_cond_destroy(&mqtt->answered);
	free(mqtt);
}

bool cw_mqtt_was_refused(struct cw_mqtt *mqtt)
{
	(void)pthread_mutex_lock(&mqtt->lock);
	bool was_refused = mqtt->was_refused;

	(void)pthread_mutex_unlock(&mqtt->lock);
	return was_refused;
}

/* ---- connecting ---- */

static bool is_websocket(const char *uri)
{
	return strncmp(uri, "ws://", 5) == 0 || strncmp(uri, "wss://", 6) == 0;
}

enum cw_status cw_mqtt_connect(struct cw_mqtt *mqtt, const char *token, struct cw_error *reterr)
{
	MQTTAsync_connectOptions tcp = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_connectOptions websocket = MQTTAsync_connectOptions_initializer5_ws;
	MQTTAsync_connectOptions options = is_websocket(mqtt->options.uri) ? websocket : tcp;
	MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;

	(void)pthread_mutex_lock(&mqtt->lock);
	bool is_idle = mqtt->state == STATE_IDLE;

	if (is_idle) {
		mqtt->state = STATE_CONNECTING;
		mqtt->generation++;
		mqtt->under_way = 0;
	}
	(void)pthread_mutex_unlock(&mqtt->lock);
	if (!is_idle) {
		return cw_error_set(reterr, CW_BUSY, "a connection is under way");
	}
	options.keepAliveInterval = KEEP_ALIVE_S;
	options.connectTimeout = CONNECT_TIMEOUT_S;
	options.maxInflight = mqtt->options.window;
	options.username = "convwire"; /* ignored by the plugin; a password needs one in MQTT 3.1.1 */
	options.password = token;
	options.onSuccess5 = on_connect_success;
	options.onFailure5 = on_connect_failure;
	options.context = mqtt;
	tls.verify = 1;
	tls.trustStore = mqtt->options.ca_file;
	if (strncmp(mqtt->options.uri, "ssl://", 6) == 0 || strncmp(mqtt->options.uri, "wss://", 6) == 0) {
		options.ssl = &tls;
	}
	int code = MQTTAsync_connect(mqtt->client, &options);

	if (code != MQTTASYNC_SUCCESS) {
		set_state(mqtt, STATE_IDLE);
		return cw_error_set(reterr, CW_IO, "%s: %s", mqtt->options.uri, MQTTAsync_strerror(code));
	}
	return CW_OK;
}

void cw_mqtt_disconnect(struct cw_mqtt *mqtt)
{
	MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;

	(void)pthread_mutex_lock(&mqtt->lock);
	bool is_connected = mqtt->state == STATE_CONNECTED;

	if (is_connected) {
		mqtt->state = STATE_DISCONNECTING;
	}
	(void)pthread_mutex_unlock(&mqtt->lock);
	if (!is_connected) {
		return;
	}
	options.timeout = DISCONNECT_TIMEOUT_MS;
	options.onSuccess5 = on_disconnected;
	options.onFailure5 = on_disconnect_failed;
	options.context = mqtt;
	if (MQTTAsync_disconnect(mqtt->client, &options) != MQTTASYNC_SUCCESS) {
		lose(mqtt, "disconnected");
	}
}

/* ---- publishing ---- */

/* NULL: no room, or out of memory. */
static struct send *begin_send(struct cw_mqtt *mqtt, int64_t id)
{
	struct send *send = malloc(sizeof(*send));

	if (!send) {
		return NULL;
	}
	(void)pthread_mutex_lock(&mqtt->lock);
	bool has_room = mqtt->state == STATE_CONNECTED && mqtt->under_way < mqtt->window;

	if (has_room) {
		send->id = id;
		send->generation = mqtt->generation;
		atomic_store_explicit(&send->mqtt, mqtt, memory_order_release);
		mqtt->under_way++;
	}
	(void)pthread_mutex_unlock(&mqtt->lock);
	if (!has_room) {
		free(send);
		return NULL;
	}
	return send;
}

int cw_mqtt_room(struct cw_mqtt *mqtt)
{
	(void)pthread_mutex_lock(&mqtt->lock);
	int room = mqtt->state == STATE_CONNECTED ? mqtt->window - mqtt->under_way : 0;

	(void)pthread_mutex_unlock(&mqtt->lock);
	return room;
}

enum cw_status cw_mqtt_publish(struct cw_mqtt *mqtt, const char *topic, const void *payload, size_t len, bool retain,
			       int64_t id)
{
	const struct cw_mqtt_message message = { .topic = topic, .payload = payload, .len = len, .retain = retain };

	return cw_mqtt_send(mqtt, &message, id);
}

/* false when out of memory. */
static bool add_correlation(const struct cw_mqtt_message *message, MQTTProperties *properties)
{
	MQTTProperty property = { .identifier = MQTTPROPERTY_CODE_CORRELATION_DATA };

	if (!message->correlation) {
		return true;
	}
	property.value.data.data = (char *)message->correlation; /* Paho copies it */
	property.value.data.len = (int)message->correlation_len;
	return MQTTProperties_add(properties, &property) == 0;
}

/* false when out of memory. */
static bool add_time(const struct cw_mqtt_message *message, MQTTProperties *properties)
{
	static const char name[] = "published_at";
	char text[24];
	int len = snprintf(text, sizeof(text), "%lld", (long long)message->published_at_ms);
	MQTTProperty property = { .identifier = MQTTPROPERTY_CODE_USER_PROPERTY };

	if (message->published_at_ms == 0) {
		return true;
	}
	property.value.data.data = (char *)name; /* Paho copies both */
	property.value.data.len = (int)sizeof(name) - 1;
	property.value.value.data = text;
	property.value.value.len = len;
	return MQTTProperties_add(properties, &property) == 0;
}

static void free_properties(MQTTProperties *properties)
{
	if (properties->count > 0) {
		MQTTProperties_free(properties);
	}
}

enum cw_status cw_mqtt_send(struct cw_mqtt *mqtt, const struct cw_mqtt_message *message, int64_t id)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	MQTTAsync_message publish = MQTTAsync_message_initializer;
	struct send *send = begin_send(mqtt, id);

	if (!send) {
		return CW_BUSY;
	}
	options.onSuccess5 = on_publish_success;
	options.onFailure5 = on_publish_failure;
	options.context = send;
	publish.payload = (void *)message->payload; /* Paho copies it */
	publish.payloadlen = (int)message->len;
	publish.qos = 1;
	publish.retained = message->retain;
	bool is_sent = add_correlation(message, &publish.properties) && add_time(message, &publish.properties) &&
		       MQTTAsync_sendMessage(mqtt->client, message->topic, &publish, &options) == MQTTASYNC_SUCCESS;

	free_properties(&publish.properties);
	if (!is_sent) {
		(void)end_send(send);
		free(send);
		return CW_BUSY;
	}
	return CW_OK;
}

/* ---- subscribing ---- */

enum cw_status cw_mqtt_subscribe(struct cw_mqtt *mqtt, const char *filter, int64_t timeout_ms, struct cw_error *reterr)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	struct timespec until;

	(void)pthread_mutex_lock(&mqtt->lock);
	mqtt->subscribe_answer = -1;
	(void)pthread_mutex_unlock(&mqtt->lock);
	options.onSuccess5 = on_subscribe_success;
	options.onFailure5 = on_subscribe_failure;
	options.context = mqtt;
	int code = MQTTAsync_subscribe(mqtt->client, filter, 1, &options);

	if (code != MQTTASYNC_SUCCESS) {
		return cw_error_set(reterr, CW_BUSY, "cannot subscribe: %s", MQTTAsync_strerror(code));
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail for this clock */
	until.tv_sec += timeout_ms / 1000;
	(void)pthread_mutex_lock(&mqtt->lock);
	while (mqtt->subscribe_answer < 0 && pthread_cond_timedwait(&mqtt->answered, &mqtt->lock, &until) == 0) {
	}
	int answer = mqtt->subscribe_answer;

	(void)pthread_mutex_unlock(&mqtt->lock);
	if (answer < 0) {
		return cw_error_set(reterr, CW_BUSY, "the broker did not answer the subscription");
	}
	return answer <= 2 ? CW_OK :
			     cw_error_set(reterr, CW_DENIED, "the broker refused the subscription: %s",
					  MQTTReasonCode_toString((enum MQTTReasonCodes)answer));
}
