/* SPDX-License-Identifier: MIT */
#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/text.h"
#include "http/holder.h"

#define LISTEN_BACKLOG 1024

static int listen_unix(const char *path, struct cw_error *reterr)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (!cw_text_copy(address.sun_path, sizeof(address.sun_path), path)) {
		(void)cw_error_set(reterr, CW_INVALID, "%s: longer than the %zu bytes of a Unix socket's path", path,
				   sizeof(address.sun_path) - 1);
		(void)close(fd);
		return -1;
	}
	(void)unlink(path); /* we hold the directory's lock, so nobody listens there */
	mode_t mask = umask(0177);
	bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	(void)umask(mask);
	if (!is_bound || listen(fd, LISTEN_BACKLOG) != 0) {
		(void)cw_error_set(reterr, CW_IO, "%s: %s", path, strerror(errno));
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Sets the error for a refused port: who is using it, or what permission it needs. */
static void tell_refused(const struct cw_http_options *options, int code, struct cw_error *reterr)
{
	char holder[160];

	if (code == EADDRINUSE) {
		(void)cw_error_set(reterr, CW_BUSY, "port %d is taken by %s", options->port,
				   holder_of_port(options->port, holder, sizeof(holder)) ? holder : "another process");
	} else if (code == EACCES) {
		(void)cw_error_set(reterr, CW_DENIED,
				   "port %d is privileged: only root, or a program with CAP_NET_BIND_SERVICE, may use it",
				   options->port);
	} else {
		(void)cw_error_set(reterr, CW_IO, "%s port %d: %s", options->address, options->port, strerror(code));
	}
}

/* CW_INVALID: not an IP address. CW_IO: refused, errno says why. */
static enum cw_status open_tcp(const struct cw_http_options *options, int *ret_fd)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)options->port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)options->port) };
	bool is_v6 = inet_pton(AF_INET6, options->address, &v6.sin6_addr) == 1;
	const int yes = 1;

	if (!is_v6 && inet_pton(AF_INET, options->address, &v4.sin_addr) != 1) {
		return CW_INVALID;
	}
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
	    bind(fd, is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		 is_v6 ? (socklen_t)sizeof(v6) : (socklen_t)sizeof(v4)) != 0 ||
	    listen(fd, LISTEN_BACKLOG) != 0) {
		int code = errno;

		if (fd >= 0) {
			(void)close(fd);
		}
		errno = code;
		return CW_IO;
	}
	*ret_fd = fd;
	return CW_OK;
}

static int listen_tcp(const struct cw_http_options *options, struct cw_error *reterr)
{
	int fd = -1;
	enum cw_status status = open_tcp(options, &fd);

	if (status == CW_INVALID) {
		(void)cw_error_set(reterr, CW_INVALID, "%s: not an IP address", options->address);
	} else if (status != CW_OK) {
		tell_refused(options, errno, reterr);
	}
	return fd;
}

int listen_open(const struct cw_http_options *options, struct cw_error *reterr)
{
	return options->unix_path ? listen_unix(options->unix_path, reterr) : listen_tcp(options, reterr);
}

bool listen_is_free(const char *address, int port)
{
	int fd = -1;

	if (open_tcp(&(struct cw_http_options){ .address = address, .port = port }, &fd) != CW_OK) {
		return false;
	}
	(void)close(fd);
	return true;
}

int listen_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) != 0) {
		return 0;
	}
	return address.any.sa_family == AF_INET  ? ntohs(address.v4.sin_port) :
	       address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) :
						   0;
}
