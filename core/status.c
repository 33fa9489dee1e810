/* SPDX-License-Identifier: MIT */
#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *cw_status_text(enum cw_status status)
{
	static const char *const texts[CW_STATUS_COUNT] = {
#define X(name, text) [name] = text,
		CW_STATUS_LIST(X)
#undef X
	};
	return (unsigned)status < CW_STATUS_COUNT ? texts[status] : "unknown status";
}

enum cw_status(cw_error_set)(struct cw_error *error, enum cw_status status, const char *format, ...)
{
	if (error) {
		va_list arguments;

		error->status = status;
		va_start(arguments, format);
		(void)vsnprintf(error->text, sizeof(error->text), format, arguments); /* a truncated text is still useful */
		va_end(arguments);
	}
	return status;
}

_Noreturn void cw_assert_failed(const char *condition, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
	abort();
}
