/* SPDX-License-Identifier: MIT */
#ifndef CORE_ACCESS_RULES_H
#define CORE_ACCESS_RULES_H

#include "core/access.h"
#include "core/filter.h"

/* A parsed role file: filled by access_file.c, used by access.c and access_check.c. Only these include this. */
#define CW_ACCESS_MAX_ROLES 32
#define CW_ACCESS_MAX_RULES 64 /* of a role */

struct cw_access_rule {
	struct cw_filter filter;
	bool can_read, can_write, is_deny, may_retain;
	int max_qos;
	int line;
	char *text; /* the line from the file */
	struct cw_access_rule *next;
};

struct cw_access_role {
	char name[CW_ROLE_MAX + 1];
	bool is_assigned;
	int assigned_line;
	size_t n_read, n_write, n_deny;
	const struct cw_access_rule *read[CW_ACCESS_MAX_RULES];
	const struct cw_access_rule *write[CW_ACCESS_MAX_RULES];
	const struct cw_access_rule *deny[CW_ACCESS_MAX_RULES];
};

/* The number of rules for _system, which are built in and cannot be in a file. */
#define CW_ACCESS_N_BUILT_IN 11

struct cw_access {
	char *name; /* of the file, for answers */
	size_t n_roles;
	struct cw_access_role *roles; /* CW_ACCESS_MAX_ROLES */
	struct cw_access_rule *rules; /* all of them, in the file's order; roles share theirs */
	struct cw_filter built_in[CW_ACCESS_N_BUILT_IN];
};

/* Does the role have this rule? Roles of one section share theirs. */
bool cw_access_rule_is_of(const struct cw_access_rule *rule, const struct cw_access_role *role);

/* Compiles the built-in rules. CW_INVALID only when one of them is not a valid filter. */
CW_MUST_CHECK enum cw_status cw_access_compile_built_in(struct cw_access *access);

#endif
