/* SPDX-License-Identifier: MIT */
#include "cli/ask_broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/listener.h"
#include "core/topic.h"

#define TOKEN_TTL_S 300
#define ANSWER_MS 10000

static enum cw_status connect_admin(const char *dir, const char *key, const char *uri, struct listener **ret_listener,
				    struct cw_error *reterr)
{
	char client_id[64];
	char *token = NULL;
	struct cw_error reason;
	enum cw_status status = cli_mint_with(dir, key, CW_SYSTEM_ACCOUNT, "cli", "admin", TOKEN_TTL_S, &token, reterr);

	(void)snprintf(client_id, sizeof(client_id), CW_SYSTEM_ACCOUNT ":cli:%ld", (long)getpid()); /* fits */
	if (status == CW_OK) {
		const struct listener_options options = { .uri = uri, .token = token, .client_id = client_id };

		status = listener_open(&options, ret_listener, &reason);
		if (status == CW_BUSY) {
			(void)cw_error_set(reterr, CW_BUSY,
					   "the broker cannot be reached: %s; is `convwire up` running?", reason.text);
		} else if (status != CW_OK) {
			*reterr = reason;
		}
	}
	free(token);
	return status;
}

static bool is_response(void *context, const struct listener_message *message)
{
	(void)context;
	return strcmp(message->topic, CW_TOPIC_CONTROL_RESPONSE) == 0 && message->payload;
}

static enum cw_status read_answer(const json_t *answer, json_t **ret_data, struct cw_error *reterr)
{
	json_t *response = json_array_get(json_object_get(answer, "responses"), 0);
	const char *error = json_string_value(json_object_get(response, "error"));
	json_t *data = json_object_get(response, "data");

	if (error || !data) {
		return cw_error_set(reterr, CW_INVALID, "%s", error ? error : "the broker's answer cannot be read");
	}
	*ret_data = json_incref(data);
	return CW_OK;
}

static enum cw_status ask(struct listener *listener, json_t *command, json_t **ret_data, struct cw_error *reterr)
{
	struct listener_message *message = NULL;
	json_t *request = json_pack("{s:[O]}", "commands", command);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	enum cw_status status = text ? listener_publish(listener, CW_TOPIC_CONTROL, text, reterr) :
				       cw_error_set(reterr, CW_NOMEM, "out of memory");

	free(text);
	json_decref(request);
	if (status != CW_OK) {
		return status;
	}
	status = listener_wait(listener, is_response, NULL, ANSWER_MS, &message, reterr);
	if (status == CW_OK) {
		status = read_answer(message->payload, ret_data, reterr);
	} else if (status == CW_DENIED) {
		(void)cw_error_set(
			reterr, CW_DENIED,
			"the broker refuses administrative commands; does it run Convwire's plugin with the keys of "
			"this directory?");
	} else {
		struct cw_error reason = *reterr;

		(void)cw_error_set(reterr, CW_BUSY, "%s; does the broker run Convwire's plugin?", reason.text);
	}
	listener_message_free(message);
	return status;
}

enum cw_status cli_ask_broker_with(const char *dir, const char *key, json_t *command, json_t **ret_data,
				   struct cw_error *reterr)
{
	struct settings settings;
	struct listener *listener = NULL;
	char uri[300];
	enum cw_status status = cli_settings(dir, &settings, reterr);

	if (status == CW_OK) {
		status = settings_broker_uri(&settings, uri, sizeof(uri), reterr);
	}
	settings_finish(&settings);
	if (status == CW_OK) {
		status = connect_admin(dir, key, uri, &listener, reterr);
	}
	if (status == CW_OK) {
		status = ask(listener, command, ret_data, reterr);
	}
	listener_close(listener);
	return status;
}

enum cw_status cli_ask_broker(const char *dir, json_t *command, json_t **ret_data, struct cw_error *reterr)
{
	return cli_ask_broker_with(dir, CLI_HOUSE_KEY, command, ret_data, reterr);
}
