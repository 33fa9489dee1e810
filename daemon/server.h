/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include "core/status.h"
#include "daemon/settings.h"

/*
 * Everything that convwired is made of, opened in order and closed in reverse. Main thread only.
 * Nothing is started when anything is wrong with the configuration.
 */
struct server;

/* CW_INVALID or CW_NOT_FOUND: configuration; CW_BUSY: a port or the directory is taken; else the machine. */
CW_MUST_CHECK enum cw_status server_open(const char *dir, const struct settings *settings, struct server **ret_server,
					 struct cw_error *reterr);
/* Answers what is under way, publishes what it can within a second, closes. NULL is fine. */
void server_close(struct server *server);

/* Reads keys and roles again; a fault in them changes nothing and is in reterr. */
CW_MUST_CHECK enum cw_status server_reload(struct server *server, struct cw_error *reterr);

/* The port on which HTTP listens. */
int server_http_port(const struct server *server);

#endif
