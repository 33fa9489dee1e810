/* SPDX-License-Identifier: MIT */
/* convwire watch: prints what an agent's page would receive, line by line. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/clock.h"
#include "core/text.h"
#include "core/topic.h"
#include "mqtt/mqtt.h"

#define TOKEN_TTL_S 3600
#define RETRY_S 2
#define SUBSCRIBE_TIMEOUT_MS 5000
/* Besides SIGINT and SIGTERM, the signal with which Paho's threads wake the main one. */
#define SIG_CHANGED SIGUSR1

struct watch_options {
	struct common_options common;
	const char *account, *role;
	int64_t count;
};

struct watch {
	bool prints_json, has_colour;
	pthread_t main_thread;
	pthread_mutex_t lock; /* guards what follows, and stdout */
	bool has_connected, has_lost, is_done;
	char reason[160];
	int64_t left; /* events to print; 0: no end */
};

/* ---- printing; Paho's thread ---- */

static const char *text_at(json_t *object, const char *key, const char *fallback)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && text[0] ? text : fallback;
}

/* Customers write these texts, and terminals obey control characters. */
static void print_clean(const char *text)
{
	for (; *text; text++) {
		(void)putchar((unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
	}
}

static void print_time(int64_t at_ms)
{
	time_t seconds = (time_t)(at_ms / 1000);
	struct tm local;
	char text[16] = "";

	if (localtime_r(&seconds, &local) && strftime(text, sizeof(text), "%H:%M:%S", &local) > 0) {
		(void)fputs(text, stdout);
	}
}

static const char *line_text(json_t *data)
{
	json_t *message = json_object_get(data, "message");
	json_t *content = json_object_get(message, "content");
	static const char *const keys[] = { "body", "caption", "emoji", "filename", "name", "text" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text = json_string_value(json_object_get(content, keys[i]));

		if (text) {
			return text;
		}
	}
	return text_at(json_object_get(json_object_get(data, "conversation"), "last_message"), "preview", "");
}

static void print_event(const struct watch *watch, json_t *event)
{
	json_t *data = json_object_get(event, "data");
	json_t *message = json_object_get(data, "message");
	json_t *conversation = json_object_get(data, "conversation");
	json_t *contact = json_object_get(conversation ? conversation : data, "contact");
	bool is_out = strcmp(text_at(message, "direction", "in"), "out") == 0;
	const char *kind = text_at(message, "kind", text_at(event, "kind", ""));
	const char *status = text_at(message, "status", "");

	print_time(json_integer_value(json_object_get(event, "at")));
	(void)printf("  #%-6lld %s%-18s%s ", (long long)json_integer_value(json_object_get(event, "seq")),
		     watch->has_colour ? "\033[36m" : "", text_at(conversation, "tag", "-"),
		     watch->has_colour ? "\033[0m" : "");
	if (watch->has_colour) {
		(void)fputs(is_out ? "\033[33m" : "\033[32m", stdout);
	}
	(void)printf("%s %-12s", is_out ? "<-" : "->",
		     strcmp(text_at(event, "kind", ""), "message") == 0 ? kind : text_at(event, "kind", ""));
	(void)fputs(watch->has_colour ? "\033[0m " : " ", stdout);
	print_clean(text_at(contact, "name", text_at(contact, "wa_id", "")));
	(void)fputs(": ", stdout);
	print_clean(line_text(data));
	(void)printf("%s%s%s\n", status[0] ? " [" : "", status, status[0] ? "]" : "");
}

static void on_message(void *context, const struct cw_mqtt_message *message)
{
	struct watch *watch = context;
	json_t *event = json_loadb(message->payload, message->len, 0, NULL);

	(void)pthread_mutex_lock(&watch->lock);
	if (!watch->is_done && watch->prints_json) {
		(void)printf("%.*s\n", (int)message->len, (const char *)message->payload);
	} else if (!watch->is_done && event) {
		print_event(watch, event);
	}
	(void)fflush(stdout);
	if (watch->left > 0 && --watch->left == 0) {
		watch->is_done = true;
		(void)pthread_kill(watch->main_thread, SIG_CHANGED);
	}
	(void)pthread_mutex_unlock(&watch->lock);
	json_decref(event);
}

static void on_connected(void *context)
{
	struct watch *watch = context;

	(void)pthread_mutex_lock(&watch->lock);
	watch->has_connected = true;
	(void)pthread_mutex_unlock(&watch->lock);
	(void)pthread_kill(watch->main_thread, SIG_CHANGED);
}

static void on_lost(void *context, const char *reason)
{
	struct watch *watch = context;

	(void)pthread_mutex_lock(&watch->lock);
	watch->has_lost = true;
	watch->reason[0] = '\0';
	strncat(watch->reason, reason, sizeof(watch->reason) - 1);
	(void)pthread_mutex_unlock(&watch->lock);
	(void)pthread_kill(watch->main_thread, SIG_CHANGED);
}

/* ---- the main thread ---- */

static enum cw_status connect_once(const struct watch_options *options, const char *account, struct cw_mqtt *mqtt,
				   struct cw_error *reterr)
{
	char *token = NULL;
	enum cw_status status = cli_mint(options->common.dir, account, "watch", options->role, TOKEN_TTL_S, &token,
					 reterr);

	if (status == CW_OK) {
		status = cw_mqtt_connect(mqtt, token, reterr);
	}
	free(token);
	return status;
}

static enum cw_status subscribe(const char *account, struct cw_mqtt *mqtt, struct cw_error *reterr)
{
	struct cw_topic events = { .kind = CW_TOPIC_EVENTS };
	char filter[CW_TOPIC_MAX + 1];
	char topic[CW_TOPIC_MAX + 1];

	if (!cw_text_copy(events.account, sizeof(events.account), account) || cw_topic_make(&events, topic) != CW_OK ||
	    cw_topic_conversations(account, filter) != CW_OK) {
		return cw_error_set(reterr, CW_INVALID, "\"%.70s\" is not an account id", account);
	}
	enum cw_status status = cw_mqtt_subscribe(mqtt, filter, SUBSCRIBE_TIMEOUT_MS, reterr);

	return status == CW_OK ? cw_mqtt_subscribe(mqtt, topic, SUBSCRIBE_TIMEOUT_MS, reterr) : status;
}

struct changes {
	bool has_connected, has_lost, is_done;
	char reason[160];
};

static struct changes take_changes(struct watch *watch)
{
	struct changes changes;

	(void)pthread_mutex_lock(&watch->lock);
	changes = (struct changes){ watch->has_connected, watch->has_lost, watch->is_done, "" };
	memcpy(changes.reason, watch->reason, sizeof(changes.reason));
	watch->has_connected = watch->has_lost = false;
	(void)pthread_mutex_unlock(&watch->lock);
	return changes;
}

/* Runs until Ctrl-C, --count or an error that a retry cannot fix. */
static int watch_events(const struct watch_options *options, const char *account, struct watch *watch,
			struct cw_mqtt *mqtt, const sigset_t *signals)
{
	const struct timespec retry = { .tv_sec = RETRY_S };
	bool is_connected = false;
	struct cw_error error;
	int number = 0;

	if (connect_once(options, account, mqtt, &error) != CW_OK) {
		return cli_fail(error.status, "%s", error.text);
	}
	while (number != SIGINT && number != SIGTERM) {
		number = sigtimedwait(signals, NULL, &retry);
		struct changes changes = take_changes(watch);

		if (changes.is_done) {
			return EX_OK;
		}
		if (changes.has_lost) {
			is_connected = false;
			(void)fprintf(stderr, "convwire: broker: %s; trying again\n", changes.reason);
		}
		if (changes.has_connected) {
			is_connected = true;
			if (subscribe(account, mqtt, &error) != CW_OK) {
				return cli_fail(error.status, "%s", error.text);
			}
			(void)fprintf(stderr, "watching account %s\n", account);
		}
		if (!is_connected && number < 0 && connect_once(options, account, mqtt, &error) != CW_OK &&
		    error.status != CW_BUSY) {
			return cli_fail(error.status, "%s", error.text);
		}
	}
	return EX_OK;
}

static int run(const struct watch_options *options, const char *account, struct watch *watch)
{
	struct settings settings;
	struct cw_mqtt *mqtt = NULL;
	struct cw_error error;
	char uri[300];
	sigset_t signals;
	enum cw_status status = cli_settings(options->common.dir, &settings, &error);

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIG_CHANGED);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before Paho's threads start */
	if (status == CW_OK) {
		status = settings_broker_uri(&settings, uri, sizeof(uri), &error);
	}
	settings_finish(&settings);
	const struct cw_mqtt_options mqtt_options = {
		.uri = uri,
		.client_id = "",
		.window = 1,
		.context = watch,
		.on_connected = on_connected,
		.on_lost = on_lost,
		.on_message = on_message,
	};

	if (status == CW_OK) {
		status = cw_mqtt_create(&mqtt_options, &mqtt, &error);
	}
	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	int code = watch_events(options, account, watch, mqtt, &signals);

	cw_mqtt_disconnect(mqtt);
	cw_mqtt_destroy(mqtt);
	return code;
}

static int run_watch(void *input)
{
	const struct watch_options *options = input;
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	struct watch watch = { .prints_json = options->common.json,
			       .has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
			       .main_thread = pthread_self(),
			       .lock = PTHREAD_MUTEX_INITIALIZER,
			       .left = options->count };

	if (cli_choose_account(options->common.dir, options->account, NULL, account, &error) != CW_OK) {
		return cli_fail(error.status, "%s", error.text);
	}
	return run(options, account, &watch);
}

static const struct cli_option rows[] = {
	CLI_TEXT(struct watch_options, account, 'a', "account", "ID", "the account; needed only if there are several"),
	CLI_TEXT_OR(struct watch_options, role, 0, "role", "R", "agent", "see what this role sees (agent)"),
	CLI_NUMBER(struct watch_options, count, "count", "N", 1, INT32_MAX, NULL, "stop after N events"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "", "", 0, 0, run_watch },
	CLI_END_VERBS,
};

const struct cli_command cli_watch = {
	.name = "watch",
	.summary = "print events as they arrive",
	.help = "Print events as they arrive. With --json, one event per line.",
	.size = sizeof(struct watch_options),
	.options = rows,
	.verbs = verbs,
};
