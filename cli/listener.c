/* SPDX-License-Identifier: MIT */
#include "cli/listener.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "mqtt/mqtt.h"

#define CONNECT_MS 10000
#define SUBSCRIBE_MS 5000

struct listener {
	struct cw_mqtt *mqtt;
	pthread_mutex_t lock; /* guards what follows; Paho's threads write it */
	pthread_cond_t changed;
	bool is_connected, is_lost, is_refused;
	char reason[160];
	struct listener_message *first, **end;
};

/* ---- Paho's threads ---- */

static void on_connected(void *context)
{
	struct listener *listener = context;

	(void)pthread_mutex_lock(&listener->lock);
	listener->is_connected = true;
	(void)pthread_cond_signal(&listener->changed);
	(void)pthread_mutex_unlock(&listener->lock);
}

static void on_lost(void *context, const char *reason)
{
	struct listener *listener = context;

	(void)pthread_mutex_lock(&listener->lock);
	listener->is_lost = true;
	listener->reason[0] = '\0';
	strncat(listener->reason, reason, sizeof(listener->reason) - 1);
	(void)pthread_cond_signal(&listener->changed);
	(void)pthread_mutex_unlock(&listener->lock);
}

static void on_published(void *context, int64_t id, bool is_taken)
{
	struct listener *listener = context;

	(void)id;
	(void)pthread_mutex_lock(&listener->lock);
	listener->is_refused = !is_taken;
	(void)pthread_cond_signal(&listener->changed);
	(void)pthread_mutex_unlock(&listener->lock);
}

static void on_message(void *context, const struct cw_mqtt_message *message)
{
	struct listener *listener = context;
	struct listener_message *copy = calloc(1, sizeof(*copy));

	if (!copy || !(copy->topic = strdup(message->topic))) {
		free(copy);
		return; /* the wait times out */
	}
	copy->at_us = cw_clock_now_us();
	copy->payload = json_loadb(message->payload, message->len, JSON_DECODE_ANY, NULL);
	(void)pthread_mutex_lock(&listener->lock);
	*listener->end = copy;
	listener->end = &copy->next;
	(void)pthread_cond_signal(&listener->changed);
	(void)pthread_mutex_unlock(&listener->lock);
}

/* ---- the command's thread ---- */

static struct timespec deadline_after(int64_t timeout_ms)
{
	int64_t until_ms = cw_clock_monotonic_ms() + timeout_ms;

	return (struct timespec){ .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
}

static enum cw_status make(const struct listener_options *options, struct listener **ret_listener, struct cw_error *reterr)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	pthread_condattr_t monotonic;

	if (!listener) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	listener->end = &listener->first;
	(void)pthread_condattr_init(&monotonic); /* glibc's cannot fail, nor can the three below */
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&listener->lock, NULL);
	(void)pthread_cond_init(&listener->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	const struct cw_mqtt_options mqtt_options = { .uri = options->uri,
						      .client_id = options->client_id,
						      .ca_file = options->ca_file,
						      .window = 1,
						      .context = listener,
						      .on_connected = on_connected,
						      .on_lost = on_lost,
						      .on_published = on_published,
						      .on_message = on_message };
	enum cw_status status = cw_mqtt_create(&mqtt_options, &listener->mqtt, reterr);

	if (status == CW_OK) {
		*ret_listener = listener;
	} else {
		listener_close(listener);
	}
	return status;
}

static enum cw_status wait_until_connected(struct listener *listener, struct cw_error *reterr)
{
	struct timespec until = deadline_after(CONNECT_MS);
	enum cw_status status = CW_OK;

	(void)pthread_mutex_lock(&listener->lock);
	while (!listener->is_connected && status == CW_OK) {
		if (listener->is_lost) {
			status = cw_error_set(reterr, cw_mqtt_was_refused(listener->mqtt) ? CW_DENIED : CW_BUSY, "%s",
					      listener->reason);
		} else if (pthread_cond_timedwait(&listener->changed, &listener->lock, &until) != 0) {
			status = cw_error_set(reterr, CW_BUSY, "no answer to CONNECT within %d s", CONNECT_MS / 1000);
		}
	}
	(void)pthread_mutex_unlock(&listener->lock);
	return status;
}

enum cw_status listener_open(const struct listener_options *options, struct listener **ret_listener,
			     struct cw_error *reterr)
{
	struct listener *listener = NULL;
	enum cw_status status = make(options, &listener, reterr);

	if (status == CW_OK) {
		status = cw_mqtt_connect(listener->mqtt, options->token, reterr);
	}
	if (status == CW_OK) {
		status = wait_until_connected(listener, reterr);
	}
	if (status == CW_OK) {
		*ret_listener = listener;
	} else {
		listener_close(listener);
	}
	return status;
}

void listener_close(struct listener *listener)
{
	if (!listener) {
		return;
	}
	if (listener->mqtt) {
		cw_mqtt_disconnect(listener->mqtt);
		cw_mqtt_destroy(listener->mqtt);
	}
	while (listener->first) {
		struct listener_message *message = listener->first;

		listener->first = message->next;
		listener_message_free(message);
	}
	(void)pthread_mutex_destroy(&listener->lock);
	(void)pthread_cond_destroy(&listener->changed);
	free(listener);
}

enum cw_status listener_subscribe(struct listener *listener, const char *filter, struct cw_error *reterr)
{
	return cw_mqtt_subscribe(listener->mqtt, filter, SUBSCRIBE_MS, reterr);
}

enum cw_status listener_publish(struct listener *listener, const char *topic, const char *text, struct cw_error *reterr)
{
	enum cw_status status = cw_mqtt_publish(listener->mqtt, topic, text, strlen(text), false, 1);

	return status == CW_OK ? CW_OK : cw_error_set(reterr, status, "cannot publish to the broker now");
}

/* Called with the lock held. CW_OK without a message: nothing has come yet. */
static enum cw_status look(struct listener *listener, struct listener_message **ret_message, struct cw_error *reterr)
{
	*ret_message = listener->first;
	if (listener->first) {
		listener->first = listener->first->next;
		listener->end = listener->first ? listener->end : &listener->first;
		(*ret_message)->next = NULL;
		return CW_OK;
	}
	if (listener->is_refused) {
		return cw_error_set(reterr, CW_DENIED, "the broker refused the publish");
	}
	return listener->is_lost ?
		       cw_error_set(reterr, CW_BUSY, "the broker ended the connection: %s", listener->reason) :
		       CW_OK;
}

enum cw_status listener_wait(struct listener *listener,
			     bool (*wants)(void *context, const struct listener_message *message), void *context,
			     int64_t timeout_ms, struct listener_message **ret_message, struct cw_error *reterr)
{
	struct timespec until = deadline_after(timeout_ms);

	for (;;) {
		struct listener_message *message = NULL;
		int code = 0;

		(void)pthread_mutex_lock(&listener->lock);
		enum cw_status status = look(listener, &message, reterr);

		if (status == CW_OK && !message) {
			code = pthread_cond_timedwait(&listener->changed, &listener->lock, &until);
		}
		(void)pthread_mutex_unlock(&listener->lock);
		if (status != CW_OK) {
			return status;
		}
		if (message && wants(context, message)) {
			*ret_message = message;
			return CW_OK;
		}
		listener_message_free(message);
		if (code != 0) {
			return cw_error_set(reterr, CW_BUSY, "no answer within %lld ms", (long long)timeout_ms);
		}
	}
}

void listener_message_free(struct listener_message *message)
{
	if (message) {
		free(message->topic);
		json_decref(message->payload);
		free(message);
	}
}
