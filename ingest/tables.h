/* SPDX-License-Identifier: MIT */
#ifndef INGEST_TABLES_H
#define INGEST_TABLES_H

#include "core/revocation.h"
#include "mqtt/mqtt.h"
#include "store/store.h"

/*
 * The tables for the broker's plugin, on $CONTROL/convwire/v1/assign (docs/protocol.md, "Tables"): assignments and
 * revocations. Everything is sent after each connect, before any event; later, each change is sent before the event
 * that announces it. The publisher's thread only.
 */

/* Waits for room in the window; false: the connection was lost, or the program is ending. */
typedef bool (*tables_wait_fn)(void *context);

/*
 * Publishes everything from one snapshot of the database. *ret_as_of is the snapshot's newest event: the tables include
 * changes up to it. CW_BUSY: waiting ended early; the store's errors; CW_NOMEM.
 */
CW_MUST_CHECK enum cw_status tables_publish(struct cw_mqtt *mqtt, struct cw_store *store, tables_wait_fn wait,
					    void *wait_context, int64_t *ret_as_of, struct cw_error *reterr);

/* Publishes one change. subject "": unassigned. CW_BUSY: no room. */
CW_MUST_CHECK enum cw_status tables_publish_assignment(struct cw_mqtt *mqtt, const char *conversation,
						       const char *subject);
CW_MUST_CHECK enum cw_status tables_publish_revocation(struct cw_mqtt *mqtt, const struct cw_revocation *revocation);

#endif
