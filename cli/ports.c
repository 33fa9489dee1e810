/* SPDX-License-Identifier: MIT */
#include "cli/ports.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "http/listen.h"

#define PORTS_TO_TRY 200
#define MAX_PORT 65535

static const char *address_of(const struct settings *settings, enum settings_port which)
{
	return which == SETTINGS_HTTP_PORT ? settings->http_address : settings->mqtt_address;
}

/* Would a port of one be a port of the other? */
static bool share(const char *one, const char *other)
{
	return strcmp(one, other) == 0 || strcmp(one, "0.0.0.0") == 0 || strcmp(one, "::") == 0 ||
	       strcmp(other, "0.0.0.0") == 0 || strcmp(other, "::") == 0;
}

/* The listener of this run that the port is assigned to, although it does not listen yet; `which`: none before it. */
static enum settings_port assigned_to(struct settings *settings, enum settings_port which, int64_t port)
{
	enum settings_port other = 0;

	while (other < which && !(*settings_port(settings, other) == port &&
				  share(address_of(settings, other), address_of(settings, which)))) {
		other++;
	}
	return other;
}

/* Tries the configured port; the error says what is in its way. */
static enum cw_status try_port(struct settings *settings, enum settings_port which, struct cw_error *reterr)
{
	int64_t port = *settings_port(settings, which);
	enum settings_port other = assigned_to(settings, which, port);

	if (port == 0) {
		return CW_OK; /* the kernel chooses */
	}
	if (other != which) {
		return cw_error_set(reterr, CW_BUSY, "port %d is already this run's %s", (int)port,
				    settings_ports[other].key);
	}
	const struct cw_http_options options = { .address = address_of(settings, which), .port = (int)port };
	int fd = listen_open(&options, reterr);

	if (fd < 0) {
		return reterr->status;
	}
	(void)close(fd);
	return CW_OK;
}

static enum cw_status choose_port(struct settings *settings, enum settings_port which, bool takes_free,
				  struct cw_error *reterr)
{
	const struct settings_port_name *name = &settings_ports[which];
	int64_t *port = settings_port(settings, which);
	struct cw_error reason;
	enum cw_status status = try_port(settings, which, &reason);

	for (int64_t next = *port + 1;
	     status == CW_BUSY && takes_free && next <= *port + PORTS_TO_TRY && next <= MAX_PORT; next++) {
		if (assigned_to(settings, which, next) == which &&
		    listen_is_free(address_of(settings, which), (int)next)) {
			(void)printf("%s: %s; using %d\n", name->key, reason.text, (int)next);
			*port = next;
			return CW_OK;
		}
	}
	return status == CW_OK ? CW_OK :
				 cw_error_set(reterr, status, "%s: %s; choose another with %s", name->key, reason.text,
					      name->option);
}

enum cw_status ports_choose(struct settings *settings, bool takes_free, struct cw_error *reterr)
{
	enum cw_status status = CW_OK;

	for (enum settings_port which = 0; status == CW_OK && which < SETTINGS_N_PORTS; which++) {
		status = choose_port(settings, which, takes_free, reterr);
	}
	return status;
}

enum cw_status ports_find(int64_t from, int64_t *ret_port, struct cw_error *reterr)
{
	for (int64_t port = from; port < from + PORTS_TO_TRY && port <= MAX_PORT; port++) {
		if (listen_is_free("127.0.0.1", (int)port)) {
			*ret_port = port;
			return CW_OK;
		}
	}
	return cw_error_set(reterr, CW_BUSY, "none of the ports from %d to %d is free; stop what uses them", (int)from,
			    (int)from + PORTS_TO_TRY - 1);
}
