/* SPDX-License-Identifier: MIT */
/* doctor: the daemon and its database, the broker and its plugin. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask_broker.h"
#include "cli/doctor.h"
#include "cli/listener.h"
#include "core/clock.h"
#include "core/text.h"
#include "http/holder.h"

/* As the alert in docs/operations.md, "Watch it". */
#define MAX_LAG_MS 5000

/* Not a token, as its first letters show: what any stranger could send. */
#define NO_TOKEN "doctor-without-a-token"

static int64_t metric(const struct doctor *doctor, const char *name)
{
	return json_integer_value(json_object_get(doctor->metrics, name));
}

/* ---- the daemon ---- */

/* Prometheus text: `convwire_name value`, one per line; labelled ones are left out. */
static json_t *read_metrics(const char *text)
{
	json_t *metrics = json_object();

	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		char name[80];
		long long value = 0;

		if (sscanf(line, "convwire_%79[a-z_] %lld", name, &value) == 2) {
			(void)json_object_set_new(metrics, name, json_integer(value));
		}
	}
	return metrics;
}

static bool fetch_metrics(struct doctor *doctor)
{
	char path[PATH_MAX];
	struct doctor_answer answer;
	struct cw_error ignored;

	if (settings_path(doctor->dir, "control.sock", path, sizeof(path), &ignored) != CW_OK) {
		return false;
	}
	doctor_fetch(doctor, &(struct doctor_request){ .url = "http://convwire/metrics", .unix_path = path }, &answer);
	bool is_there = answer.status == 200;

	if (is_there) {
		doctor->metrics = read_metrics(answer.body.data ? answer.body.data : "");
	}
	doctor_answer_finish(&answer);
	return is_there;
}

/* The URL that the daemon gave to the page of `host`, against the broker's: they differ if convwire.conf changed after a start. */
static void check_told(struct doctor *doctor, const char *host, const char *told)
{
	char url[600];
	const struct cw_broker_place place = settings_broker_place(&doctor->settings);

	if (cw_broker_place_ws_url(&place, host, url, sizeof(url)) && strcmp(told, url) == 0) {
		doctor_ok(doctor, "mqtt_url", "pages are told to connect to the broker at %s", url);
	} else {
		doctor_fail(doctor, "mqtt_url",
			    "pages are told to connect to the broker at %s, but convwire.conf says %s", told, url);
		doctor_next(doctor, "restart the daemon and the broker, so that both use %s/convwire.conf", doctor->dir);
	}
}

/* The port for webhooks and pages must be answered by our own daemon. */
static void check_http_port(struct doctor *doctor)
{
	char url[200];
	char holder[160];
	struct doctor_answer answer;
	int port = (int)doctor->settings.http_port;

	if (port == 0 || !settings_http_url(&doctor->settings, "/api/v1/config", url, sizeof(url))) {
		doctor_warn(doctor, "http port", "chosen by the kernel (http_port = 0): a proxy cannot find it");
		doctor_next(doctor, "set http_port = 8080 in %s/convwire.conf, and restart the daemon", doctor->dir);
		return;
	}
	doctor_fetch(doctor, &(struct doctor_request){ .url = url }, &answer);
	const char *told = json_string_value(json_object_get(answer.json, "mqtt_url"));

	if (answer.status == 200 && told) {
		doctor_ok(doctor, "http port", "%s:%d answers as Convwire", doctor->settings.http_address, port);
		check_told(doctor, url + strlen("http://"), told);
	} else {
		doctor_fail(doctor, "http port", "%s:%d %s%s%s; the port is held by %s", doctor->settings.http_address,
			    port, answer.status ? "is answered by " : "does not answer: ", answer.problem,
			    answer.status ? "a program other than Convwire" : "",
			    holder_of_port(port, holder, sizeof(holder)) ? holder : "no visible program");
		doctor_next(doctor, "stop that program, or choose another http_port in %s/convwire.conf", doctor->dir);
	}
	doctor_answer_finish(&answer);
}

/* Rows that hold up messages. The daemon passes over them, so that nobody else's work stops. */
static void check_sending(struct doctor *doctor)
{
	json_t *arguments = json_object();
	json_t *answer = NULL;
	struct cw_error error;
	size_t index;
	json_t *fault;

	if (cli_control(doctor->dir, "check.sending", arguments, &answer, &error) != CW_OK) {
		doctor_warn(doctor, "sending", "could not be checked: %s", error.text);
	}
	json_array_foreach(json_object_get(answer, "faults"), index, fault)
	{
		doctor_fail(doctor, "sending", "%s", json_string_value(fault));
		doctor_next(doctor,
			    "convwire check --dir %s lists everything that is wrong; restore a backup, or ask for help",
			    doctor->dir);
	}
	json_decref(answer);
	json_decref(arguments);
}

static void check_database(struct doctor *doctor)
{
	if (metric(doctor, "database_full")) {
		doctor_fail(doctor, "database",
			    "cannot be written: the disk is full. It recovers automatically once there is room");
		doctor_next(doctor, "du -xh --max-depth=2 %s | sort -h | tail, and make room", doctor->dir);
	} else {
		doctor_ok(doctor, "database",
			  "is writable; %" PRId64 " commits since the start; `convwire check` verifies all of it",
			  metric(doctor, "commits_total"));
	}
}

void doctor_check_daemon(struct doctor *doctor)
{
	doctor->is_daemon_running = fetch_metrics(doctor);
	if (!doctor->is_daemon_running) {
		doctor_fail(doctor, "daemon", "is not running: nothing answers on %s/control.sock", doctor->dir);
		doctor_next(doctor, "convwire up --dir %s, or systemctl start convwired; its log says why it stopped",
			    doctor->dir);
		return;
	}
	doctor_ok(doctor, "daemon", "running, %" PRId64 " MB resident", metric(doctor, "resident_bytes") / (1024 * 1024));
	check_database(doctor);
	check_sending(doctor);
	check_http_port(doctor);
}

/* ---- the broker ---- */

/* A broker that accepts a stranger is not ours. */
static bool lets_strangers_in(struct doctor *doctor, const char *uri, struct cw_error *reterr)
{
	const struct listener_options options = {
		.uri = uri, .token = NO_TOKEN, .client_id = "", .ca_file = doctor->options->ca_file
	};
	struct listener *listener = NULL;
	bool is_open = listener_open(&options, &listener, reterr) == CW_OK;

	listener_close(listener);
	return is_open;
}

static void tell_unreachable(struct doctor *doctor, const char *uri, const char *reason)
{
	char holder[160];
	bool is_held = doctor->settings.broker_uri[0] == '\0' &&
		       holder_of_port((int)doctor->settings.mqtt_port, holder, sizeof(holder));

	doctor_fail(doctor, "broker", "%s cannot be reached: %s%s%s", uri, reason,
		    is_held ? "; the port is held by " : "", is_held ? holder : "");
	doctor_next(doctor, "convwire up --dir %s, or systemctl start convwire-mosquitto; its log says why it stopped",
		    doctor->dir);
}

static void tell_refused(struct doctor *doctor, const char *uri, const struct cw_error *error)
{
	doctor_fail(doctor, "broker", "%s refuses this directory's key: %s", uri, error->text);
	doctor_next(
		doctor,
		"compare plugin_opt_keys in its mosquitto.conf with the output of convwire broker-conf --dir %s; restart it",
		doctor->dir);
}

static void tell_plugin(struct doctor *doctor, const json_t *stats)
{
	if (!json_is_true(json_object_get(stats, "loaded"))) {
		doctor_fail(doctor, "plugin", "has no tables from the daemon yet: agents are refused until they arrive");
		doctor_next_log(doctor, "convwired", "broker:", "why the publisher is not connected");
		return;
	}
	doctor_ok(doctor, "plugin",
		  "is active: %" JSON_INTEGER_FORMAT " connections, %" JSON_INTEGER_FORMAT
		  " assignments, %" JSON_INTEGER_FORMAT " revocations",
		  json_integer_value(json_object_get(stats, "live")),
		  json_integer_value(json_object_get(stats, "assignments")),
		  json_integer_value(json_object_get(stats, "revocations")));
}

static void check_plugin(struct doctor *doctor, const char *uri)
{
	struct cw_error error;
	json_t *command = json_pack("{s:s}", "command", "stats");
	json_t *stats = NULL;
	enum cw_status status = cli_ask_broker(doctor->dir, command, &stats, &error);

	json_decref(command);
	if (status == CW_OK) {
		doctor_ok(doctor, "broker", "%s runs Convwire's plugin with this directory's keys", uri);
		tell_plugin(doctor, stats);
	} else {
		tell_refused(doctor, uri, &error);
	}
	json_decref(stats);
}

/* The publisher's own view of the same broker. */
static void check_publisher(struct doctor *doctor)
{
	if (!doctor->is_daemon_running) {
		return;
	}
	if (!metric(doctor, "broker_connected")) {
		doctor_fail(doctor, "publisher", "is not connected to the broker: %" PRId64 " events are waiting",
			    metric(doctor, "publish_lag_events"));
		doctor_next_log(doctor, "convwired", "broker:", "the reason");
	} else if (metric(doctor, "publish_lag_milliseconds") > MAX_LAG_MS) {
		doctor_fail(doctor, "publisher",
			    "is behind: %" PRId64 " events waiting, the oldest for %" PRId64
			    " s: agents see messages late",
			    metric(doctor, "publish_lag_events"), metric(doctor, "publish_lag_milliseconds") / 1000);
		doctor_next(
			doctor,
			"check with top that mosquitto has a CPU core; check the disk, and the network between it and %s",
			doctor->dir);
	} else if (metric(doctor, "publishes_refused_total")) {
		doctor_fail(doctor, "publisher", "%" PRId64 " publishes have been refused by the broker since the start",
			    metric(doctor, "publishes_refused_total"));
		doctor_next_log(doctor, "mosquitto", "publish_refused",
				"the reason; if there is none, another plugin or acl_file comes before Convwire's");
	} else {
		doctor_ok(doctor, "publisher", "is connected; %" PRId64 " events published, %" PRId64 " waiting",
			  metric(doctor, "published_total"), metric(doctor, "publish_lag_events"));
	}
}

void doctor_check_broker(struct doctor *doctor)
{
	char uri[300];
	struct cw_error error;

	if (settings_broker_uri(&doctor->settings, uri, sizeof(uri), &error) != CW_OK) {
		doctor_fail(doctor, "broker", "%s", error.text);
		doctor_next(doctor, "shorten it in %s/convwire.conf", doctor->dir);
		return;
	}
	if (lets_strangers_in(doctor, uri, &error)) {
		char holder[160];
		bool is_held = holder_of_port((int)doctor->settings.mqtt_port, holder, sizeof(holder));

		doctor_fail(doctor, "broker",
			    "the program at %s accepts anyone: it is not the broker with Convwire's plugin%s%s", uri,
			    is_held ? ", but " : "", is_held ? holder : "");
		doctor_next(
			doctor,
			"systemctl disable --now mosquitto (Debian starts it automatically), or choose another mqtt_port");
	} else if (error.status == CW_DENIED) {
		check_plugin(doctor, uri);
	} else {
		tell_unreachable(doctor, uri, error.text);
	}
	check_publisher(doctor);
}
