/* SPDX-License-Identifier: MIT */
#ifndef CLI_PORTS_H
#define CLI_PORTS_H

#include "daemon/settings.h"

/*
 * Chooses the ports of a run: the configured ones or, with takes_free, the next free one for each that is in use, which
 * is printed. No two listeners get the same port. CW_BUSY: in use, the error names the program; CW_DENIED: privileged;
 * CW_INVALID: not an address; CW_IO: not an address of this machine. The error names the option that chooses another.
 */
CW_MUST_CHECK enum cw_status ports_choose(struct settings *settings, bool takes_free, struct cw_error *reterr);

/* A free port of 127.0.0.1, from `from` upward. CW_BUSY when none in the range is free. */
CW_MUST_CHECK enum cw_status ports_find(int64_t from, int64_t *ret_port, struct cw_error *reterr);

#endif
