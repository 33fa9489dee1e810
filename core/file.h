/* SPDX-License-Identifier: MIT */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <sys/types.h>

#include "core/buf.h"

/* Reads and writes small files as a whole. No state, any thread. Errors name the path. */

/* Appends the file to buf, up to buf's cap. CW_NOT_FOUND, CW_TOO_LARGE, CW_IO, CW_NOMEM. */
CW_MUST_CHECK enum cw_status cw_file_read(const char *path, struct cw_buf *buf, struct cw_error *reterr);

/* The first line of a file (a secret or token), without its newline. CW_INVALID as `file:1: …`: empty or too long. */
CW_MUST_CHECK enum cw_status cw_file_read_line(const char *path, char *out, size_t size, struct cw_error *reterr);

/* Writes a file atomically: synced to a temporary file next to it, then renamed. */
CW_MUST_CHECK enum cw_status cw_file_write(const char *path, const void *bytes, size_t len, mode_t mode,
					   struct cw_error *reterr);

/* The folder of the running program. CW_IO; CW_INVALID: it does not fit. */
CW_MUST_CHECK enum cw_status cw_file_program_folder(char *out, size_t size, struct cw_error *reterr);

#endif
