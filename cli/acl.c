/* SPDX-License-Identifier: MIT */
/* convwire acl: checks a role file, tests what it allows, and explains the running broker's decisions. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask_broker.h"
#include "cli/cli.h"
#include "core/access.h"
#include "core/access_check.h"
#include "core/text.h"

struct acl_options {
	struct common_options common;
	const char *role, *account, *agent, *client, *roles;
	bool is_assigned, is_retained;
	int64_t qos;
};

/* ---- check ---- */

static void count_rule(void *n_rules, int line, const char *text)
{
	(void)line;
	(void)text;
	++*(size_t *)n_rules;
}

static void add_text(void *texts, const char *text)
{
	(void)json_array_append_new(texts, json_string(text));
}

/* Prints them to stderr, so that a script sees them without reading the table. */
static void print_useless(const json_t *lines)
{
	size_t i = 0;
	json_t *line = NULL;

	json_array_foreach(lines, i, line)
	{
		(void)fprintf(stderr, "%s\n", json_string_value(line));
	}
}

static int check(void *input)
{
	const struct acl_options *options = input;
	char path[PATH_MAX];
	const char *file = options->common.n_words == 2 ? options->common.words[1] : path;
	struct cw_access *access = NULL;
	struct cw_error error;

	if (file == path && settings_path(options->common.dir, "roles.acl", path, sizeof(path), &error) != CW_OK) {
		return cli_fail(error.status, "%s", error.text);
	}
	if (cw_access_load(file, &access, &error) != CW_OK) {
		return cli_fail(error.status, "%s", error.text);
	}
	json_t *roles = json_array();
	json_t *useless = json_array();
	size_t n_useless = cw_access_useless_lines(access, add_text, useless);

	for (size_t i = 0; i < cw_access_n_roles(access); i++) {
		const char *name = cw_access_role_name(access, i);
		const struct cw_access_role *role = cw_access_role(access, name);
		size_t n_rules = 0;

		cw_access_role_rules(access, role, count_rule, &n_rules);
		(void)json_array_append_new(roles, json_pack("{s:s, s:I, s:b}", "role", name, "rules", (json_int_t)n_rules,
							     "assigned", cw_access_role_is_assigned(role)));
		if (!options->common.json) {
			(void)printf("%-20s %3zu rules%s\n", name, n_rules,
				     cw_access_role_is_assigned(role) ? ", assigned conversations only" : "");
		}
	}
	if (options->common.json) {
		cli_print_json(json_pack("{s:O, s:O}", "roles", roles, "useless", useless));
	} else if (n_useless == 0) {
		(void)printf("%s is valid.\n", file);
	} else {
		(void)printf("%s is valid, but %zu of its lines %s no effect:\n", file, n_useless,
			     n_useless == 1 ? "has" : "have");
		(void)fflush(stdout);
		print_useless(useless);
	}
	json_decref(useless);
	json_decref(roles);
	cw_access_destroy(access);
	return EX_OK;
}

/* ---- test ---- */

static bool parse_access(const char *word, enum cw_access_action *ret_action)
{
	static const char *const words[CW_ACCESS_ACTION_COUNT] = {
		[CW_ACCESS_READ] = "read", [CW_ACCESS_WRITE] = "write", [CW_ACCESS_SUBSCRIBE] = "subscribe"
	};

	for (int action = 0; word && action < CW_ACCESS_ACTION_COUNT; action++) {
		if (strcmp(words[action], word) == 0) {
			*ret_action = (enum cw_access_action)action;
			return true;
		}
	}
	return false;
}

static bool answer_assigned(void *context, const char *conversation, size_t len)
{
	(void)conversation;
	(void)len;
	return *(const bool *)context;
}

static int print_answer(const struct acl_options *options, bool is_allowed, const char *reason, const char *line)
{
	if (options->common.json) {
		cli_print_json(json_pack("{s:b, s:s, s:s?}", "allowed", is_allowed, "reason", reason, "line", line));
	} else {
		(void)printf("%s: %s%s%s\n", is_allowed ? "allowed" : "denied", reason, line ? "\n  " : "",
			     line ? line : "");
	}
	return is_allowed ? EX_OK : EX_NOPERM;
}

static int test_with(const struct acl_options *options, const struct cw_access *access, enum cw_access_action action)
{
	char client[200];
	char line[512];

	if (!options->client && !cw_text_format(client, sizeof(client), "%s:%s:1", options->account, options->agent)) {
		client[0] = '\0'; /* then %c is empty, as over HTTP */
	}
	const struct cw_access_request request = { .account = options->account,
						   .subject = options->agent,
						   .role = options->role,
						   .client_id = options->client ? options->client : client,
						   .action = action,
						   .topic = options->common.words[2],
						   .qos = (int)options->qos,
						   .retain = options->is_retained,
						   .is_assigned = answer_assigned,
						   .assigned_context = (void *)&options->is_assigned };
	const struct cw_access_verdict verdict = cw_access_decide(access, &request);
	bool has_line = cw_access_verdict_line(access, &verdict, line, sizeof(line));

	return print_answer(options, verdict.is_allowed, cw_access_reason_text(verdict.reason), has_line ? line : NULL);
}

static int test(void *input)
{
	const struct acl_options *options = input;
	char path[PATH_MAX] = "";
	struct cw_access *access = NULL;
	struct cw_error error;
	enum cw_access_action action = CW_ACCESS_READ;
	enum cw_status status = CW_OK;

	if (!options->role || !options->account || !options->agent || !parse_access(options->common.words[1], &action)) {
		return cli_usage(&cli_acl);
	}
	bool is_system = strcmp(options->account, CW_SYSTEM_ACCOUNT) == 0;

	if (!(cw_account_is_valid(options->account) || is_system) || !cw_subject_is_valid(options->agent)) {
		return cli_fail(CW_INVALID, "--account and --agent take 1 to 64 letters, digits or -");
	}
	if (!options->roles) {
		status = settings_path(options->common.dir, "roles.acl", path, sizeof(path), &error);
	}
	if (status == CW_OK) {
		status = cw_access_load(options->roles ? options->roles : path, &access, &error);
	}
	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	int code = test_with(options, access, action);

	cw_access_destroy(access);
	return code;
}

/* ---- why ---- */

static enum cw_status explain(const struct acl_options *options, const char *access, json_t **ret_data,
			      struct cw_error *reterr)
{
	json_t *command = json_pack("{s:s, s:s, s:s, s:s, s:i, s:b}", "command", "explain", "clientid",
				    options->common.words[1], "topic", options->common.words[2], "access", access,
				    "qos", (int)options->qos, "retain", options->is_retained);
	enum cw_status status = cli_ask_broker(options->common.dir, command, ret_data, reterr);

	json_decref(command);
	return status;
}

static void print_why(const char *access, json_t *data)
{
	const char *line = json_string_value(json_object_get(data, "line"));

	(void)printf("%-10s %s: %s%s%s\n", access, json_is_true(json_object_get(data, "allowed")) ? "allowed" : "denied",
		     json_string_value(json_object_get(data, "reason")), line ? "\n           " : "", line ? line : "");
}

static int why(void *input)
{
	const struct acl_options *options = input;
	static const char *const accesses[] = { "read", "write", "subscribe" };
	json_t *all = json_object();
	struct cw_error error;
	enum cw_status status = CW_OK;

	for (size_t i = 0; status == CW_OK && i < sizeof(accesses) / sizeof(accesses[0]); i++) {
		json_t *data = NULL;

		status = explain(options, accesses[i], &data, &error);
		if (status == CW_OK && !options->common.json) {
			print_why(accesses[i], data);
		}
		(void)json_object_set_new(all, accesses[i], data); /* NULL is refused; status says why */
	}
	if (status == CW_OK && options->common.json) {
		cli_print_json(json_incref(all));
	}
	json_decref(all);
	return status == CW_OK ? EX_OK : cli_fail(status, "%s", error.text);
}

static const struct cli_option rows[] = {
	CLI_TEXT(struct acl_options, role, 0, "role", "R", "test: the token's role"),
	CLI_TEXT(struct acl_options, account, 'a', "account", "ID", "test: the token's account"),
	CLI_TEXT(struct acl_options, agent, 0, "agent", "ID", "test: the token's subject"),
	CLI_TEXT(struct acl_options, client, 0, "client", "ID", "test: the client id (ACCOUNT:AGENT:1)"),
	CLI_TEXT(struct acl_options, roles, 0, "roles", "FILE", "test: use this role file instead of DIR/roles.acl"),
	CLI_FLAG(struct acl_options, is_assigned, 0, "assigned",
		 "test: as if the conversation were assigned to the agent"),
	CLI_FLAG(struct acl_options, is_retained, 0, "retain", "test, why: for a retained publish"),
	CLI_NUMBER(struct acl_options, qos, "qos", "N", 0, 2, NULL,
		   "test, why: for a publish or subscription with this QoS"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "check", "[FILE]", 0, 1, check },
	{ "test", "--role R --account A --agent S read|write|subscribe TOPIC", 2, 2, test },
	{ "why", "CLIENT TOPIC", 2, 2, why },
	CLI_END_VERBS,
};

const struct cli_command cli_acl = {
	.name = "acl",
	.summary = "check a role file; show what it allows, and why",
	.help = "check: validate a role file (DIR/roles.acl). test: show what it allows, and by which line (exit code "
		"0 allowed, 77 denied). why: ask the running broker the same, for a connected client.",
	.size = sizeof(struct acl_options),
	.options = rows,
	.verbs = verbs,
};
