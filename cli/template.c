/* SPDX-License-Identifier: MIT */
/* convwire template list|sync: the message templates of an account's WhatsApp Business Accounts. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/templates.h"
#include "bridge/tokens.h"
#include "cli/cli.h"
#include "core/clock.h"
#include "core/text.h"

struct template_options {
	struct common_options common;
	const char *account;
};

/* ---- list ---- */

static int list_of(const struct template_options *options, const char *account)
{
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "template.list", json_pack("{s:s}", "account", account), &answer);
	json_t *templates = json_object_get(answer, "templates");
	size_t index;
	json_t *row;

	if (code == EX_OK && options->common.json) {
		cli_print_json(json_incref(templates));
	} else if (code == EX_OK) {
		json_array_foreach(templates, index, row)
		{
			(void)printf("%-40s  %-6s  %-10s  %s\n", cli_text(row, "name"), cli_text(row, "language"),
				     cli_text(row, "status"), cli_text(row, "category"));
		}
		if (json_array_size(templates) == 0) {
			(void)puts("No templates are known; `convwire template sync` fetches them from WhatsApp.");
		}
	}
	json_decref(answer);
	return code;
}

/* ---- sync ---- */

static int store(const struct template_options *options, const char *account, const char *waba_id, json_t *rows,
		 int64_t asked_at_ms)
{
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "template.replace",
			  json_pack("{s:s, s:s, s:O, s:I}", "account", account, "waba_id", waba_id, "templates", rows,
				    "asked_at", (json_int_t)asked_at_ms),
			  &answer);

	if (code == EX_OK) {
		(void)printf("%lld templates of WhatsApp Business Account %s\n",
			     (long long)json_integer_value(json_object_get(answer, "stored")), waba_id);
	}
	json_decref(answer);
	return code;
}

static bool is_of(const json_t *number, const char *account, const char *waba_id)
{
	const char *theirs = cli_text(number, "waba_id");

	return theirs && strcmp(theirs, waba_id) == 0 && strcmp(cli_text(number, "account"), account) == 0;
}

/* The token of one of the WABA's numbers. */
static bool find_token(const struct template_options *options, const json_t *numbers, const char *account,
		       const char *waba_id, char token[TOKEN_MAX + 1])
{
	char dir[PATH_MAX];
	struct cw_error error;
	bool is_found = false;
	size_t index;
	json_t *row;

	if (settings_path(options->common.dir, "keys/numbers", dir, sizeof(dir), &error) != CW_OK) {
		return false;
	}
	json_array_foreach(numbers, index, row)
	{
		is_found = is_found ||
			   (is_of(row, account, waba_id) && tokens_read(dir, cli_text(row, "phone_number_id"), token));
	}
	return is_found;
}

static int sync_waba(const struct template_options *options, const char *graph_url, const char *account,
		     const char *waba_id, const char *token)
{
	struct cw_error error;
	json_t *rows = json_array();
	int64_t asked_at_ms = cw_clock_now_ms();
	enum cw_status status = templates_fetch(graph_url, waba_id, token, NULL, rows, &error);
	int code = status == CW_OK ? store(options, account, waba_id, rows, asked_at_ms) :
				     cli_fail(status, "%s", error.text);

	json_decref(rows);
	return code;
}

/* Fetches the templates of each of the account's WABAs once. Those without a token are only named, if there are others. */
static int sync_each(const struct template_options *options, const char *graph_url, const char *account,
		     const json_t *numbers)
{
	char token[TOKEN_MAX + 1];
	json_t *seen = json_object();
	int n_synced = 0;
	int code = EX_OK;
	size_t index;
	json_t *row;

	json_array_foreach(numbers, index, row)
	{
		const char *waba_id = cli_text(row, "waba_id");

		if (!waba_id || !waba_id[0] || strcmp(cli_text(row, "account"), account) != 0 ||
		    json_object_get(seen, waba_id)) {
			continue;
		}
		(void)json_object_set_new(seen, waba_id, json_true());
		if (find_token(options, numbers, account, waba_id, token)) {
			int one = sync_waba(options, graph_url, account, waba_id, token);

			code = one == EX_OK ? code : one;
			n_synced++;
		} else {
			(void)fprintf(stderr,
				      "convwire: skipped WhatsApp Business Account %s: none of its numbers has an access "
				      "token; `convwire number set-token %s` sets one\n",
				      waba_id, cli_text(row, "phone_number_id"));
		}
	}
	bool has_any = json_object_size(seen) > 0;

	json_decref(seen);
	if (!has_any) {
		return cli_fail(CW_NOT_FOUND,
				"no WhatsApp Business Account of account %s is known yet; it is taken from the "
				"first webhook, or set with `convwire number add --waba`",
				account);
	}
	return n_synced > 0 ? code : EX_NOINPUT;
}

static int sync_all(const struct template_options *options, const char *graph_url, const char *account)
{
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "number.list", json_object(), &answer);

	if (code == EX_OK) {
		code = sync_each(options, graph_url, account, json_object_get(answer, "numbers"));
	}
	json_decref(answer);
	return code;
}

static int list(void *input)
{
	const struct template_options *options = input;
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;

	return cli_choose_account(options->common.dir, options->account, NULL, account, &error) == CW_OK ?
		       list_of(options, account) :
		       cli_fail(error.status, "%s", error.text);
}

static int fetch(void *input)
{
	const struct template_options *options = input;
	struct settings settings = { .graph_url = NULL };
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	enum cw_status status = cli_choose_account(options->common.dir, options->account, NULL, account, &error);

	if (status == CW_OK) {
		status = cli_settings(options->common.dir, &settings, &error);
	}
	int code = status == CW_OK ? sync_all(options, settings.graph_url, account) : cli_fail(status, "%s", error.text);

	settings_finish(&settings);
	return code;
}

static const struct cli_option rows[] = {
	CLI_TEXT(struct template_options, account, 'a', "account", "ID", "the account; needed only if there are several"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "list", "", 0, 0, list },
	{ "sync", "", 0, 0, fetch },
	CLI_END_VERBS,
};

const struct cli_command cli_template = {
	.name = "template",
	.summary = "list the message templates, or fetch them from WhatsApp",
	.help = "Message templates, which may be sent outside the 24-hour window. They are created and approved in WhatsApp "
		"Manager; sync fetches them.",
	.size = sizeof(struct template_options),
	.options = rows,
	.verbs = verbs,
};
