/* SPDX-License-Identifier: MIT */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "cli/child.h"
#include "daemon/settings.h"

/*
 * What `up --demo` adds: a directory marked as a demo, with only a simulated number and random secrets, and the
 * simulated WhatsApp as one more program. None of it reaches a real Meta account.
 */
#define DEMO_DIR "./var-demo"
/* The agent who signs in to the dashboard, and the file with their password. */
#define DEMO_AGENT "demo"
#define DEMO_PASSWORD "keys/demo.password"
#define DEMO_PASSWORD_HEX 12

/* Creates the directory if it is missing, and its agent. Returns a sysexits.h code. */
int demo_make_directory(const char *dir);

/* The agent's password into out; false when there is none. */
bool demo_read_password(const char *dir, char out[DEMO_PASSWORD_HEX + 1]);

/* A demo directory runs only with `up --demo`, any other only without: else CW_INVALID. */
CW_MUST_CHECK enum cw_status demo_check(const struct settings *settings, const char *dir, bool is_demo,
					struct cw_error *reterr);

/* The simulated WhatsApp of a run; owns the texts of the child's arguments. */
struct demo {
	int64_t port;
	char program[PATH_MAX], app_secret[PATH_MAX], token[PATH_MAX];
	char port_text[16], webhook[300];
	char graph_url[64]; /* for the daemon */
};

/* Fills *demo and the child's name, arguments and log. settings has the run's ports; bin is the programs' folder. */
CW_MUST_CHECK enum cw_status demo_prepare(struct demo *demo, struct child *child, const struct settings *settings,
					  const char *dir, const char *bin, struct cw_error *reterr);

#endif
