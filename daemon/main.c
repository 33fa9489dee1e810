/* SPDX-License-Identifier: MIT */
/*
 * convwired: reads options and configuration, opens everything in order, reports readiness, waits for a signal, closes
 * everything in reverse order.
 */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/text.h"
#include "daemon/server.h"
#include "mqtt/mqtt.h"

/* argp finds it by name, so it must be exported although the tree is built with hidden visibility. */
__attribute__((visibility("default"))) const char *argp_program_version = "convwired " CW_VERSION;

struct options {
	const char *dir;
	const char *ports[SETTINGS_N_PORTS]; /* NULL: as configured */
	const char *metrics_port, *graph_url;
	int ready_fd; /* -1: none */
	bool prints_config;
};

enum {
	KEY_PORTS = 256,
	KEY_METRICS_PORT = KEY_PORTS + SETTINGS_N_PORTS,
	KEY_GRAPH_URL,
	KEY_READY_FD,
	KEY_PRINT_CONFIG
};

static const struct argp_option option_rows[] = {
	{ "dir", 'd', "DIR", 0, "the directory created by `convwire init` (./var)", 0 },
	{ "http-port", KEY_PORTS + SETTINGS_HTTP_PORT, "PORT", 0, "HTTP port for this run; 0: the kernel chooses", 0 },
	{ "mqtt-port", KEY_PORTS + SETTINGS_MQTT_PORT, "PORT", 0, "the broker's MQTT port for this run", 0 },
	{ "ws-port", KEY_PORTS + SETTINGS_WS_PORT, "PORT", 0, "the broker's WebSocket port for this run", 0 },
	{ "metrics-port", KEY_METRICS_PORT, "PORT", 0, "/metrics port for this run", 0 },
	{ "graph-url", KEY_GRAPH_URL, "URL", 0, "Graph API for this run: a simulated one", 0 },
	{ "ready-fd", KEY_READY_FD, "FD", 0, "write `http=PORT` and a newline to it when ready", 0 },
	{ "print-config", KEY_PRINT_CONFIG, NULL, 0, "print the effective settings and exit", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;
	int64_t fd = 0;

	switch (key) {
	case 'd':
		options->dir = argument;
		return 0;
	case KEY_PORTS + SETTINGS_HTTP_PORT:
	case KEY_PORTS + SETTINGS_MQTT_PORT:
	case KEY_PORTS + SETTINGS_WS_PORT:
		options->ports[key - KEY_PORTS] = argument;
		return 0;
	case KEY_METRICS_PORT:
		options->metrics_port = argument;
		return 0;
	case KEY_GRAPH_URL:
		options->graph_url = argument;
		return 0;
	case KEY_READY_FD:
		if (cw_text_to_int64(argument, &fd) != CW_OK || fd < 0 || fd > 1023) {
			argp_error(state, "--ready-fd %s: not a file descriptor", argument);
		}
		options->ready_fd = (int)fd;
		return 0;
	case KEY_PRINT_CONFIG:
		options->prints_config = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument \"%s\"", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int exit_code_of(enum cw_status status)
{
	switch (status) {
	case CW_OK:
		return EX_OK;
	case CW_INVALID:
	case CW_NOT_FOUND:
	case CW_DENIED: /* a privileged port */
		return EX_CONFIG;
	case CW_BUSY:
		return EX_UNAVAILABLE;
	case CW_NOMEM:
		return EX_OSERR;
	default:
		return EX_IOERR;
	}
}

static enum cw_status override(struct settings *settings, const char *key, const char *value, struct cw_error *reterr)
{
	return value ? cw_conf_set(&settings_table, settings, key, value, reterr) : CW_OK;
}

static enum cw_status load_settings(const struct options *options, struct settings *settings, struct cw_error *reterr)
{
	enum cw_status status = settings_load(options->dir, settings, reterr);

	if (status == CW_OK) {
		status = settings_override_ports(settings, options->ports, reterr);
	}
	if (status == CW_OK) {
		status = override(settings, "metrics_port", options->metrics_port, reterr);
	}
	return status == CW_OK ? override(settings, "graph_url", options->graph_url, reterr) : status;
}

static void print_config(const struct settings *settings)
{
	char value[1024];

	for (size_t i = 0; i < settings_table.n_keys; i++) {
		if (cw_conf_print(&settings_table.keys[i], settings, value, sizeof(value))) {
			(void)printf("%s = %s\n", settings_table.keys[i].name, value); /* to a terminal or pipe */
		}
	}
}

static void say_ready(int fd, const struct server *server)
{
	char line[32];

	if (fd < 0 || !cw_text_format(line, sizeof(line), "http=%d\n", server_http_port(server))) {
		return;
	}
	if (write(fd, line, strlen(line)) < 0) {
		cw_log_warn("nobody reads --ready-fd, ignoring");
	}
	(void)close(fd);
}

/* Call before any thread starts, so that all threads inherit the mask; signals are handled by sigwait below. */
static void block_signals(sigset_t *signals)
{
	(void)sigemptyset(signals);
	(void)sigaddset(signals, SIGTERM);
	(void)sigaddset(signals, SIGINT);
	(void)sigaddset(signals, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void wait_for_end(const sigset_t *signals, struct server *server)
{
	struct cw_error logged;
	int number = 0;

	for (;;) {
		(void)sigwait(signals, &number);
		if (number != SIGHUP) {
			break;
		}
		(void)server_reload(server, &logged);
	}
	cw_log_info("stopping, signal=%d", number);
}

int main(int argc, char **argv)
{
	static const struct argp argp = { option_rows, parse_option,
					  NULL,        "The Convwire daemon: webhooks in, events out, the API.",
					  NULL,        NULL,
					  NULL };
	struct options options = { .dir = "./var", .ready_fd = -1 };
	struct settings settings;
	struct server *server = NULL;
	struct cw_error error;
	sigset_t signals;

	(void)umask(077); /* keeps customers' messages from other users of this machine */
	argp_err_exit_status = EX_USAGE;
	(void)argp_parse(&argp, argc, argv, 0, NULL, &options);
	cw_log_init("convwired", CW_LOG_INFO);
	cw_mqtt_init();
	cw_memory_init();
	block_signals(&signals);
	enum cw_status status = load_settings(&options, &settings, &error);

	if (status == CW_OK && options.prints_config) {
		print_config(&settings);
		settings_finish(&settings);
		return EX_OK;
	}
	if (status == CW_OK) {
		cw_log_init("convwired", settings.log_level);
		status = server_open(options.dir, &settings, &server, &error);
	}
	if (status != CW_OK) {
		cw_log_error("not started: %s", error.text);
		settings_finish(&settings);
		return exit_code_of(status);
	}
	cw_log_info("ready, http=%s:%d", settings.http_address, server_http_port(server));
	say_ready(options.ready_fd, server);
	wait_for_end(&signals, server);
	server_close(server);
	settings_finish(&settings);
	return EX_OK;
}
