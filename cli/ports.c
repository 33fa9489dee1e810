/* SPDX-License-Identifier: MIT */
#include "cli/ports.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "http/listen.h"

#define PORTS_TO_TRY 200
#define MAX_PORT 65535

static enum cw_status try_port(const char *address, int64_t port, struct cw_error *reterr)
{
	const struct cw_http_options options = { .address = address, .port = (int)port };
	int fd = listen_open(&options, reterr);

	if (fd < 0) {
		return reterr->status;
	}
	(void)close(fd);
	return CW_OK;
}

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

/* A port may be assigned to another listener of this run, although nobody listens there yet. */
static enum cw_status try_among(struct settings *settings, enum settings_port which, int64_t port, struct cw_error *reterr)
{
	for (enum settings_port other = 0; other < which; other++) {
		if (*settings_port(settings, other) == port &&
		    share(address_of(settings, other), address_of(settings, which))) {
			return cw_error_set(reterr, CW_BUSY, "port %d is already this run's %s", (int)port,
					    settings_ports[other].key);
		}
	}
	return try_port(address_of(settings, which), port, reterr);
}

static enum cw_status choose_port(struct settings *settings, enum settings_port which, bool takes_free,
				  struct cw_error *reterr)
{
	const struct settings_port_name *name = &settings_ports[which];
	int64_t *port = settings_port(settings, which);
	struct cw_error reason;
	struct cw_error ignored;
	enum cw_status status = *port == 0 ? CW_OK : try_among(settings, which, *port, &reason);

	for (int64_t next = *port + 1;
	     status == CW_BUSY && takes_free && next <= *port + PORTS_TO_TRY && next <= MAX_PORT; next++) {
		if (try_among(settings, which, next, &ignored) == CW_OK) {
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
	struct cw_error ignored;

	for (int64_t port = from; port < from + PORTS_TO_TRY && port <= MAX_PORT; port++) {
		if (try_port("127.0.0.1", port, &ignored) == CW_OK) {
			*ret_port = port;
			return CW_OK;
		}
	}
	return cw_error_set(reterr, CW_BUSY, "none of the ports from %d to %d is free; stop what uses them", (int)from,
			    (int)from + PORTS_TO_TRY - 1);
}
