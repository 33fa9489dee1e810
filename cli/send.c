/* SPDX-License-Identifier: MIT */
/* convwire send: a message to a customer, as subject `cli`. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "core/clock.h"

struct send_options {
	struct common_options common;
	const char *account, *kind, *content, *template, *language, *reply_to, *id;
};

static const struct cli_option rows[] = {
	CLI_TEXT(struct send_options, account, 'a', "account", "ID",
		 "the account; needed only if there are several and the id is not canonical"),
	CLI_TEXT(struct send_options, template, 0, "template", "NAME",
		 "send this template, also outside the 24-hour window"),
	CLI_TEXT_OR(struct send_options, language, 0, "language", "CODE", "en_US", "the template's language (en_US)"),
	CLI_TEXT(struct send_options, kind, 0, "kind", "KIND",
		 "any other message kind in docs/protocol.md, with --content"),
	CLI_TEXT(struct send_options, content, 0, "content", "JSON", "the content of that kind"),
	CLI_TEXT(struct send_options, reply_to, 0, "reply-to", "MESSAGE", "the id of the message to reply to"),
	CLI_TEXT(struct send_options, id, 0, "id", "ID",
		 "the command's id: repeated with the same id, nothing is sent twice (random)"),
	CLI_END_OPTIONS,
};

/* A new reference; NULL when the options do not fit together (*ret_code is EX_USAGE), or --content is not JSON. */
static json_t *make_data(const struct send_options *options, int *ret_code)
{
	json_t *content = NULL;
	json_error_t error;
	const char *kind = options->kind;

	if (options->template && options->common.n_words == 1 && !kind) {
		kind = "template";
		content = json_pack("{s:s, s:{s:s}}", "name", options->template, "language", "code", options->language);
	} else if (kind && options->content && options->common.n_words == 1 && !options->template) {
		content = json_loads(options->content, 0, &error);
		if (!content) {
			*ret_code = cli_fail(CW_INVALID, "--content is not JSON, at character %d: %s", error.position,
					     error.text);
			return NULL;
		}
	} else if (options->common.n_words == 2 && !kind && !options->template) {
		kind = "text";
		content = json_pack("{s:s}", "body", options->common.words[1]);
	}
	*ret_code = EX_USAGE;
	return content ? json_pack("{s:s, s:o, s:s*}", "kind", kind, "content", content, "reply_to", options->reply_to) :
			 NULL;
}

static int send_it(const struct send_options *options, json_t *data, const char *id)
{
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	json_t *answer = NULL;

	if (cli_choose_account(options->common.dir, options->account, options->common.words[0], account, &error) !=
	    CW_OK) {
		json_decref(data);
		return cli_fail(error.status, "%s", error.text);
	}
	int code = cli_do(options->common.dir, "command",
			  json_pack("{s:s, s:s, s:{s:s, s:s, s:o}}", "account", account, "conversation",
				    options->common.words[0], "command", "id", id, "type", "send", "data", data),
			  &answer);

	if (code == EX_OK && options->common.json) {
		(void)json_object_del(answer, "status");
		cli_print_json(json_incref(answer));
	} else if (code == EX_OK) {
		(void)printf("Queued message %s for %s.\n", json_string_value(json_object_get(answer, "message")),
			     json_string_value(json_object_get(answer, "conversation")));
	}
	json_decref(answer);
	return code;
}

static int run(void *input)
{
	const struct send_options *options = input;
	unsigned char uuid[CW_CLOCK_UUID_BYTES];
	char id[CW_CLOCK_UUID_TEXT];
	int code = EX_USAGE;
	json_t *data = make_data(options, &code);

	if (!data) {
		return code == EX_USAGE ? cli_usage(&cli_send) : code;
	}
	if (cw_clock_uuid7(cw_clock_now_ms(), uuid) != CW_OK) {
		json_decref(data);
		return cli_fail(CW_IO, "cannot get random numbers from the system");
	}
	cw_clock_uuid_text(uuid, id);
	return send_it(options, data, options->id ? options->id : id);
}

static const struct cli_verb verbs[] = {
	{ "", "CONVERSATION TEXT\nCONVERSATION --template NAME\nCONVERSATION --kind KIND --content JSON", 1, 2, run },
	CLI_END_VERBS,
};

const struct cli_command cli_send = {
	.name = "send",
	.summary = "send a message to a customer",
	.help = "Send a message to a customer. CONVERSATION is any id that matches exactly one conversation (see `convwire "
		"resolve`). Put a TEXT with spaces in quotes. `convwire outbox list` shows whether it still waits or failed.",
	.size = sizeof(struct send_options),
	.options = rows,
	.verbs = verbs,
};
