/* SPDX-License-Identifier: MIT */
#ifndef CLI_BROKER_CONF_H
#define CLI_BROKER_CONF_H

#include <limits.h>

#include "core/buf.h"
#include "daemon/settings.h"

/* The broker's configuration for a directory: what `up` writes and runs, and `convwire broker-conf` prints. */

/* Where convwire_auth.so is: as configured, beside the programs, or where it was installed. CW_NOT_FOUND, CW_IO. */
CW_MUST_CHECK enum cw_status broker_conf_plugin(const struct settings *settings, char out[PATH_MAX],
						struct cw_error *reterr);

/* Appends it for DIR, an absolute path. What broker_conf_plugin answers, CW_INVALID, CW_NOMEM. */
CW_MUST_CHECK enum cw_status broker_conf_render(const char *dir, const struct settings *settings, struct cw_buf *out,
						struct cw_error *reterr);

/* Writes DIR/broker/mosquitto.conf, whole or not at all; its path into out. */
CW_MUST_CHECK enum cw_status broker_conf_write(const char *dir, const struct settings *settings, char out[PATH_MAX],
					       struct cw_error *reterr);

#endif
