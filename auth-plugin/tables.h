/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_TABLES_H
#define AUTH_PLUGIN_TABLES_H

#include "auth-plugin/policy.h"

/*
 * What the daemon's publisher says on $CONTROL/convwire/v1/assign: the whole tables after each of its connects,
 * in chunks that take effect together, and single changes before the events that tell of them (docs/protocol.md,
 * "Tables"). A load whose counts do not fit is dropped, and what was in force stays. A load is of one moment:
 * changes after that moment follow its commit, they do not come between its chunks.
 */
struct tables_load;

struct tables {
	struct tables_load *load; /* the one under way; NULL: none */
};

/* One message. What is wrong with it is told to the publisher; the log has it too. */
void tables_take(struct tables *tables, struct policy *policy, const char *payload, size_t len, int64_t now_s);

/* Drops a load that is under way. */
void tables_finish(struct tables *tables);

#endif
