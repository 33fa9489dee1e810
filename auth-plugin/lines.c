/* SPDX-License-Identifier: MIT */
#include "auth-plugin/lines.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_BYTES ((size_t)2 << 20)

void *lines_alloc(size_t bytes)
{
	size_t alignment = bytes >= HUGE_BYTES ? HUGE_BYTES : LINE_BYTES;
	size_t rounded = (bytes + alignment - 1) / alignment * alignment;
	void *memory = aligned_alloc(alignment, rounded);

	if (memory && alignment == HUGE_BYTES) {
		(void)madvise(memory, rounded, MADV_HUGEPAGE); /* if refused, normal pages are used */
	}
	return memory ? memset(memory, 0, rounded) : NULL;
}
