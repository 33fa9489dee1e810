/* SPDX-License-Identifier: MIT */
#include "core/memory.h"

#include <jansson.h>
#include <stdlib.h>

static _Thread_local bool has_run_out;

static void *allocate(size_t size)
{
	void *memory = malloc(size);

	has_run_out = has_run_out || !memory;
	return memory;
}

void cw_memory_init(void)
{
	json_set_alloc_funcs(allocate, free);
}

void cw_memory_watch(void)
{
	has_run_out = false;
}

void cw_memory_note_out(void)
{
	has_run_out = true;
}

bool cw_memory_ran_out(void)
{
	return has_run_out;
}
