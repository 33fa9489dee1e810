/* SPDX-License-Identifier: MIT */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include <stdbool.h>

/*
 * Detects that memory ran out inside a library that does not report it. jansson (up to 2.14) continues after some
 * failed allocations: a string may lack a byte (load.c ignores the result of strbuffer_append_byte), and a `*` member
 * of json_pack is left out as if it were NULL. SQLite returns NULL for column texts. Code that must not mistake such a
 * value for real data checks here before using it. Any thread; the state is per thread.
 */

/* Makes jansson allocate through this module, else it is not watched. Call once, before the process's first JSON. */
void cw_memory_init(void);

/* Clears the calling thread's state. */
void cw_memory_watch(void);

/* Records that the caller ran out of memory. */
void cw_memory_note_out(void);

/* Has memory run out on the calling thread since cw_memory_watch? */
bool cw_memory_ran_out(void);

#endif
