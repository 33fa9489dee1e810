/* SPDX-License-Identifier: MIT */
/* GET /api/v1/session: the agent that a token stands for. */
#include "api/api.h"

/* The client cannot read this from the token itself: its key's settings name the claims and give a default role. */
void api_whoami(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	struct cw_token token;

	if (api_authorize(request, api, &token)) {
		const struct cw_access_may may = cw_access_may(atomic_load(&api->access), &token);

		cw_http_answer_json(request, 200,
				    json_pack("{s:s, s:s, s:s, s:I, s:{s:b, s:b, s:b, s:b, s:b}}", "account",
					      token.account, "subject", token.subject, "role", token.role, "expires_at",
					      (json_int_t)token.expires_at_s, "may", "command", may.command, "live",
					      may.live, "presence", may.presence, "events", may.events,
					      "all_conversations", may.all_conversations));
		cw_token_finish(&token);
	}
}
