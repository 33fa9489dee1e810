/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a command. An accepted command has a well-formed id and a digest that does not depend on how the JSON
 * was written; a refusal has an error text; every answer is JSON. And the simulated WhatsApp, which shares no code with
 * the command parser, must accept every message that an agent may send.
 */
#include "bridge/graph.h"
#include "core/command.h"
#include "core/text.h"
#include "fuzz.h"
#include "sim/validate.h"

#define MESSAGE "01a20462-5846-7192-9aed-5ab1d5b5eeb2"

static void check_answer(char *text, const char *id, bool is_ok)
{
	json_t *json = json_loads(text, 0, NULL);
	const char *said = json_string_value(json_object_get(json, "id"));

	FUZZ_CHECK(json_is_object(json));
	FUZZ_CHECK(id[0] ? said && strcmp(said, id) == 0 : json_is_null(json_object_get(json, "id")));
	FUZZ_CHECK(json_is_true(json_object_get(json, "ok")) == is_ok);
	json_decref(json);
	free(text);
}

static void check_request(const struct cw_command *command)
{
	json_t *body = json_pack("{s:O, s:{s:s?}}", "content", command->content, "context", "message", command->reply_to);
	char *text = json_dumps(body, JSON_COMPACT);
	const struct cw_outbound outbound = { .message = MESSAGE,
					      .attempt = 1,
					      .kind = command->kind,
					      .body = text,
					      .wa_id = "923456789012",
					      .target_wamid = command->kind == CW_KIND_REACTION ? "wamid.Y" : NULL,
					      .uploaded_as = json_object_get(command->content, "media") ? "4711" : NULL };
	char details[VALIDATE_DETAILS];
	const char *why = NULL;
	char *request = graph_render(&outbound, command->reply_to ? "wamid.X" : "", &why);
	json_t *json = request ? json_loads(request, 0, NULL) : NULL;

	FUZZ_CHECK(json);
	if (validate_message(json, details) != 0) {
		(void)fprintf(stderr, "%s\n%s\n", request, details);
		abort();
	}
	json_decref(json);
	free(request);
	free(text);
	json_decref(body);
}

/* Serialised again, it must be the same command. */
static void check_again(const struct cw_command *command)
{
	char *text = json_dumps(command->root, JSON_INDENT(1));
	struct cw_command again;
	struct cw_problem problem;

	if (strlen(text) <= CW_COMMAND_MAX_BYTES) {
		FUZZ_CHECK(cw_command_parse(text, strlen(text), &again, &problem));
		FUZZ_CHECK(memcmp(again.digest, command->digest, CW_COMMAND_DIGEST_BYTES) == 0);
		cw_command_finish(&again);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct cw_command command;
	struct cw_problem problem = { .type = "" };

	if (cw_command_parse(text, size, &command, &problem)) {
		FUZZ_CHECK(cw_text_is_made_of(command.id, strlen(command.id), CW_COMMAND_ID_MAX, CW_TEXT_ID "_.:"));
		check_answer(cw_command_answer(command.id, MESSAGE), command.id, true);
		check_again(&command);
		if (command.type == CW_COMMAND_SEND) {
			check_request(&command);
		}
	} else {
		FUZZ_CHECK(problem.status >= 400 && problem.type[0] && problem.detail[0]);
		check_answer(cw_command_refusal(command.id, &problem), command.id, false);
	}
	cw_command_finish(&command);
	free(text);
	return 0;
}
