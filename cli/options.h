/* SPDX-License-Identifier: MIT */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A command as a table: its options, its verbs, and what runs them. argp parses the command line and lays out --help;
 * every command goes through cli_run. The struct that the options fill begins with struct common_options.
 */
#define CLI_MAX_WORDS 64

struct common_options {
	const char *dir;                  /* --dir; ./var unless given */
	bool json;                        /* --json */
	const char *words[CLI_MAX_WORDS]; /* arguments that are not options, including the verb */
	int n_words;
};

/*
 * One option. Without an argument it is a flag and fills a bool. With an argument and max 0 it fills a const char *;
 * otherwise an int64_t from min to max.
 */
struct cli_option {
	const char *name; /* long; NULL ends the list */
	char letter;      /* 0: none */
	const char *argument;
	size_t offset; /* of what it fills, in the command's struct */
	const char *help;
	int64_t min, max;
	const char *fallback; /* the value when the option is not given, as typed; NULL leaves the member zero */
};

/* The member's offset; it does not compile if the member is not a `wanted`. */
#define CLI_OFFSET(type, member, wanted) \
	(offsetof(type, member) + 0 * sizeof(_Generic(((type *)0)->member, wanted : 1)))

/* Rows of an option list; `type` is the command's struct, `member` what the option fills. */
#define CLI_TEXT(type, member, letter, name, argument, help) \
	{ \
		name, letter, argument, CLI_OFFSET(type, member, const char *), help, 0, 0, NULL \
	}
#define CLI_TEXT_OR(type, member, letter, name, argument, fallback, help) \
	{ \
		name, letter, argument, CLI_OFFSET(type, member, const char *), help, 0, 0, fallback \
	}
#define CLI_FLAG(type, member, letter, name, help) \
	{ \
		name, letter, NULL, CLI_OFFSET(type, member, bool), help, 0, 0, NULL \
	}
#define CLI_NUMBER(type, member, name, argument, min, max, fallback, help) \
	{ \
		name, 0, argument, CLI_OFFSET(type, member, int64_t), help, min, max, fallback \
	}
#define CLI_END_OPTIONS \
	{ \
		NULL, 0, NULL, 0, NULL, 0, 0, NULL \
	}
#define CLI_END_VERBS \
	{ \
		NULL, NULL, 0, 0, NULL \
	}

/* One form of a command: `agent add AGENT`. A command without verbs has one row with the name "". */
struct cli_verb {
	const char *name;          /* NULL ends the list */
	const char *usage;         /* the arguments, as --help shows them */
	int min_words, max_words;  /* how many arguments may follow the name */
	int (*run)(void *options); /* returns a sysexits.h code */
};

struct cli_command {
	const char *name, *summary;       /* for the list of commands */
	const char *help;                 /* for --help */
	size_t size;                      /* of the struct */
	const struct cli_option *options; /* at most 16; NULL: only --dir and --json */
	const struct cli_verb *verbs;
	bool chooses_dir; /* without --dir, dir is NULL instead of ./var */
};

/* Parses argv (argv[0] is the command's name) and runs the verb; returns its exit code. Usage errors end the program. */
int cli_run(const struct cli_command *command, int argc, char **argv);

/* Prints the command's usage, when its arguments and options cannot be combined. Returns EX_USAGE. */
int cli_usage(const struct cli_command *command);

#endif
