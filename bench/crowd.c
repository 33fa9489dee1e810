/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/text.h"
#include "publisher.h"

#define OPENED_AT_ONCE 32 /* half a millisecond: the program has other things to measure, too */

/* ---- options ---- */

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct crowd_options *options = state->input;
	const struct {
		int key;
		const char **text;
		int64_t *number;
	} places[] = { { 'f', &options->filter, NULL },    { 't', &options->tokens, NULL },
		       { 'P', &options->publisher, NULL }, { 'S', &options->setup, NULL },
		       { 'p', NULL, &options->port },      { 'o', NULL, &options->publisher_port },
		       { 'V', NULL, &options->version },   { 'n', NULL, &options->size },
		       { 'j', NULL, &options->parallel },  { 'i', NULL, &options->pid },
		       { 'b', NULL, &options->payload } };

	if (key == 'w') {
		options->is_ws = true;
		return 0;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].key == key && places[i].text) {
			*places[i].text = argument;
			return 0;
		}
		if (places[i].key == key) {
			return cw_text_to_int64(argument, places[i].number) == CW_OK ? 0 : EINVAL;
		}
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option rows[] = {
	{ "port", 'p', "N", 0, "the broker's port, on 127.0.0.1", 0 },
	{ "publisher-port", 'o', "N", 0, "the publisher's port, over TCP (same as --port)", 0 },
	{ "ws", 'w', NULL, 0, "over WebSocket", 0 },
	{ "version", 'V', "N", 0, "4 (MQTT 3.1.1) or 5 (5)", 0 },
	{ "subscribers", 'n', "N", 0, "(100)", 0 },
	{ "filter", 'f', "F", 0, "the topic filter to subscribe to, QoS 1", 0 },
	{ "tokens", 't', "FILE", 0, "`clientid token` per line", 0 },
	{ "publisher", 'P', "\"ID TOKEN\"", 0, "the publisher's", 0 },
	{ "setup", 'S', "FILE", 0, "`topic payload` per line, sent first; then waits for `loaded`", 0 },
	{ "parallel", 'j', "N", 0, "how many connect at once (100)", 0 },
	{ "payload", 'b', "BYTES", 0, "(600)", 0 },
	{ "pid", 'i', "PID", 0, "the broker's process, for its CPU time", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};
const struct argp crowd_argp = { rows, parse, NULL, NULL, NULL, NULL, NULL };

void crowd_options_init(struct crowd_options *options)
{
	*options = (struct crowd_options){ .version = 5, .size = 100, .parallel = 100, .payload = 600 };
}

void crowd_options_check(const struct crowd_options *options)
{
	if (options->port == 0 || !options->tokens || !options->publisher) {
		(void)fprintf(stderr, "--port, --tokens and --publisher are required\n");
		exit(64);
	}
}

char *crowd_read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	/* Reads up to a NUL, which is the whole file. */
	if (!file || getdelim(&text, &room, '\0', file) < 0 || fclose(file) != 0) {
		wire_fail(path);
	}
	return text;
}

int64_t crowd_cpu_ns(int64_t pid)
{
	clockid_t clock = 0;
	struct timespec used = { 0 };

	if (pid > 0 && (clock_getcpuclockid((pid_t)pid, &clock) != 0 || clock_gettime(clock, &used) != 0)) {
		wire_fail("the broker's CPU clock");
	}
	return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static int compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one;
	int64_t b = *(const int64_t *)other;

	return (a > b) - (a < b);
}

int64_t crowd_quantile(int64_t *values, int64_t n, double share)
{
	if (n == 0) {
		return 0;
	}
	qsort(values, (size_t)n, sizeof(*values), compare);
	return values[(int64_t)((double)(n - 1) * share)];
}

/* ---- members ---- */

static struct crowd *crowd_of(const struct wire *wire)
{
	return wire->owner;
}

/* wire is the first member of struct crowd_member. */
static struct crowd_member *member_of(struct wire *wire)
{
	return (struct crowd_member *)wire;
}

static void become_ready(struct crowd *crowd, struct crowd_member *member)
{
	member->ready_ns = wire_now_ns();
	member->state = MEMBER_READY;
	crowd->n_coming--;
	crowd->n_ready++;
}

static void become_gone(struct crowd *crowd, struct crowd_member *member, int reason)
{
	if (member->state == MEMBER_COMING) {
		crowd->n_coming--;
	} else {
		crowd->n_ready--;
	}
	member->gone_ns = wire_now_ns();
	member->reason = reason;
	member->state = MEMBER_GONE;
	crowd->n_gone++;
}

static void on_connack(struct wire *wire, int reason)
{
	struct crowd *crowd = crowd_of(wire);

	if (reason != 0) {
		wire->reason = reason;
	} else if (crowd->options->filter) {
		wire_subscribe(wire, crowd->options->filter);
	} else {
		become_ready(crowd, member_of(wire));
	}
}

static void on_suback(struct wire *wire, int reason)
{
	if (reason != 0) {
		wire_close(wire);
		become_gone(crowd_of(wire), member_of(wire), reason);
		return;
	}
	become_ready(crowd_of(wire), member_of(wire));
}

static void on_puback(struct wire *wire, int reason)
{
	(void)wire; /* members publish nothing */
	(void)reason;
}

static void on_message(struct wire *wire, const struct wire_message *message)
{
	const struct crowd *crowd = crowd_of(wire);
	struct crowd_member *member = member_of(wire);
	int64_t due_ns = 0;
	int64_t index = 0;

	if (publisher_read(message, &due_ns, &index)) { /* otherwise it is a notice from the plugin */
		member->n_received++;
		crowd->on_message(crowd->context, member, due_ns, index);
		member->last = index;
	}
}

static void on_closed(struct wire *wire, int reason)
{
	become_gone(crowd_of(wire), member_of(wire), reason);
}

static const struct wire_events events = { on_connack, on_suback, on_puback, on_message, on_closed };

/* ---- the crowd ---- */

/* `clientid token` lines: member i uses line i mod n. */
static void share_tokens(struct crowd *crowd)
{
	const int64_t size = crowd->options->size;
	int64_t n = 0;

	for (char *rest = crowd->lines, *line; n < size && (line = strsep(&rest, "\n")) && *line != '\0'; n++) {
		crowd->members[n].wire.client_id = strsep(&line, " ");
		crowd->members[n].wire.token = line ? line : "";
	}
	if (n == 0) {
		wire_fail("no token");
	}
	for (int64_t i = n; i < size; i++) {
		crowd->members[i].wire.client_id = crowd->members[i % n].wire.client_id;
		crowd->members[i].wire.token = crowd->members[i % n].wire.token;
	}
}

void crowd_init(struct crowd *crowd, const struct crowd_options *options, int epoll_fd)
{
	crowd->options = options;
	crowd->epoll_fd = epoll_fd;
	crowd->lines = crowd_read_file(options->tokens);
	crowd->members = calloc((size_t)options->size, sizeof(*crowd->members));
	if (!crowd->members) {
		wire_fail("memory");
	}
	for (int64_t i = 0; i < options->size; i++) {
		struct wire *wire = &crowd->members[i].wire;

		wire->epoll_fd = epoll_fd;
		wire->port = options->port;
		wire->version = options->version;
		wire->is_ws = options->is_ws;
		wire->events = &events;
		wire->owner = crowd;
		wire->fd = -1;
		crowd->members[i].last = -1;
	}
	share_tokens(crowd);
}

static bool has_room(const struct crowd *crowd)
{
	return crowd->next < crowd->options->size && crowd->n_coming < crowd->options->parallel;
}

bool crowd_step(struct crowd *crowd)
{
	for (int i = 0; i < OPENED_AT_ONCE && has_room(crowd); i++) {
		struct crowd_member *member = &crowd->members[crowd->next++];

		member->state = MEMBER_COMING;
		member->started_ns = wire_now_ns();
		crowd->n_coming++;
		wire_open(&member->wire);
	}
	return has_room(crowd);
}

bool crowd_is_here(const struct crowd *crowd)
{
	return crowd->n_ready + crowd->n_gone == crowd->options->size;
}

void crowd_leave(struct crowd *crowd)
{
	for (int64_t i = 0; i < crowd->options->size; i++) {
		wire_close(&crowd->members[i].wire);
		crowd->members[i].state = MEMBER_IDLE;
	}
	crowd->n_coming = crowd->n_ready = crowd->n_gone = crowd->next = 0;
}
