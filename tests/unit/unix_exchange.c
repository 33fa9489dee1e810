/* SPDX-License-Identifier: MIT */
#include "tests/unit/unix_exchange.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/text.h"
#include "tests/unit/unit.h"

void unix_exchange(const char *path, const char *request, char *answer, size_t max)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t n = 0;

	assert_true(cw_text_copy(address.sun_path, sizeof(address.sun_path), path));
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	while (len < max && (n = read(fd, answer + len, max - len)) > 0) {
		len += (size_t)n;
	}
	answer[len] = '\0';
	(void)close(fd);
}
