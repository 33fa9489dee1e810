/* SPDX-License-Identifier: MIT */
/* POST /api/v1/conversations/{id}/commands: commands over HTTP, with the same answers as over MQTT. */
#include <stdlib.h>

#include "api/api.h"
#include "core/command.h"

struct asked {
	struct cw_http_request *request;
	struct cw_token token;
	struct cw_command command;
	struct cw_store_op op;
};

static void asked_destroy(struct asked *asked)
{
	cw_command_finish(&asked->command);
	cw_token_finish(&asked->token);
	free(asked);
}

/* Takes ownership of text; NULL answers 500. The request may no longer exist afterwards. */
static void answer(struct cw_http_request *request, int status, char *text)
{
	if (status == 503) {
		cw_http_add_header(request, "Retry-After", "2");
	}
	if (text) {
		cw_http_answer(request, status, "application/json", text);
	} else {
		cw_http_problem(request, 500, "internal", "The server is out of memory.");
	}
	free(text);
}

static void refuse(struct cw_http_request *request, const char *id, const struct cw_problem *problem)
{
	answer(request, problem->status, cw_command_refusal(id, problem));
}

/* Runs on the writer's thread. */
static void on_done(struct cw_store_op *op)
{
	struct asked *asked = op->context;
	struct cw_problem problem;

	if (op->status == CW_OK) {
		answer(asked->request, op->command.http_status, op->command.answer);
	} else {
		cw_command_busy(op->status, &problem);
		free(op->command.answer);
		refuse(asked->request, asked->command.id, &problem);
	}
	asked_destroy(asked);
}

static void submit(const struct api *api, struct asked *asked, const char *conversation)
{
	struct cw_http_request *request = asked->request;
	struct cw_problem problem;

	asked->op = (struct cw_store_op){ .type = CW_STORE_COMMAND,
					  .on_done = on_done,
					  .context = asked,
					  .command = { .account = asked->token.account,
						       .subject = asked->token.subject,
						       .conversation = conversation,
						       .command = &asked->command } };
	cw_http_defer(request); /* before the writer can see it */
	enum cw_status status = cw_store_submit(api->store, &asked->op);

	if (status != CW_OK) {
		cw_command_busy(status, &problem);
		refuse(request, asked->command.id, &problem);
		asked_destroy(asked);
	}
}

/* Is the command allowed and valid? If not, answers and returns false. */
static bool admit(const struct api *api, struct asked *asked, const char *conversation)
{
	struct cw_problem problem;
	size_t len = 0;
	const char *body = cw_http_body(asked->request, &len);
	bool is_parsed = cw_command_parse(body, len, &asked->command, &problem); /* first: the answer needs its id */

	switch (api_may_command(asked->request, api, &asked->token, conversation)) {
	case CW_OK:
	case CW_NOT_FOUND: /* the store refuses it, with the same text as over MQTT */
		break;
	case CW_DENIED:
		cw_problem_set(&problem, "denied", 403,
			       "The token may not send commands about this conversation: its role does not allow it, or it "
			       "is not assigned to you.");
		is_parsed = false;
		break;
	default:
		return false;
	}
	if (!is_parsed) {
		refuse(asked->request, asked->command.id, &problem);
	}
	return is_parsed;
}

void api_command(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	const char *conversation = cw_http_level(request, 0);
	struct asked *asked = calloc(1, sizeof(*asked));

	if (!asked || !api_authorize(request, api, &asked->token)) {
		free(asked); /* if NULL, MHD closes the connection */
		return;
	}
	asked->request = request;
	if (admit(api, asked, conversation)) {
		submit(api, asked, conversation);
	} else {
		asked_destroy(asked);
	}
}
