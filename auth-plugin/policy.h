/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_POLICY_H
#define AUTH_PLUGIN_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "auth-plugin/session.h"
#include "core/access.h"
#include "core/token.h"

/*
 * What the plugin decides, free of the broker's types: keys and roles, who is admitted, what a session
 * may do. The broker's one thread.
 */
struct policy {
	char *keys_dir;   /* plugin_opt_keys */
	char *roles_path; /* plugin_opt_roles */
	struct cw_token_keys *keys;
	struct cw_access *access;
};

/* Loads keys and roles. Paths are copied. On failure *policy is as before, so that a bad reload changes nothing. */
CW_MUST_CHECK enum cw_status policy_load(struct policy *policy, const char *keys_dir, const char *roles_path,
					 struct cw_error *reterr);
void policy_finish(struct policy *policy);

/*
 * May a client with this token and client id connect? A client id is the subject's own,
 * `<account>:<subject>:<tab>`, or one that the broker chose ("auto-" and a UUID).
 */
CW_MUST_CHECK enum cw_status policy_admit(const struct policy *policy, const char *token_text, const char *client_id,
					  int64_t now_ms, struct cw_token *ret_token, struct cw_error *reterr);

/* May the session do it? Expired sessions may nothing, ended ones only write: their will. */
bool policy_allows(const struct policy *policy, const struct session *session, enum cw_access_action action,
		   const char *topic, int qos, bool retain, int64_t now_s);

#endif
