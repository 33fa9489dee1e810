/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_LINES_H
#define AUTH_PLUGIN_LINES_H

#include <stddef.h>

/*
 * Zeroed memory for a table with random access: whole cache lines and, from 2 MB on, huge pages where the kernel
 * provides them (otherwise a lookup also waits for the page tables). NULL when out of memory; freed with free().
 */
#define LINE_BYTES 64
void *lines_alloc(size_t bytes);

#endif
