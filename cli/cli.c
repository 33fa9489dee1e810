/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "core/access.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/text.h"
#include "core/token.h"

#define DAY_S 86400
#define MAX_RUN_FILE 4096

int cli_exit_code(enum cw_status status)
{
	switch (status) {
	case CW_OK:
		return EX_OK;
	case CW_INVALID:
	case CW_DUPLICATE:
	case CW_TOO_LARGE:
		return EX_DATAERR;
	case CW_NOT_FOUND:
		return EX_NOINPUT;
	case CW_DENIED:
		return EX_NOPERM;
	case CW_BUSY:
		return EX_UNAVAILABLE;
	case CW_NOMEM:
		return EX_OSERR;
	default:
		return EX_IOERR;
	}
}

int cli_fail(enum cw_status status, const char *format, ...)
{
	va_list arguments;

	(void)fputs("convwire: ", stderr); /* nobody to tell when stderr is closed */
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fputs("\n", stderr);
	return cli_exit_code(status);
}

const char *cli_text(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

int64_t cli_int(const json_t *row, const char *name)
{
	return json_integer_value(json_object_get(row, name));
}

void cli_print_json(json_t *json)
{
	(void)json_dumpf(json, stdout, JSON_INDENT(2)); /* a closed pipe ends us by SIGPIPE */
	(void)putchar('\n');
	json_decref(json);
}

static void take_port(json_t *run, const char *name, int64_t *port)
{
	json_t *value = json_object_get(run, name);

	if (json_is_integer(value)) {
		*port = json_integer_value(value);
	}
}

enum cw_status cli_settings(const char *dir, struct settings *settings, struct cw_error *reterr)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf text;
	char path[PATH_MAX];
	enum cw_status status = settings_load(dir, settings, reterr);

	cw_buf_init(&text, MAX_RUN_FILE);
	if (status == CW_OK) {
		status = settings_path(dir, "run.json", path, sizeof(path), reterr);
	}
	if (status == CW_OK && cw_file_read(path, &text, NULL) == CW_OK && text.data) {
		json_t *run = json_loads(text.data, 0, NULL);

		for (enum settings_port port = 0; port < SETTINGS_N_PORTS; port++) {
			take_port(run, settings_ports[port].key, settings_port(settings, port));
		}
		if (json_string_value(json_object_get(run, "graph_url"))) {
			status = cw_conf_set(&settings_table, settings, "graph_url",
					     json_string_value(json_object_get(run, "graph_url")), reterr);
		}
		json_decref(run);
	}
	return status;
}

enum cw_status cli_default_account(const char *dir, char *out, struct cw_error *reterr)
{
	json_t *arguments = json_object();
	json_t *answer = NULL;
	enum cw_status status = cli_control(dir, "account.list", arguments, &answer, reterr);
	json_t *accounts = json_object_get(answer, "accounts");

	json_decref(arguments);
	if (status == CW_OK && json_array_size(accounts) != 1) {
		status = cw_error_set(reterr, CW_INVALID, "there are %zu accounts; name one with --account",
				      json_array_size(accounts));
	}
	const char *name = json_string_value(json_object_get(json_array_get(accounts, 0), "account"));

	if (status == CW_OK && (!name || !cw_text_copy(out, CW_ACCOUNT_MAX + 1, name))) {
		status = cw_error_set(reterr, CW_IO, "the daemon's answer has no account");
	}
	json_decref(answer);
	return status;
}

/* A token for a role that roles.acl does not have would be useless. */
static enum cw_status check_role(const char *dir, const char *role, char out[CW_ROLE_MAX + 1], struct cw_error *reterr)
{
	char path[PATH_MAX];
	struct cw_access *access = NULL;
	enum cw_status status = settings_path(dir, "roles.acl", path, sizeof(path), reterr);

	if (status == CW_OK) {
		status = cw_access_load(path, &access, reterr);
	}
	if (status == CW_OK && (!cw_access_role(access, role) || !cw_text_copy(out, CW_ROLE_MAX + 1, role))) {
		status = cw_error_set(reterr, CW_INVALID, "\"%.70s\" is not a role in %s", role, path);
	}
	cw_access_destroy(access);
	return status;
}

enum cw_status cli_keys(const char *dir, struct cw_token_keys **ret_keys, struct cw_error *reterr)
{
	char path[PATH_MAX];
	enum cw_status status = settings_path(dir, "keys", path, sizeof(path), reterr);

	return status == CW_OK ? cw_token_keys_load(path, ret_keys, reterr) : status;
}

enum cw_status cli_signer(const char *dir, const char *key, struct cw_token_keys *keys,
			  struct cw_token_signer **ret_signer, struct cw_error *reterr)
{
	char path[PATH_MAX];
	enum cw_status status = settings_path(dir, key, path, sizeof(path), reterr);

	return status == CW_OK ? cw_token_signer_load(path, keys, ret_signer, reterr) : status;
}

static enum cw_status check_lifetime(const struct cw_token_signer *signer, int64_t ttl_s, struct cw_error *reterr)
{
	int64_t longest_s = cw_token_signer_longest_s(signer);

	return ttl_s <= longest_s ?
		       CW_OK :
		       cw_error_set(reterr, CW_INVALID,
				    "a token of %lld s would be refused: the longest is %lld s (%lld days), max_lifetime_s in "
				    "keys/public/%s.conf",
				    (long long)ttl_s, (long long)longest_s, (long long)(longest_s / DAY_S),
				    cw_token_signer_kid(signer));
}

enum cw_status cli_mint_with(const char *dir, const char *key, const char *account, const char *subject,
			     const char *role, int64_t ttl_s, char **ret_token, struct cw_error *reterr)
{
	struct cw_token token = { .expires_at_s = cw_clock_now_ms() / 1000 + ttl_s };
	struct cw_token_keys *keys = NULL;
	struct cw_token_signer *signer = NULL;
	/* An administrator's token, for $CONTROL/convwire/v1; see docs/acl.md. */
	bool is_system_admin = strcmp(account, CW_SYSTEM_ACCOUNT) == 0 && strcmp(role, "admin") == 0;

	if (!cw_text_copy(token.account, sizeof(token.account), account) ||
	    !(cw_account_is_valid(account) || is_system_admin)) {
		return cw_error_set(reterr, CW_INVALID, "\"%.70s\" is not an account id: 1 to 64 letters, digits or -",
				    account);
	}
	if (!cw_text_copy(token.subject, sizeof(token.subject), subject) || !cw_subject_is_valid(subject)) {
		return cw_error_set(reterr, CW_INVALID, "\"%.70s\" is not an agent id: 1 to 64 letters, digits or -",
				    subject);
	}
	enum cw_status status = CW_OK;

	if (is_system_admin) {
		(void)snprintf(token.role, sizeof(token.role), "%s", role); /* "admin" */
	} else {
		status = check_role(dir, role, token.role, reterr);
	}
	if (status == CW_OK) {
		status = cli_keys(dir, &keys, reterr);
	}
	if (status == CW_OK) {
		status = cli_signer(dir, key, keys, &signer, reterr);
	}
	if (status == CW_OK) {
		status = check_lifetime(signer, ttl_s, reterr);
	}
	if (status == CW_OK) {
		status = cw_token_mint(signer, &token, cw_clock_now_ms(), ret_token, reterr);
	}
	cw_token_signer_destroy(signer);
	cw_token_keys_destroy(keys);
	return status;
}

enum cw_status cli_mint(const char *dir, const char *account, const char *subject, const char *role, int64_t ttl_s,
			char **ret_token, struct cw_error *reterr)
{
	return cli_mint_with(dir, CLI_HOUSE_KEY, account, subject, role, ttl_s, ret_token, reterr);
}

enum cw_status cli_choose_account(const char *dir, const char *given, const char *conversation, char *out,
				  struct cw_error *reterr)
{
	struct cw_conversation_id parts;

	if (!given && conversation && cw_conversation_id_parse(conversation, &parts) == CW_OK) {
		given = parts.account;
	}
	if (!given) {
		return cli_default_account(dir, out, reterr);
	}
	return cw_text_copy(out, CW_ACCOUNT_MAX + 1, given) ?
		       CW_OK :
		       cw_error_set(reterr, CW_INVALID, "account \"%.70s\" is longer than an account id can be", given);
}

int cli_do(const char *dir, const char *action, json_t *arguments, json_t **ret_answer)
{
	struct cw_error error;
	enum cw_status status = cli_control(dir, action, arguments, ret_answer, &error);

	json_decref(arguments);
	return status == CW_OK ? EX_OK : cli_fail(status, "%s", error.text);
}

void cli_format_time(int64_t at_us, char out[CLI_TIME_MAX])
{
	time_t seconds = (time_t)(at_us / 1000000);
	struct tm local;
	char text[24] = "";

	if (!localtime_r(&seconds, &local) || strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local) == 0) {
		text[0] = '\0'; /* a year beyond four digits */
	}
	(void)snprintf(out, CLI_TIME_MAX, "%s.%03d", text, (int)(at_us / 1000 % 1000)); /* it fits */
}

void cli_print_compared(const json_t *answer)
{
	const json_t *lines = json_object_get(answer, "compared_with");
	size_t index;
	json_t *line;

	(void)puts("Compared with:");
	json_array_foreach(lines, index, line)
	{
		(void)printf("  %s\n", json_string_value(line));
	}
}

void cli_format_age(int64_t since_ms, char out[24])
{
	int64_t age_s = (cw_clock_now_ms() - since_ms) / 1000;
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;

	while (i < 3 && age_s < 2 * units[i].seconds) {
		i++;
	}
	if (!cw_text_format(out, 24, "%lld %s", (long long)(age_s / units[i].seconds), units[i].unit)) {
		out[0] = '\0'; /* it fits */
	}
}
