/* SPDX-License-Identifier: MIT */
/* convwire number add|list|set-token|pause|resume */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/tokens.h"
#include "cli/cli.h"

#define MAX_WORDS 2
#define TOKEN_VARIABLE "CONVWIRE_NUMBER_TOKEN"

struct number_options {
	struct common_options common;
	const char *words[MAX_WORDS];
	int n_words;
	const char *account, *waba_id, *token, *token_file, *reason;
	bool is_simulated;
};

enum { KEY_WABA = 256, KEY_SIMULATED, KEY_TOKEN, KEY_TOKEN_FILE, KEY_REASON };

static const struct argp_option rows[] = {
	{ "account", 'a', "ID", 0, "add: the number's account; needed only if there are several", 0 },
	{ "waba", KEY_WABA, "ID", 0, "add: its WhatsApp Business Account (taken from the first webhook)", 0 },
	{ "simulated", KEY_SIMULATED, NULL, 0, "add: mark it as simulated: `simulate` may write to it", 0 },
	{ "token-file", KEY_TOKEN_FILE, "FILE", 0, "set-token: a file whose first line is the token", 0 },
	{ "token", KEY_TOKEN, "TEXT", 0, "set-token: the token; for tests only, as other users can see it", 0 },
	{ "reason", KEY_REASON, "TEXT", 0, "pause: the reason shown to agents", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct number_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->common;
		return 0;
	case 'a':
		options->account = argument;
		return 0;
	case KEY_WABA:
		options->waba_id = argument;
		return 0;
	case KEY_SIMULATED:
		options->is_simulated = true;
		return 0;
	case KEY_TOKEN:
		options->token = argument;
		return 0;
	case KEY_TOKEN_FILE:
		options->token_file = argument;
		return 0;
	case KEY_REASON:
		options->reason = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (options->n_words == MAX_WORDS) {
			argp_error(state, "unexpected argument \"%s\"", argument);
		}
		options->words[options->n_words++] = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- add, list ---- */

static int add_number(const struct number_options *options)
{
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	json_t *answer = NULL;

	if (cli_choose_account(options->common.dir, options->account, NULL, account, &error) != CW_OK) {
		return cli_fail(error.status, "%s", error.text);
	}
	int code = cli_do(options->common.dir, "number.add",
			  json_pack("{s:s, s:s, s:s*, s:b}", "account", account, "phone_number_id", options->words[1],
				    "waba_id", options->waba_id, "simulated", options->is_simulated),
			  &answer);

	json_decref(answer);
	if (code == EX_OK) {
		(void)printf("Added number %s to account %s; webhooks received for it earlier are being processed now.\n"
			     "To send from it: convwire number set-token %s\n",
			     options->words[1], account, options->words[1]);
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

static int list_numbers(const struct number_options *options)
{
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

static int pause_number(const struct number_options *options)
{
	const char *reason = options->reason ? options->reason : "An administrator paused the number.";
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "number.pause",
			  json_pack("{s:s, s:s}", "phone_number_id", options->words[1], "reason", reason), &answer);

	json_decref(answer);
	if (code == EX_OK) {
		(void)printf("Number %s is paused: outgoing messages wait, and agents are told why.\n",
			     options->words[1]);
	}
	return code;
}

static int resume_number(const struct number_options *options)
{
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "number.resume",
			  json_pack("{s:s}", "phone_number_id", options->words[1]), &answer);

	json_decref(answer);
	if (code == EX_OK) {
		(void)printf("Number %s is sending again; waiting messages go out in order.\n", options->words[1]);
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
		is_found = is_found ||
			   strcmp(json_string_value(json_object_get(row, "phone_number_id")), options->words[1]) == 0;
	}
	json_decref(answer);
	if (*ret_code == EX_OK && !is_found) {
		*ret_code = cli_fail(CW_NOT_FOUND, "there is no number %.40s; `convwire number list` lists the numbers",
				     options->words[1]);
	}
	return is_found;
}

static int set_token(const struct number_options *options)
{
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
		status = tokens_write(dir, options->words[1], token, &error);
	}
	explicit_bzero(token, sizeof(token));
	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	json_t *arguments = json_pack("{s:s}", "phone_number_id", options->words[1]);

	status = cli_control(options->common.dir, "number.token", arguments, &answer, &error);
	json_decref(arguments);
	json_decref(answer);
	if (status == CW_DENIED) {
		(void)printf(
			"Number %s has its token. It stays paused because a person paused it: convwire number resume %s\n",
			options->words[1], options->words[1]);
		return EX_OK;
	}
	if (status != CW_OK) {
		return cli_fail(status, "the token is stored, but the daemon did not load it: %s", error.text);
	}
	(void)printf("Number %s has its token; waiting messages are sent now.\n", options->words[1]);
	return EX_OK;
}

/* ---- the command ---- */

static bool asks_for(const struct number_options *options, const char *verb, int n_words)
{
	return options->n_words == n_words && strcmp(options->words[0], verb) == 0;
}

int command_number(int argc, char **argv)
{
	static const struct argp_child children[] = { { &common_argp, 0, NULL, 0 }, { NULL, 0, NULL, 0 } };
	static const struct argp argp = {
		rows,
		parse,
		"add PHONE_NUMBER_ID\nlist\nset-token PHONE_NUMBER_ID\npause PHONE_NUMBER_ID\nresume PHONE_NUMBER_ID",
		"Business numbers. A PHONE_NUMBER_ID is the id that WhatsApp Manager shows next to a phone number, not the "
		"phone number. The access token is read from --token-file, from " TOKEN_VARIABLE ", or prompted for.",
		children,
		NULL,
		NULL
	};
	struct number_options options = { .common.dir = "./var" };

	cli_parse("number", &argp, argc, argv, &options);
	if (asks_for(&options, "add", 2)) {
		return add_number(&options);
	}
	if (asks_for(&options, "list", 1)) {
		return list_numbers(&options);
	}
	if (asks_for(&options, "set-token", 2)) {
		return set_token(&options);
	}
	if (asks_for(&options, "pause", 2)) {
		return pause_number(&options);
	}
	if (asks_for(&options, "resume", 2)) {
		return resume_number(&options);
	}
	(void)fputs("convwire: number add, set-token, pause or resume PHONE_NUMBER_ID, or number list\n", stderr);
	return EX_USAGE;
}
