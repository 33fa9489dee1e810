/* SPDX-License-Identifier: MIT */
#ifndef CORE_BROKER_PLACE_H
#define CORE_BROKER_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

/*
 * Where the broker listens, defined in one place for the daemon's own connection, GET /api/v1/config, the page's
 * Content-Security-Policy, the output of `up`, and doctor's checks. All strings are borrowed; none is NULL.
 * Any thread may call these functions.
 */
struct cw_broker_place {
	const char *uri;        /* of an external broker (the setting broker_uri); "": use address */
	const char *address;    /* IP address of both listeners */
	int mqtt_port, ws_port; /* of this run, which may differ from the configured ones */
	const char *public_url; /* WebSocket URL for browsers (mqtt_public_url); "": ws_port at the requested host */
};

/*
 * `scheme://host:port` for a listener on an IP address. One on all addresses is reached from this machine at the
 * loopback address. false: it does not fit into size bytes.
 */
CW_MUST_CHECK bool cw_place_url(const char *scheme, const char *address, int port, char *out, size_t size);

/* The URI of the MQTT listener, for programs. false: it does not fit into size bytes. */
CW_MUST_CHECK bool cw_broker_place_uri(const struct cw_broker_place *place, char *out, size_t size);

/*
 * The URL of the WebSocket listener, for browsers. host: the Host header of the page's request, with or without a port.
 * If it is NULL, or not a host name or address, place->address is used. false: it does not fit into size bytes.
 */
CW_MUST_CHECK bool cw_broker_place_ws_url(const struct cw_broker_place *place, const char *host, char *out, size_t size);

#endif
