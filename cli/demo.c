/* SPDX-License-Identifier: MIT */
#include "cli/demo.h"

#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/ports.h"
#include "core/file.h"
#include "core/text.h"

#define FIRST_PORT 8090

bool demo_read_password(const char *dir, char out[DEMO_PASSWORD_HEX + 1])
{
	char path[PATH_MAX];
	struct cw_error error;

	return settings_path(dir, DEMO_PASSWORD, path, sizeof(path), &error) == CW_OK &&
	       cw_file_read_line(path, out, DEMO_PASSWORD_HEX + 1, &error) == CW_OK;
}

/* Called before the daemon runs; an existing agent is left unchanged. */
static int add_agent(const char *dir)
{
	char account[CW_ACCOUNT_MAX + 1];
	char password[DEMO_PASSWORD_HEX + 1];
	struct cw_error error;
	json_t *answer = NULL;

	if (!demo_read_password(dir, password)) {
		return EX_OK; /* a directory of an older version */
	}
	enum cw_status status = cli_default_account(dir, account, &error);

	if (status == CW_OK) {
		json_t *arguments = json_pack("{s:s, s:s, s:s, s:s, s:s}", "account", account, "subject", DEMO_AGENT,
					      "name", "Demo", "role", "agent", "password", password);

		status = cli_control(dir, "agent.add", arguments, &answer, &error);
		json_decref(arguments);
		json_decref(answer);
	}
	return status == CW_OK || status == CW_DUPLICATE ? EX_OK : cli_fail(status, "%s", error.text);
}

int demo_make_directory(const char *dir)
{
	char path[PATH_MAX];
	struct cw_error error;
	struct stat info;

	if (settings_path(dir, "convwire.conf", path, sizeof(path), &error) != CW_OK) {
		return cli_fail(error.status, "%s", error.text);
	}
	int code = stat(path, &info) == 0 ? EX_OK : init_demo(dir);

	return code == EX_OK ? add_agent(dir) : code;
}

enum cw_status demo_check(const struct settings *settings, const char *dir, bool is_demo, struct cw_error *reterr)
{
	if (settings->demo == is_demo) {
		return CW_OK;
	}
	return is_demo ?
		       cw_error_set(
			       reterr, CW_INVALID,
			       "%s is not a demo directory, and --demo uses no other; leave out --dir, or name a new one",
			       dir) :
		       cw_error_set(reterr, CW_INVALID, "%s is a demo directory; convwire up --demo --dir %s runs it",
				    dir, dir);
}

enum cw_status demo_prepare(struct demo *demo, struct child *child, const struct settings *settings, const char *dir,
			    const char *bin, struct cw_error *reterr)
{
	enum cw_status status = ports_find(FIRST_PORT, &demo->port, reterr);

	if (status != CW_OK) {
		return status;
	}
	bool is_whole = cw_text_format(demo->program, sizeof(demo->program), "%s/convwire-sim", bin) &&
			cw_text_format(demo->app_secret, sizeof(demo->app_secret), "%s/keys/apps/main.secret", dir) &&
			cw_text_format(demo->token, sizeof(demo->token), "%s/keys/numbers/default.token", dir) &&
			cw_text_format(demo->port_text, sizeof(demo->port_text), "%lld", (long long)demo->port) &&
			settings_http_url(settings, "/webhook", demo->webhook, sizeof(demo->webhook)) &&
			cw_text_format(demo->graph_url, sizeof(demo->graph_url), "http://127.0.0.1:%lld/v24.0",
				       (long long)demo->port) &&
			cw_text_format(child->log_path, sizeof(child->log_path), "%s/log/convwire-sim.log", dir);

	if (!is_whole || access(demo->program, X_OK) != 0) {
		return cw_error_set(reterr, CW_NOT_FOUND, "%s not found; is the installation complete?", demo->program);
	}
	char *arguments[] = { demo->program,
			      "--port",
			      demo->port_text,
			      "--webhook",
			      demo->webhook,
			      "--number",
			      settings->simulated_number,
			      "--app-secret-file",
			      demo->app_secret,
			      "--token-file",
			      demo->token,
			      "--customers",
			      "5",
			      "--customers-answer",
			      "--template",
			      "follow_up=Hello {{1}}, is there anything else that we can do for you?",
			      "--template",
			      "order_shipped=Hello {{1}}, your order {{2}} is on its way.",
			      NULL };

	child->name = "convwire-sim";
	memcpy(child->arguments, arguments, sizeof(arguments));
	return CW_OK;
}
