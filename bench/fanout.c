/* SPDX-License-Identifier: MIT */
/*
 * What does one delivery cost the broker, how many deliveries are there per second, how late are they?
 *
 * N subscribers to one filter; one publisher keeps a window of QoS 1 messages under way. A message is under way until
 * all subscribers have it, so that nothing queues and no full queue drops anything. The broker's CPU time is read
 * before and after the measured messages; connecting, loading the table and a warm-up come first. Prints one JSON line
 * per measurement for bench/fanout.mjs.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/text.h"
#include "crowd.h"
#include "publisher.h"

#define SETTLE_NS 20000000
#define GIVE_UP_NS 3000000000 /* without any delivery: then the rest is lost */

struct fanout {
	struct crowd_options options;
	const char *topic, *topics_file;
	int64_t messages, milliseconds, warmup, window;
	bool is_asked;

	struct crowd crowd;
	struct publisher publisher;
	char *topics_text;
	char **topics;
	int64_t n_topics, n_published, n_delivered, n_wrong;
	int64_t last_ns; /* time of the last delivery */
	int64_t *late_ns;
	int64_t n_late, room;
};

static void on_message(void *context, struct crowd_member *member, int64_t due_ns, int64_t index)
{
	struct fanout *fanout = context;

	fanout->last_ns = wire_now_ns();
	fanout->n_wrong += index != member->last + 1;
	fanout->n_delivered++;
	if (fanout->n_late == fanout->room) {
		fanout->room = fanout->room * 2 + 65536;
		fanout->late_ns = realloc(fanout->late_ns, (size_t)fanout->room * sizeof(*fanout->late_ns));
		if (!fanout->late_ns) {
			wire_fail("memory");
		}
	}
	fanout->late_ns[fanout->n_late++] = fanout->last_ns - due_ns;
}

static void read_topics(struct fanout *fanout)
{
	char *text = fanout->topics_file ? crowd_read_file(fanout->topics_file) : strdup(fanout->topic);
	int64_t n = 1;

	fanout->topics_text = text;
	for (const char *at = text; at && *at; at++) {
		n += *at == '\n';
	}
	fanout->topics = calloc((size_t)n, sizeof(*fanout->topics));
	if (!text || !fanout->topics) {
		wire_fail("memory");
	}
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line != '\0';) {
		fanout->topics[fanout->n_topics++] = line;
	}
}

static void connect_all(struct fanout *fanout)
{
	while (!crowd_is_here(&fanout->crowd)) {
		(void)wire_run(fanout->crowd.epoll_fd, 256, crowd_step(&fanout->crowd) ? 0 : 100);
	}
	if (fanout->crowd.n_gone > 0) {
		(void)fprintf(stderr, "fanout: %lld refused\n", (long long)fanout->crowd.n_gone);
		exit(1);
	}
}

static void publish_next(struct fanout *fanout)
{
	const char *topic = fanout->topics[fanout->n_published % fanout->n_topics];

	publisher_send(&fanout->publisher, topic, wire_now_ns(), fanout->n_published++);
}

/* Publishes `messages` messages or until `end_ns`, and waits until all have arrived. */
static void publish(struct fanout *fanout, int64_t messages, int64_t end_ns)
{
	const int64_t size = fanout->options.size;
	const int64_t last = messages > 0 ? fanout->n_published + messages : INT64_MAX;
	bool is_over = false;

	fanout->last_ns = wire_now_ns();
	while (!is_over || fanout->n_delivered < fanout->n_published * size ||
	       fanout->publisher.n_acked < fanout->n_published) {
		const int64_t now_ns = wire_now_ns();

		is_over = is_over || fanout->n_published >= last || now_ns >= end_ns;
		if (now_ns - fanout->last_ns > GIVE_UP_NS) {
			return;
		}
		while (!is_over && fanout->n_published - fanout->n_delivered / size < fanout->window) {
			publish_next(fanout);
			is_over = fanout->n_published >= last;
		}
		(void)wire_run(fanout->crowd.epoll_fd, 256, 100);
	}
}

/* The broker still has to handle the last acknowledgements. */
static void let_settle(const struct fanout *fanout)
{
	const int64_t end_ns = wire_now_ns() + SETTLE_NS;

	while (wire_now_ns() < end_ns) {
		(void)wire_run(fanout->crowd.epoll_fd, 256, 5);
	}
}

static void measure(struct fanout *fanout)
{
	const int64_t published = fanout->n_published;
	const int64_t delivered = fanout->n_delivered;
	const int64_t cpu_ns = crowd_cpu_ns(fanout->options.pid);
	const int64_t started_ns = wire_now_ns();

	fanout->n_late = 0;
	publish(fanout, fanout->messages, fanout->messages > 0 ? INT64_MAX : started_ns + fanout->milliseconds * 1000000);

	const double took_s = (double)(fanout->last_ns - started_ns) / 1e9;

	let_settle(fanout);
	const double used_ns = (double)(crowd_cpu_ns(fanout->options.pid) - cpu_ns);
	const int64_t messages = fanout->n_published - published;
	const int64_t n = fanout->n_delivered - delivered;

	(void)printf("{\"subscribers\":%lld,\"messages\":%lld,\"deliveries\":%lld,\"lost\":%lld,\"wrong\":%lld,"
		     "\"seconds\":%.3f,\"per_second\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
		     "\"broker_ns_per_delivery\":%.0f,\"broker_load\":%.2f}\n",
		     (long long)fanout->options.size, (long long)messages, (long long)n,
		     (long long)(messages * fanout->options.size - n), (long long)fanout->n_wrong, took_s,
		     (double)n / took_s, (double)crowd_quantile(fanout->late_ns, fanout->n_late, 0.5) / 1e6,
		     (double)crowd_quantile(fanout->late_ns, fanout->n_late, 0.99) / 1e6,
		     n > 0 ? used_ns / (double)n : 0, used_ns / 1e9 / took_s);
	(void)fflush(stdout);
}

static void measure_when_asked(struct fanout *fanout)
{
	char line[16];

	while (fgets(line, sizeof(line), stdin)) {
		measure(fanout);
	}
}

/* ---- options ---- */

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct fanout *fanout = state->input;
	int64_t *number = NULL;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &fanout->options;
		return 0;
	case 'T':
		fanout->topic = argument;
		return 0;
	case 'F':
		fanout->topics_file = argument;
		return 0;
	case 'a':
		fanout->is_asked = true;
		return 0;
	case 'm':
		number = &fanout->messages;
		break;
	case 'd':
		number = &fanout->milliseconds;
		break;
	case 'u':
		number = &fanout->warmup;
		break;
	case 'k':
		number = &fanout->window;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return cw_text_to_int64(argument, number) == CW_OK ? 0 : EINVAL;
}

int main(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "topic", 'T', "T", 0, "the topic to publish on", 0 },
		{ "topics", 'F', "FILE", 0, "instead of --topic: one topic per line, used in turn", 0 },
		{ "messages", 'm', "N", 0, "measured messages", 0 },
		{ "milliseconds", 'd', "N", 0, "instead of --messages: how long to publish (3000)", 0 },
		{ "warmup", 'u', "N", 0, "messages before that (100)", 0 },
		{ "ask", 'a', NULL, 0, "measure once for each line of standard input", 0 },
		{ "window", 'k', "N", 0, "messages under way (20)", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp_child children[] = { { &crowd_argp, 0, NULL, 0 }, { NULL, 0, NULL, 0 } };
	static const struct argp argp = { rows, parse, NULL, "One publisher, many subscribers.", children, NULL, NULL };
	static struct fanout fanout = { .milliseconds = 3000, .warmup = 100, .window = 20 };

	crowd_options_init(&fanout.options);
	(void)argp_parse(&argp, argc, argv, 0, NULL, &fanout);
	crowd_options_check(&fanout.options);
	if (!fanout.options.filter || (!fanout.topic && !fanout.topics_file)) {
		(void)fprintf(stderr, "fanout: --filter, and --topic or --topics, are required\n");
		return 64;
	}
	const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	read_topics(&fanout);
	publisher_init(&fanout.publisher, &fanout.options, epoll_fd);
	fanout.crowd.on_message = on_message;
	fanout.crowd.context = &fanout;
	crowd_init(&fanout.crowd, &fanout.options, epoll_fd);
	connect_all(&fanout);
	publish(&fanout, fanout.warmup, INT64_MAX);
	if (fanout.is_asked) {
		measure_when_asked(&fanout);
	} else {
		measure(&fanout);
	}
	return 0;
}
