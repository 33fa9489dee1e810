/* SPDX-License-Identifier: MIT */
#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

#define FIRST_ROOM_BYTES 256

void cw_buf_init(struct cw_buf *buf, size_t max_bytes)
{
	*buf = (struct cw_buf){ .max = max_bytes };
}

void cw_buf_finish(struct cw_buf *buf)
{
	if (buf) {
		free(buf->data);
		cw_buf_init(buf, buf->max);
	}
}

void cw_buf_reset(struct cw_buf *buf)
{
	buf->len = 0;
	if (buf->data) {
		buf->data[0] = '\0';
	}
}

enum cw_status cw_buf_reserve(struct cw_buf *buf, size_t len)
{
	if (len > buf->max || buf->len > buf->max - len) {
		return CW_TOO_LARGE;
	}
	size_t needed = buf->len + len + 1;

	if (needed <= buf->room) {
		return CW_OK;
	}
	size_t room = buf->room ? buf->room : FIRST_ROOM_BYTES;

	while (room < needed) {
		room *= 2;
	}
	char *data = realloc(buf->data, room);

	if (!data) {
		cw_memory_note_out();
		return CW_NOMEM;
	}
	buf->data = data;
	buf->room = room;
	buf->data[buf->len] = '\0';
	return CW_OK;
}

enum cw_status cw_buf_append(struct cw_buf *buf, const void *bytes, size_t len)
{
	enum cw_status status = cw_buf_reserve(buf, len);

	if (status != CW_OK) {
		return status;
	}
	if (len > 0) {
		memcpy(buf->data + buf->len, bytes, len);
	}
	buf->len += len;
	buf->data[buf->len] = '\0';
	return CW_OK;
}

enum cw_status cw_buf_append_text(struct cw_buf *buf, const char *text)
{
	return cw_buf_append(buf, text, strlen(text));
}

enum cw_status cw_buf_append_format(struct cw_buf *buf, const char *format, ...)
{
	va_list arguments;
	va_list again;

	va_start(arguments, format);
	va_copy(again, arguments);
	int len = vsnprintf(NULL, 0, format, arguments);

	va_end(arguments);
	enum cw_status status = len < 0 ? CW_INVALID : cw_buf_reserve(buf, (size_t)len);

	if (status == CW_OK) {
		(void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again); /* measured above */
		buf->len += (size_t)len;
	}
	va_end(again);
	return status;
}

char *cw_buf_take(struct cw_buf *buf)
{
	char *data = buf->data ? buf->data : calloc(1, 1);

	cw_buf_init(buf, buf->max);
	return data;
}
