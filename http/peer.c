/* SPDX-License-Identifier: MIT */
/* The client's address, also behind a proxy on this machine. */
#include "http/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* An address as 16 bytes; IPv4 addresses are mapped (RFC 4291, section 2.5.5.2). */
static bool of_socket(const struct sockaddr *peer, struct in6_addr *out)
{
	if (peer && peer->sa_family == AF_INET6) {
		*out = ((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
		return true;
	}
	if (peer && peer->sa_family == AF_INET) {
		*out = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
		memcpy(out->s6_addr + 12, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
		return true;
	}
	return false;
}

/* The proxy added the last address; anybody may have written those before it. */
static bool of_header(const char *forwarded, struct in6_addr *out)
{
	const char *comma = strrchr(forwarded, ',');
	const char *last = comma ? comma + 1 : forwarded;

	last += strspn(last, " \t");
	if (inet_pton(AF_INET6, last, out) == 1) {
		return true;
	}
	*out = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
	return inet_pton(AF_INET, last, out->s6_addr + 12) == 1;
}

static bool is_loopback(const struct in6_addr *address)
{
	return IN6_IS_ADDR_LOOPBACK(address) || (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

/* For IPv6, writes the network: a client has all the addresses of a /64. */
static bool write_network(const struct in6_addr *address, char out[CW_HTTP_ADDRESS_MAX])
{
	struct in6_addr network = *address;

	if (IN6_IS_ADDR_V4MAPPED(address)) {
		return inet_ntop(AF_INET, address->s6_addr + 12, out, CW_HTTP_ADDRESS_MAX) != NULL;
	}
	memset(network.s6_addr + 8, 0, 8);
	return inet_ntop(AF_INET6, &network, out, CW_HTTP_ADDRESS_MAX) != NULL;
}

bool peer_address(const struct sockaddr *peer, const char *forwarded, char out[CW_HTTP_ADDRESS_MAX])
{
	struct in6_addr address;
	struct in6_addr said;

	if (of_socket(peer, &address)) {
		if (forwarded && is_loopback(&address) && of_header(forwarded, &said)) {
			address = said;
		}
		if (write_network(&address, out)) {
			return true;
		}
	}
	memcpy(out, "unknown", sizeof("unknown"));
	return false;
}
