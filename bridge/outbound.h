/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_OUTBOUND_H
#define BRIDGE_OUTBOUND_H

#include "bridge/bridge.h"

/*
 * Sends what the store says is due, on a thread of its own: claims an attempt (`sending` is committed before the
 * request begins), makes the request, commits what came of it. How fast is bridge/pace.h's, what an error means
 * core/graph_error.h's. Nothing that has to last is kept here: after a restart the store knows all of it.
 */
struct outbound;

/* options is borrowed. NULL without memory. Destroy stops, and accepts NULL. */
struct outbound *outbound_create(const struct bridge_options *options);
CW_MUST_CHECK enum cw_status outbound_start(struct outbound *outbound, struct cw_store *store, struct cw_error *reterr);
void outbound_stop(struct outbound *outbound);
void outbound_destroy(struct outbound *outbound);

/* There may be something to do. Any thread. */
void outbound_wake(struct outbound *outbound);
/* Read marks and typing. Any thread; a copy is taken, the oldest is dropped when there are too many. */
void outbound_signal(struct outbound *outbound, const struct cw_signal *signal);

/* Fills the members that it counts. Any thread. */
void outbound_stats(struct outbound *outbound, struct bridge_stats *stats);

#endif
