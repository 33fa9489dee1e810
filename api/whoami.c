/* SPDX-License-Identifier: MIT */
/* GET /api/v1/session: the agent that a token stands for. */
#include "api/api.h"

/* The client cannot read this from the token itself: its key's settings name the claims and give a default role. */
void api_whoami(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	struct cw_token token;

	if (api_authorize(request, api, &token)) {
		cw_http_answer_json(request, 200,
				    json_pack("{s:s, s:s, s:s, s:I}", "account", token.account, "subject", token.subject,
					      "role", token.role, "expires_at", (json_int_t)token.expires_at_s));
		cw_token_finish(&token);
	}
}
