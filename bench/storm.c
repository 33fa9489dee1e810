/* SPDX-License-Identifier: MIT */
/*
 * Everybody reconnects at once: how many connect per second, and how long does a message to someone who stayed
 * connected wait meanwhile? N clients, each with its own token, connect in rounds: in the first round the plugin is
 * cold, in later ones it has seen the tokens. Prints one JSON line for bench/storm.mjs.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "core/text.h"
#include "crowd.h"
#include "publisher.h"
#include "pulse.h"

#define QUIET_NS 1000000000     /* before a round, and after it for remaining work */
#define GIVE_UP_NS 120000000000 /* per round */

struct storm {
	struct crowd_options options;
	struct pulse_options pulse_options;
	int64_t rounds;

	struct crowd crowd;
	struct publisher publisher;
	struct pulse pulse;
};

static void on_message(void *context, struct crowd_member *member, int64_t due_ns, int64_t index)
{
	(void)context; /* nothing is published to the crowd */
	(void)member;
	(void)due_ns;
	(void)index;
}

/*
 * The steady subscriber and the publisher have their own epoll, polled after every few clients of the crowd, so that
 * their messages are seen when they arrive. If all connect at once, every connection is opened before the first CONNECT
 * is sent: the longest queue that the broker can face.
 */
static void turn(struct storm *storm, bool is_coming)
{
	int n = 1;

	pulse_step(&storm->pulse);
	if (!is_coming || !crowd_step(&storm->crowd)) {
		n = wire_run(storm->crowd.epoll_fd, 32, 0);
	}
	(void)wire_run(storm->publisher.wire.epoll_fd, 32, n > 0 ? 0 : pulse_wait_ms(&storm->pulse, 1));
}

static void wait_ns(struct storm *storm, int64_t ns)
{
	const int64_t end_ns = wire_now_ns() + ns;

	while (wire_now_ns() < end_ns) {
		turn(storm, false);
	}
}

static int64_t connect_p99_ns(const struct crowd *crowd)
{
	int64_t *values = calloc((size_t)crowd->options->size + 1, sizeof(*values));
	int64_t n = 0;

	if (!values) {
		wire_fail("memory");
	}
	for (int64_t i = 0; i < crowd->options->size; i++) {
		if (crowd->members[i].state == MEMBER_READY) {
			values[n++] = crowd->members[i].ready_ns - crowd->members[i].started_ns;
		}
	}
	const int64_t p99_ns = crowd_quantile(values, n, 0.99);

	free(values);
	return p99_ns;
}

static void run_round(struct storm *storm, const char *separator)
{
	struct crowd *crowd = &storm->crowd;

	wait_ns(storm, 2 * QUIET_NS); /* in the first half, the last round's clients are removed */
	const int64_t quiet_ns = wire_now_ns();
	const int64_t cpu_ns = crowd_cpu_ns(storm->options.pid);

	while (!crowd_is_here(crowd) && wire_now_ns() - quiet_ns < GIVE_UP_NS) {
		turn(storm, true);
	}
	const int64_t end_ns = wire_now_ns();
	const double used_ns = (double)(crowd_cpu_ns(storm->options.pid) - cpu_ns);

	wait_ns(storm, QUIET_NS);
	const struct pulse_lateness before = pulse_lateness(&storm->pulse, quiet_ns - QUIET_NS, quiet_ns - 1);
	const struct pulse_lateness during = pulse_lateness(&storm->pulse, quiet_ns, end_ns);
	const int64_t size = crowd->options->size;

	(void)printf("%s{\"connected\":%lld,\"refused\":%lld,\"seconds\":%.3f,\"per_second\":%.0f,\"connect_p99_ms\":%.1f,"
		     "\"broker_us_per_connect\":%.1f,\"deliveries\":%lld,\"quiet_worst_ms\":%.2f,\"p50_ms\":%.2f,"
		     "\"worst_ms\":%.2f}",
		     separator, (long long)crowd->n_ready, (long long)crowd->n_gone, (double)(end_ns - quiet_ns) / 1e9,
		     (double)crowd->n_ready * 1e9 / (double)(end_ns - quiet_ns), (double)connect_p99_ns(crowd) / 1e6,
		     used_ns / 1e3 / (double)size, (long long)during.n, (double)before.worst_ns / 1e6,
		     (double)during.p50_ns / 1e6, (double)during.worst_ns / 1e6);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct storm *storm = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &storm->options;
		state->child_inputs[1] = &storm->pulse_options;
		return 0;
	case 'R':
		return cw_text_to_int64(argument, &storm->rounds) == CW_OK ? 0 : EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "rounds", 'R', "N", 0, "(2)", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp_child children[] = { { &crowd_argp, 0, NULL, 0 },
						      { &pulse_argp, 0, NULL, 0 },
						      { NULL, 0, NULL, 0 } };
	static const struct argp argp = { rows, parse, NULL, "A storm of reconnecting clients.", children, NULL, NULL };
	static struct storm storm = { .pulse_options.rate = 50, .rounds = 2 };

	crowd_options_init(&storm.options);
	(void)argp_parse(&argp, argc, argv, 0, NULL, &storm);
	crowd_options_check(&storm.options);
	publisher_init(&storm.publisher, &storm.options, epoll_create1(EPOLL_CLOEXEC));
	pulse_init(&storm.pulse, &storm.pulse_options, &storm.publisher, &storm.options);
	storm.crowd.on_message = on_message;
	crowd_init(&storm.crowd, &storm.options, epoll_create1(EPOLL_CLOEXEC));
	for (int64_t i = 0; i < storm.rounds; i++) {
		run_round(&storm, i == 0 ? "{\"rounds\":[" : ",");
		crowd_leave(&storm.crowd);
	}
	(void)puts("]}");
	return 0;
}
