/* SPDX-License-Identifier: MIT */
/* convwire doctor: what is wrong, where, and what to type next. */
#include "cli/doctor.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/text.h"

#define NAME_WIDTH 14
#define MAX_EXIT 63 /* codes from 64 on belong to sysexits.h */

/* ---- reporting ---- */

enum result { RESULT_OK, RESULT_WARNING, RESULT_FAILURE };

static const struct {
	const char *word, *shown, *colour;
} results[] = {
	[RESULT_OK] = { "ok", "ok  ", "\033[32m" },
	[RESULT_WARNING] = { "warning", "WARN", "\033[33m" },
	[RESULT_FAILURE] = { "failure", "FAIL", "\033[31m" },
};

static void tell(struct doctor *doctor, enum result result, const char *name, const char *format, va_list arguments)
	CW_PRINTF(4, 0);

static void tell(struct doctor *doctor, enum result result, const char *name, const char *format, va_list arguments)
{
	char text[600];
	bool has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");

	(void)vsnprintf(text, sizeof(text), format, arguments); /* a truncated sentence still helps */
	doctor->n_checks++;
	doctor->n_warnings += result == RESULT_WARNING;
	doctor->n_failures += result == RESULT_FAILURE;
	(void)json_array_append_new(doctor->results, json_pack("{s:s, s:s, s:s}", "check", name, "result",
							       results[result].word, "text", text));
	if (!doctor->options->common.json) {
		(void)printf("%s%s%s  %-*s  %s\n", has_colour ? results[result].colour : "", results[result].shown,
			     has_colour ? "\033[0m" : "", NAME_WIDTH, name, text);
		(void)fflush(stdout); /* the next check may take seconds */
	}
}

void doctor_ok(struct doctor *doctor, const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(doctor, RESULT_OK, name, format, arguments);
	va_end(arguments);
}

void doctor_warn(struct doctor *doctor, const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(doctor, RESULT_WARNING, name, format, arguments);
	va_end(arguments);
}

void doctor_fail(struct doctor *doctor, const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(doctor, RESULT_FAILURE, name, format, arguments);
	va_end(arguments);
}

void doctor_next(struct doctor *doctor, const char *format, ...)
{
	char text[400];
	va_list arguments;
	json_t *newest = json_array_get(doctor->results, json_array_size(doctor->results) - 1);

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments); /* a truncated sentence still helps */
	va_end(arguments);
	(void)json_object_set_new(newest, "next", json_string(text));
	if (!doctor->options->common.json) {
		(void)printf("%*s  next: %s\n", NAME_WIDTH + 6, "", text);
	}
}

void doctor_next_log(struct doctor *doctor, const char *program, const char *pattern, const char *hint)
{
	char path[PATH_MAX];
	bool is_broker = strcmp(program, "mosquitto") == 0;

	if (is_broker && doctor->settings.broker_uri[0] != '\0') {
		doctor_next(doctor, "look for \"%s\" in that broker's log: %s", pattern, hint);
	} else if (cw_text_format(path, sizeof(path), "%s/log/%s.log", doctor->dir, program) && access(path, F_OK) == 0) {
		doctor_next(doctor, "grep \"%s\" %s | tail: %s", pattern, path, hint);
	} else {
		doctor_next(doctor, "journalctl -u %s | grep \"%s\" | tail: %s",
			    is_broker ? "convwire-mosquitto" : program, pattern, hint);
	}
}

void doctor_say(const struct doctor *doctor, const char *format, ...)
{
	va_list arguments;

	if (!doctor->options->common.json) {
		va_start(arguments, format);
		(void)vprintf(format, arguments);
		va_end(arguments);
		(void)fflush(stdout);
	}
}

/* ---- the command ---- */

static void summarize(const struct doctor *doctor)
{
	if (doctor->options->common.json) {
		cli_print_json(json_pack("{s:i, s:i, s:i, s:O, s:O?}", "checks", doctor->n_checks, "warnings",
					 doctor->n_warnings, "failures", doctor->n_failures, "results", doctor->results,
					 "road", doctor->road));
		return;
	}
	(void)printf("\n%d checks: ", doctor->n_checks);
	if (doctor->n_failures == 0 && doctor->n_warnings == 0) {
		(void)puts("no problems found.");
	} else {
		(void)printf("%d failed, %d %s.\n", doctor->n_failures, doctor->n_warnings,
			     doctor->n_warnings == 1 ? "warning" : "warnings");
	}
}

static void examine(struct doctor *doctor)
{
	doctor_check_files(doctor);
	if (!doctor->has_settings) {
		return; /* without settings nothing else can be checked */
	}
	doctor_check_daemon(doctor);
	doctor_check_broker(doctor);
	doctor_check_numbers(doctor);
	doctor_check_public(doctor);
	doctor_check_road(doctor);
}

static int run(void *input)
{
	const struct doctor_options *options = input;
	struct doctor doctor = { .options = options, .dir = options->common.dir, .results = json_array() };

	examine(&doctor);
	summarize(&doctor);
	settings_finish(&doctor.settings);
	secrets_destroy(doctor.secrets);
	json_decref(doctor.numbers);
	json_decref(doctor.metrics);
	json_decref(doctor.results);
	json_decref(doctor.road);
	return doctor.n_failures < MAX_EXIT ? doctor.n_failures : MAX_EXIT;
}

static const struct cli_option rows[] = {
	CLI_TEXT(struct doctor_options, account, 'a', "account", "ID", "the account; needed only if there are several"),
	CLI_TEXT(struct doctor_options, number, 0, "number", "PHONE_NUMBER_ID",
		 "send the test message to this number (the first)"),
	CLI_TEXT_OR(struct doctor_options, role, 0, "role", "R", "agent", "receive it as an agent with this role (agent)"),
	CLI_TEXT(struct doctor_options, selected, 0, "selected", "ID",
		 "the id that your page compares; check that it is the one broadcast"),
	CLI_TEXT(struct doctor_options, ca_file, 0, "ca-file", "FILE", "trust these certificates instead of the system's"),
	CLI_FLAG(struct doctor_options, sends_no_message, 0, "no-message", "do not send the test message"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "", "", 0, 0, run },
	CLI_END_VERBS,
};

const struct cli_command cli_doctor = {
	.name = "doctor",
	.summary = "check this installation: what is wrong, and what to run next",
	.help = "Check an installation: settings, secrets, disk, daemon, broker, plugin, clock, numbers and their tokens, public_url from outside; then send one message from a fictitious customer (phone 1 555 010 0199) and follow it to an agent, hop by hop. Its conversation is then marked done. Each failure names its cause and what to run next. Exit code: the number of failed checks.",
	.size = sizeof(struct doctor_options),
	.options = rows,
	.verbs = verbs,
};
