/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include "core/broker_place.h"
#include "core/conf.h"
#include "core/log.h"

/*
 * DIR/convwire.conf: the settings of convwired and of the `convwire` command, in one table (docs/convwire.conf.5).
 * Filled before any thread starts; read-only afterwards.
 */
struct settings {
	int64_t access_token_s;
	char *broker_uri;          /* "": the broker that `up` runs, tcp://mqtt_address:mqtt_port */
	char *cors_origins;        /* other pages' origins that may use the API, separated by spaces or commas */
	bool demo;                 /* made by `init --demo`: for `up --demo` only */
	int64_t event_retention_s; /* 0: events are kept forever */
	char *dashboard;           /* directory of the pages; "": next to the program */
	char *graph_url;           /* the Graph API's URL, with its version */
	char *http_address;
	int64_t http_port;
	int64_t http_threads;
	enum cw_log_level log_level;
	int64_t max_body_mb;
	int64_t max_connections;
	int64_t media_max_mb;
	int64_t media_min_free_mb;
	char *metrics_address;
	int64_t metrics_port; /* 0: /metrics on the control socket only */
	char *mosquitto;      /* the broker's executable */
	char *mqtt_address;
	int64_t mqtt_port;
	char *mqtt_public_url; /* "": ws://, the host in the page's request, ws_port */
	char *plugin;          /* "": next to the program */
	char *public_url;      /* this server's URL for browsers; "": unknown */
	int64_t publish_window;
	int64_t queue_max_age_ms;
	int64_t queue_max_mb;
	char *read_receipts; /* open, reply or never */
	int64_t request_timeout_ms;
	int64_t send_rate;
	char *simulated_number; /* the number that `simulate` writes to; "": none */
	int64_t unknown_hold_ms;
	int64_t ws_port;
};

extern const struct cw_conf_table settings_table;

/* Loads the defaults, then DIR/convwire.conf. CW_NOT_FOUND: the text says to run init; CW_INVALID: file:line. */
CW_MUST_CHECK enum cw_status settings_load(const char *dir, struct settings *settings, struct cw_error *reterr);

/*
 * The ports that can be overridden for one run: option --http-port for the setting http_port, and so on. All code that
 * starts, prints or records a run uses this list, so that no port is forgotten anywhere.
 */
enum settings_port { SETTINGS_HTTP_PORT, SETTINGS_MQTT_PORT, SETTINGS_WS_PORT, SETTINGS_N_PORTS };
struct settings_port_name {
	const char *key, *option;
};
extern const struct settings_port_name settings_ports[SETTINGS_N_PORTS];
int64_t *settings_port(struct settings *settings, enum settings_port port);

/* Overrides the given ports; NULL leaves a port as configured. CW_INVALID names the option. */
CW_MUST_CHECK enum cw_status settings_override_ports(struct settings *settings,
						     const char *const given[SETTINGS_N_PORTS], struct cw_error *reterr);

/* The URL of the HTTP listener, for programs on this machine; path begins with a slash. false: it does not fit. */
CW_MUST_CHECK bool settings_http_url(const struct settings *settings, const char *path, char *out, size_t size);

/* Where the broker listens; borrows the settings' strings. */
struct cw_broker_place settings_broker_place(const struct settings *settings);

/* Calls cw_broker_place_uri for that place. CW_INVALID: broker_uri does not fit into size bytes. */
CW_MUST_CHECK enum cw_status settings_broker_uri(const struct settings *settings, char *out, size_t size,
						 struct cw_error *reterr);

/* Writes `DIR/name` to out. CW_INVALID: it does not fit. */
CW_MUST_CHECK enum cw_status settings_path(const char *dir, const char *name, char *out, size_t size,
					   struct cw_error *reterr);

/* Writes the dashboard's directory to out: as configured, or next to the running program. CW_INVALID, CW_IO. */
CW_MUST_CHECK enum cw_status settings_dashboard(const struct settings *settings, char *out, size_t size,
						struct cw_error *reterr);

void settings_finish(struct settings *settings);

#endif
