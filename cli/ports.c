/* SPDX-License-Identifier: MIT */
#include "cli/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/holder.h"

#define PORTS_TO_TRY 200

static bool port_is_free(const char *address, int port)
{
	struct sockaddr_in place = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	const int yes = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_free = fd >= 0 && inet_pton(AF_INET, address, &place.sin_addr) == 1 &&
		       setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
		       bind(fd, (struct sockaddr *)&place, sizeof(place)) == 0 && listen(fd, 1) == 0;

	if (fd >= 0) {
		(void)close(fd);
	}
	return is_free;
}

static enum cw_status choose_port(bool takes_free, const char *what, const char *address, int64_t *port,
				  struct cw_error *reterr)
{
	char holder[160];
	int64_t wanted = *port;

	if (wanted == 0 || port_is_free(address, (int)wanted)) {
		return CW_OK;
	}
	for (int64_t next = wanted + 1; takes_free && next < wanted + PORTS_TO_TRY && next < 65536; next++) {
		if (port_is_free(address, (int)next)) {
			(void)printf("Port %lld is taken%s%s, %s uses %lld.\n", (long long)wanted,
				     holder_of_port((int)wanted, holder, sizeof(holder)) ? " by " : "",
				     holder_of_port((int)wanted, holder, sizeof(holder)) ? holder : "", what,
				     (long long)next);
			*port = next;
			return CW_OK;
		}
	}
	return cw_error_set(reterr, CW_BUSY, "%s port %lld is taken by %s; stop it, or choose another with --%s-port",
			    what, (long long)wanted,
			    holder_of_port((int)wanted, holder, sizeof(holder)) ? holder : "another process", what);
}

/* Two listeners of ours must not choose the same port. */
enum cw_status ports_choose(struct settings *settings, bool takes_free, struct cw_error *reterr)
{
	enum cw_status status = choose_port(takes_free, "http", settings->http_address, &settings->http_port, reterr);

	if (status == CW_OK) {
		status = choose_port(takes_free, "mqtt", settings->mqtt_address, &settings->mqtt_port, reterr);
	}
	if (status == CW_OK) {
		settings->ws_port += settings->ws_port == settings->mqtt_port ? 1 : 0;
		status = choose_port(takes_free, "ws", settings->mqtt_address, &settings->ws_port, reterr);
	}
	return status;
}

enum cw_status ports_find(int64_t from, int64_t *ret_port, struct cw_error *reterr)
{
	for (int64_t port = from; port < from + PORTS_TO_TRY && port < 65536; port++) {
		if (port_is_free("127.0.0.1", (int)port)) {
			*ret_port = port;
			return CW_OK;
		}
	}
	return cw_error_set(reterr, CW_BUSY, "no port from %lld on is free", (long long)from);
}
