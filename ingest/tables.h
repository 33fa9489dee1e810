/* SPDX-License-Identifier: MIT */
#ifndef INGEST_TABLES_H
#define INGEST_TABLES_H

#include "core/revocation.h"
#include "mqtt/mqtt.h"
#include "store/store.h"

/*
 * What the broker's plugin must know, on $CONTROL/convwire/v1/assign (docs/protocol.md, "Tables"): who has which
 * conversation, and which tokens are revoked. The whole after each connect and before any event, then each change
 * before the event that tells of it. The publisher's thread only.
 */

/* How the load waits for room in the window; false: the connection went, or the program ends. */
typedef bool (*tables_wait_fn)(void *context);

/*
 * Publishes everything as of one moment of the database. *ret_as_of is the newest event of that moment: changes up
 * to it are told. CW_BUSY when waiting ended early; what the store says; CW_NOMEM.
 */
CW_MUST_CHECK enum cw_status tables_publish(struct cw_mqtt *mqtt, struct cw_store *store, tables_wait_fn wait,
					    void *wait_context, int64_t *ret_as_of, struct cw_error *reterr);

/* One change. subject "": nobody has it any more. CW_BUSY without room. */
CW_MUST_CHECK enum cw_status tables_publish_assignment(struct cw_mqtt *mqtt, const char *conversation,
						       const char *subject);
CW_MUST_CHECK enum cw_status tables_publish_revocation(struct cw_mqtt *mqtt, const struct cw_revocation *revocation);

#endif
