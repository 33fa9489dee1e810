/* SPDX-License-Identifier: MIT */
/* convwire broker-conf: mosquitto.conf for a directory, to run the broker without `up`. */
#include "cli/broker_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/broker.h"
#include "cli/cli.h"
#include "core/file.h"
#include "core/text.h"

#define MAX_CONF_BYTES 65536

enum cw_status broker_conf_plugin(const struct settings *settings, char out[PATH_MAX], struct cw_error *reterr)
{
	char bin[PATH_MAX];
	enum cw_status status = cw_file_program_folder(bin, sizeof(bin), reterr);

	if (status != CW_OK) {
		return status;
	}
	bool is_whole = settings->plugin[0] ? cw_text_copy(out, PATH_MAX, settings->plugin) :
					      cw_text_format(out, PATH_MAX, "%s/../lib/convwire_auth.so", bin);

	if (is_whole && !settings->plugin[0] && access(out, R_OK) != 0) {
		is_whole = cw_text_copy(out, PATH_MAX, CW_PLUGIN_INSTALLED);
	}
	return is_whole && access(out, R_OK) == 0 ?
		       CW_OK :
		       cw_error_set(reterr, CW_NOT_FOUND, "%s not found; is the installation complete?", out);
}

enum cw_status broker_conf_render(const char *dir, const struct settings *settings, struct cw_buf *out,
				  struct cw_error *reterr)
{
	char plugin[PATH_MAX];
	char keys[PATH_MAX];
	char roles[PATH_MAX];
	char state[PATH_MAX];
	const struct broker_values values = {
		.plugin = plugin,
		.keys = keys,
		.roles = roles,
		.state = state,
		.address = settings->mqtt_address,
		.mqtt_port = (int)settings->mqtt_port,
		.ws_port = (int)settings->ws_port,
		/* As root, mosquitto would switch to user mosquitto, which cannot read a directory of mode 0700. */
		.user = geteuid() == 0 ? "root" : NULL,
	};
	enum cw_status status = broker_conf_plugin(settings, plugin, reterr);

	if (status == CW_OK) {
		status = settings_path(dir, "keys", keys, sizeof(keys), reterr);
	}
	if (status == CW_OK) {
		status = settings_path(dir, "roles.acl", roles, sizeof(roles), reterr);
	}
	if (status == CW_OK) {
		status = settings_path(dir, "broker/revocations.json", state, sizeof(state), reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	status = broker_render(&values, out);
	return status == CW_OK ? CW_OK : cw_error_set(reterr, status, "mosquitto.conf cannot be rendered");
}

enum cw_status broker_conf_write(const char *dir, const struct settings *settings, char out[PATH_MAX],
				 struct cw_error *reterr)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf text;
	enum cw_status status = settings_path(dir, "broker/mosquitto.conf", out, PATH_MAX, reterr);

	cw_buf_init(&text, MAX_CONF_BYTES);
	if (status == CW_OK) {
		status = broker_conf_render(dir, settings, &text, reterr);
	}
	return status == CW_OK ? cw_file_write(out, text.data, text.len, 0600, reterr) : status;
}

/* ---- the command ---- */

struct conf_options {
	struct common_options common;
	bool writes;
};

static enum cw_status print_conf(const char *dir, const struct settings *settings, struct cw_error *reterr)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf text;

	cw_buf_init(&text, MAX_CONF_BYTES);
	enum cw_status status = broker_conf_render(dir, settings, &text, reterr);

	if (status == CW_OK) {
		(void)fputs(text.data, stdout);
	}
	return status;
}

static int run(void *input)
{
	const struct conf_options *options = input;
	struct settings settings;
	struct cw_error error;
	char dir[PATH_MAX];
	char path[PATH_MAX];
	enum cw_status status = settings_load(options->common.dir, &settings, &error);

	if (status == CW_OK && !realpath(options->common.dir, dir)) {
		status = cw_error_set(&error, CW_IO, "%s: %s", options->common.dir, strerror(errno));
	}
	if (status == CW_OK) {
		status = options->writes ? broker_conf_write(dir, &settings, path, &error) :
					   print_conf(dir, &settings, &error);
	}
	settings_finish(&settings);
	return status == CW_OK ? EX_OK : cli_fail(status, "%s", error.text);
}

static const struct cli_option rows[] = {
	CLI_FLAG(struct conf_options, writes, 'w', "write",
		 "write DIR/broker/mosquitto.conf, as `up` does, and print nothing"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "", "", 0, 0, run },
	CLI_END_VERBS,
};

const struct cli_command cli_broker_conf = {
	.name = "broker-conf",
	.summary = "print mosquitto.conf for this directory",
	.help = "Print mosquitto.conf for this directory, as `up` generates it from convwire.conf. The systemd unit writes it before each start.",
	.size = sizeof(struct conf_options),
	.options = rows,
	.verbs = verbs,
};
