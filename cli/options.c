/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <argp.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "core/text.h"

#define MAX_OPTIONS 16 /* of a command */
#define FIRST_KEY 256  /* argp takes smaller keys for letters */
#define COMMON_GROUP 100

static const struct cli_option common[] = {
	CLI_TEXT(struct common_options, dir, 'd', "dir", "DIR", "the directory created by `convwire init` (./var)"),
	CLI_FLAG(struct common_options, json, 'j', "json", "print JSON, for scripts"),
};
#define N_COMMON (sizeof(common) / sizeof(common[0]))

struct parser {
	const struct cli_command *command;
	void *options;
	const struct cli_option *all[MAX_OPTIONS + N_COMMON]; /* by key - FIRST_KEY */
	size_t n_all;
};

static void add_options(struct parser *parser, struct argp_option *rows, const struct cli_option *options, size_t n,
			int group)
{
	for (size_t i = 0; i < n && parser->n_all < MAX_OPTIONS + N_COMMON; i++) {
		const struct cli_option *option = &options[i];

		rows[parser->n_all] = (struct argp_option){ .name = option->name,
							    .key = option->letter ? option->letter :
										    FIRST_KEY + (int)parser->n_all,
							    .arg = option->argument,
							    .doc = option->help,
							    .group = group };
		parser->all[parser->n_all++] = option;
	}
}

static void fill(const struct parser *parser, const struct cli_option *option, const char *argument)
{
	char *place = (char *)parser->options + option->offset;
	int64_t number = 0;

	if (!option->argument) {
		*(bool *)place = true;
	} else if (option->max == 0) {
		*(const char **)place = argument;
	} else if (cw_text_to_int64(argument, &number) == CW_OK && number >= option->min && number <= option->max) {
		*(int64_t *)place = number;
	} else {
		exit(cli_fail(CW_INVALID, "--%s %s: not a whole number from %" PRId64 " to %" PRId64, option->name,
			      argument, option->min, option->max));
	}
}

static const struct cli_option *find_option(const struct parser *parser, int key)
{
	for (size_t i = 0; i < parser->n_all; i++) {
		if (key == FIRST_KEY + (int)i || (parser->all[i]->letter && parser->all[i]->letter == key)) {
			return parser->all[i];
		}
	}
	return NULL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct parser *parser = state->input;
	struct common_options *options = parser->options;
	const struct cli_option *option = find_option(parser, key);

	if (option) {
		fill(parser, option, argument);
		return 0;
	}
	if (key != ARGP_KEY_ARG) {
		return ARGP_ERR_UNKNOWN;
	}
	if (options->n_words == CLI_MAX_WORDS) {
		argp_error(state, "more than %d words", CLI_MAX_WORDS);
	}
	options->words[options->n_words++] = argument;
	return 0;
}

/* The forms of the command, one per line, as argp wants them. */
static void list_forms(const struct cli_command *command, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (const struct cli_verb *verb = command->verbs; verb->name && len < size; verb++) {
		len += (size_t)snprintf(out + len, size - len, "%s%s%s%s", verb == command->verbs ? "" : "\n",
					verb->name, verb->name[0] && verb->usage[0] ? " " : "", verb->usage);
	}
}

int cli_usage(const struct cli_command *command)
{
	for (const struct cli_verb *verb = command->verbs; verb->name; verb++) {
		(void)fprintf(stderr, "%s convwire %s%s%s%s%s\n",
			      verb == command->verbs ? "convwire: usage:" : "             or:", command->name,
			      verb->name[0] ? " " : "", verb->name, verb->usage[0] ? " " : "", verb->usage);
	}
	(void)fprintf(stderr, "`convwire %s --help` explains it.\n", command->name);
	return EX_USAGE;
}

/* The verb that was typed; NULL: there is no such verb, or none was typed. */
static const struct cli_verb *find_verb(const struct cli_command *command, const struct common_options *options)
{
	for (const struct cli_verb *verb = command->verbs; verb->name; verb++) {
		if (!verb->name[0] || (options->n_words > 0 && strcmp(verb->name, options->words[0]) == 0)) {
			return verb;
		}
	}
	return NULL;
}

/* Runs the verb, or says what is wrong with its words. */
static int run_verb(const struct cli_command *command, struct common_options *options)
{
	const struct cli_verb *verb = find_verb(command, options);
	int n_names = verb && verb->name[0] ? 1 : 0;
	int n_words = options->n_words - n_names;
	int n_taken = verb ? n_names + verb->max_words : 0;

	if (verb && n_words >= verb->min_words && n_words <= verb->max_words) {
		return verb->run(options);
	}
	if (options->n_words > n_taken) {
		(void)fprintf(stderr, "convwire: unexpected argument \"%s\"\n", options->words[n_taken]);
	}
	return cli_usage(command);
}

static void parse_line(struct parser *parser, int argc, char **argv)
{
	struct argp_option rows[MAX_OPTIONS + N_COMMON + 1] = { { .name = NULL } };
	char forms[512];
	char full_name[64];
	struct argp argp = { rows, parse, NULL, parser->command->help, NULL, NULL, NULL };
	size_t n = 0;

	while (parser->command->options && parser->command->options[n].name) {
		n++;
	}
	assert(n <= MAX_OPTIONS);
	add_options(parser, rows, parser->command->options, n, 0);
	add_options(parser, rows, common, N_COMMON, COMMON_GROUP);
	for (size_t i = 0; i < n; i++) {
		if (parser->all[i]->fallback) {
			fill(parser, parser->all[i], parser->all[i]->fallback);
		}
	}
	list_forms(parser->command, forms, sizeof(forms));
	argp.args_doc = forms[0] ? forms : NULL;
	argp_err_exit_status = EX_USAGE;
	(void)snprintf(full_name, sizeof(full_name), "convwire %s", parser->command->name);
	argv[0] = full_name;                                  /* argp names the program by it, and does not keep it */
	(void)argp_parse(&argp, argc, argv, 0, NULL, parser); /* ends the program on a usage error */
	argv[0] = (char *)parser->command->name;
}

int cli_run(const struct cli_command *command, int argc, char **argv)
{
	struct common_options *options = calloc(1, command->size);
	struct parser parser = { .command = command, .options = options };

	if (!options) {
		return cli_fail(CW_NOMEM, "out of memory");
	}
	parse_line(&parser, argc, argv);
	if (!options->dir && !command->chooses_dir) {
		options->dir = "./var";
	}
	int code = run_verb(command, options);

	free(options);
	return code;
}
