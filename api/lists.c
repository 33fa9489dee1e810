/* SPDX-License-Identifier: MIT */
/* Lists for the dashboard's menus: the account's agents, numbers and templates. */
#include <string.h>

#include "api/api.h"

/*
 * These lists are for tokens that may read acct/<a>/events, which carries the same data. The caller finishes
 * *ret_token. false: refused and answered.
 */
static bool authorize_events(struct cw_http_request *request, const struct api *api, struct cw_token *ret_token)
{
	if (!api_authorize(request, api, ret_token)) {
		return false;
	}
	if (!cw_access_sees_events(api->access, ret_token)) {
		cw_http_problem(request, 403, "denied", "The token's role may not read the account's events.");
		cw_token_finish(ret_token);
		return false;
	}
	return true;
}

struct agents {
	json_t *list;
	const struct cw_access *access;
};

static bool on_agent(void *context, const struct cw_agent *agent)
{
	struct agents *agents = context;
	json_t *row = json_pack("{s:s, s:s, s:s, s:b, s:b}", "subject", agent->subject, "name", agent->name, "role",
				agent->role, "disabled", agent->disabled_at_ms != 0, "may_answer",
				agent->disabled_at_ms == 0 && cw_access_may_answer(agents->access, agent->account,
										   agent->subject, agent->role));

	return json_array_append_new(agents->list, row) == 0;
}

static bool on_template(void *list, json_t *row)
{
	return json_array_append(list, row) == 0;
}

struct numbers {
	json_t *list;
	const char *account;
};

static bool on_number(void *context, const struct cw_number *number)
{
	struct numbers *numbers = context;

	if (strcmp(number->account, numbers->account) != 0) {
		return true;
	}
	json_t *row = json_pack("{s:s, s:s?, s:s?, s:b, s:b, s:i, s:s?, s:I}", "phone_number_id", number->phone_number_id,
				"display_phone_number", number->display_phone, "waba_id", number->waba_id, "simulated",
				number->is_simulated, "paused", number->paused_at_ms != 0, "code", number->paused_code,
				"reason", number->paused_reason, "since", (json_int_t)number->paused_at_ms);

	return json_array_append_new(numbers->list, row) == 0;
}

/* Common to the three routes: member is the list's name in the answer, read fills it. */
static void answer_list(struct cw_http_request *request, const struct api *api, const char *member,
			enum cw_status (*read)(struct cw_reader *reader, const struct api *api, const char *account,
					       json_t *list, struct cw_error *reterr))
{
	struct cw_token token;
	struct cw_error error;

	if (!authorize_events(request, api, &token)) {
		return;
	}
	struct cw_reader *reader = api_reader(request, api);
	json_t *list = json_array();

	if (reader) {
		enum cw_status status = read(reader, api, token.account, list, &error);

		cw_reader_release(reader);
		if (status == CW_OK) {
			cw_http_answer_json(request, 200, json_pack("{s:O}", member, list));
		} else {
			api_store_problem(request, &error);
		}
	}
	json_decref(list);
	cw_token_finish(&token);
}

static enum cw_status read_agents(struct cw_reader *reader, const struct api *api, const char *account, json_t *list,
				  struct cw_error *reterr)
{
	struct agents agents = { .list = list, .access = atomic_load(&api->access) };

	return cw_store_agents(reader, account, on_agent, &agents, reterr);
}

static enum cw_status read_templates(struct cw_reader *reader, const struct api *api, const char *account, json_t *list,
				     struct cw_error *reterr)
{
	(void)api;
	return cw_store_list_templates(reader, account, on_template, list, reterr);
}

static enum cw_status read_numbers(struct cw_reader *reader, const struct api *api, const char *account, json_t *list,
				   struct cw_error *reterr)
{
	struct numbers numbers = { .list = list, .account = account };

	(void)api;
	return cw_store_numbers(reader, on_number, &numbers, reterr);
}

void api_agents(struct cw_http_request *request, void *api)
{
	answer_list(request, api, "agents", read_agents);
}

void api_templates(struct cw_http_request *request, void *api)
{
	answer_list(request, api, "templates", read_templates);
}

void api_numbers(struct cw_http_request *request, void *api)
{
	answer_list(request, api, "numbers", read_numbers);
}
