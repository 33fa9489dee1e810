/* SPDX-License-Identifier: MIT */
/*
 * Thousands of tokens expire in the same second. Does anybody receive anything afterwards, how long until the last
 * client is disconnected, and how long does a message to someone else wait meanwhile?
 *
 * The crowd connects, receives a few messages (to prove that it can), gets none for the last seconds, and is sent
 * messages again from the second of expiry on, which nobody may receive. Prints one JSON line for bench/expiry.mjs.
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

#define SECOND_NS 1000000000LL
#define WINDOW_NS (2 * SECOND_NS)       /* before expiry; the measured time begins here */
#define LEFT_ALONE_NS (4 * SECOND_NS)   /* so that no fan-out to the crowd overlaps it */
#define BEFORE_EVERY_NS (2 * SECOND_NS) /* a fan-out to 10,000 takes a fraction of a second */
#define AFTER_EVERY_NS (SECOND_NS / 10)

struct expiry {
	struct crowd_options options;
	struct pulse_options pulse_options;
	const char *crowd_topic;
	int64_t exp, give_up_s;

	int64_t exp_ns, next_ns, n_published, n_received, n_leaked, leaked_until_ns;
	struct crowd crowd;
	struct publisher publisher;
	struct pulse pulse;
};

static void on_message(void *context, struct crowd_member *member, int64_t sent_ns, int64_t index)
{
	struct expiry *expiry = context;

	(void)member;
	(void)index;
	if (sent_ns < expiry->exp_ns) {
		expiry->n_received++;
		return;
	}
	expiry->n_leaked++;
	expiry->leaked_until_ns = sent_ns;
}

static void turn(struct expiry *expiry, int max_ms)
{
	pulse_step(&expiry->pulse);
	(void)wire_run(expiry->crowd.epoll_fd, 32, pulse_wait_ms(&expiry->pulse, max_ms));
}

static void publish_every(struct expiry *expiry, int64_t every_ns)
{
	const int64_t now_ns = wire_now_ns();

	if (now_ns >= expiry->next_ns) {
		publisher_send(&expiry->publisher, expiry->crowd_topic, now_ns, expiry->n_published++);
		expiry->next_ns = now_ns + every_ns;
	}
}

static void connect_all(struct expiry *expiry)
{
	while (!crowd_is_here(&expiry->crowd)) {
		turn(expiry, crowd_step(&expiry->crowd) ? 0 : 1);
		if (wire_now_ns() > expiry->exp_ns - LEFT_ALONE_NS - BEFORE_EVERY_NS) {
			(void)fprintf(stderr, "expiry: only %lld of %lld connected in time\n",
				      (long long)expiry->crowd.n_ready, (long long)expiry->options.size);
			exit(1);
		}
	}
	if (expiry->crowd.n_gone > 0) {
		(void)fprintf(stderr, "expiry: %lld refused\n", (long long)expiry->crowd.n_gone);
		exit(1);
	}
}

static void live(struct expiry *expiry)
{
	while (wire_now_ns() < expiry->exp_ns - LEFT_ALONE_NS) {
		publish_every(expiry, BEFORE_EVERY_NS);
		turn(expiry, 1);
	}
	while (wire_now_ns() < expiry->exp_ns) {
		turn(expiry, 1);
	}
}

static void expire(struct expiry *expiry)
{
	const int64_t end_ns = expiry->exp_ns + expiry->give_up_s * SECOND_NS;

	expiry->next_ns = 0;
	while (expiry->crowd.n_gone < expiry->options.size && wire_now_ns() < end_ns) {
		publish_every(expiry, AFTER_EVERY_NS);
		turn(expiry, 1);
	}
}

static void settle(struct expiry *expiry)
{
	const int64_t end_ns = wire_now_ns() + SECOND_NS;

	while (wire_now_ns() < end_ns) {
		turn(expiry, 1);
	}
}

static void report(const struct expiry *expiry, int64_t n_before, int64_t end_ns, int64_t cpu_ns)
{
	const struct pulse_lateness lateness = pulse_lateness(&expiry->pulse, expiry->exp_ns - WINDOW_NS, end_ns);
	int64_t first_ns = 0;
	int64_t last_ns = 0;
	int64_t n_told = 0;

	for (int64_t i = 0; i < expiry->options.size; i++) {
		const struct crowd_member *member = &expiry->crowd.members[i];

		if (member->state == MEMBER_GONE) {
			first_ns = first_ns == 0 || member->gone_ns < first_ns ? member->gone_ns : first_ns;
			last_ns = member->gone_ns > last_ns ? member->gone_ns : last_ns;
			n_told += member->reason >= 0;
		}
	}
	(void)printf("{\"clients\":%lld,\"published_before\":%lld,\"received_before\":%lld,\"disconnected\":%lld,"
		     "\"told_why\":%lld,\"first_gone_ms\":%.1f,\"last_gone_ms\":%.1f,\"published_after\":%lld,"
		     "\"received_after\":%lld,\"received_until_ms\":%.1f,\"deliveries\":%lld,\"p50_ms\":%.2f,"
		     "\"worst_ms\":%.2f,\"broker_ms\":%.1f}\n",
		     (long long)expiry->options.size, (long long)n_before, (long long)expiry->n_received,
		     (long long)expiry->crowd.n_gone, (long long)n_told,
		     first_ns ? (double)(first_ns - expiry->exp_ns) / 1e6 : -1,
		     last_ns ? (double)(last_ns - expiry->exp_ns) / 1e6 : -1,
		     (long long)(expiry->n_published - n_before), (long long)expiry->n_leaked,
		     expiry->n_leaked ? (double)(expiry->leaked_until_ns - expiry->exp_ns) / 1e6 : -1,
		     (long long)lateness.n, (double)lateness.p50_ns / 1e6, (double)lateness.worst_ns / 1e6,
		     (double)cpu_ns / 1e6);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct expiry *expiry = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &expiry->options;
		state->child_inputs[1] = &expiry->pulse_options;
		return 0;
	case 'C':
		expiry->crowd_topic = argument;
		return 0;
	case 'e':
		return cw_text_to_int64(argument, &expiry->exp) == CW_OK ? 0 : EINVAL;
	case 'g':
		return cw_text_to_int64(argument, &expiry->give_up_s) == CW_OK ? 0 : EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "crowd-topic", 'C', "T", 0, "topic of the crowd's messages", 0 },
		{ "exp", 'e', "S", 0, "when the crowd's tokens expire, Unix seconds", 0 },
		{ "give-up", 'g', "S", 0, "seconds to wait after that (30)", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp_child children[] = { { &crowd_argp, 0, NULL, 0 },
						      { &pulse_argp, 0, NULL, 0 },
						      { NULL, 0, NULL, 0 } };
	static const struct argp argp = { rows,     parse, NULL, "A crowd whose tokens expire at once.",
					  children, NULL,  NULL };
	static struct expiry expiry = { .pulse_options.rate = 100, .give_up_s = 30 };

	crowd_options_init(&expiry.options);
	(void)argp_parse(&argp, argc, argv, 0, NULL, &expiry);
	crowd_options_check(&expiry.options);
	if (!expiry.options.filter || !expiry.crowd_topic || expiry.exp == 0) {
		(void)fprintf(stderr, "expiry: --filter, --crowd-topic and --exp are required\n");
		return 64;
	}
	const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	expiry.exp_ns = expiry.exp * SECOND_NS;
	publisher_init(&expiry.publisher, &expiry.options, epoll_fd);
	pulse_init(&expiry.pulse, &expiry.pulse_options, &expiry.publisher, &expiry.options);
	expiry.crowd.on_message = on_message;
	expiry.crowd.context = &expiry;
	crowd_init(&expiry.crowd, &expiry.options, epoll_fd);
	connect_all(&expiry);
	live(&expiry);

	const int64_t n_before = expiry.n_published;
	const int64_t cpu_ns = crowd_cpu_ns(expiry.options.pid);

	expire(&expiry);
	const int64_t end_ns = wire_now_ns();
	const int64_t used_ns = crowd_cpu_ns(expiry.options.pid) - cpu_ns;

	settle(&expiry);
	report(&expiry, n_before, end_ns, used_ns);
	return 0;
}
