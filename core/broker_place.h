/* SPDX-License-Identifier: MIT */
#ifndef CORE_BROKER_PLACE_H
#define CORE_BROKER_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

/*
 * Where the broker listens. The only place that knows: the daemon's own connection, GET /api/v1/config, the page's
 * Content-Security-Policy, what `up` prints and what doctor examines all ask here. All texts are borrowed; none is NULL.
 * Any thread may call these functions.
 */
struct cw_broker_place {
	const char *uri;        /* of a broker elsewhere (the setting broker_uri); "": at address */
	const char *address;    /* IP address of both listeners */
	int mqtt_port, ws_port; /* of this run, which may differ from the configured ones */
	const char *public_url; /* WebSocket URL for browsers (mqtt_public_url); "": ws_port of the host that they asked */
};

/* The URI of the MQTT listener, for programs. false: it does not fit into size bytes. */
CW_MUST_CHECK bool cw_broker_place_uri(const struct cw_broker_place *place, char *out, size_t size);

/*
 * The URL of the WebSocket listener, for browsers. host: the Host header of the page's request, with or without a port; NULL,
 * or one that is no host name or address: place->address. false: it does not fit into size bytes.
 */
CW_MUST_CHECK bool cw_broker_place_ws_url(const struct cw_broker_place *place, const char *host, char *out, size_t size);

#endif
