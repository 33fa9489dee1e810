/* SPDX-License-Identifier: MIT */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H

#include <stdbool.h>

#include "core/status.h"
#include "core/token.h"
#include "core/topic.h"

/*
 * Who may read and write what: the one permission function, for both the broker's plugin and HTTP.
 * Tenancy is checked first, in C, and no role file can override it:
 * everything a tenant's token touches begins with acct/<its account>/.
 *
 * Roles are sections of a file in the syntax of mosquitto's acl_file; docs/protocol.md, "Roles".
 * Loaded once, then read-only: any thread, no allocation and no I/O in a check.
 */
enum cw_access_action {
	CW_ACCESS_READ,  /* a delivery of a message on this topic */
	CW_ACCESS_WRITE, /* a publish */
	/*
	 * topic is a filter; granted only when rules allow every topic it matches. Narrower deny rules are
	 * applied at each delivery.
	 */
	CW_ACCESS_SUBSCRIBE,
	CW_ACCESS_ACTION_COUNT
};

/* Is this conversation (len bytes, no NUL) assigned to the caller? For roles limited to assigned conversations. */
typedef bool (*cw_access_assigned_fn)(void *context, const char *conversation, size_t len);

struct cw_access;
struct cw_access_role;

struct cw_access_request {
	const char *account;
	const char *subject;
	const char *role;
	const struct cw_access_role *resolved; /* cached cw_access_role(role); NULL: looked up */
	const char *client_id;                 /* for %c; "" over HTTP */
	const struct cw_claim *claim;          /* the token's; NULL: none */
	enum cw_access_action action;
	const char *topic;
	const struct cw_levels *levels;    /* topic's cached levels; NULL: split here */
	int qos;                           /* WRITE, and SUBSCRIBE for claims */
	bool retain;                       /* WRITE only */
	cw_access_assigned_fn is_assigned; /* NULL: nothing is assigned, so limited roles see nothing */
	void *assigned_context;
};

enum cw_access_reason {
	CW_ACCESS_RULE,
	CW_ACCESS_BUILT_IN,
	CW_ACCESS_NO_RULE,
	CW_ACCESS_DENY_RULE,
	CW_ACCESS_QOS,
	CW_ACCESS_RETAIN,
	CW_ACCESS_NOT_ASSIGNED,
	CW_ACCESS_CLAIM,
	CW_ACCESS_OUTSIDE,
	CW_ACCESS_UNKNOWN_ROLE,
	CW_ACCESS_MALFORMED,
	CW_ACCESS_REASON_COUNT
};

/* The decision and what it was based on. Points into the rules. */
struct cw_access_verdict {
	bool is_allowed;
	enum cw_access_reason reason;
	const struct cw_access_rule *rule; /* NULL: none */
	size_t claim_entry;                /* from 1; 0: none */
	int assigned_line;                 /* line of the `assigned` that refused; 0: it did not */
};

/* The text of the default role file, which `convwire init` writes to DIR/roles.acl. */
extern const char cw_access_shipped_roles[];

/* Reads a role file. CW_INVALID as `file:line: what`. *ret_access is the caller's; destroy accepts NULL. */
CW_MUST_CHECK enum cw_status cw_access_load(const char *path, struct cw_access **ret_access, struct cw_error *reterr);

/* The same from a string in memory; errors use name as the file name. */
CW_MUST_CHECK enum cw_status cw_access_parse(const char *name, const char *text, struct cw_access **ret_access,
					     struct cw_error *reterr);
void cw_access_destroy(struct cw_access *access);

/* The section of a role, or NULL. Lives as long as access. */
const struct cw_access_role *cw_access_role(const struct cw_access *access, const char *name);

/* Is it allowed, and why? Anything missing, unknown or malformed is refused. */
struct cw_access_verdict cw_access_decide(const struct cw_access *access, const struct cw_access_request *request);
bool cw_access_allows(const struct cw_access *access, const struct cw_access_request *request);

/* A sentence, static. */
const char *cw_access_reason_text(enum cw_access_reason reason);

/* The line that decided, e.g. `roles.acl:5: pattern read acct/%a/conv/+`. false when none did, or it does not fit. */
bool cw_access_verdict_line(const struct cw_access *access, const struct cw_access_verdict *verdict, char *out,
			    size_t size);

/* For administration: the file's roles by index, and a role's rules in the file's order. */
size_t cw_access_n_roles(const struct cw_access *access);
const char *cw_access_role_name(const struct cw_access *access, size_t i);
bool cw_access_role_is_assigned(const struct cw_access_role *role);
void cw_access_role_rules(const struct cw_access *access, const struct cw_access_role *role,
			  void (*on_rule)(void *context, int line, const char *text), void *context);

/*
 * May this token read the events of this conversation, which is assigned to assignee ("" or NULL: nobody)? Every HTTP
 * route checks this.
 */
bool cw_access_sees_conversation(const struct cw_access *access, const struct cw_token *token, const char *conversation,
				 const char *assignee);

/*
 * May this token send commands for this conversation, which is assigned to assignee ("" or NULL: nobody)? The same
 * check as the broker's for a publish on its cmd topic.
 */
bool cw_access_may_command(const struct cw_access *access, const struct cw_token *token, const char *conversation,
			   const char *assignee);

/*
 * What the token may do in a conversation that is assigned to it, so that pages show only what works. Rules or claims
 * about single conversations can differ; the broker and each route still decide every case.
 */
struct cw_access_may {
	bool command;           /* send commands: messages, read marks, assign, done */
	bool live;              /* publish typing and viewing */
	bool presence;          /* publish presence */
	bool events;            /* read acct/<account>/events */
	bool all_conversations; /* read every conversation, not only assigned ones */
};
struct cw_access_may cw_access_may(const struct cw_access *access, const struct cw_token *token);

/*
 * May an agent of this role answer in a conversation that is assigned to them? If not, none can be assigned to them.
 * false, too, for a role that the file does not have.
 */
bool cw_access_may_answer(const struct cw_access *access, const char *account, const char *subject, const char *role);

/* Is this token's role limited to assigned conversations? Then lists need look only at those. */
bool cw_access_is_limited(const struct cw_access *access, const struct cw_token *token);

/* May this token read every conversation of its account? Then lists need no check per row. */
bool cw_access_sees_all(const struct cw_access *access, const struct cw_token *token);

/* May this token read acct/<its account>/events? */
bool cw_access_sees_events(const struct cw_access *access, const struct cw_token *token);

#endif
