/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_SIGNALS_H
#define BRIDGE_SIGNALS_H

#include <pthread.h>

#include "bridge/bridge.h"
#include "bridge/graph.h"

/*
 * Sends read marks and typing indicators to WhatsApp. Best effort: failures are not reported, and the oldest is dropped
 * when there are too many. The calls run on the sending thread's multi handle.
 */
#define SIGNALS_MAX_WAITING 256
#define SIGNALS_MAX_UNDER_WAY 16

struct signals {
	const struct bridge_options *options;
	pthread_mutex_t lock; /* guards waiting */
	struct cw_signal waiting[SIGNALS_MAX_WAITING];
	size_t n_waiting;
	struct graph_call *under_way[SIGNALS_MAX_UNDER_WAY]; /* the sending thread's; NULL: free */
};

/* options is borrowed. Finish frees the calls under way; call it before freeing their multi handle. */
void signals_init(struct signals *signals, const struct bridge_options *options);
void signals_finish(struct signals *signals, CURLM *multi);

/* Any thread; wake the sending thread afterwards. */
void signals_put(struct signals *signals, const struct cw_signal *signal);

/* On the sending thread. send begins waiting signals; ended takes one of their finished calls (owner NULL). */
void signals_send(struct signals *signals, CURLM *multi);
void signals_ended(struct signals *signals, struct graph_call *call);

#endif
