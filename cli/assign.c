/* SPDX-License-Identifier: MIT */
/* convwire assign: assigns a conversation to an agent, or to nobody. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"

struct assign_options {
	struct common_options common;
	const char *words[2];
	int n_words;
	const char *account;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct assign_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->common;
		return 0;
	case 'a':
		options->account = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (options->n_words == 2) {
			argp_error(state, "unexpected argument \"%s\"", argument);
		}
		options->words[options->n_words++] = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_assigned(const struct assign_options *options, json_t *answer)
{
	const char *conversation = json_string_value(json_object_get(answer, "conversation"));
	const char *assignee = json_string_value(json_object_get(answer, "assignee"));
	bool is_changed = json_is_true(json_object_get(answer, "changed"));

	if (options->common.json) {
		(void)json_object_del(answer, "status");
		cli_print_json(json_incref(answer));
	} else if (assignee) {
		(void)printf("%s %s %s.\n", assignee, is_changed ? "now has" : "already has", conversation);
	} else {
		(void)printf("%s is %s unassigned.\n", conversation, is_changed ? "now" : "already");
	}
}

int command_assign(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "account", 'a', "ID", 0, "the account; needed only if there are several and the id is not canonical",
		  0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp_child children[] = { { &common_argp, 0, NULL, 0 }, { NULL, 0, NULL, 0 } };
	static const struct argp argp = { rows,
					  parse,
					  "CONVERSATION SUBJECT\nCONVERSATION nobody",
					  "Assign a conversation to an agent, or unassign it. CONVERSATION is any id that "
					  "matches exactly one conversation (see `convwire resolve`); SUBJECT is the agent "
					  "id, the sub of their tokens.",
					  children,
					  NULL,
					  NULL };
	struct assign_options options = { .common.dir = "./var" };
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	json_t *answer = NULL;

	cli_parse("assign", &argp, argc, argv, &options);
	if (options.n_words != 2) {
		(void)fputs("convwire: assign CONVERSATION SUBJECT, or assign CONVERSATION nobody\n", stderr);
		return EX_USAGE;
	}
	enum cw_status status = cli_choose_account(options.common.dir, options.account, options.words[0], account,
						   &error);

	if (status == CW_OK) {
		const char *subject = strcmp(options.words[1], "nobody") == 0 ? NULL : options.words[1];
		json_t *arguments = json_pack("{s:s, s:s, s:s?}", "account", account, "conversation", options.words[0],
					      "subject", subject);

		status = cli_control(options.common.dir, "assign", arguments, &answer, &error);
		json_decref(arguments);
	}
	if (status == CW_OK) {
		print_assigned(&options, answer);
	}
	json_decref(answer);
	return status == CW_OK ? EX_OK : cli_fail(status, "%s", error.text);
}
