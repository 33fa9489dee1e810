/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_SIGNALS_H
#define BRIDGE_SIGNALS_H

#include <pthread.h>

#include "bridge/bridge.h"
#include "bridge/graph.h"

/*
 * Read marks and typing on their way to WhatsApp: best effort, nobody is told when one fails, and the oldest goes when
 * there are too many. The calls run on the sending thread's multi handle.
 */
#define SIGNALS_MAX_WAITING 256
#define SIGNALS_MAX_UNDER_WAY 16

struct signals {
	const struct bridge_options *options;
	pthread_mutex_t lock; /* guards waiting */
	struct cw_signal waiting[SIGNALS_MAX_WAITING];
	size_t n_waiting;
	struct graph_call *under_way[SIGNALS_MAX_UNDER_WAY]; /* the thread's; NULL: a free place */
};

/* options is borrowed. Finish frees what is under way; before its multi handle goes. */
void signals_init(struct signals *signals, const struct bridge_options *options);
void signals_finish(struct signals *signals, CURLM *multi);

/* Any thread; wake the sending one afterwards. */
void signals_put(struct signals *signals, const struct cw_signal *signal);

/* The sending thread: begins what waits; and takes a call of these that has ended (its owner is NULL). */
void signals_send(struct signals *signals, CURLM *multi);
void signals_ended(struct signals *signals, struct graph_call *call);

#endif
