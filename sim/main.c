/* SPDX-License-Identifier: MIT */
/*
 * convwire-sim: a simulated WhatsApp for demonstrations and tests. Parses options, opens everything in order, reports
 * readiness, waits for a signal.
 */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <curl/curl.h>

#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "sim/graph.h"

__attribute__((visibility("default"))) const char *argp_program_version = "convwire-sim " CW_VERSION;

#define MAX_NUMBERS 32
enum { N_ROUTES = 11 };

struct options {
	const char *address, *webhook, *app_secret, *app_secret_file, *token, *token_file;
	const char *numbers[MAX_NUMBERS];
	size_t n_numbers;
	const char *templates[MAX_NUMBERS];
	size_t n_templates;
	int64_t port;
	int64_t ready_fd;    /* -1: none */
	int64_t n_customers; /* who write at the start */
	bool customers_answer;
};

enum {
	KEY_PORT = 256,
	KEY_ADDRESS,
	KEY_READY_FD,
	KEY_SECRET,
	KEY_SECRET_FILE,
	KEY_TOKEN,
	KEY_TOKEN_FILE,
	KEY_ANSWER,
	KEY_TEMPLATE,
	KEY_CUSTOMERS
};

static const struct argp_option rows[] = {
	{ "address", KEY_ADDRESS, "IP", 0, "listen on this address (127.0.0.1)", 0 },
	{ "port", KEY_PORT, "PORT", 0, "TCP port; 0 (the default): the kernel chooses", 0 },
	{ "webhook", 'w', "URL", 0, "Convwire's webhook URL (http://127.0.0.1:8080/webhook)", 0 },
	{ "number", 'n', "ID", 0, "a simulated phone_number_id; may be repeated", 0 },
	{ "app-secret", KEY_SECRET, "TEXT", 0, "the secret that signs webhooks; for tests", 0 },
	{ "app-secret-file", KEY_SECRET_FILE, "FILE", 0, "the same from a file's first line", 0 },
	{ "token", KEY_TOKEN, "TEXT", 0, "the access token to accept; for tests", 0 },
	{ "token-file", KEY_TOKEN_FILE, "FILE", 0, "the same from a file's first line", 0 },
	{ "template", KEY_TEMPLATE, "NAME[=TEXT]", 0,
	  "a template that exists, and its body (Hello {{1}}); may be repeated (default: all exist)", 0 },
	{ "customers", KEY_CUSTOMERS, "N", 0, "how many customers write at the start, at most 5 (0)", 0 },
	{ "customers-answer", KEY_ANSWER, NULL, 0, "customers answer messages", 0 },
	{ "ready-fd", KEY_READY_FD, "FD", 0, "when ready, write `http=PORT` and a newline to this descriptor", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static void parse_number(struct argp_state *state, const char *text, int64_t max, int64_t *ret_value)
{
	if (cw_text_to_int64(text, ret_value) != CW_OK || *ret_value < 0 || *ret_value > max) {
		argp_error(state, "\"%s\" is not a number from 0 to %lld", text, (long long)max);
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_PORT:
		parse_number(state, argument, 65535, &options->port);
		return 0;
	case KEY_READY_FD:
		parse_number(state, argument, 1023, &options->ready_fd);
		return 0;
	case KEY_ADDRESS:
		options->address = argument;
		return 0;
	case 'w':
		options->webhook = argument;
		return 0;
	case 'n':
		if (options->n_numbers == MAX_NUMBERS) {
			argp_error(state, "at most %d numbers", MAX_NUMBERS);
		}
		options->numbers[options->n_numbers++] = argument;
		return 0;
	case KEY_TEMPLATE:
		if (options->n_templates == MAX_NUMBERS) {
			argp_error(state, "at most %d templates", MAX_NUMBERS);
		}
		options->templates[options->n_templates++] = argument;
		return 0;
	case KEY_SECRET:
		options->app_secret = argument;
		return 0;
	case KEY_SECRET_FILE:
		options->app_secret_file = argument;
		return 0;
	case KEY_TOKEN:
		options->token = argument;
		return 0;
	case KEY_TOKEN_FILE:
		options->token_file = argument;
		return 0;
	case KEY_CUSTOMERS:
		parse_number(state, argument, 5, &options->n_customers);
		return 0;
	case KEY_ANSWER:
		options->customers_answer = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument \"%s\"", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Reads a secret from its option, or from the first line of the file named by the other option. */
static enum cw_status read_secret(const char *text, const char *file, const char *what, char *out, size_t size,
				  struct cw_error *reterr)
{
	if (file) {
		return cw_file_read_line(file, out, size, reterr);
	}
	return text && cw_text_copy(out, size, text) ? CW_OK : cw_error_set(reterr, CW_INVALID, "%s is missing", what);
}

static enum cw_status fill(struct sim *sim, const struct options *options, struct cw_error *reterr)
{
	char secret[1025];
	char token[1025];
	enum cw_status status = read_secret(options->app_secret, options->app_secret_file, "--app-secret-file", secret,
					    sizeof(secret), reterr);

	if (status == CW_OK) {
		status = read_secret(options->token, options->token_file, "--token-file", token, sizeof(token), reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	sim->world.customers_answer = options->customers_answer;
	bool is_filled = json_array_append_new(sim->world.tokens, json_string(token)) == 0 &&
			 json_object_set_new(sim->world.app, "secret", json_string(secret)) == 0;

	for (size_t i = 0; i < options->n_numbers; i++) {
		is_filled = json_object_set_new(sim->world.numbers, options->numbers[i], json_string("15550783881")) ==
				    0 &&
			    is_filled;
	}
	for (size_t i = 0; i < options->n_templates; i++) {
		const char *text = strchr(options->templates[i], '=');
		size_t len = strcspn(options->templates[i], "=");

		is_filled = json_array_append_new(sim->world.templates,
						  json_pack("{s:s%, s:s, s:s, s:s, s:s, s:[{s:s, s:s}]}", "name",
							    options->templates[i], len, "language", "en_US", "status",
							    "APPROVED", "category", "UTILITY", "id", "806312974732579",
							    "components", "type", "BODY", "text",
							    text ? text + 1 : "Hello {{1}}")) == 0 &&
			    is_filled;
	}
	sim->post = is_filled ? post_create(options->webhook, secret) : NULL;
	return sim->post ? CW_OK : cw_error_set(reterr, CW_NOMEM, "out of memory");
}

static enum cw_status listen_http(struct sim *sim, const struct options *options, const struct cw_http_route *routes,
				  struct cw_error *reterr)
{
	const struct cw_http_options http = {
		.address = options->address,
		.port = (int)options->port,
		.n_threads = 1,
		.max_connections = 1000,
		.max_body_bytes = 4LL * SIM_MAX_BODY,
		.routes = routes,
		.n_routes = N_ROUTES,
	};
	enum cw_status status = cw_http_start(&http, &sim->http, reterr);

	if (status == CW_OK &&
	    !cw_text_format(sim->url, sizeof(sim->url), "http://%s:%d", options->address, cw_http_port(sim->http))) {
		status = CW_INVALID; /* it fits */
	}
	return status;
}

static void say_ready(const struct sim *sim, const struct options *options)
{
	char line[32];

	cw_log_info("ready, http=%s:%d", options->address, cw_http_port(sim->http));
	if (options->ready_fd >= 0 && cw_text_format(line, sizeof(line), "http=%d\n", cw_http_port(sim->http)) &&
	    write((int)options->ready_fd, line, strlen(line)) < 0) {
		cw_log_warn("cannot write to --ready-fd, ignoring");
	}
	if (options->ready_fd >= 0) {
		(void)close((int)options->ready_fd);
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = { rows, parse,
					  NULL, "A simulated WhatsApp, for demonstrations and tests. docs/simulator.md",
					  NULL, NULL,
					  NULL };
	static struct sim sim;
	struct options options = { .address = "127.0.0.1", .webhook = "http://127.0.0.1:8080/webhook", .ready_fd = -1 };
	const struct cw_http_route routes[N_ROUTES] = {
		{ "POST", "/{}/{}/messages", 1024 * 1024, NULL, graph_messages, &sim, NULL },
		{ "POST", "/{}/{}/media", SIM_MAX_BODY, NULL, graph_upload, &sim, NULL },
		{ "GET", "/{}/{}/message_templates", 0, NULL, graph_templates, &sim, NULL },
		{ "GET", "/{}/{}/subscribed_apps", 0, NULL, graph_subscribed, &sim, NULL },
		{ "GET", "/sim/file/{}", 0, NULL, graph_download, &sim, NULL },
		{ "GET", "/sim/ledger", 0, NULL, people_ledger, &sim, NULL },
		{ "POST", "/sim/write", 16 * 1024 * 1024, NULL, people_write, &sim, NULL },
		{ "POST", "/sim/batch", 4096, NULL, people_write_batch, &sim, NULL },
		{ "POST", "/sim/behave", 65536, NULL, people_behave, &sim, NULL },
		{ "DELETE", "/sim/behave", 0, NULL, people_behave_well, &sim, NULL },
		{ "GET", "/{}/{}", 0, NULL, graph_ask, &sim, NULL },
	};
	struct cw_error error = { .text = "out of memory" };
	sigset_t signals;
	int number = 0;

	argp_err_exit_status = EX_USAGE;
	(void)argp_parse(&argp, argc, argv, 0, NULL, &options);
	cw_log_init("convwire-sim", CW_LOG_INFO);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL); /* before any thread starts */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows at the first transfer */
	bool is_open = world_init(&sim.world) && fill(&sim, &options, &error) == CW_OK &&
		       listen_http(&sim, &options, routes, &error) == CW_OK;

	if (!is_open) {
		cw_log_error("not started: %s", error.text);
		return error.status == CW_BUSY ? EX_UNAVAILABLE : EX_CONFIG;
	}
	say_ready(&sim, &options);
	people_begin(&sim, options.n_customers);
	(void)sigwait(&signals, &number);
	cw_http_quiesce(sim.http);
	post_stop(sim.post);
	cw_http_stop(sim.http);
	post_destroy(sim.post);
	return EX_OK;
}
