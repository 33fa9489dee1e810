/* SPDX-License-Identifier: MIT */
/* convwire template list|sync: the message templates of an account's WhatsApp Business Accounts. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/graph.h"
#include "bridge/tokens.h"
#include "cli/cli.h"
#include "core/text.h"

#define TIMEOUT_MS 30000
#define MAX_PAGES 100
#define SERVER_MAX 300

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

/* One page of the list; a new reference. */
static enum cw_status fetch_page(const char *url, const char *token, json_t **ret_page, struct cw_error *reterr)
{
	struct graph_call call;
	long status = 0;

	if (graph_call_init(&call, "GET", url, token, NULL, TIMEOUT_MS, NULL) != CW_OK) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	CURLcode result = curl_easy_perform(call.easy);
	json_t *page = json_loadb(call.answer.data ? call.answer.data : "", call.answer.len, 0, NULL);
	const char *message = json_string_value(json_object_get(json_object_get(page, "error"), "message"));
	enum cw_status answer = CW_OK;

	(void)curl_easy_getinfo(call.easy, CURLINFO_RESPONSE_CODE, &status);
	if (result != CURLE_OK) {
		answer = cw_error_set(reterr, CW_BUSY, "WhatsApp cannot be reached: %s", curl_easy_strerror(result));
	} else if (status != 200 || !json_is_array(json_object_get(page, "data"))) {
		answer = cw_error_set(reterr, CW_DENIED, "WhatsApp answered %ld: %.200s", status,
				      message ? message : "not a Graph API response");
	}
	graph_call_finish(&call);
	if (answer != CW_OK) {
		json_decref(page);
		return answer;
	}
	*ret_page = page;
	return CW_OK;
}

/* Scheme, host and port, into out; "" if it is not a URL. */
static void server_of(const char *url, char out[SERVER_MAX])
{
	CURLU *parsed = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL;
	bool is_url = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		      curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		      curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		      curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;

	if (!is_url || !cw_text_format(out, SERVER_MAX, "%s://%s:%s", scheme, host, port)) {
		out[0] = '\0';
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parsed);
}

/* The next page's URL, if there is one on the same server: the token is sent with it. */
static bool next_url(const json_t *page, const char *graph_url, char *url, size_t size)
{
	const char *next = json_string_value(json_object_get(json_object_get(page, "paging"), "next"));
	char ours[SERVER_MAX];
	char theirs[SERVER_MAX];

	if (!next || !cw_text_copy(url, size, next)) {
		return false;
	}
	server_of(graph_url, ours);
	server_of(next, theirs);
	return ours[0] && strcmp(ours, theirs) == 0;
}

static enum cw_status fetch_all(const char *graph_url, const char *waba_id, const char *token, json_t *rows,
				struct cw_error *reterr)
{
	char url[2000];
	bool has_more = cw_text_format(
		url, sizeof(url), "%s/%s/message_templates?fields=name,language,status,category,components&limit=100",
		graph_url, waba_id);
	enum cw_status status = CW_OK;

	for (int i = 0; i < MAX_PAGES && has_more && status == CW_OK; i++) {
		json_t *page = NULL;

		status = fetch_page(url, token, &page, reterr);
		if (status == CW_OK && json_array_extend(rows, json_object_get(page, "data")) != 0) {
			status = cw_error_set(reterr, CW_NOMEM, "out of memory");
		}
		has_more = status == CW_OK && next_url(page, graph_url, url, sizeof(url));
		json_decref(page);
	}
	return status;
}

static int store(const struct template_options *options, const char *account, const char *waba_id, json_t *rows)
{
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "template.replace",
			  json_pack("{s:s, s:s, s:O}", "account", account, "waba_id", waba_id, "templates", rows),
			  &answer);

	if (code == EX_OK) {
		(void)printf("%lld templates of WhatsApp Business Account %s\n",
			     (long long)json_integer_value(json_object_get(answer, "stored")), waba_id);
	}
	json_decref(answer);
	return code;
}

static int sync_waba(const struct template_options *options, const struct settings *settings, const char *account,
		     const json_t *number)
{
	char dir[PATH_MAX];
	char token[TOKEN_MAX + 1];
	struct cw_error error;
	const char *phone_number_id = cli_text(number, "phone_number_id");
	json_t *rows = json_array();
	enum cw_status status = settings_path(options->common.dir, "keys/numbers", dir, sizeof(dir), &error);

	if (status == CW_OK && !tokens_read(dir, phone_number_id, token)) {
		status = cw_error_set(&error, CW_NOT_FOUND, "number %s has no access token; convwire number set-token %s",
				      phone_number_id, phone_number_id);
	}
	if (status == CW_OK) {
		status = fetch_all(settings->graph_url, cli_text(number, "waba_id"), token, rows, &error);
	}
	int code = status == CW_OK ? store(options, account, cli_text(number, "waba_id"), rows) :
				     cli_fail(status, "%s", error.text);

	json_decref(rows);
	return code;
}

/* Fetches the templates of each of the account's WABAs once. */
static int sync_all(const struct template_options *options, const struct settings *settings, const char *account)
{
	json_t *answer = NULL;
	json_t *seen = json_object();
	int code = cli_do(options->common.dir, "number.list", json_object(), &answer);
	size_t index;
	json_t *row;

	json_array_foreach(json_object_get(answer, "numbers"), index, row)
	{
		const char *waba_id = cli_text(row, "waba_id");

		if (waba_id && waba_id[0] && strcmp(cli_text(row, "account"), account) == 0 &&
		    !json_object_get(seen, waba_id)) {
			int one = sync_waba(options, settings, account, row);

			code = one == EX_OK ? code : one;
			(void)json_object_set_new(seen, waba_id, json_true());
		}
	}
	if (code == EX_OK && json_object_size(seen) == 0) {
		code = cli_fail(CW_NOT_FOUND,
				"no WhatsApp Business Account of account %s is known yet; it is taken from the "
				"first webhook, or set with `convwire number add --waba`",
				account);
	}
	json_decref(seen);
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
	int code = status == CW_OK ? sync_all(options, &settings, account) : cli_fail(status, "%s", error.text);

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
