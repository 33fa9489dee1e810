/* SPDX-License-Identifier: MIT */
#include "cli/ask.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/clock.h"
#include "core/text.h"
#include "core/topic.h"
#include "mqtt/mqtt.h"

#define TOKEN_TTL_S 300
#define ANSWER_S 10

struct asking {
	pthread_mutex_t lock; /* guards what follows; Paho's threads write it */
	pthread_cond_t changed;
	bool is_connected, is_lost, is_refused;
	char reason[160];
	json_t *answer; /* NULL until it came */
};

/* ---- Paho's threads ---- */

static void on_connected(void *context)
{
	struct asking *asking = context;

	(void)pthread_mutex_lock(&asking->lock);
	asking->is_connected = true;
	(void)pthread_cond_signal(&asking->changed);
	(void)pthread_mutex_unlock(&asking->lock);
}

static void on_lost(void *context, const char *reason)
{
	struct asking *asking = context;

	(void)pthread_mutex_lock(&asking->lock);
	asking->is_lost = true;
	asking->reason[0] = '\0';
	strncat(asking->reason, reason, sizeof(asking->reason) - 1);
	(void)pthread_cond_signal(&asking->changed);
	(void)pthread_mutex_unlock(&asking->lock);
}

static void on_published(void *context, int64_t id, bool is_taken)
{
	struct asking *asking = context;

	(void)id;
	(void)pthread_mutex_lock(&asking->lock);
	asking->is_refused = !is_taken;
	(void)pthread_cond_signal(&asking->changed);
	(void)pthread_mutex_unlock(&asking->lock);
}

static void on_message(void *context, const struct cw_mqtt_message *message)
{
	struct asking *asking = context;
	json_t *answer = strcmp(message->topic, CW_TOPIC_CONTROL_RESPONSE) == 0 ?
				 json_loadb(message->payload, message->len, 0, NULL) :
				 NULL;

	(void)pthread_mutex_lock(&asking->lock);
	if (answer) {
		json_decref(asking->answer);
		asking->answer = answer;
		(void)pthread_cond_signal(&asking->changed);
	}
	(void)pthread_mutex_unlock(&asking->lock);
}

/* ---- the main thread ---- */

/* Until *flag, a loss or a refusal, or the time is over. */
static enum cw_status wait_for(struct asking *asking, bool (*is_there)(const struct asking *), struct cw_error *reterr)
{
	struct timespec until;
	enum cw_status status = CW_OK;

	(void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail for this clock */
	until.tv_sec += ANSWER_S;
	(void)pthread_mutex_lock(&asking->lock);
	while (!is_there(asking) && status == CW_OK) {
		if (asking->is_refused) {
			status = cw_error_set(
				reterr, CW_DENIED,
				"the broker refuses administration; does it run Convwire's plugin with the keys of "
				"this directory?");
		} else if (asking->is_lost) {
			status = cw_error_set(reterr, CW_BUSY,
					      asking->is_connected ?
						      "the broker ended the connection: %s" :
						      "the broker cannot be reached: %s; is `convwire up` running?",
					      asking->reason);
		} else if (pthread_cond_timedwait(&asking->changed, &asking->lock, &until) != 0) {
			status = cw_error_set(reterr, CW_BUSY,
					      "the broker does not answer; does it run Convwire's plugin?");
		}
	}
	(void)pthread_mutex_unlock(&asking->lock);
	return status;
}

static bool is_connected(const struct asking *asking)
{
	return asking->is_connected;
}

static bool has_answer(const struct asking *asking)
{
	return asking->answer != NULL;
}

static enum cw_status connect_admin(const char *dir, struct cw_mqtt *mqtt, struct asking *asking, struct cw_error *reterr)
{
	char *token = NULL;
	enum cw_status status = cli_mint(dir, CW_SYSTEM_ACCOUNT, "cli", "admin", TOKEN_TTL_S, &token, reterr);

	if (status == CW_OK) {
		status = cw_mqtt_connect(mqtt, token, reterr);
	}
	free(token);
	return status == CW_OK ? wait_for(asking, is_connected, reterr) : status;
}

static enum cw_status send_command(struct cw_mqtt *mqtt, json_t *command, struct cw_error *reterr)
{
	json_t *request = json_pack("{s:[O]}", "commands", command);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	enum cw_status status = text ? cw_mqtt_publish(mqtt, CW_TOPIC_CONTROL, text, strlen(text), false, 1) : CW_NOMEM;

	free(text);
	json_decref(request);
	return status == CW_OK ? CW_OK : cw_error_set(reterr, status, "the broker takes no command now");
}

static enum cw_status read_answer(const struct asking *asking, json_t **ret_data, struct cw_error *reterr)
{
	json_t *response = json_array_get(json_object_get(asking->answer, "responses"), 0);
	const char *error = json_string_value(json_object_get(response, "error"));
	json_t *data = json_object_get(response, "data");

	if (error || !data) {
		return cw_error_set(reterr, CW_INVALID, "%s", error ? error : "the broker's answer cannot be read");
	}
	*ret_data = json_incref(data);
	return CW_OK;
}

static enum cw_status ask(const char *dir, const char *uri, json_t *command, json_t **ret_data, struct cw_error *reterr)
{
	struct asking asking = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct cw_mqtt *mqtt = NULL;
	char client_id[64];
	const struct cw_mqtt_options options = { .uri = uri,
						 .client_id = client_id,
						 .window = 1,
						 .context = &asking,
						 .on_connected = on_connected,
						 .on_lost = on_lost,
						 .on_published = on_published,
						 .on_message = on_message };
	enum cw_status status = CW_OK;

	(void)snprintf(client_id, sizeof(client_id), CW_SYSTEM_ACCOUNT ":cli:%ld", (long)getpid()); /* fits */
	status = cw_mqtt_create(&options, &mqtt, reterr);

	if (status == CW_OK) {
		status = connect_admin(dir, mqtt, &asking, reterr);
	}
	if (status == CW_OK) {
		status = send_command(mqtt, command, reterr);
	}
	if (status == CW_OK) {
		status = wait_for(&asking, has_answer, reterr);
	}
	cw_mqtt_disconnect(mqtt);
	cw_mqtt_destroy(mqtt);
	if (status == CW_OK) {
		status = read_answer(&asking, ret_data, reterr);
	}
	json_decref(asking.answer);
	return status;
}

enum cw_status cli_ask_broker(const char *dir, json_t *command, json_t **ret_data, struct cw_error *reterr)
{
	struct settings settings;
	char uri[300];
	enum cw_status status = cli_settings(dir, &settings, reterr);

	if (status == CW_OK && !settings_broker_uri(&settings, uri, sizeof(uri))) {
		status = cw_error_set(reterr, CW_INVALID, "broker_uri is too long");
	}
	settings_finish(&settings);
	return status == CW_OK ? ask(dir, uri, command, ret_data, reterr) : status;
}
