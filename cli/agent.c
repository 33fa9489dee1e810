/* SPDX-License-Identifier: MIT */
/* convwire agent add|list|passwd|disable|enable */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "api/password.h"
#include "cli/cli.h"
#include "core/access.h"

#define PASSWORD_VARIABLE "CONVWIRE_AGENT_PASSWORD"

struct agent_options {
	struct common_options common;
	const char *account, *name, *email, *role, *password_file;
};

static const struct cli_option rows[] = {
	CLI_TEXT(struct agent_options, account, 'a', "account", "ID",
		 "the agent's account; needed only if there are several"),
	CLI_TEXT(struct agent_options, name, 0, "name", "TEXT", "add: the name that colleagues see (AGENT)"),
	CLI_TEXT(struct agent_options, email, 0, "email", "ADDRESS", "add: an email address, also accepted at sign-in"),
	CLI_TEXT(struct agent_options, role, 0, "role", "ROLE", "add: a role in roles.acl (agent)"),
	CLI_TEXT(struct agent_options, password_file, 0, "password-file", "FILE",
		 "add, passwd: a file whose first line is the password"),
	CLI_END_OPTIONS,
};

/* The broker would refuse a role that is not in roles.acl; `service` is reserved for the daemon. */
static enum cw_status check_role(const char *dir, const char *role, struct cw_error *reterr)
{
	char path[PATH_MAX];
	struct cw_access *access = NULL;
	enum cw_status status = settings_path(dir, "roles.acl", path, sizeof(path), reterr);

	if (status == CW_OK) {
		status = cw_access_load(path, &access, reterr);
	}
	if (status == CW_OK && (!cw_access_role(access, role) || strcmp(role, "service") == 0)) {
		status = cw_error_set(reterr, CW_INVALID,
				      "%s has no role \"%.40s\" for agents; `convwire acl check` lists the roles", path,
				      role);
	}
	cw_access_destroy(access);
	return status;
}

static enum cw_status read_password(const struct agent_options *options, char out[PASSWORD_MAX + 2],
				    struct cw_error *reterr)
{
	const struct cli_secret secret = {
		.file = options->password_file, .variable = PASSWORD_VARIABLE, .name = "password", .is_asked_twice = true
	};

	return cli_read_secret(&secret, out, PASSWORD_MAX + 2, reterr);
}

/* Adds account, subject and, if takes_password, a password to arguments, and runs the action. Owns arguments. */
static int act(const struct agent_options *options, const char *action, bool takes_password, json_t *arguments,
	       const char *done)
{
	char account[CW_ACCOUNT_MAX + 1] = "";
	char password[PASSWORD_MAX + 2];
	struct cw_error error;
	json_t *answer = NULL;
	enum cw_status status = cli_choose_account(options->common.dir, options->account, NULL, account, &error);

	if (status == CW_OK && takes_password) {
		status = read_password(options, password, &error);
	}
	if (status == CW_OK) {
		json_t *more = json_pack("{s:s, s:s, s:s*}", "account", account, "subject", options->common.words[1],
					 "password", takes_password ? password : NULL);

		(void)json_object_update(arguments, more); /* what is missing is refused */
		json_decref(more);
	}
	explicit_bzero(password, sizeof(password));
	if (status != CW_OK) {
		json_decref(arguments);
		return cli_fail(status, "%s", error.text);
	}
	int code = cli_do(options->common.dir, action, arguments, &answer);

	json_decref(answer);
	if (code == EX_OK) {
		(void)printf("Agent %s of account %s %s\n", options->common.words[1], account, done);
	}
	return code;
}

static int add(void *input)
{
	const struct agent_options *options = input;
	const char *role = options->role ? options->role : "agent";
	struct cw_error error;
	enum cw_status status = cw_subject_is_valid(options->common.words[1]) ?
					check_role(options->common.dir, role, &error) :
					cw_error_set(&error, CW_INVALID,
						     "agent \"%.70s\": an agent id has 1 to 64 letters, digits or -",
						     options->common.words[1]);

	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	return act(options, "agent.add", true,
		   json_pack("{s:s, s:s*, s:s}", "name", options->name ? options->name : options->common.words[1],
			     "email", options->email, "role", role),
		   "can now sign in.");
}

static void print_agent(const json_t *row)
{
	const char *email = json_string_value(json_object_get(row, "email"));

	(void)printf("%-20s %-16s %s%s%s%s%s\n", json_string_value(json_object_get(row, "subject")),
		     json_string_value(json_object_get(row, "role")), json_string_value(json_object_get(row, "name")),
		     email ? " <" : "", email ? email : "", email ? ">" : "",
		     json_is_true(json_object_get(row, "disabled")) ? "  disabled" : "");
}

static int list(void *input)
{
	const struct agent_options *options = input;
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	json_t *answer = NULL;
	size_t index;
	json_t *row;

	if (cli_choose_account(options->common.dir, options->account, NULL, account, &error) != CW_OK) {
		return cli_fail(error.status, "%s", error.text);
	}
	int code = cli_do(options->common.dir, "agent.list", json_pack("{s:s}", "account", account), &answer);

	if (code == EX_OK && options->common.json) {
		cli_print_json(json_incref(json_object_get(answer, "agents")));
	} else if (code == EX_OK) {
		json_array_foreach(json_object_get(answer, "agents"), index, row)
		{
			print_agent(row);
		}
	}
	json_decref(answer);
	return code;
}

static int set_password(void *input)
{
	return act(input, "agent.password", true, json_object(),
		   "has a new password and is signed out everywhere. A disabled agent stays disabled.");
}

static int disable(void *input)
{
	return act(input, "agent.disable", false, json_object(), "can no longer sign in, and is signed out.");
}

static int enable(void *input)
{
	return act(input, "agent.enable", false, json_object(), "can sign in again.");
}

static const struct cli_verb verbs[] = {
	{ "add", "AGENT", 1, 1, add },
	{ "list", "", 0, 0, list },
	{ "passwd", "AGENT", 1, 1, set_password },
	{ "disable", "AGENT", 1, 1, disable },
	{ "enable", "AGENT", 1, 1, enable },
	CLI_END_VERBS,
};

const struct cli_command cli_agent = {
	.name = "agent",
	.summary = "agents who sign in with a password: add, list, passwd, disable, enable",
	.help = "Agents who sign in with a password. AGENT is the agent id, the sub of their tokens. The password is read "
		"from --password-file, from " PASSWORD_VARIABLE ", or prompted for. passwd and disable end the agent's "
		"sessions and revoke their tokens.",
	.size = sizeof(struct agent_options),
	.options = rows,
	.verbs = verbs,
};
