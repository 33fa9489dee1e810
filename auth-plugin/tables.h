/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_TABLES_H
#define AUTH_PLUGIN_TABLES_H

#include "auth-plugin/policy.h"

/*
 * What the daemon's publisher sends on $CONTROL/convwire/v1/assign: the complete tables after each connect, in chunks
 * that take effect together, and single changes, each before its event (docs/protocol.md, "Tables"). A load whose
 * counts do not match is dropped, and the old tables stay in force. A load is a snapshot: later changes follow its
 * commit and do not come between its chunks.
 */
struct tables_load;

struct tables {
	struct tables_load *load; /* the load under way; NULL: none */
};

/* Takes one message. Errors are reported to the publisher and logged. */
void tables_take(struct tables *tables, struct policy *policy, const char *payload, size_t len, int64_t now_s);

/* Drops a load that is under way. */
void tables_finish(struct tables *tables);

#endif
