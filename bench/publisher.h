/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PUBLISHER_H
#define BENCH_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

struct crowd_options;

/* The connection that publishes; its messages contain their time and number. One thread. */

struct publisher {
	struct wire wire;
	int64_t n_sent, n_acked;
	int64_t payload; /* bytes */
	enum { PUBLISHER_AWAY, PUBLISHER_CONNECTED, PUBLISHER_SUBSCRIBED, PUBLISHER_LOADED } state;
	char *identity;
};

/*
 * Connects over TCP, as the daemon does, sends the set-up and waits for the plugin's answer to it. Ends the program on
 * failure.
 */
void publisher_init(struct publisher *publisher, const struct crowd_options *options, int epoll_fd);

/* due_ns is when the message should have been sent, so that a late driver does not hide a delay. */
void publisher_send(struct publisher *publisher, const char *topic, int64_t due_ns, int64_t index);

/* false: not one of our messages. */
bool publisher_read(const struct wire_message *message, int64_t *ret_due_ns, int64_t *ret_index);

#endif
