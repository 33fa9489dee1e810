/* SPDX-License-Identifier: MIT */
/* convwire outbox list|retry|discard */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "core/clock.h"
#include "core/graph_error.h"

struct outbox_options {
	struct common_options common;
	bool wants_failed;
};

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
		(void)printf("    error %d: %s\n", code,
			     cw_graph_error_find(&(struct cw_graph_said){ .code = code })->explanation);
	}
}

static int list(void *input)
{
	const struct outbox_options *options = input;
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
			  json_pack("{s:s, s:s, s:s}", "message", message, "type", options->common.words[0], "id", id),
			  &answer);

	if (code == EX_OK && options->common.json) {
		(void)json_object_del(answer, "status");
		cli_print_json(json_incref(answer));
	} else if (code == EX_OK) {
		(void)printf(strcmp(options->common.words[0], "retry") == 0 ? "%s is queued again.\n" :
									      "%s is discarded.\n",
			     message);
	}
	json_decref(answer);
	return code;
}

static int act_on_each(void *input)
{
	const struct outbox_options *options = input;
	int code = EX_OK;

	for (int i = 1; i < options->common.n_words; i++) {
		int one = act_on(options, options->common.words[i]);

		code = one == EX_OK ? code : one;
	}
	return code;
}

static const struct cli_option rows[] = {
	CLI_FLAG(struct outbox_options, wants_failed, 0, "failed",
		 "list: the newest failed messages, instead of the waiting ones"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "list", "", 0, 0, list },
	{ "retry", "MESSAGE...", 1, CLI_MAX_WORDS, act_on_each },
	{ "discard", "MESSAGE...", 1, CLI_MAX_WORDS, act_on_each },
	CLI_END_VERBS,
};

const struct cli_command cli_outbox = {
	.name = "outbox",
	.summary = "messages not sent yet, or failed: list, retry, discard",
	.help = "Messages that are not sent yet, or failed. `unknown` means that it is not known whether WhatsApp accepted "
		"one: retry sends it again, perhaps a second time; discard does not.",
	.size = sizeof(struct outbox_options),
	.options = rows,
	.verbs = verbs,
};
