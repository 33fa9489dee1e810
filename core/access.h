/* SPDX-License-Identifier: MIT */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H

#include <stdbool.h>

#include "core/status.h"
#include "core/token.h"
#include "core/topic.h"

/*
 * Who may see and say what: the one permission function of the broker's plugin and of HTTP.
 * Tenancy is checked first, in C, and no role file can widen it:
 * everything a tenant's token touches begins with acct/<its account>/.
 *
 * Roles are sections of a file in the syntax of mosquitto's acl_file; docs/protocol.md, "Roles".
 * Loaded once, then read-only: any thread, no allocation and no I/O in a check.
 */
enum cw_access_action {
	CW_ACCESS_READ,  /* a delivery of a message on this topic */
	CW_ACCESS_WRITE, /* a publish */
	/*
	 * topic is a filter; granted only when rules allow every topic it matches. What a narrower deny rule
	 * keeps back is kept back at each delivery.
	 */
	CW_ACCESS_SUBSCRIBE,
};

/* Answers whether a conversation is assigned to a subject; for roles limited to assigned conversations. */
typedef bool (*cw_access_assigned_fn)(void *context, const char *account, const char *conversation, const char *subject);

struct cw_access_request {
	const char *account;
	const char *subject;
	const char *role;
	const char *client_id; /* for %c; "" over HTTP */
	enum cw_access_action action;
	const char *topic;
	int qos;                           /* WRITE only */
	bool retain;                       /* WRITE only */
	cw_access_assigned_fn is_assigned; /* NULL: nothing is, so limited roles see nothing */
	void *assigned_context;
};

struct cw_access;

/* The role file that ships, as text; `convwire init` writes it to DIR/roles.acl. */
extern const char cw_access_shipped_roles[];

/* Reads a role file. CW_INVALID as `file:line: what`. *ret_access is the caller's; destroy accepts NULL. */
CW_MUST_CHECK enum cw_status cw_access_load(const char *path, struct cw_access **ret_access, struct cw_error *reterr);

/* The same from a text in memory; name stands for the file in errors. */
CW_MUST_CHECK enum cw_status cw_access_parse(const char *name, const char *text, struct cw_access **ret_access,
					     struct cw_error *reterr);
void cw_access_destroy(struct cw_access *access);

/* Does the file have a section for this role? */
bool cw_access_has_role(const struct cw_access *access, const char *role);

/* Allowed? Anything missing, unknown or malformed is not. */
bool cw_access_allows(const struct cw_access *access, const struct cw_access_request *request);

/*
 * May this token read the events of this conversation, which assignee has ("" or NULL: nobody)? What every HTTP
 * route asks.
 */
bool cw_access_sees_conversation(const struct cw_access *access, const struct cw_token *token, const char *conversation,
				 const char *assignee);

/* Is this token's role limited to assigned conversations? Then lists need look only at those. */
bool cw_access_is_limited(const struct cw_access *access, const struct cw_token *token);

/* May this token read every conversation of its account (so that lists need no row by row check)? */
bool cw_access_sees_all(const struct cw_access *access, const struct cw_token *token);

/* May this token read acct/<its account>/events? */
bool cw_access_sees_events(const struct cw_access *access, const struct cw_token *token);

#endif
