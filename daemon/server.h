/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include "core/status.h"
#include "daemon/settings.h"

/*
 * All parts of convwired, opened in order and closed in reverse order. Main thread only. Nothing is started if the
 * configuration has an error.
 */
struct server;

/*
 * CW_INVALID or CW_NOT_FOUND: bad configuration; CW_BUSY: a port or the directory is in use; otherwise a system error.
 */
CW_MUST_CHECK enum cw_status server_open(const char *dir, const struct settings *settings, struct server **ret_server,
					 struct cw_error *reterr);
/* Answers the current requests, publishes what it can within a second, and closes. Accepts NULL. */
void server_close(struct server *server);

/* Reloads keys and roles, and logs the outcome. If they contain an error, nothing changes and reterr says what is wrong. */
enum cw_status server_reload(struct server *server, struct cw_error *reterr);

/* The port on which HTTP listens. */
int server_http_port(const struct server *server);

#endif
