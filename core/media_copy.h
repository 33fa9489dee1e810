/* SPDX-License-Identifier: MIT */
#ifndef CORE_MEDIA_COPY_H
#define CORE_MEDIA_COPY_H

#include <stdint.h>

#include "core/status.h"

/*
 * Copies the files that `to` has not, each held to its SHA-256; what is there is not looked into. A file whose bytes are
 * others is counted in *ret_n_damaged, and is there under the name of what it is. `from` need not be there. CW_FULL, CW_IO: what was copied stays.
 */
CW_MUST_CHECK enum cw_status cw_media_copy(const char *from, const char *to, int64_t *ret_n_copied,
					   int64_t *ret_n_damaged, struct cw_error *reterr);

#endif
