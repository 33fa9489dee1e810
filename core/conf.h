/* SPDX-License-Identifier: MIT */
#ifndef CORE_CONF_H
#define CORE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/*
 * Settings: each program has one table, whose rows fill one struct. The same table is used to parse the
 * file of `key = value` lines, set the defaults, print the effective settings and check the documentation.
 * Unknown keys and bad values are errors: `file:line: key: what is wrong`.
 */
enum cw_conf_type {
	CW_CONF_TEXT, /* char *, owned by the struct; never NULL after loading */
	CW_CONF_INT,  /* int64_t within min..max */
	CW_CONF_BOOL, /* bool: yes/no, true/false, on/off, 1/0 */
	CW_CONF_LEVEL /* enum cw_log_level */
};

struct cw_conf_key {
	const char *name;
	enum cw_conf_type type;
	size_t offset;        /* offsetof the member */
	const char *fallback; /* the default, as it would be written in a file */
	int64_t min, max;     /* CW_CONF_INT only */
	const char *help;     /* one line, with the unit */
};

struct cw_conf_table {
	const struct cw_conf_key *keys; /* alphabetical */
	size_t n_keys;
};

/* Fills *settings with the defaults. The struct must be zeroed or already loaded. CW_NOMEM. */
CW_MUST_CHECK enum cw_status cw_conf_defaults(const struct cw_conf_table *table, void *settings, struct cw_error *reterr);

/* Reads a file over the current values. CW_NOT_FOUND: no file; CW_INVALID, with file:line. Sections are refused. */
CW_MUST_CHECK enum cw_status cw_conf_load(const struct cw_conf_table *table, const char *path, void *settings,
					  struct cw_error *reterr);

/* Sets one value. CW_NOT_FOUND for an unknown key, CW_INVALID for a bad value. */
CW_MUST_CHECK enum cw_status cw_conf_set(const struct cw_conf_table *table, void *settings, const char *key,
					 const char *value, struct cw_error *reterr);

/* The same; the error calls the setting `name`, for instance the option that gave the value. */
CW_MUST_CHECK enum cw_status cw_conf_set_as(const struct cw_conf_table *table, void *settings, const char *key,
					    const char *name, const char *value, struct cw_error *reterr);

/* Writes one value as text to out (size bytes); false when it does not fit. */
CW_MUST_CHECK bool cw_conf_print(const struct cw_conf_key *key, const void *settings, char *out, size_t size);

/* Frees the strings. NULL and zeroed structs are fine. */
void cw_conf_finish(const struct cw_conf_table *table, void *settings);

#endif
