/* SPDX-License-Identifier: MIT */
/* Who asks, also through a proxy on this machine. */
#include "http/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "core/text.h"

static bool is_loopback(const struct sockaddr *peer)
{
	if (peer->sa_family == AF_INET) {
		return (ntohl(((const struct sockaddr_in *)(const void *)peer)->sin_addr.s_addr) >> 24) == 127;
	}
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr);
}

static bool write_address(const struct sockaddr *peer, char out[CW_HTTP_ADDRESS_MAX])
{
	const void *address = peer->sa_family == AF_INET ?
				      (const void *)&((const struct sockaddr_in *)(const void *)peer)->sin_addr :
				      (const void *)&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;

	return inet_ntop(peer->sa_family, address, out, CW_HTTP_ADDRESS_MAX) != NULL;
}

/* The last one is the proxy's own word; those before it anybody may have written. */
static bool last_forwarded(const char *forwarded, char out[CW_HTTP_ADDRESS_MAX])
{
	unsigned char bytes[sizeof(struct in6_addr)];
	const char *comma = strrchr(forwarded, ',');
	const char *last = comma ? comma + 1 : forwarded;

	last += strspn(last, " \t");
	return cw_text_copy(out, CW_HTTP_ADDRESS_MAX, last) &&
	       (inet_pton(AF_INET, out, bytes) == 1 || inet_pton(AF_INET6, out, bytes) == 1);
}

bool peer_address(const struct sockaddr *peer, const char *forwarded, char out[CW_HTTP_ADDRESS_MAX])
{
	if (peer && (peer->sa_family == AF_INET || peer->sa_family == AF_INET6)) {
		if (forwarded && is_loopback(peer) && last_forwarded(forwarded, out)) {
			return true;
		}
		if (write_address(peer, out)) {
			return true;
		}
	}
	memcpy(out, "unknown", sizeof("unknown"));
	return false;
}
