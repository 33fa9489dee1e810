/* SPDX-License-Identifier: MIT */
/* convwire outbox list|retry|discard */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "core/clock.h"
#include "core/graph_error.h"

#define MAX_WORDS 64

struct outbox_options {
	struct common_options common;
	const char *words[MAX_WORDS];
	int n_words;
	bool wants_failed;
};

enum { KEY_FAILED = 256 };

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct outbox_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->common;
		return 0;
	case KEY_FAILED:
		options->wants_failed = true;
		return 0;
	case ARGP_KEY_ARG:
		if (options->n_words == MAX_WORDS) {
			argp_error(state, "at most %d messages at a time", MAX_WORDS - 1);
		}
		options->words[options->n_words++] = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- list ---- */

static void print_message(const json_t *row)
{
	int code = (int)json_integer_value(json_object_get(row, "code"));
	char age[24];

	cli_format_age(json_integer_value(json_object_get(row, "queued_at")), age);
	(void)printf("%s  %-8s  %-11s  %8s  %s\n", json_string_value(json_object_get(row, "message")),
		     json_string_value(json_object_get(row, "state")), json_string_value(json_object_get(row, "kind")),
		     age, json_string_value(json_object_get(row, "conversation")));
	if (code != 0) {
		(void)printf("    error %d: %s\n", code, cw_graph_error_find(code)->explanation);
	}
}

static int list(const struct outbox_options *options)
{
	json_t *answer = NULL;
	int code = cli_do(options->common.dir, "outbox.list", json_pack("{s:b}", "failed", options->wants_failed),
			  &answer);
	const json_t *messages = json_object_get(answer, "messages");
	size_t index;
	json_t *row;

	if (code == EX_OK && options->common.json) {
		cli_print_json(json_incref(answer));
	} else if (code == EX_OK) {
		json_array_foreach(messages, index, row)
		{
			print_message(row);
		}
		(void)printf("%lld queued, %lld sending, %lld retrying, %lld unknown\n",
			     (long long)json_integer_value(json_object_get(answer, "queued")),
			     (long long)json_integer_value(json_object_get(answer, "sending")),
			     (long long)json_integer_value(json_object_get(answer, "retrying")),
			     (long long)json_integer_value(json_object_get(answer, "unknown")));
		if (json_is_true(json_object_get(answer, "has_more"))) {
			(void)printf("Only the first %zu are listed.\n", json_array_size(messages));
		}
	}
	json_decref(answer);
	return code;
}

/* ---- retry, discard ---- */

static int act_on(const struct outbox_options *options, const char *message)
{
	unsigned char uuid[CW_CLOCK_UUID_BYTES];
	char id[CW_CLOCK_UUID_TEXT];
	json_t *answer = NULL;

	if (cw_clock_uuid7(cw_clock_now_ms(), uuid) != CW_OK) {
		return cli_fail(CW_IO, "cannot get random numbers from the system");
	}
	cw_clock_uuid_text(uuid, id);
	int code = cli_do(options->common.dir, "outbox.do",
			  json_pack("{s:s, s:s, s:s}", "message", message, "type", options->words[0], "id", id), &answer);

	if (code == EX_OK && options->common.json) {
		(void)json_object_del(answer, "status");
		cli_print_json(json_incref(answer));
	} else if (code == EX_OK) {
		(void)printf(strcmp(options->words[0], "retry") == 0 ? "%s is queued again.\n" : "%s is discarded.\n",
			     message);
	}
	json_decref(answer);
	return code;
}

int command_outbox(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "failed", KEY_FAILED, NULL, 0, "list: the newest failed messages, instead of the waiting ones", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp_child children[] = { { &common_argp, 0, NULL, 0 }, { NULL, 0, NULL, 0 } };
	static const struct argp argp = {
		rows,
		parse,
		"list\nretry MESSAGE...\ndiscard MESSAGE...",
		"Messages that are not sent yet, or failed. `unknown` means that it is not known whether "
		"WhatsApp accepted it: retry sends it again, perhaps a second time; discard does not.",
		children,
		NULL,
		NULL
	};
	struct outbox_options options = { .common.dir = "./var" };
	int code = EX_OK;

	cli_parse("outbox", &argp, argc, argv, &options);
	const char *verb = options.n_words > 0 ? options.words[0] : "";

	if (strcmp(verb, "list") == 0 && options.n_words == 1) {
		return list(&options);
	}
	if (options.n_words < 2 || (strcmp(verb, "retry") != 0 && strcmp(verb, "discard") != 0)) {
		(void)fputs("convwire: outbox list, or outbox retry or discard MESSAGE...\n", stderr);
		return EX_USAGE;
	}
	for (int i = 1; i < options.n_words; i++) {
		int one = act_on(&options, options.words[i]);

		code = one == EX_OK ? code : one;
	}
	return code;
}
