/* SPDX-License-Identifier: MIT */
/* POST /api/v1/conversations/{id}/commands: the HTTP door of commands, with the answers of the MQTT one. */
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

/* Takes text; NULL answers 500. The request may be gone afterwards. */
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

/* The writer's thread. */
static void on_done(struct cw_store_op *op)
{
	struct asked *asked = op->context;
	struct cw_problem problem;

	if (op->status == CW_OK) {
		answer(asked->request, op->command.http_status, op->command.answer);
	} else {
		cw_problem_set(&problem, "busy", 503, "%s. Send it again.", op->error.text);
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
	cw_http_defer(request); /* before the writer can know it */
	if (cw_store_submit(api->store, &asked->op) != CW_OK) {
		cw_problem_set(&problem, "busy", 503, "The server has more to do than it can. Send it again.");
		refuse(request, asked->command.id, &problem);
		asked_destroy(asked);
	}
}

void api_command(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	const char *conversation = cw_http_level(request, 0);
	struct asked *asked = calloc(1, sizeof(*asked));
	struct cw_problem problem = { .status = 0 };
	bool exists = false;
	bool has_answered = true;
	size_t len = 0;
	const char *body = cw_http_body(request, &len);

	if (!asked || !api_authorize(request, api, &asked->token)) {
		free(asked); /* without it MHD closes the connection */
		return;
	}
	asked->request = request;
	bool is_parsed = cw_command_parse(body, len, conversation, &asked->command, &problem);
	bool may = api_may_command(request, api, &asked->token, conversation, &exists, &has_answered);

	if (!has_answered && !may) {
		cw_problem_set(&problem, "denied", 403,
			       "The token may not send commands about this conversation: its role does not allow it, or it "
			       "is not assigned to you.");
		is_parsed = false;
	}
	if (!has_answered && is_parsed) {
		submit(api, asked, conversation);
		return;
	}
	if (!has_answered) {
		refuse(request, asked->command.id, &problem);
	}
	asked_destroy(asked);
}
