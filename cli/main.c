/* SPDX-License-Identifier: MIT */
/* convwire: the command-line tool. The table lists its commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include <curl/curl.h>

#include "cli/cli.h"
#include "core/memory.h"
#include "mqtt/mqtt.h"

static const struct cli_command *const commands[] = {
	&cli_init,     &cli_up,          &cli_account, &cli_number,   &cli_agent,  &cli_token,  &cli_watch,
	&cli_resolve,  &cli_doctor,      &cli_trace,   &cli_alias,    &cli_assign, &cli_send,   &cli_outbox,
	&cli_template, &cli_broker_conf, &cli_acl,     &cli_clients,  &cli_kick,   &cli_revoke, &cli_key,
	&cli_backup,   &cli_restore,     &cli_check,   &cli_simulate,
};

static void print_help(FILE *out)
{
	(void)fputs("Usage: convwire COMMAND [OPTION...]\n\n", out); /* to a terminal or pipe */
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		(void)fprintf(out, "  %-11s %s\n", commands[i]->name, commands[i]->summary);
	}
	(void)fputs("\nEach command has --help, --dir DIR (default ./var) and, for output that scripts read, --json.\n",
		    out);
}

int main(int argc, char **argv)
{
	cw_mqtt_init();
	cw_memory_init(); /* some commands run the store here */
	(void)umask(077); /* files created here are for their owner only */
	if (argc < 2) {
		print_help(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return EX_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("convwire " CW_VERSION);
		return EX_OK;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i]->name, argv[1]) == 0) {
			(void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows at the first transfer */
			return cli_run(commands[i], argc - 1, argv + 1);
		}
	}
	(void)fprintf(stderr, "convwire: unknown command \"%s\"; `convwire --help` lists the commands\n", argv[1]);
	return EX_USAGE;
}
