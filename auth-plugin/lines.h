/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_LINES_H
#define AUTH_PLUGIN_LINES_H

#include <stddef.h>

/*
 * Zeroed memory for a table that is looked into at random: whole cache lines, and, from 2 MB on, huge pages where
 * the kernel has them (a lookup otherwise waits for the page tables too). NULL without memory; freed with free().
 */
#define LINE_BYTES 64
void *lines_alloc(size_t bytes);

#endif
