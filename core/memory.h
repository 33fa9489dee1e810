/* SPDX-License-Identifier: MIT */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include <stdbool.h>

/*
 * Whether memory ran out inside a library that does not say so. jansson (to 2.14) goes on after some allocations that failed: a text
 * comes without one of its bytes (load.c ignores what strbuffer_append_byte says), a member of json_pack's `*` is left out
 * as if it were NULL; SQLite's column texts are NULL then. Who must not take such a value for what was sent asks here before
 * it counts. Any thread, each for itself.
 */

/* Makes jansson allocate by way of this module; once, before the first JSON of the process. Without it jansson is not watched. */
void cw_memory_init(void);

/* Forgets what was before on the calling thread. */
void cw_memory_watch(void);

/* Memory ran out, says a caller who saw it. */
void cw_memory_note_out(void);

/* Has it run out on the calling thread since cw_memory_watch? */
bool cw_memory_ran_out(void);

#endif
