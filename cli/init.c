/* SPDX-License-Identifier: MIT */
/* convwire init: the directory, its keys and secrets, the database, the first account and number. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/demo.h"
#include "core/access.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/text.h"

#define SECRET_HEX 64

struct init_options {
	struct common_options common;
	const char *account, *number, *waba_id;
	const char *app_secret, *verify_token;
	const char *ports[SETTINGS_N_PORTS]; /* NULL: the default */
	bool is_demo;
};

/* ---- files ---- */

struct maker {
	const char *dir;
	enum cw_status status; /* the first failure; later steps do nothing */
	struct cw_error error;
};

static void make_folder(struct maker *maker, const char *name, mode_t mode)
{
	char path[PATH_MAX];

	if (maker->status == CW_OK) {
		maker->status = settings_path(maker->dir, name, path, sizeof(path), &maker->error);
	}
	if (maker->status == CW_OK && mkdir(path, mode) != 0 && errno != EEXIST) {
		maker->status = cw_error_set(&maker->error, CW_IO, "%s: %s", path, strerror(errno));
	}
	if (maker->status == CW_OK && chmod(path, mode) != 0) {
		maker->status = cw_error_set(&maker->error, CW_IO, "%s: %s", path, strerror(errno));
	}
}

static void make_directory(struct maker *maker)
{
	if (maker->status == CW_OK &&
	    ((mkdir(maker->dir, 0700) != 0 && errno != EEXIST) || chmod(maker->dir, 0700) != 0)) {
		maker->status = cw_error_set(&maker->error, CW_IO, "%s: %s", maker->dir, strerror(errno));
	}
}

static void make_file(struct maker *maker, const char *name, mode_t mode, const char *text)
{
	char path[PATH_MAX];

	if (maker->status == CW_OK) {
		maker->status = settings_path(maker->dir, name, path, sizeof(path), &maker->error);
	}
	if (maker->status == CW_OK) {
		maker->status = cw_file_write(path, text, strlen(text), mode, &maker->error);
	}
}

static void make_line(struct maker *maker, const char *name, mode_t mode, const char *text)
{
	char line[512];

	if (maker->status == CW_OK && !cw_text_format(line, sizeof(line), "%s\n", text)) {
		maker->status = cw_error_set(&maker->error, CW_INVALID, "%s: longer than 500 characters", name);
	}
	make_file(maker, name, mode, line);
}

static void random_hex(struct maker *maker, char *out, size_t n_bytes)
{
	unsigned char bytes[SECRET_HEX / 2];

	if (maker->status == CW_OK && cw_clock_random(bytes, n_bytes) != CW_OK) {
		maker->status = cw_error_set(&maker->error, CW_IO, "cannot get random numbers from the system");
	}
	if (maker->status == CW_OK) {
		cw_text_hex(bytes, n_bytes, out);
	}
}

/* An option, else an environment variable, else random. */
static void make_secret(struct maker *maker, const char *name, const char *given, const char *variable)
{
	char random[SECRET_HEX + 1] = "";
	const char *text = given ? given : getenv(variable);

	if (!text) {
		random_hex(maker, random, sizeof(random) / 2);
		text = random;
	}
	make_line(maker, name, 0600, text);
}

static void make_house_key(struct maker *maker)
{
	char *private_pem = NULL;
	char *public_pem = NULL;

	if (maker->status == CW_OK) {
		maker->status = cli_make_key_pair(&private_pem, &public_pem, &maker->error);
	}
	make_file(maker, CLI_HOUSE_KEY, 0600, private_pem);
	make_file(maker, "keys/public/house.pem", 0644, public_pem);
	make_file(maker, "keys/public/house.conf", 0644, CLI_HOUSE_CONF);
	free(private_pem);
	free(public_pem);
}

static void make_keys(struct maker *maker, const struct init_options *options, const char *account)
{
	char tag[SECRET_HEX + 1] = "";
	char conf[160];

	make_folder(maker, "keys", 0711);
	make_folder(maker, "keys/public", 0755);
	make_folder(maker, "keys/shared", 0700);
	make_folder(maker, "keys/apps", 0700);
	make_folder(maker, "keys/numbers", 0700);
	make_house_key(maker);
	random_hex(maker, tag, sizeof(tag) / 2);
	make_line(maker, "keys/shared/tag.key", 0600, tag);
	make_secret(maker, "keys/apps/main.secret", options->app_secret, "CONVWIRE_APP_SECRET");
	make_secret(maker, "keys/verify.token", options->verify_token, "CONVWIRE_VERIFY_TOKEN");
	if (!cw_text_format(conf, sizeof(conf), "# Accounts whose webhooks this app secret may sign.\naccounts = %s\n",
			    account)) {
		conf[0] = '\0'; /* an account id is short */
	}
	make_file(maker, "keys/apps/main.conf", 0600, conf);
	if (options->is_demo) {
		make_secret(maker, "keys/numbers/default.token", NULL, "");
		random_hex(maker, tag, DEMO_PASSWORD_HEX / 2);
		make_line(maker, DEMO_PASSWORD, 0600, tag);
	}
}

/* The given ports, or their defaults. An invalid one is refused before anything is created. */
static void read_ports(struct maker *maker, const struct init_options *options, int64_t ports[SETTINGS_N_PORTS])
{
	struct settings settings = { .http_port = 0 };

	if (maker->status != CW_OK) {
		return;
	}
	maker->status = cw_conf_defaults(&settings_table, &settings, &maker->error);
	if (maker->status == CW_OK) {
		maker->status = settings_override_ports(&settings, options->ports, &maker->error);
	}
	for (enum settings_port port = 0; port < SETTINGS_N_PORTS; port++) {
		ports[port] = *settings_port(&settings, port);
	}
	settings_finish(&settings);
}

static void make_settings(struct maker *maker, const struct init_options *options,
			  const int64_t ports[SETTINGS_N_PORTS], const char *simulated_number)
{
	char text[512] = "# Settings: convwire.conf(5), or `convwired --print-config`.\n";
	size_t len = strlen(text);

	for (enum settings_port port = 0; port < SETTINGS_N_PORTS; port++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s = %d\n", settings_ports[port].key,
					(int)ports[port]); /* fits, as the rest does */
	}
	(void)snprintf(text + len, sizeof(text) - len, "read_receipts = reply\nsimulated_number = %s\n%s",
		       simulated_number, options->is_demo ? "demo = yes\n" : "");
	make_file(maker, "convwire.conf", 0600, text);
}

/* ---- rows ---- */

static enum cw_status add_rows(const struct init_options *options, const char *account, const char *number,
			       struct cw_error *reterr)
{
	json_t *arguments = json_pack("{s:s, s:s, s:s*, s:b}", "account", account, "phone_number_id", number, "waba_id",
				      options->waba_id, "simulated", !options->number);
	json_t *answer = NULL;
	enum cw_status status = cli_control(options->common.dir, "account.add", arguments, &answer, reterr);

	json_decref(answer);
	answer = NULL;
	if (status == CW_OK) {
		status = cli_control(options->common.dir, "number.add", arguments, &answer, reterr);
	}
	json_decref(answer);
	json_decref(arguments);
	return status;
}

static void choose_names(struct maker *maker, const struct init_options *options, char account[CW_ACCOUNT_MAX + 1],
			 char number[CW_PHONE_NUMBER_ID_MAX + 1])
{
	char hex[25] = "";
	unsigned char bytes[8] = { 0 };

	if (maker->status != CW_OK) {
		return;
	}
	random_hex(maker, hex, 12);
	if (!cw_text_copy(account, CW_ACCOUNT_MAX + 1, options->account ? options->account : hex) ||
	    !cw_account_is_valid(account)) {
		maker->status = cw_error_set(&maker->error, CW_INVALID,
					     "--account \"%.70s\": an account id has 1 to 64 letters, digits or -",
					     options->account ? options->account : "");
	}
	if (maker->status == CW_OK && cw_clock_random(bytes, sizeof(bytes)) != CW_OK) {
		maker->status = cw_error_set(&maker->error, CW_IO, "cannot get random numbers from the system");
	}
	uint64_t random = 0;

	memcpy(&random, bytes, sizeof(random));
	bool is_whole = options->number ? cw_text_copy(number, CW_PHONE_NUMBER_ID_MAX + 1, options->number) :
					  cw_text_format(number, CW_PHONE_NUMBER_ID_MAX + 1, "1%014llu",
							 (unsigned long long)(random % 100000000000000ULL));

	if (maker->status == CW_OK && (!is_whole || !cw_phone_number_id_is_valid(number))) {
		maker->status = cw_error_set(&maker->error, CW_INVALID,
					     "--number \"%.40s\": a phone_number_id has 1 to 32 digits", options->number);
	}
}

static void print_made(const struct init_options *options, const char *account, const char *number, bool is_next)
{
	const char *dir = options->common.dir;

	if (options->common.json) {
		cli_print_json(json_pack("{s:s, s:s, s:s, s:b}", "dir", dir, "account", account, "phone_number_id",
					 number, "simulated", !options->number));
		return;
	}
	(void)printf("Created %s\n  account   %s\n  number    %s%s\n", dir, account, number,
		     options->number ? "" : " (simulated)");
	if (options->is_demo) {
		if (is_next) {
			(void)printf("Next: convwire up --demo --dir %s\n", dir);
		}
		return;
	}
	(void)printf("  app secret    %s/keys/apps/main.secret   (must be the Meta app's secret)\n", dir);
	(void)printf("  verify token  %s/keys/verify.token       (enter it at Meta, with the callback URL)\n", dir);
	(void)printf("Next: convwire up --dir %s\n", dir);
}

/* is_next: says what to run next. */
static int make(const struct init_options *options, bool is_next)
{
	char account[CW_ACCOUNT_MAX + 1] = "";
	char number[CW_PHONE_NUMBER_ID_MAX + 1] = "";
	char path[PATH_MAX] = "";
	int64_t ports[SETTINGS_N_PORTS] = { 0 };
	struct stat info;

	if (options->is_demo && (options->number || options->app_secret)) {
		return cli_fail(CW_INVALID, "a demo has only simulated numbers and random secrets; leave out --number and "
					    "--app-secret");
	}
	struct maker maker = { .dir = options->common.dir, .status = CW_OK };

	maker.status = settings_path(maker.dir, "convwire.conf", path, sizeof(path), &maker.error);
	if (maker.status == CW_OK && stat(path, &info) == 0) {
		return cli_fail(CW_DUPLICATE, "%s already exists; remove the directory or choose another with --dir",
				path);
	}
	read_ports(&maker, options, ports);
	choose_names(&maker, options, account, number);
	make_directory(&maker);
	make_folder(&maker, "broker", 0700);
	make_folder(&maker, "log", 0700);
	make_keys(&maker, options, account);
	make_file(&maker, "roles.acl", 0644, cw_access_shipped_roles);
	make_settings(&maker, options, ports, options->number ? "" : number);
	if (maker.status == CW_OK) {
		maker.status = add_rows(options, account, number, &maker.error);
	}
	if (maker.status != CW_OK) {
		(void)remove(path); /* so that a retry is not refused */
		return cli_fail(maker.status, "%s", maker.error.text);
	}
	print_made(options, account, number, is_next);
	return EX_OK;
}

int init_demo(const char *dir)
{
	const struct init_options options = { .common.dir = dir, .is_demo = true };

	return make(&options, false);
}

static int run(void *input)
{
	struct init_options *options = input;

	if (!options->common.dir) {
		options->common.dir = options->is_demo ? DEMO_DIR : "./var";
	}
	return make(options, true);
}

static const struct cli_option rows[] = {
	CLI_TEXT(struct init_options, account, 'a', "account", "ID", "the first account's id; generated if not given"),
	CLI_TEXT(struct init_options, number, 'n', "number", "PHONE_NUMBER_ID",
		 "its number's id at WhatsApp; without it, a simulated one is created"),
	CLI_TEXT(struct init_options, waba_id, 0, "waba", "ID",
		 "the number's WhatsApp Business Account; else taken from a webhook"),
	CLI_TEXT(struct init_options, app_secret, 0, "app-secret", "S",
		 "for tests: the Meta app's secret; prefer CONVWIRE_APP_SECRET"),
	CLI_TEXT(struct init_options, verify_token, 0, "verify-token", "V",
		 "for tests: the webhook's verify token; prefer CONVWIRE_VERIFY_TOKEN"),
	CLI_FLAG(struct init_options, is_demo, 0, "demo",
		 "for `up --demo`: simulated only, marked as a demo (" DEMO_DIR ")"),
	CLI_TEXT(struct init_options, ports[SETTINGS_HTTP_PORT], 0, "http-port", "PORT",
		 "HTTP port, stored in convwire.conf (8080)"),
	CLI_TEXT(struct init_options, ports[SETTINGS_MQTT_PORT], 0, "mqtt-port", "PORT",
		 "MQTT port, stored in convwire.conf (1883)"),
	CLI_TEXT(struct init_options, ports[SETTINGS_WS_PORT], 0, "ws-port", "PORT",
		 "WebSocket port, stored in convwire.conf (9001)"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "", "", 0, 0, run },
	CLI_END_VERBS,
};

const struct cli_command cli_init = {
	.name = "init",
	.summary = "create a directory: settings, keys, database, first account and number",
	.help = "Create a directory for Convwire.",
	.size = sizeof(struct init_options),
	.options = rows,
	.verbs = verbs,
	.chooses_dir = true,
};
