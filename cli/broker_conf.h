/* SPDX-License-Identifier: MIT */
#ifndef CLI_BROKER_CONF_H
#define CLI_BROKER_CONF_H

#include <limits.h>

#include "core/buf.h"
#include "daemon/settings.h"

/* The broker's configuration for a directory: what `up` writes and runs, and `convwire broker-conf` prints. */

/* Finds convwire_auth.so: as configured, next to the programs, or where it was installed. CW_NOT_FOUND, CW_IO. */
CW_MUST_CHECK enum cw_status broker_conf_plugin(const struct settings *settings, char out[PATH_MAX],
						struct cw_error *reterr);

/* Appends the file for dir, an absolute path. As broker_conf_plugin, and CW_INVALID, CW_NOMEM. */
CW_MUST_CHECK enum cw_status broker_conf_render(const char *dir, const struct settings *settings, struct cw_buf *out,
						struct cw_error *reterr);

/* Writes DIR/broker/mosquitto.conf atomically; out receives its path. */
CW_MUST_CHECK enum cw_status broker_conf_write(const char *dir, const struct settings *settings, char out[PATH_MAX],
					       struct cw_error *reterr);

#endif
