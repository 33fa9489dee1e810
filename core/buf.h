/* SPDX-License-Identifier: MIT */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stddef.h>

#include "core/status.h"

/*
 * A growing byte buffer with a fixed maximum size. The caller owns the struct; the module
 * owns the bytes. There is always a NUL after the last byte, not counted in len.
 * Not for use by two threads at once.
 */
struct cw_buf {
	char *data;  /* NULL until the first byte */
	size_t len;  /* bytes in use */
	size_t room; /* bytes allocated, the NUL included */
	size_t max;  /* cap in bytes, the NUL not included */
};

/* An empty buffer of at most max_bytes. Allocates nothing. */
void cw_buf_init(struct cw_buf *buf, size_t max_bytes);

/* Frees the bytes and leaves an empty buffer with the same cap. NULL and zeroed structs are fine. */
void cw_buf_finish(struct cw_buf *buf);

/* Forgets the bytes, keeps the memory. */
void cw_buf_reset(struct cw_buf *buf);

/* Makes room for len more bytes in one step. CW_TOO_LARGE past the cap; CW_NOMEM. On error the content is unchanged. */
CW_MUST_CHECK enum cw_status cw_buf_reserve(struct cw_buf *buf, size_t len);

/* Appends len bytes. Errors as cw_buf_reserve; on error nothing was appended. */
CW_MUST_CHECK enum cw_status cw_buf_append(struct cw_buf *buf, const void *bytes, size_t len);

/* Appends a NUL-terminated string. */
CW_MUST_CHECK enum cw_status cw_buf_append_text(struct cw_buf *buf, const char *text);

/* Appends formatted text. */
CW_MUST_CHECK enum cw_status cw_buf_append_format(struct cw_buf *buf, const char *format, ...) CW_PRINTF(2, 3);

/*
 * Hands the bytes to the caller, who frees them with free(); the buffer is empty afterwards. An empty buffer gives "".
 * NULL only when out of memory.
 */
char *cw_buf_take(struct cw_buf *buf);

#endif
