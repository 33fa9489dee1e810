/* SPDX-License-Identifier: MIT */
/* convwire trace: the history of a message or a conversation, with times, and who receives it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask_broker.h"
#include "cli/cli.h"
#include "core/topic.h"

#define MAX_RECEIVERS 1000
#define DEFAULT_EVENTS "20"

struct trace_options {
	struct common_options common;
	const char *account;
	int64_t count;
};

/* ---- what happened, as lines in the order of time ---- */

struct line {
	int64_t at_us;
	size_t n; /* the order in which they were added, for equal times */
	char text[240];
};

struct lines {
	struct line *items;
	size_t n, room;
};

static void add_line(struct lines *lines, int64_t at_us, const char *format, ...) CW_PRINTF(3, 4);

static void add_line(struct lines *lines, int64_t at_us, const char *format, ...)
{
	if (lines->n == lines->room) {
		size_t room = lines->room ? 2 * lines->room : 64;
		struct line *items = realloc(lines->items, room * sizeof(*items));

		if (!items) {
			return; /* one line is missing; the others still help */
		}
		lines->items = items;
		lines->room = room;
	}
	struct line *line = &lines->items[lines->n];
	va_list arguments;

	line->at_us = at_us;
	line->n = lines->n++;
	va_start(arguments, format);
	(void)vsnprintf(line->text, sizeof(line->text), format, arguments); /* a truncated line still helps */
	va_end(arguments);
}

static int by_time(const void *one, const void *other)
{
	const struct line *a = one;
	const struct line *b = other;

	if (a->at_us != b->at_us) {
		return a->at_us < b->at_us ? -1 : 1;
	}
	return a->n < b->n ? -1 : 1;
}

/* The hops of an event: the known times, and the outcome. */
static void add_event(struct lines *lines, const json_t *event, bool names_message)
{
	const char *message = names_message ? cli_text(event, "message") : NULL;
	long long seq = cli_int(event, "seq");
	const char *fate = cli_text(event, "fate");
	int64_t arrived_us = cli_int(event, "arrived_us");
	int64_t verified_us = cli_int(event, "verified_us");
	int64_t committed_us = cli_int(event, "committed_us");
	int64_t published_us = cli_int(event, "published_us");
	int64_t taken_us = cli_int(event, "taken_us");
	int64_t at_us = committed_us ? committed_us : 1000 * cli_int(event, "at");

	if (arrived_us) {
		add_line(lines, arrived_us, "webhook arrived");
	}
	if (verified_us) {
		add_line(lines, verified_us, "signature valid, body parsed");
	}
	add_line(lines, at_us, "stored: seq %lld, %s%s%s", seq, cli_text(event, "kind"), message ? " of " : "",
		 message ? message : "");
	if (published_us) {
		add_line(lines, published_us, "published: seq %lld", seq);
	}
	if (taken_us) {
		add_line(lines, taken_us, "%s by the broker: seq %lld",
			 strcmp(fate, "refused") == 0 ? "REFUSED" : "acknowledged", seq);
	} else if (strcmp(fate, "taken") == 0) {
		add_line(lines, at_us, "published and acknowledged by the broker: seq %lld (times no longer kept)", seq);
	} else {
		add_line(lines, at_us, "seq %lld: %s", seq,
			 strcmp(fate, "left to the heads") == 0 ?
				 "not published separately; the head told clients to fetch it" :
			 strcmp(fate, "under way") == 0 ? "published, not acknowledged by the broker yet" :
			 strcmp(fate, "waiting") == 0   ? "NOT PUBLISHED yet" :
							  "will be published when the daemon runs");
	}
}

static void add_step(struct lines *lines, const json_t *step)
{
	static const struct {
		const char *word, *sentence;
	} sentences[] = {
		{ "sending", "request to the Graph API started" },
		{ "accepted", "accepted by the Graph API" },
		{ "retrying", "refused by the Graph API for now" },
		{ "unknown", "no answer: it is not known whether it was sent" },
		{ "failed", "failed" },
	};
	const char *word = cli_text(step, "word");
	int64_t said_at_ms = cli_int(step, "said_at");
	long long code = cli_int(step, "code");
	char said[48] = "";
	char coded[32] = "";
	char attempt[24] = "";
	char time[CLI_TIME_MAX];
	const char *sentence = NULL;

	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		sentence = strcmp(sentences[i].word, word) == 0 ? sentences[i].sentence : sentence;
	}
	if (said_at_ms) {
		cli_format_time(said_at_ms * 1000, time);
		(void)snprintf(said, sizeof(said), " (WhatsApp's time %.8s)", time + 11); /* without date and fraction */
	}
	if (code) {
		(void)snprintf(coded, sizeof(coded), ", error %lld", code);
	}
	if (cli_int(step, "attempt") > 1) {
		(void)snprintf(attempt, sizeof(attempt), "attempt %d: ", (int)cli_int(step, "attempt"));
	}
	add_line(lines, 1000 * cli_int(step, "at"), "%s%s%s%s%s", attempt,
		 sentence ? "" : "WhatsApp says: ", sentence ? sentence : word, coded, said);
}

static void add_attempt(struct lines *lines, const json_t *attempt)
{
	add_line(lines, 1000 * cli_int(attempt, "queued_at"), "attempt %d queued for number %s",
		 (int)cli_int(attempt, "attempt"), cli_text(attempt, "phone_number_id"));
}

/* Added in causal order, which lines with equal times keep. */
static void collect(struct lines *lines, const json_t *answer)
{
	const json_t *message = json_object_get(answer, "message");
	const json_t *events = json_object_get(answer, "events");
	size_t index;
	json_t *row;

	if (message && strcmp(cli_text(message, "direction"), "in") == 0 && cli_int(message, "sent_at")) {
		add_line(lines, 1000 * cli_int(message, "sent_at"),
			 "the customer sent it (WhatsApp's clock, whole seconds)");
	}
	json_array_foreach(json_object_get(answer, "attempts"), index, row)
	{
		add_attempt(lines, row);
	}
	json_array_foreach(json_object_get(answer, "steps"), index, row)
	{
		add_step(lines, row);
	}
	for (size_t i = json_array_size(events); i-- > 0;) { /* they come newest first */
		add_event(lines, json_array_get(events, i), !message);
	}
	if (lines->n > 1) {
		qsort(lines->items, lines->n, sizeof(lines->items[0]), by_time);
	}
}

static bool is_same(const struct line *one, const struct line *other)
{
	return one->at_us == other->at_us && strcmp(one->text, other->text) == 0;
}

static void print_lines(const struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		char time[CLI_TIME_MAX];

		if (i > 0 && is_same(&lines->items[i - 1], &lines->items[i])) {
			continue; /* one webhook, several events */
		}
		double after_ms = i > 0 ? (double)(lines->items[i].at_us - lines->items[i - 1].at_us) / 1000 : 0;

		cli_format_time(lines->items[i].at_us, time);
		if (i > 0 && after_ms < 100000) {
			(void)printf("  %s  %+10.1f ms  %s\n", time, after_ms, lines->items[i].text);
		} else {
			(void)printf("  %s  %13s  %s\n", time, "", lines->items[i].text);
		}
	}
}

/* ---- who gets it ---- */

/* *ret_data is a new reference. */
static enum cw_status ask_receivers(const char *dir, const char *conversation, json_t **ret_data, struct cw_error *reterr)
{
	char text[CW_TOPIC_MAX + 1];

	if (cw_topic_of_conversation(conversation, text) != CW_OK) {
		return cw_error_set(reterr, CW_INVALID, "%s has no topic", conversation);
	}
	json_t *command = json_pack("{s:s, s:s, s:i}", "command", "listReceivers", "topic", text, "count", MAX_RECEIVERS);
	enum cw_status status = cli_ask_broker(dir, command, ret_data, reterr);

	json_decref(command);
	if (status == CW_OK) {
		(void)json_object_set_new(*ret_data, "topic", json_string(text));
	}
	return status;
}

static void print_receiver(const json_t *client)
{
	char since[CLI_TIME_MAX];
	const char *line = cli_text(client, "line");
	bool is_allowed = json_is_true(json_object_get(client, "allowed"));
	int64_t subscribed_at_s = cli_int(client, "subscribed_at");

	(void)printf("  %-44s %-16s ", cli_text(client, "clientid"), cli_text(client, "role"));
	if (subscribed_at_s) {
		cli_format_time(subscribed_at_s * 1000000, since);
		(void)printf("subscribed %.19s", since);
	} else {
		(void)fputs(json_is_true(json_object_get(client, "resumed")) ?
				    "subscribed in an earlier connection, if at all" :
				    "not subscribed",
			    stdout);
	}
	if (!is_allowed) {
		(void)printf("; NOT ALLOWED: %s%s%s%s", cli_text(client, "reason"), line ? " (" : "", line ? line : "",
			     line ? ")" : "");
	}
	(void)putchar('\n');
}

static void print_receivers(const json_t *data)
{
	size_t index;
	json_t *client;

	(void)printf("\n%s\n", cli_text(data, "topic"));
	(void)printf("  subscribed and allowed now: %lld of the account's %lld clients\n",
		     (long long)cli_int(data, "receiving"), (long long)cli_int(data, "connected"));
	json_array_foreach(json_object_get(data, "clients"), index, client)
	{
		print_receiver(client);
	}
}

/* ---- the command ---- */

static void print_subject(const json_t *answer)
{
	const json_t *message = json_object_get(answer, "message");
	const json_t *match = json_array_get(json_object_get(answer, "matches"), 0);

	if (message) {
		(void)printf("message %s: %s, %s%s%s\n", cli_text(message, "id"), cli_text(message, "kind"),
			     strcmp(cli_text(message, "direction"), "in") == 0 ? "from the customer" : "to the customer",
			     cli_text(message, "status") ? ", " : "",
			     cli_text(message, "status") ? cli_text(message, "status") : "");
		(void)printf("  wamid        %s\n", cli_text(message, "wamid") ? cli_text(message, "wamid") : "none yet");
		(void)printf("  position     %lld%s\n", (long long)cli_int(message, "position"),
			     json_is_true(json_object_get(message, "late")) ? ", late: shown at its time, not at the end" :
									      "");
	}
	(void)printf("%sconversation %s\n", message ? "  " : "", cli_text(match, "conversation"));
	(void)printf("  tag          %s\n", cli_text(match, "tag"));
	if (!message) {
		(void)printf("  matched by   %s\n", cli_text(match, "matched_by"));
	}
}

/* What blocks it now. */
static void print_hints(const json_t *answer)
{
	const json_t *publisher = json_object_get(answer, "publisher");
	size_t index;
	json_t *attempt;

	if (!json_is_true(json_object_get(publisher, "running"))) {
		(void)puts("\nThe daemon is not running: nothing is published. `convwire up` starts it.");
	} else if (!json_is_true(json_object_get(publisher, "connected"))) {
		(void)printf("\nThe broker is not connected; %lld events wait. `convwire doctor` shows why.\n",
			     (long long)cli_int(publisher, "lag_events"));
	}
	json_array_foreach(json_object_get(answer, "attempts"), index, attempt)
	{
		const char *paused = cli_text(attempt, "paused");

		if (paused && strcmp(cli_text(attempt, "state"), "queued") == 0) {
			(void)printf("\nNumber %s is paused: %s. `convwire number resume %s` lets it send again.\n",
				     cli_text(attempt, "phone_number_id"), paused, cli_text(attempt, "phone_number_id"));
		}
	}
}

static void print_trace(const char *dir, json_t *answer)
{
	struct lines lines = { .items = NULL };
	struct cw_error error;
	json_t *receivers = NULL;

	print_subject(answer);
	(void)putchar('\n');
	collect(&lines, answer);
	print_lines(&lines);
	if (lines.n == 0) {
		(void)puts("  its events are no longer in the log (event_retention_s)");
	}
	free(lines.items);
	print_hints(answer);
	const char *conversation = cli_text(json_array_get(json_object_get(answer, "matches"), 0), "conversation");

	if (ask_receivers(dir, conversation, &receivers, &error) == CW_OK) {
		print_receivers(receivers);
	} else {
		(void)printf("\nCannot list who is subscribed: %s\n", error.text);
	}
	json_decref(receivers);
}

static void print_trace_json(const char *dir, json_t *answer)
{
	struct cw_error error;
	json_t *receivers = NULL;
	const char *conversation = cli_text(json_array_get(json_object_get(answer, "matches"), 0), "conversation");

	if (ask_receivers(dir, conversation, &receivers, &error) != CW_OK) {
		receivers = json_pack("{s:s}", "error", error.text);
	}
	(void)json_object_set_new(answer, "receivers", receivers);
	(void)json_object_del(answer, "status");
	cli_print_json(json_incref(answer));
}

/* The id matches nothing, or several conversations. */
static int say_no_match(const struct trace_options *options, const json_t *answer, const struct cw_error *error)
{
	if (options->common.json) {
		cli_print_json(json_pack("{s:O?, s:O?, s:s}", "matches", json_object_get(answer, "matches"),
					 "compared_with", json_object_get(answer, "compared_with"), "error", error->text));
		return EX_DATAERR;
	}
	(void)fprintf(stderr, "convwire: %s\n", error->text);
	cli_print_compared(answer);
	return EX_DATAERR;
}

static int run(void *input)
{
	const struct trace_options *options = input;
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	json_t *answer = NULL;
	enum cw_status status = cli_choose_account(options->common.dir, options->account, options->common.words[0],
						   account, &error);

	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	json_t *arguments = json_pack("{s:s, s:s, s:I}", "account", account, "id", options->common.words[0], "limit",
				      options->count);
	int code = EX_OK;

	status = cli_control(options->common.dir, "trace", arguments, &answer, &error);
	json_decref(arguments);
	if (status != CW_OK && json_object_get(answer, "compared_with")) {
		code = say_no_match(options, answer, &error);
	} else if (status != CW_OK) {
		code = cli_fail(status, "%s", error.text);
	} else if (options->common.json) {
		print_trace_json(options->common.dir, answer);
	} else {
		print_trace(options->common.dir, answer);
	}
	json_decref(answer);
	return code;
}

static const struct cli_option rows[] = {
	CLI_TEXT(struct trace_options, account, 'a', "account", "ID",
		 "the account; needed only if there are several and the id is not canonical"),
	CLI_NUMBER(struct trace_options, count, "count", "N", 1, INT32_MAX, DEFAULT_EVENTS,
		   "for a conversation, the newest N events (" DEFAULT_EVENTS ")"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "", "ID", 1, 1, run },
	CLI_END_VERBS,
};

const struct cli_command cli_trace = {
	.name = "trace",
	.summary = "show the history of a message or conversation, and who receives it",
	.help = "Print the history of a message (ID: its id or wamid) or of a conversation (ID: anything that `convwire resolve` accepts), with times: webhook, stored, published, acknowledged by the broker, the Graph API's answers and statuses; and who is subscribed and allowed to see it. If the id matches nothing, or several things, it prints what the id was compared with, and exits with code 65.",
	.size = sizeof(struct trace_options),
	.options = rows,
	.verbs = verbs,
};
