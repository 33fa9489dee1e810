/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PULSE_H
#define BENCH_PULSE_H

#include <stdint.h>

#include "crowd.h"
#include "publisher.h"

/*
 * How late is a delivery while something else keeps the broker busy? Sends a message every 1/rate s to one steady
 * subscriber, timed from when it should have been sent. One thread; call pulse_step in the program's loop.
 */

struct pulse_options {
	const char *steady; /* file: its `clientid token` */
	const char *topic;
	int64_t rate;
};

/* A child parser for argp; its input is a struct pulse_options. */
extern const struct argp pulse_argp;

struct pulse_delivery {
	int64_t due_ns, late_ns; /* late_ns < 0: not arrived */
};

struct pulse {
	struct publisher *publisher;
	const struct pulse_options *options;
	int64_t next_ns, n_sent, n_come, room;
	struct pulse_delivery *deliveries; /* by index */
	struct crowd crowd;                /* with one member */
	struct crowd_options crowd_options;
};

/* Connects the subscriber over TCP. Ends the program on failure or if an option is missing. */
void pulse_init(struct pulse *pulse, const struct pulse_options *options, struct publisher *publisher,
		const struct crowd_options *crowd_options);

/* Sends what is due. */
void pulse_step(struct pulse *pulse);

/* Milliseconds, at most max, until pulse_step has something to do. */
int pulse_wait_ms(const struct pulse *pulse, int max);

/* For the deliveries that were under way at any time in the window. Ends the program if one has not arrived. */
struct pulse_lateness {
	int64_t n, p50_ns, worst_ns;
};
struct pulse_lateness pulse_lateness(const struct pulse *pulse, int64_t from_ns, int64_t to_ns);

#endif
