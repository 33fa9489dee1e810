/* SPDX-License-Identifier: MIT */
#include "daemon/settings.h"

#include <limits.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"

/* clang-format off */
#define TEXT(member, fallback, help) \
	{ #member, CW_CONF_TEXT, offsetof(struct settings, member), fallback, 0, 0, help }
#define INT(member, fallback, min, max, help) \
	{ #member, CW_CONF_INT, offsetof(struct settings, member), fallback, min, max, help }

static const struct cw_conf_key keys[] = {
	INT(access_token_s, "900", 60, 86400, "seconds that a signed-in agent's token is valid; renewed automatically"),
	TEXT(broker_uri, "", "MQTT broker, e.g. tcp://host:1883; empty: mqtt_address at mqtt_port"),
	TEXT(cors_origins, "", "origins of other pages that may use the API, e.g. https://shop.example.com"),
	TEXT(dashboard, "", "folder of the dashboard's files; empty: next to the programs"),
	{ "demo", CW_CONF_BOOL, offsetof(struct settings, demo), "no", 0, 0, "made by `init --demo`, for `up --demo` only" },
	INT(event_retention_s, "2592000", 0, 315360000,
	    "seconds to keep the event log; clients that were away longer reload everything; 0: forever"),
	TEXT(graph_url, "https://graph.facebook.com/v24.0", "URL of WhatsApp's Graph API, with its version"),
	TEXT(http_address, "127.0.0.1", "IP address of the HTTP listener"),
	INT(http_port, "8080", 0, 65535, "TCP port of the HTTP listener; 0: the kernel chooses"),
	INT(http_threads, "2", 1, 64, "threads of the HTTP listener"),
	{ "log_level", CW_CONF_LEVEL, offsetof(struct settings, log_level), "info", 0, 0, "error, warn, info or debug" },
	INT(max_body_mb, "64", 4, 4096, "MB of request bodies being received, in total"),
	INT(max_connections, "2000", 8, 100000, "HTTP connections"),
	INT(media_max_mb, "100", 1, 1000, "MB above which a customer's file is not downloaded"),
	INT(media_min_free_mb, "1024", 1, 1000000, "MB of free disk space below which no file is downloaded or accepted"),
	TEXT(metrics_address, "127.0.0.1", "IP address of the /metrics listener"),
	INT(metrics_port, "0", 0, 65535, "TCP port of the /metrics listener; 0: control socket only"),
	TEXT(mosquitto, "/usr/sbin/mosquitto", "the broker that `up` runs"),
	TEXT(mqtt_address, "127.0.0.1", "IP address of the broker's listeners"),
	INT(mqtt_port, "1883", 1, 65535, "TCP port of the broker's MQTT listener"),
	TEXT(mqtt_public_url, "", "the broker's WebSocket URL for browsers; empty: ws://, the host they asked, ws_port"),
	TEXT(plugin, "", "path of convwire_auth.so; empty: next to the programs"),
	TEXT(public_url, "", "this server's URL for browsers, e.g. https://chat.example.com; cookies are then secure"),
	INT(publish_window, "100", 1, 1000, "publishes in flight; the broker's Receive Maximum lowers it"),
	INT(queue_max_age_ms, "5000", 100, 600000,
	    "age in ms of the oldest waiting webhook from which on webhooks are answered 503"),
	INT(queue_max_mb, "64", 1, 4096, "MB of waiting webhooks from which on webhooks are answered 503"),
	TEXT(read_receipts, "open", "when WhatsApp is told that a message was read: open, reply or never"),
	INT(request_timeout_ms, "30000", 100, 600000, "ms to wait for a response from the Graph API"),
	INT(send_rate, "80", 1, 1000, "messages per second per number, as allowed by Meta"),
	TEXT(simulated_number, "", "phone_number_id that `simulate` writes to"),
	INT(unknown_hold_ms, "30000", 0, 3600000, "ms that a message in state unknown delays those behind it"),
	INT(ws_port, "9001", 1, 65535, "TCP port of the broker's WebSocket listener"),
};
#undef TEXT
#undef INT
/* clang-format on */

const struct cw_conf_table settings_table = { keys, sizeof(keys) / sizeof(keys[0]) };

enum cw_status settings_path(const char *dir, const char *name, char *out, size_t size, struct cw_error *reterr)
{
	return cw_text_format(out, size, "%s/%s", dir, name) ?
		       CW_OK :
		       cw_error_set(reterr, CW_INVALID, "%s: path too long", dir);
}

enum cw_status settings_load(const char *dir, struct settings *settings, struct cw_error *reterr)
{
	char path[PATH_MAX];

	*settings = (struct settings){ .http_port = 0 };
	enum cw_status status = cw_conf_defaults(&settings_table, settings, reterr);

	if (status == CW_OK) {
		status = settings_path(dir, "convwire.conf", path, sizeof(path), reterr);
	}
	if (status == CW_OK) {
		status = cw_conf_load(&settings_table, path, settings, reterr);
	}
	if (status == CW_NOT_FOUND) {
		return cw_error_set(reterr, CW_NOT_FOUND, "%s not found; `convwire init --dir %s` creates it", path, dir);
	}
	return status;
}

const struct settings_port_name settings_ports[SETTINGS_N_PORTS] = {
	[SETTINGS_HTTP_PORT] = { "http_port", "--http-port" },
	[SETTINGS_MQTT_PORT] = { "mqtt_port", "--mqtt-port" },
	[SETTINGS_WS_PORT] = { "ws_port", "--ws-port" },
};

int64_t *settings_port(struct settings *settings, enum settings_port port)
{
	int64_t *const places[SETTINGS_N_PORTS] = { &settings->http_port, &settings->mqtt_port, &settings->ws_port };

	return places[port];
}

enum cw_status settings_override_ports(struct settings *settings, const char *const given[SETTINGS_N_PORTS],
				       struct cw_error *reterr)
{
	enum cw_status status = CW_OK;

	for (int i = 0; status == CW_OK && i < SETTINGS_N_PORTS; i++) {
		if (given[i]) {
			status = cw_conf_set_as(&settings_table, settings, settings_ports[i].key,
						settings_ports[i].option, given[i], reterr);
		}
	}
	return status;
}

bool settings_http_url(const struct settings *settings, const char *path, char *out, size_t size)
{
	char base[100];

	return cw_place_url("http", settings->http_address, (int)settings->http_port, base, sizeof(base)) &&
	       cw_text_format(out, size, "%s%s", base, path);
}

struct cw_broker_place settings_broker_place(const struct settings *settings)
{
	return (struct cw_broker_place){ .uri = settings->broker_uri,
					 .address = settings->mqtt_address,
					 .mqtt_port = (int)settings->mqtt_port,
					 .ws_port = (int)settings->ws_port,
					 .public_url = settings->mqtt_public_url };
}

enum cw_status settings_broker_uri(const struct settings *settings, char *out, size_t size, struct cw_error *reterr)
{
	const struct cw_broker_place place = settings_broker_place(settings);

	return cw_broker_place_uri(&place, out, size) ?
		       CW_OK :
		       cw_error_set(reterr, CW_INVALID, "broker_uri: longer than %zu characters", size - 1);
}

enum cw_status settings_dashboard(const struct settings *settings, char *out, size_t size, struct cw_error *reterr)
{
	char folder[PATH_MAX];

	if (settings->dashboard[0]) {
		return cw_text_copy(out, size, settings->dashboard) ?
			       CW_OK :
			       cw_error_set(reterr, CW_INVALID, "dashboard: path too long");
	}
	enum cw_status status = cw_file_program_folder(folder, sizeof(folder), reterr);

	return status == CW_OK ? settings_path(folder, "../share/convwire/dashboard", out, size, reterr) : status;
}

void settings_finish(struct settings *settings)
{
	cw_conf_finish(&settings_table, settings);
}
