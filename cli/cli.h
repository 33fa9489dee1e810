/* SPDX-License-Identifier: MIT */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/conversation_id.h"
#include "core/status.h"
#include "daemon/settings.h"

/*
 * Shared by the commands of `convwire`. Each command is a function, listed in main.c's table; it parses its
 * options with argp, does its work and returns a sysexits.h code.
 */
int command_init(int argc, char **argv);
int command_up(int argc, char **argv);
int command_account(int argc, char **argv);
int command_number(int argc, char **argv);
int command_agent(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_send(int argc, char **argv);
int command_outbox(int argc, char **argv);
int command_template(int argc, char **argv);
int command_token(int argc, char **argv);
int command_watch(int argc, char **argv);
int command_resolve(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_alias(int argc, char **argv);
int command_check(int argc, char **argv);
int command_assign(int argc, char **argv);
int command_broker_conf(int argc, char **argv);
int command_acl(int argc, char **argv);
int command_clients(int argc, char **argv);
int command_kick(int argc, char **argv);
int command_revoke(int argc, char **argv);
int command_simulate(int argc, char **argv);

/* ---- options common to all commands ---- */

struct common_options {
	const char *dir; /* ./var */
	bool json;
};
/* An argp child for --dir and --json; its input is the struct. */
extern const struct argp common_argp;

/* Parses argv. Usage errors end the program with EX_USAGE. The input of the first argp child is `common`. */
void cli_parse(const char *name, const struct argp *argp, int argc, char **argv, void *input);

/* ---- errors and answers ---- */

/* Prints "convwire: text" on stderr; returns the exit code for the status. */
int cli_fail(enum cw_status status, const char *format, ...) CW_PRINTF(2, 3);
int cli_exit_code(enum cw_status status);

/* A member of an answer; NULL or 0 if it is missing or of another type. Borrowed. */
const char *cli_text(const json_t *row, const char *name);
int64_t cli_int(const json_t *row, const char *name);

/* Prints JSON and a newline on stdout; takes the reference. */
void cli_print_json(json_t *json);

/* ---- the directory ---- */

/* The settings, overridden by DIR/run.json of a running `up`: its ports may differ from the configured ones. */
CW_MUST_CHECK enum cw_status cli_settings(const char *dir, struct settings *settings, struct cw_error *reterr);

/* The directory's only account; with several, an error that asks for --account. out has CW_ACCOUNT_MAX + 1. */
CW_MUST_CHECK enum cw_status cli_default_account(const char *dir, char *out, struct cw_error *reterr);

/*
 * The account to use: given; else the one in conversation, if that is a canonical id; else the only one. Either may be
 * NULL. out has CW_ACCOUNT_MAX + 1.
 */
CW_MUST_CHECK enum cw_status cli_choose_account(const char *dir, const char *given, const char *conversation, char *out,
						struct cw_error *reterr);

/* A token signed with the directory's house key; freed with free(). */
CW_MUST_CHECK enum cw_status cli_mint(const char *dir, const char *account, const char *subject, const char *role,
				      int64_t ttl_s, char **ret_token, struct cw_error *reterr);

/*
 * Sends an action to the daemon's control socket; if no daemon runs, takes the directory's lock and runs it here.
 * *ret_answer is a new reference; on failure its error text is in reterr. arguments is borrowed.
 */
CW_MUST_CHECK enum cw_status cli_control(const char *dir, const char *action, json_t *arguments, json_t **ret_answer,
					 struct cw_error *reterr);

/* As cli_control, but prints the error and returns an exit code. Owns arguments; *ret_answer may be NULL on failure. */
int cli_do(const char *dir, const char *action, json_t *arguments, json_t **ret_answer);

/* cw_store_restore, with the directory's keys. */
CW_MUST_CHECK enum cw_status cli_restore_database(const char *dir, const char *path, int64_t *ret_n_unknown,
						  struct cw_error *reterr);

/* Sources of a secret: the first that is given, else standard input, without echo on a terminal. */
struct cli_secret {
	const char *file;     /* its first line */
	const char *text;     /* the value of an option: for tests */
	const char *variable; /* environment variable */
	const char *name;     /* "access token" */
	bool is_asked_twice;  /* on a terminal */
};
/*
 * CW_INVALID with what is wrong, or the file's error. Typed input is cut at size - 1: make size one byte larger than
 * the longest secret needs, so that one that is too long is refused, not truncated.
 */
CW_MUST_CHECK enum cw_status cli_read_secret(const struct cli_secret *secret, char *out, size_t size,
					     struct cw_error *reterr);

/* The time since then, for people: `3 min`. */
void cli_format_age(int64_t since_ms, char out[24]);

/* Unix microseconds as `2026-11-23 09:12:03.512`, in the local zone. */
#define CLI_TIME_MAX 32
void cli_format_time(int64_t at_us, char out[CLI_TIME_MAX]);

/* Prints the compared_with of an answer about an id that matched nothing, line by line, on stdout. */
void cli_print_compared(const json_t *answer);

#endif
