/* SPDX-License-Identifier: MIT */
/* convwire: the command-line tool. The table lists its commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include <curl/curl.h>

#include "cli/cli.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "init", command_init, "create a directory: settings, keys, database, first account and number" },
	{ "up", command_up, "run the broker and the daemon in this terminal" },
	{ "account", command_account, "add and list accounts" },
	{ "number", command_number, "add and list business numbers; their access tokens; pause and resume" },
	{ "agent", command_agent, "agents who sign in with a password: add, list, passwd, disable, enable" },
	{ "token", command_token, "issue a token for an agent and print it" },
	{ "watch", command_watch, "print events as they arrive" },
	{ "resolve", command_resolve, "show which conversation an id, phone number or user id refers to" },
	{ "doctor", command_doctor, "check this installation: what is wrong, and what to run next" },
	{ "trace", command_trace, "show the history of a message or conversation, and who receives it" },
	{ "alias", command_alias, "import conversation ids from another system" },
	{ "assign", command_assign, "assign a conversation to an agent, or unassign it" },
	{ "send", command_send, "send a message to a customer" },
	{ "outbox", command_outbox, "messages not sent yet, or failed: list, retry, discard" },
	{ "template", command_template, "list the message templates, or fetch them from WhatsApp" },
	{ "broker-conf", command_broker_conf, "print mosquitto.conf for this directory" },
	{ "acl", command_acl, "check a role file; show what it allows, and why" },
	{ "clients", command_clients, "list the clients connected to the broker" },
	{ "kick", command_kick, "disconnect clients from the broker" },
	{ "revoke", command_revoke, "revoke the tokens issued so far" },
	{ "backup", command_backup, "back up the database and the media files, while running" },
	{ "restore", command_restore, "restore a backup" },
	{ "check", command_check, "check the database's integrity" },
	{ "simulate", command_simulate, "simulate customers: signed webhooks of every kind" },
};

static void print_help(FILE *out)
{
	(void)fputs("Usage: convwire COMMAND [OPTION...]\n\n", out); /* to a terminal or pipe */
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		(void)fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
	}
	(void)fputs("\nEach command has --help, --dir DIR (default ./var) and, where scripts may read it, --json.\n",
		    out);
}

int main(int argc, char **argv)
{
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
		if (strcmp(commands[i].name, argv[1]) == 0) {
			(void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows at the first transfer */
			return commands[i].run(argc - 1, argv + 1);
		}
	}
	(void)fprintf(stderr, "convwire: unknown command \"%s\"; `convwire --help` lists the commands\n", argv[1]);
	return EX_USAGE;
}
