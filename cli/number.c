/* SPDX-License-Identifier: MIT */
/* convwire number add|list|set-token|pause|resume */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/tokens.h"
#include "cli/cli.h"

#define TOKEN_VARIABLE "CONVWIRE_NUMBER_TOKEN"

struct number_options {
	struct common_options common;
	const char *account, *waba_id, *token, *token_file, *reason;
	bool is_simulated;
};

static const struct cli_option rows[] = {
	CLI_TEXT(struct number_options, account, 'a', "account", "ID",
		 "add: the number's account; needed only if there are several"),
	CLI_TEXT(struct number_options, waba_id, 0, "waba", "ID",
		 "add: its WhatsApp Business Account; else taken from a webhook"),
	CLI_FLAG(struct number_options, is_simulated, 0, "simulated",
		 "add: mark it as simulated: `simulate` may write to it"),
	CLI_TEXT(struct number_options, token_file, 0, "token-file", "FILE",
		 "set-token: a file whose first line is the token"),
	CLI_TEXT(struct number_options, token, 0, "token", "TEXT",
		 "set-token: the token; for tests only, as other users can see it"),
	CLI_TEXT(struct number_options, reason, 0, "reason", "TEXT", "pause: the reason shown to agents"),
	CLI_END_OPTIONS,
};

/* ---- add, list ---- */

static int add_number(void *input)
{
	const struct number_options *options = input;
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	json_t *answer = NULL;

	if (cli_choose_account(options->common.dir, options->account, NULL, account, &error) != CW_OK) {
		return cli_fail(error.status, "%s", error.text);
	}
	int code = cli_do(options->common.dir, "number.add",
			  json_pack("{s:s, s:s, s:s*, s:b}", "account", account, "phone_number_id",
				    options->common.words[1], "waba_id", options->waba_id, "simulated",
				    options->is_simulated),
			  &answer);

	json_decref(answer);
	if (code == EX_OK) {
		(void)printf("Added number %s to account %s; webhooks received for it earlier are being processed now.\n"
			     "To send from it: convwire number set-token %s\n",
			     options->common.words[1], account, options->common.words[1]);
	}
	return code;
}

static void print_number(const json_t *row)
{
	const char *waba = json_string_value(json_object_get(row, "waba_id"));
	const char *paused = json_string_value(json_object_get(row, "paused"));
	char age[24];

	(void)printf("%s  account %s  waba %s%s%s\n", json_string_value(json_object_get(row, "phone_number_id")),
		     json_string_value(json_object_get(row, "account")), waba ? waba : "not known yet",
		     json_is_true(json_object_get(row, "simulated")) ? "  simulated" : "",
		     json_is_true(json_object_get(row, "replaying")) ? "  replaying" : "");
	if (paused) {
		cli_format_age(json_integer_value(json_object_get(row, "paused_at")), age);
		(void)printf("    paused for %s: %s\n", age, paused);
	}
}

static int list_numbers(void *input)
{
	const struct number_options *options = input;
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "number.list", json_object(), &answer);
	size_t index;
	json_t *row;

	if (code == EX_OK && options->common.json) {
		cli_print_json(json_incref(json_object_get(answer, "numbers")));
	} else if (code == EX_OK) {
		json_array_foreach(json_object_get(answer, "numbers"), index, row)
		{
			print_number(row);
		}
	}
	json_decref(answer);
	return code;
}

/* ---- pause, resume ---- */

static int pause_number(void *input)
{
	const struct number_options *options = input;
	const char *reason = options->reason ? options->reason : "An administrator paused the number.";
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "number.pause",
			  json_pack("{s:s, s:s}", "phone_number_id", options->common.words[1], "reason", reason),
			  &answer);

	json_decref(answer);
	if (code == EX_OK) {
		(void)printf("Number %s is paused: outgoing messages wait, and agents are told why.\n",
			     options->common.words[1]);
	}
	return code;
}

static int resume_number(void *input)
{
	const struct number_options *options = input;
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "number.resume",
			  json_pack("{s:s}", "phone_number_id", options->common.words[1]), &answer);

	json_decref(answer);
	if (code == EX_OK) {
		(void)printf("Number %s is sending again; waiting messages go out in order.\n", options->common.words[1]);
	}
	return code;
}

/* ---- set-token ---- */

static bool is_known(const struct number_options *options, int *ret_code)
{
	json_t *answer = NULL;
	bool is_found = false;
	size_t index;
	json_t *row;

	*ret_code = cli_do(options->common.dir, "number.list", json_object(), &answer);
	json_array_foreach(json_object_get(answer, "numbers"), index, row)
	{
		is_found = is_found || strcmp(json_string_value(json_object_get(row, "phone_number_id")),
					      options->common.words[1]) == 0;
	}
	json_decref(answer);
	if (*ret_code == EX_OK && !is_found) {
		*ret_code = cli_fail(CW_NOT_FOUND, "there is no number %.40s; `convwire number list` lists the numbers",
				     options->common.words[1]);
	}
	return is_found;
}

static int set_token(void *input)
{
	const struct number_options *options = input;
	char token[TOKEN_MAX + 2];
	char dir[PATH_MAX];
	struct cw_error error;
	json_t *answer = NULL;
	int code = EX_OK;

	if (!is_known(options, &code)) {
		return code;
	}
	const struct cli_secret secret = {
		.file = options->token_file, .text = options->token, .variable = TOKEN_VARIABLE, .name = "access token"
	};
	enum cw_status status = cli_read_secret(&secret, token, sizeof(token), &error);

	if (status == CW_OK) {
		status = settings_path(options->common.dir, "keys/numbers", dir, sizeof(dir), &error);
	}
	if (status == CW_OK) {
		status = tokens_write(dir, options->common.words[1], token, &error);
	}
	explicit_bzero(token, sizeof(token));
	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	json_t *arguments = json_pack("{s:s}", "phone_number_id", options->common.words[1]);

	status = cli_control(options->common.dir, "number.token", arguments, &answer, &error);
	json_decref(arguments);
	json_decref(answer);
	if (status == CW_DENIED) {
		(void)printf(
			"Number %s has its token. It stays paused because a person paused it: convwire number resume %s\n",
			options->common.words[1], options->common.words[1]);
		return EX_OK;
	}
	if (status != CW_OK) {
		return cli_fail(status, "the token is stored, but the daemon did not load it: %s", error.text);
	}
	(void)printf("Number %s has its token; waiting messages are sent now.\n", options->common.words[1]);
	return EX_OK;
}

/* ---- the command ---- */

static const struct cli_verb verbs[] = {
	{ "add", "PHONE_NUMBER_ID", 1, 1, add_number },       { "list", "", 0, 0, list_numbers },
	{ "set-token", "PHONE_NUMBER_ID", 1, 1, set_token },  { "pause", "PHONE_NUMBER_ID", 1, 1, pause_number },
	{ "resume", "PHONE_NUMBER_ID", 1, 1, resume_number }, CLI_END_VERBS,
};

const struct cli_command cli_number = {
	.name = "number",
	.summary = "add and list business numbers; their access tokens; pause and resume",
	.help = "Business numbers. A PHONE_NUMBER_ID is the id that WhatsApp Manager shows next to a phone number, not the "
		"phone number. The access token is read from --token-file, from " TOKEN_VARIABLE ", or prompted for.",
	.size = sizeof(struct number_options),
	.options = rows,
	.verbs = verbs,
};
