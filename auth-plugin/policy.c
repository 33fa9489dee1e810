/* SPDX-License-Identifier: MIT */
#include "auth-plugin/policy.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"

#define BROKER_CHOSEN_PREFIX "auto-" /* mosquitto.conf(5), auto_id_prefix */

enum cw_status policy_load(struct policy *policy, const char *keys_dir, const char *roles_path, struct cw_error *reterr)
{
	struct policy fresh = { .keys_dir = strdup(keys_dir), .roles_path = strdup(roles_path) };
	enum cw_status status = fresh.keys_dir && fresh.roles_path ? cw_token_keys_load(keys_dir, &fresh.keys, reterr) :
								     cw_error_set(reterr, CW_NOMEM, "out of memory");

	if (status == CW_OK) {
		status = cw_access_load(roles_path, &fresh.access, reterr);
	}
	if (status != CW_OK) {
		policy_finish(&fresh);
		return status;
	}
	policy_finish(policy);
	*policy = fresh;
	return CW_OK;
}

void policy_finish(struct policy *policy)
{
	cw_token_keys_destroy(policy->keys);
	cw_access_destroy(policy->access);
	free(policy->keys_dir);
	free(policy->roles_path);
	*policy = (struct policy){ .keys = NULL };
}

static bool is_broker_chosen(const char *client_id)
{
	size_t prefix = sizeof(BROKER_CHOSEN_PREFIX) - 1;

	return strncmp(client_id, BROKER_CHOSEN_PREFIX, prefix) == 0 &&
	       strlen(client_id) == prefix + CW_CLOCK_UUID_TEXT - 1 &&
	       cw_text_is_made_of(client_id + prefix, CW_CLOCK_UUID_TEXT - 1, CW_CLOCK_UUID_TEXT,
				  "0123456789ABCDEFabcdef-");
}

static bool is_own(const char *client_id, const struct cw_token *token)
{
	char prefix[CW_ACCOUNT_MAX + CW_SUBJECT_MAX + 3];

	if (!cw_text_format(prefix, sizeof(prefix), "%s:%s:", token->account, token->subject) ||
	    strncmp(client_id, prefix, strlen(prefix)) != 0) {
		return false;
	}
	const char *tab = client_id + strlen(prefix);

	return cw_text_is_made_of(tab, strlen(tab), CW_TAB_MAX, CW_TEXT_ID "_");
}

enum cw_status policy_admit(const struct policy *policy, const char *token_text, const char *client_id, int64_t now_ms,
			    struct cw_token *ret_token, struct cw_error *reterr)
{
	struct cw_token token;

	if (!token_text) {
		return cw_error_set(reterr, CW_DENIED, "no password; the token belongs there");
	}
	enum cw_status status = cw_token_verify(policy->keys, token_text, now_ms, &token, reterr);

	if (status != CW_OK) {
		return status;
	}
	if (!client_id || !(is_own(client_id, &token) || is_broker_chosen(client_id))) {
		return cw_error_set(reterr, CW_DENIED,
				    "the client id is neither <account>:<subject>:<tab> nor the broker's");
	}
	*ret_token = token;
	return CW_OK;
}

bool policy_allows(const struct policy *policy, const struct session *session, enum cw_access_action action,
		   const char *topic, int qos, bool retain, int64_t now_s)
{
	if (!session || now_s >= session->token.expires_at_s || (session->is_ended && action != CW_ACCESS_WRITE)) {
		return false;
	}
	const struct cw_access_request request = {
		.account = session->token.account,
		.subject = session->token.subject,
		.role = session->token.role,
		.client_id = session->client_id,
		.action = action,
		.topic = topic,
		.qos = qos,
		.retain = retain,
	};

	return cw_access_allows(policy->access, &request);
}
