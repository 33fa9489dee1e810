/* SPDX-License-Identifier: MIT */
/* convwire send: a message to a customer, as subject `cli`. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "core/clock.h"

struct send_options {
	struct common_options common;
	const char *words[2];
	int n_words;
	const char *account, *kind, *content, *template, *language, *reply_to, *id;
};

enum { KEY_KIND = 256, KEY_CONTENT, KEY_TEMPLATE, KEY_LANGUAGE, KEY_REPLY_TO, KEY_ID };

static const struct argp_option rows[] = {
	{ "account", 'a', "ID", 0, "the account; needed only if there are several and the id is not canonical", 0 },
	{ "template", KEY_TEMPLATE, "NAME", 0, "send this template, also outside the 24-hour window", 0 },
	{ "language", KEY_LANGUAGE, "CODE", 0, "the template's language (en_US)", 0 },
	{ "kind", KEY_KIND, "KIND", 0, "any other message kind in docs/protocol.md, with --content", 0 },
	{ "content", KEY_CONTENT, "JSON", 0, "the content of that kind", 0 },
	{ "reply-to", KEY_REPLY_TO, "MESSAGE", 0, "the id of the message to reply to", 0 },
	{ "id", KEY_ID, "ID", 0, "the command's id: repeated with the same id, nothing is sent twice (random)", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct send_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->common;
		return 0;
	case 'a':
		options->account = argument;
		return 0;
	case KEY_TEMPLATE:
		options->template = argument;
		return 0;
	case KEY_LANGUAGE:
		options->language = argument;
		return 0;
	case KEY_KIND:
		options->kind = argument;
		return 0;
	case KEY_CONTENT:
		options->content = argument;
		return 0;
	case KEY_REPLY_TO:
		options->reply_to = argument;
		return 0;
	case KEY_ID:
		options->id = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (options->n_words == 2) {
			argp_error(state, "unexpected argument \"%s\"; put a text with spaces in quotes", argument);
		}
		options->words[options->n_words++] = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A new reference; NULL when the options do not fit together (*ret_code is EX_USAGE), or --content is not JSON. */
static json_t *make_data(const struct send_options *options, int *ret_code)
{
	json_t *content = NULL;
	json_error_t error;
	const char *kind = options->kind;

	if (options->template && options->n_words == 1 && !kind) {
		kind = "template";
		content = json_pack("{s:s, s:{s:s}}", "name", options->template, "language", "code",
				    options->language ? options->language : "en_US");
	} else if (kind && options->content && options->n_words == 1 && !options->template) {
		content = json_loads(options->content, 0, &error);
		if (!content) {
			*ret_code = cli_fail(CW_INVALID, "--content is not JSON, at character %d: %s", error.position,
					     error.text);
			return NULL;
		}
	} else if (options->n_words == 2 && !kind && !options->template) {
		kind = "text";
		content = json_pack("{s:s}", "body", options->words[1]);
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

	if (cli_choose_account(options->common.dir, options->account, options->words[0], account, &error) != CW_OK) {
		json_decref(data);
		return cli_fail(error.status, "%s", error.text);
	}
	int code = cli_do(options->common.dir, "command",
			  json_pack("{s:s, s:s, s:{s:s, s:s, s:o}}", "account", account, "conversation",
				    options->words[0], "command", "id", id, "type", "send", "data", data),
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

int command_send(int argc, char **argv)
{
	static const struct argp_child children[] = { { &common_argp, 0, NULL, 0 }, { NULL, 0, NULL, 0 } };
	static const struct argp argp = {
		rows,
		parse,
		"CONVERSATION TEXT\nCONVERSATION --template NAME\n"
		"CONVERSATION --kind KIND --content JSON",
		"Send a message to a customer. CONVERSATION is any id that matches exactly one conversation "
		"(see `convwire resolve`). `convwire outbox list` shows whether it still waits or failed.",
		children,
		NULL,
		NULL
	};
	struct send_options options = { .common.dir = "./var" };
	unsigned char uuid[CW_CLOCK_UUID_BYTES];
	char id[CW_CLOCK_UUID_TEXT];

	cli_parse("send", &argp, argc, argv, &options);
	int code = EX_USAGE;
	json_t *data = options.n_words > 0 ? make_data(&options, &code) : NULL;

	if (!data && code != EX_USAGE) {
		return code;
	}
	if (!data) {
		(void)fputs("convwire: send CONVERSATION and TEXT, --template NAME, or --kind KIND --content JSON\n",
			    stderr);
		return EX_USAGE;
	}
	if (cw_clock_uuid7(cw_clock_now_ms(), uuid) != CW_OK) {
		json_decref(data);
		return cli_fail(CW_IO, "cannot get random numbers from the system");
	}
	cw_clock_uuid_text(uuid, id);
	return send_it(&options, data, options.id ? options.id : id);
}
