/* SPDX-License-Identifier: MIT */
#ifndef CORE_ACCESS_CHECK_H
#define CORE_ACCESS_CHECK_H

#include "core/access.h"

/*
 * Lines that are valid and useless: those with a placeholder that is not replaced, and those that other lines cover.
 * on_line gets a sentence for each, as `file:line: what, and what to do`. Returns how many.
 * No state, any thread.
 */
size_t cw_access_useless_lines(const struct cw_access *access, void (*on_line)(void *context, const char *text),
			       void *context);

#endif
