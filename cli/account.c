/* SPDX-License-Identifier: MIT */
/* convwire account add|list, token, check */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "core/text.h"

#define DEFAULT_TTL_S 900

/* One options struct for the group; each command's rows say which options it takes. */
struct short_options {
	struct common_options common;
	const char *account, *role, *agent, *ttl;
};

/* ---- account ---- */

static int add_account(void *input)
{
	const struct short_options *options = input;
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "account.add", json_pack("{s:s}", "account", options->common.words[1]),
			  &answer);

	json_decref(answer);
	if (code == EX_OK) {
		(void)printf("Added account %s. Next: add a number (convwire number add PHONE_NUMBER_ID --account %s),\n"
			     "and add the account to the accounts line of its app secret (%s/keys/apps/*.conf;\n"
			     "restart the daemon).\n",
			     options->common.words[1], options->common.words[1], options->common.dir);
	}
	return code;
}

static int list_accounts(void *input)
{
	const struct short_options *options = input;
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "account.list", json_object(), &answer);
	size_t index;
	json_t *row;

	if (code == EX_OK && options->common.json) {
		cli_print_json(json_incref(json_object_get(answer, "accounts")));
	} else if (code == EX_OK) {
		json_array_foreach(json_object_get(answer, "accounts"), index, row)
		{
			(void)printf("%s  %lld events\n", json_string_value(json_object_get(row, "account")),
				     (long long)json_integer_value(json_object_get(row, "head")));
		}
	}
	json_decref(answer);
	return code;
}

static const struct cli_verb account_verbs[] = {
	{ "add", "ID", 1, 1, add_account },
	{ "list", "", 0, 0, list_accounts },
	CLI_END_VERBS,
};

const struct cli_command cli_account = {
	.name = "account",
	.summary = "add and list accounts",
	.help = "Add and list accounts, the tenants of this Convwire.",
	.size = sizeof(struct short_options),
	.verbs = account_verbs,
};

/* ---- token ---- */

/* "90", "90s", "15m", "2h", "30d" → seconds. */
static bool parse_ttl(const char *text, int64_t *ret_ttl_s)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char digits[16];
	size_t len = strlen(text);
	int64_t factor = 1;

	for (size_t i = 0; len > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[len - 1] == units[i].unit) {
			factor = units[i].seconds;
			len--;
			break;
		}
	}
	if (len >= sizeof(digits)) {
		return false;
	}
	memcpy(digits, text, len);
	digits[len] = '\0';
	int64_t value = 0;

	if (cw_text_to_int64(digits, &value) != CW_OK || value < 1 || value > 366 * 86400LL / factor) {
		return false;
	}
	*ret_ttl_s = value * factor;
	return true;
}

static const struct cli_option token_options[] = {
	CLI_TEXT(struct short_options, account, 'a', "account", "ID", "the account; needed only if there are several"),
	CLI_TEXT_OR(struct short_options, role, 0, "role", "R", "agent", "a role in roles.acl (agent)"),
	CLI_TEXT_OR(struct short_options, agent, 0, "agent", "ID", "cli", "the agent id, the token's subject (cli)"),
	CLI_TEXT(struct short_options, ttl, 0, "ttl", "TIME", "lifetime: 90s, 15m, 2h, 30d (15m)"),
	CLI_END_OPTIONS,
};

static int print_token(void *input)
{
	struct short_options *options = input;
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	int64_t ttl_s = DEFAULT_TTL_S;
	char *token = NULL;

	if (options->ttl && !parse_ttl(options->ttl, &ttl_s)) {
		return cli_fail(CW_INVALID, "--ttl %s: not a time like 90s, 15m, 2h or 30d", options->ttl);
	}
	enum cw_status status = cli_choose_account(options->common.dir, options->account, NULL, account, &error);

	if (status == CW_OK) {
		status = cli_mint(options->common.dir, account, options->agent, options->role, ttl_s, &token, &error);
	}
	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	(void)puts(token);
	free(token);
	return EX_OK;
}

static const struct cli_verb token_verbs[] = {
	{ "", "", 0, 0, print_token },
	CLI_END_VERBS,
};

const struct cli_command cli_token = {
	.name = "token",
	.summary = "issue a token for an agent and print it",
	.help = "Print a token, and nothing else.",
	.size = sizeof(struct short_options),
	.options = token_options,
	.verbs = token_verbs,
};

/* ---- check ---- */

static int print_check(const struct short_options *options, json_t *answer)
{
	size_t index;
	json_t *fault;
	bool is_sound = json_integer_value(json_object_get(answer, "n_faults")) == 0;

	if (options->common.json) {
		cli_print_json(json_incref(answer));
		return is_sound ? EX_OK : EX_DATAERR;
	}
	static const struct {
		const char *key, *text;
	} lines[] = { { "messages", "messages" },
		      { "conversations", "conversations" },
		      { "waiting_changes", "changes wait for a number that is not added yet" },
		      { "kept_changes", "changes could not be understood and are kept raw" },
		      { "lag_events", "events are not published yet" } };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)printf("%10lld  %s\n", (long long)json_integer_value(json_object_get(answer, lines[i].key)),
			     lines[i].text);
	}
	if (json_is_false(json_object_get(answer, "search_checked"))) {
		(void)puts("The search index was not checked, since this version of SQLite cannot do it here. `convwire backup` checks "
			   "it in the copy.");
	}
	json_array_foreach(json_object_get(answer, "faults"), index, fault)
	{
		(void)printf("FAULT: %s\n", json_string_value(fault));
	}
	(void)puts(is_sound ? "The database is intact: no corruption, no gaps in seq, prev correct, no duplicates." :
			      "The database is damaged. Stop Convwire, keep a copy of the directory, restore a backup.");
	return is_sound ? EX_OK : EX_DATAERR;
}

static int check(void *input)
{
	const struct short_options *options = input;
	struct progress progress;
	json_t *answer = NULL;

	progress_begin(&progress, "Reading the database", NULL, NULL);
	int code = cli_do(options->common.dir, "check", json_object(), &answer);

	progress_end(&progress);
	if (code == EX_OK) {
		code = print_check(options, answer);
	}
	json_decref(answer);
	return code;
}

static const struct cli_verb check_verbs[] = {
	{ "", "", 0, 0, check },
	CLI_END_VERBS,
};

const struct cli_command cli_check = {
	.name = "check",
	.summary = "check the database's integrity",
	.help = "Check the database's integrity: no corruption, no gaps in seq, prev correct, no duplicate messages. Also "
		"reports what is waiting.",
	.size = sizeof(struct short_options),
	.verbs = check_verbs,
};
