/* SPDX-License-Identifier: MIT */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "cli/options.h"
#include "core/conversation_id.h"
#include "core/status.h"
#include "core/token_signer.h"
#include "daemon/settings.h"

/* Shared by the commands of `convwire`. */

/* The commands: each is defined in the file of its group, and main.c lists them. */
extern const struct cli_command cli_init, cli_up, cli_account, cli_number, cli_agent, cli_token, cli_watch, cli_resolve,
	cli_doctor, cli_trace, cli_alias, cli_assign, cli_send, cli_outbox, cli_template, cli_broker_conf, cli_acl,
	cli_clients, cli_kick, cli_revoke, cli_key, cli_backup, cli_restore, cli_check, cli_simulate;

/* Creates a demo directory, as `init --demo` does. Returns an exit code. */
int init_demo(const char *dir);

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

/* The private house key, and one that will take its place (convwire key rotate). */
#define CLI_HOUSE_KEY "keys/house.pem"
#define CLI_NEXT_KEY "keys/next.pem"

/* The directory's keys for verifying. */
CW_MUST_CHECK enum cw_status cli_keys(const char *dir, struct cw_token_keys **ret_keys, struct cw_error *reterr);

/* Reads a private key, which must fit one of `keys`: else CW_INVALID. */
CW_MUST_CHECK enum cw_status cli_signer(const char *dir, const char *key, struct cw_token_keys *keys,
					struct cw_token_signer **ret_signer, struct cw_error *reterr);

/* The settings of a house key's public half. */
#define CLI_HOUSE_CONF \
	"# The key that convwired and `convwire token` use to sign tokens.\n" \
	"algorithm = ES256\naccounts = *\nissuer = convwire\nhighest_role = service\nmax_lifetime_s = 31536000\n"

/* Makes a key pair of the kind of a house key, as PEM texts; freed with free(). */
CW_MUST_CHECK enum cw_status cli_make_key_pair(char **ret_private, char **ret_public, struct cw_error *reterr);

/* A token signed with the directory's house key, or with the given one; freed with free(). */
CW_MUST_CHECK enum cw_status cli_mint(const char *dir, const char *account, const char *subject, const char *role,
				      int64_t ttl_s, char **ret_token, struct cw_error *reterr);
CW_MUST_CHECK enum cw_status cli_mint_with(const char *dir, const char *key, const char *account, const char *subject,
					   const char *role, int64_t ttl_s, char **ret_token, struct cw_error *reterr);

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
