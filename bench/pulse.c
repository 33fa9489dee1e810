/* SPDX-License-Identifier: MIT */
#include "pulse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/text.h"

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct pulse_options *options = state->input;

	switch (key) {
	case 's':
		options->steady = argument;
		return 0;
	case 'T':
		options->topic = argument;
		return 0;
	case 'r':
		return cw_text_to_int64(argument, &options->rate) == CW_OK ? 0 : EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option rows[] = {
	{ "steady", 's', "FILE", 0, "`clientid token` of the steady subscriber", 0 },
	{ "topic", 'T', "T", 0, "topic of its messages", 0 },
	{ "rate", 'r', "N", 0, "messages per second", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};
const struct argp pulse_argp = { rows, parse, NULL, NULL, NULL, NULL, NULL };

static void on_message(void *context, struct crowd_member *member, int64_t due_ns, int64_t index)
{
	struct pulse *pulse = context;

	(void)member;
	if (index < pulse->n_sent && pulse->deliveries[index].late_ns < 0) {
		pulse->deliveries[index].late_ns = wire_now_ns() - due_ns;
		pulse->n_come++;
	}
}

void pulse_init(struct pulse *pulse, const struct pulse_options *options, struct publisher *publisher,
		const struct crowd_options *crowd_options)
{
	if (!options->steady || !options->topic || options->rate < 1) {
		(void)fprintf(stderr, "--steady, --topic and --rate are required\n");
		exit(64);
	}
	pulse->publisher = publisher;
	pulse->options = options;
	pulse->crowd_options = *crowd_options;
	pulse->crowd_options.size = 1;
	pulse->crowd_options.is_ws = false;
	pulse->crowd_options.port = publisher->wire.port;
	pulse->crowd_options.filter = options->topic;
	pulse->crowd_options.tokens = options->steady;
	pulse->crowd.on_message = on_message;
	pulse->crowd.context = pulse;
	crowd_init(&pulse->crowd, &pulse->crowd_options, publisher->wire.epoll_fd);
	while (!crowd_is_here(&pulse->crowd)) {
		(void)wire_run(pulse->crowd.epoll_fd, 256, crowd_step(&pulse->crowd) ? 0 : 100);
	}
	if (pulse->crowd.n_gone > 0) {
		(void)fprintf(stderr, "the steady subscriber was refused: reason %d\n", pulse->crowd.members[0].reason);
		exit(1);
	}
	pulse->next_ns = wire_now_ns();
}

static void send_next(struct pulse *pulse)
{
	if (pulse->n_sent == pulse->room) {
		pulse->room = pulse->room * 2 + 4096;
		pulse->deliveries = realloc(pulse->deliveries, (size_t)pulse->room * sizeof(*pulse->deliveries));
		if (!pulse->deliveries) {
			wire_fail("memory");
		}
	}
	pulse->deliveries[pulse->n_sent] = (struct pulse_delivery){ .due_ns = pulse->next_ns, .late_ns = -1 };
	publisher_send(pulse->publisher, pulse->options->topic, pulse->next_ns, pulse->n_sent++);
	pulse->next_ns += 1000000000 / pulse->options->rate;
}

void pulse_step(struct pulse *pulse)
{
	const int64_t now_ns = wire_now_ns();

	while (pulse->next_ns <= now_ns) {
		send_next(pulse);
	}
}

int pulse_wait_ms(const struct pulse *pulse, int max)
{
	const int64_t ms = (pulse->next_ns - wire_now_ns()) / 1000000;

	return ms < 0 ? 0 : ms < max ? (int)ms : max;
}

struct pulse_lateness pulse_lateness(const struct pulse *pulse, int64_t from_ns, int64_t to_ns)
{
	struct pulse_lateness lateness = { 0 };
	int64_t *values = calloc((size_t)pulse->n_sent + 1, sizeof(*values));

	if (!values) {
		wire_fail("memory");
	}
	for (int64_t i = 0; i < pulse->n_sent; i++) {
		const struct pulse_delivery *one = &pulse->deliveries[i];

		if (one->due_ns > to_ns || (one->late_ns >= 0 && one->due_ns + one->late_ns < from_ns)) {
			continue;
		}
		if (one->late_ns < 0) {
			(void)fprintf(stderr, "a message to the steady subscriber did not arrive\n");
			exit(1);
		}
		values[lateness.n++] = one->late_ns;
	}
	lateness.p50_ns = crowd_quantile(values, lateness.n, 0.5);
	lateness.worst_ns = crowd_quantile(values, lateness.n, 1);
	free(values);
	return lateness;
}
