/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_NEIGHBOURS_H
#define AUTH_PLUGIN_NEIGHBOURS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Was another plugin loaded into this broker before ours? mosquitto asks plugins in the order of loading, and the
 * first that does not defer decides. Called at load, when those that follow are not there yet. Writes its file.
 */
bool neighbours_find_earlier(char *out, size_t size);

#endif
