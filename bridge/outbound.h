/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_OUTBOUND_H
#define BRIDGE_OUTBOUND_H

#include "bridge/bridge.h"

/*
 * Sends the attempts that the store says are due, on its own thread: claims an attempt (`sending` is committed before
 * the request begins), makes the request, and commits the result. bridge/pace.h limits the rate, core/graph_error.h
 * says what to do on an error. No lasting state is kept here: after a restart the store has everything.
 */
struct outbound;

/* options is borrowed. NULL when out of memory. Destroy stops, and accepts NULL. */
struct outbound *outbound_create(const struct bridge_options *options);
CW_MUST_CHECK enum cw_status outbound_start(struct outbound *outbound, struct cw_store *store, struct cw_error *reterr);
void outbound_stop(struct outbound *outbound);
void outbound_destroy(struct outbound *outbound);

/* There may be something to do. Any thread. */
void outbound_wake(struct outbound *outbound);
/* Queues a read mark or typing indicator (copied); drops the oldest when there are too many. Any thread. */
void outbound_signal(struct outbound *outbound, const struct cw_signal *signal);

/* Fills the members counted here. Any thread. */
void outbound_stats(struct outbound *outbound, struct bridge_stats *stats);

#endif
