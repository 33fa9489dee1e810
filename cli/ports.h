/* SPDX-License-Identifier: MIT */
#ifndef CLI_PORTS_H
#define CLI_PORTS_H

#include "daemon/settings.h"

/*
 * The ports of a run: those of the settings, or, with takes_free, the next free ones where they are taken, which is
 * printed. CW_BUSY names who holds a port.
 */
CW_MUST_CHECK enum cw_status ports_choose(struct settings *settings, bool takes_free, struct cw_error *reterr);

/* A free port of 127.0.0.1 from `from` on. CW_BUSY when there is none near it. */
CW_MUST_CHECK enum cw_status ports_find(int64_t from, int64_t *ret_port, struct cw_error *reterr);

#endif
