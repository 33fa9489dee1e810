/* SPDX-License-Identifier: MIT */
#ifndef CORE_MEDIA_COPY_H
#define CORE_MEDIA_COPY_H

#include <stdint.h>

#include "core/status.h"

/*
 * Copies the files that `to` does not have, verifying each against its SHA-256; existing files are not checked. A file
 * with other contents counts in *ret_n_damaged, and is stored under its actual SHA-256. `from` need not exist. CW_FULL,
 * CW_IO: files already copied remain.
 */
CW_MUST_CHECK enum cw_status cw_media_copy(const char *from, const char *to, int64_t *ret_n_copied,
					   int64_t *ret_n_damaged, struct cw_error *reterr);

#endif
