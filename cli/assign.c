/* SPDX-License-Identifier: MIT */
/* convwire assign: assigns a conversation to an agent, or to nobody. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"

struct assign_options {
	struct common_options common;
	const char *account;
};

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

static int assign(void *input)
{
	const struct assign_options *options = input;
	const char *conversation = options->common.words[0];
	const char *assignee = options->common.words[1];
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	json_t *answer = NULL;
	enum cw_status status = cli_choose_account(options->common.dir, options->account, conversation, account, &error);

	if (status == CW_OK) {
		json_t *arguments = json_pack("{s:s, s:s, s:s?}", "account", account, "conversation", conversation,
					      "subject", strcmp(assignee, "nobody") == 0 ? NULL : assignee);

		status = cli_control(options->common.dir, "assign", arguments, &answer, &error);
		json_decref(arguments);
	}
	if (status == CW_OK) {
		print_assigned(options, answer);
	}
	json_decref(answer);
	return status == CW_OK ? EX_OK : cli_fail(status, "%s", error.text);
}

static const struct cli_option rows[] = {
	CLI_TEXT(struct assign_options, account, 'a', "account", "ID",
		 "the account; needed only if there are several and the id is not canonical"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "", "CONVERSATION SUBJECT\nCONVERSATION nobody", 2, 2, assign },
	CLI_END_VERBS,
};

const struct cli_command cli_assign = {
	.name = "assign",
	.summary = "assign a conversation to an agent, or unassign it",
	.help = "Assign a conversation to an agent, or unassign it. CONVERSATION is any id that matches exactly one "
		"conversation (see `convwire resolve`); SUBJECT is the agent id, the sub of their tokens.",
	.size = sizeof(struct assign_options),
	.options = rows,
	.verbs = verbs,
};
