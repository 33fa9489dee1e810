/* SPDX-License-Identifier: MIT */
#ifndef CLI_PORTS_H
#define CLI_PORTS_H

#include "daemon/settings.h"

/*
 * Chooses the ports of a run: those of the settings or, with takes_free, the next free one for each that is taken, which is
 * printed. No two listeners get the same port. CW_BUSY names the holder of a taken port, CW_DENIED a privileged port,
 * CW_INVALID an address that is none, CW_IO one that is not this machine's; each names the option that chooses another.
 */
CW_MUST_CHECK enum cw_status ports_choose(struct settings *settings, bool takes_free, struct cw_error *reterr);

/* A free port of 127.0.0.1, from `from` upward. CW_BUSY when none of the next ones is free. */
CW_MUST_CHECK enum cw_status ports_find(int64_t from, int64_t *ret_port, struct cw_error *reterr);

#endif
