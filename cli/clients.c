/* SPDX-License-Identifier: MIT */
/* convwire clients, kick and revoke: list and disconnect the broker's clients, revoke tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli/ask_broker.h"
#include "cli/cli.h"
#include "core/clock.h"

#define PAGE 1000

struct client_options {
	struct common_options common;
	const char *account, *agent, *jti, *kid;
	bool is_all;
};

/* ---- clients ---- */

static void print_span(int64_t seconds)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	char text[24];

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds >= units[i].seconds || units[i].seconds == 1) {
			(void)snprintf(text, sizeof(text), "%lld%c", (long long)(seconds / units[i].seconds),
				       units[i].unit);
			break;
		}
	}
	(void)printf("%-8s", seconds < 0 ? "expired" : text);
}

static void print_clients(json_t *clients)
{
	int64_t now_s = cw_clock_now_ms() / 1000;
	size_t index;
	json_t *client;

	(void)printf("%-52s %-16s %-8s%-8s%s\n", "CLIENT", "ROLE", "SINCE", "EXPIRES", "ADDRESS");
	json_array_foreach(clients, index, client)
	{
		(void)printf("%-52s %-16s ", json_string_value(json_object_get(client, "clientid")),
			     json_string_value(json_object_get(client, "role")));
		print_span(now_s - json_integer_value(json_object_get(client, "connected_at")));
		print_span(json_integer_value(json_object_get(client, "exp")) - now_s);
		(void)printf("%s\n", json_string_value(json_object_get(client, "address")));
	}
}

/* Reads all pages; clients that connect or leave meanwhile may be missing or listed twice. */
static enum cw_status collect_clients(const struct client_options *options, json_t *clients, struct cw_error *reterr)
{
	enum cw_status status = CW_OK;
	size_t before = 0;

	do {
		json_t *data = NULL;
		json_t *command = json_pack("{s:s, s:s*, s:s*, s:I, s:i}", "command", "listClients", "account",
					    options->account, "subject", options->agent, "offset",
					    (json_int_t)json_array_size(clients), "count", PAGE);

		before = json_array_size(clients);
		status = cli_ask_broker(options->common.dir, command, &data, reterr);
		if (status == CW_OK && json_array_extend(clients, json_object_get(data, "clients")) != 0) {
			status = cw_error_set(reterr, CW_NOMEM, "out of memory");
		}
		json_decref(data);
		json_decref(command);
	} while (status == CW_OK && json_array_size(clients) == before + PAGE);
	return status;
}

static int list(void *input)
{
	const struct client_options *options = input;
	json_t *clients = json_array();
	struct cw_error error;
	enum cw_status status = collect_clients(options, clients, &error);

	if (status == CW_OK && options->common.json) {
		cli_print_json(json_pack("{s:O}", "clients", clients));
	} else if (status == CW_OK) {
		print_clients(clients);
	}
	json_decref(clients);
	return status == CW_OK ? EX_OK : cli_fail(status, "%s", error.text);
}

static const struct cli_option clients_options[] = {
	CLI_TEXT(struct client_options, account, 'a', "account", "ID", "only clients of this account"),
	CLI_TEXT(struct client_options, agent, 0, "agent", "ID", "only clients of this agent"),
	CLI_END_OPTIONS,
};

static const struct cli_verb clients_verbs[] = {
	{ "", "", 0, 0, list },
	CLI_END_VERBS,
};

const struct cli_command cli_clients = {
	.name = "clients",
	.summary = "list the clients connected to the broker",
	.help = "List the clients connected to the broker, and when their tokens expire.",
	.size = sizeof(struct client_options),
	.options = clients_options,
	.verbs = clients_verbs,
};

/* ---- kick ---- */

static int kick(void *input)
{
	const struct client_options *options = input;
	struct cw_error error;
	json_t *data = NULL;

	if (!options->common.n_words == !options->account || (options->agent && !options->account)) {
		return cli_usage(&cli_kick);
	}
	json_t *command = json_pack("{s:s, s:s*, s:s*, s:s*}", "command", "kick", "clientid", options->common.words[0],
				    "account", options->account, "subject", options->agent);
	enum cw_status status = cli_ask_broker(options->common.dir, command, &data, &error);

	json_decref(command);
	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	if (options->common.json) {
		cli_print_json(json_incref(data));
	} else {
		json_int_t n_kicked = json_integer_value(json_object_get(data, "kicked"));

		(void)printf("%lld %s disconnected.\n", (long long)n_kicked, n_kicked == 1 ? "client" : "clients");
	}
	json_decref(data);
	return EX_OK;
}

static const struct cli_option kick_options[] = {
	CLI_TEXT(struct client_options, account, 'a', "account", "ID", "every client of this account"),
	CLI_TEXT(struct client_options, agent, 0, "agent", "ID", "with --account: only clients of this agent"),
	CLI_END_OPTIONS,
};

static const struct cli_verb kick_verbs[] = {
	{ "", "CLIENT\n--account ID [--agent ID]", 0, 1, kick },
	CLI_END_VERBS,
};

const struct cli_command cli_kick = {
	.name = "kick",
	.summary = "disconnect clients from the broker",
	.help = "Disconnect clients from the broker; `convwire clients` lists them. They may reconnect with the same token; "
		"`convwire revoke` prevents that.",
	.size = sizeof(struct client_options),
	.options = kick_options,
	.verbs = kick_verbs,
};

/* ---- revoke ---- */

/* Tokens issued in the same second as the revocation are refused; once it is over, new ones work. */
static void wait_out_the_second(json_t *revocation)
{
	int64_t until_ms = (json_integer_value(json_object_get(revocation, "revoked_at")) + 1) * 1000;
	int64_t wait_ms = until_ms - cw_clock_now_ms();

	if (wait_ms > 0 && wait_ms <= 1000) {
		const struct timespec wait = { .tv_nsec = (long)(wait_ms == 1000 ? 999 : wait_ms) * 1000000 };

		(void)nanosleep(&wait, NULL); /* if a signal interrupts it, the process ends */
	}
}

/* Stores it first, so that it holds whatever happens; then tells the broker, for clients connected now. */
static enum cw_status revoke(const struct client_options *options, json_t **ret_revocation, int64_t *ret_n_kicked,
			     struct cw_error *ret_broker_error, struct cw_error *reterr)
{
	json_t *arguments = json_pack("{s:s*, s:s*, s:s*, s:s*}", "account", options->kid ? NULL : options->account,
				      "jti", options->jti, "subject", options->agent, "kid", options->kid);
	json_t *answer = NULL;
	json_t *data = NULL;
	enum cw_status status = cli_control(options->common.dir, "revoke", arguments, &answer, reterr);

	*ret_n_kicked = -1;
	if (status == CW_OK) {
		*ret_revocation = json_incref(json_object_get(answer, "revocation"));
		(void)json_object_set_new(arguments, "command",
					  json_string("revoke")); /* if it fails, the broker reports the error */
		if (cli_ask_broker(options->common.dir, arguments, &data, ret_broker_error) == CW_OK) {
			*ret_n_kicked = json_integer_value(json_object_get(data, "kicked"));
		}
	}
	json_decref(data);
	json_decref(answer);
	json_decref(arguments);
	return status;
}

static void print_revoked(const struct client_options *options, json_t *revocation, int64_t n_kicked,
			  const struct cw_error *broker_error)
{
	char until[32] = "";
	time_t forget_at = (time_t)json_integer_value(json_object_get(revocation, "forget_at"));
	struct tm local;

	if (options->common.json) {
		cli_print_json(json_pack("{s:O, s:o}", "revocation", revocation, "kicked",
					 n_kicked < 0 ? json_null() : json_integer(n_kicked)));
		return;
	}
	if (localtime_r(&forget_at, &local)) {
		(void)strftime(until, sizeof(until), "%Y-%m-%d %H:%M", &local); /* an empty text is not wrong */
	}
	(void)printf("Revoked: tokens issued before now are refused until %s; by then all of them have expired.\n",
		     until);
	if (n_kicked >= 0) {
		(void)printf("%lld %s disconnected.\n", (long long)n_kicked, n_kicked == 1 ? "client" : "clients");
	} else {
		(void)fprintf(stderr, "convwire: %s. The broker will be told when the daemon connects to it.\n",
			      broker_error->text);
	}
}

static int run_revoke(void *input)
{
	struct client_options *options = input;
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	struct cw_error broker_error;
	json_t *revocation = NULL;
	int64_t n_kicked = 0;
	enum cw_status status = CW_OK;

	if (!!options->agent + !!options->jti + !!options->kid + options->is_all != 1) {
		return cli_usage(&cli_revoke);
	}
	if (!options->kid) {
		status = cli_choose_account(options->common.dir, options->account, NULL, account, &error);
		options->account = account;
	}
	if (status == CW_OK) {
		status = revoke(options, &revocation, &n_kicked, &broker_error, &error);
	}
	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	print_revoked(options, revocation, n_kicked, &broker_error);
	wait_out_the_second(revocation);
	json_decref(revocation);
	return EX_OK;
}

static const struct cli_option revoke_options[] = {
	CLI_TEXT(struct client_options, account, 'a', "account", "ID", "the account; needed only if there are several"),
	CLI_TEXT(struct client_options, agent, 0, "agent", "ID", "all tokens of this agent"),
	CLI_TEXT(struct client_options, jti, 0, "jti", "ID", "the token with this jti claim"),
	CLI_TEXT(struct client_options, kid, 0, "kid", "ID", "all tokens signed by this key, in any account"),
	CLI_FLAG(struct client_options, is_all, 0, "all", "all tokens of the account"),
	CLI_END_OPTIONS,
};

static const struct cli_verb revoke_verbs[] = {
	{ "", "--agent ID|--jti ID|--kid ID|--all", 0, 0, run_revoke },
	CLI_END_VERBS,
};

const struct cli_command cli_revoke = {
	.name = "revoke",
	.summary = "revoke the tokens issued so far",
	.help = "Revoke the tokens issued so far, at the broker and over HTTP, and disconnect clients that use them; --agent "
		"and --all also end the sessions of agents who signed in with a password. Tokens issued later are "
		"accepted: to prevent that, remove the key, remove the agent from your backend, or use `convwire agent "
		"disable`.",
	.size = sizeof(struct client_options),
	.options = revoke_options,
	.verbs = revoke_verbs,
};
