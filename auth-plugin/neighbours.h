/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_NEIGHBOURS_H
#define AUTH_PLUGIN_NEIGHBOURS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Was another plugin loaded into this broker before ours? mosquitto calls plugins in the order in which they were
 * loaded, and the first that does not defer decides. Call at load time, before later plugins are loaded. Writes that
 * plugin's file name to out.
 */
bool neighbours_find_earlier(char *out, size_t size);

#endif
