/* SPDX-License-Identifier: MIT */
#ifndef CLI_BROKER_H
#define CLI_BROKER_H

#include "core/buf.h"

/* Renders mosquitto.conf from its template: for `up`, and for the commented sample at the tree's root. */
struct broker_values {
	const char *plugin, *keys, *roles, *state; /* paths */
	const char *address;
	int mqtt_port, ws_port;
	const char *user; /* NULL: no user line, the broker runs as whoever starts it */
};

/* Appends the rendered file. CW_NOMEM or CW_TOO_LARGE. */
CW_MUST_CHECK enum cw_status broker_render(const struct broker_values *values, struct cw_buf *out);

/* The template's text; the build makes it from mosquitto.conf.in. */
extern const char broker_template[];

#endif
