/* SPDX-License-Identifier: MIT */
#include "core/broker_place.h"

#include <string.h>

#include "core/text.h"

#define HOST_MAX 255 /* RFC 1035, section 2.3.4 */

/* The length of the host name or address in a Host header, without the port; 0: not a host name or address. */
static size_t host_length(const char *host)
{
	size_t len = host ? strcspn(host, host[0] == '[' ? "]" : ":") : 0;

	if (len > 0 && host[0] == '[') {
		len = host[len] == ']' ? len + 1 : 0;
	}
	return len > 0 && cw_text_is_made_of(host, len, HOST_MAX, CW_TEXT_ID ".:[]") ? len : 0;
}

/* A listener on all addresses is reached from this machine at the loopback address. */
static const char *reachable(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(address, "::") == 0 ? "::1" : address;
}

bool cw_broker_place_uri(const struct cw_broker_place *place, char *out, size_t size)
{
	const char *address = reachable(place->address);

	if (place->uri[0]) {
		return cw_text_copy(out, size, place->uri);
	}
	return cw_text_format(out, size, strchr(address, ':') ? "tcp://[%s]:%d" : "tcp://%s:%d", address,
			      place->mqtt_port);
}

bool cw_broker_place_ws_url(const struct cw_broker_place *place, const char *host, char *out, size_t size)
{
	size_t len = host_length(host);

	if (place->public_url[0]) {
		return cw_text_copy(out, size, place->public_url);
	}
	if (len == 0) {
		host = reachable(place->address);
		len = strlen(host);
	}
	bool is_v6 = memchr(host, ':', len) && host[0] != '[';

	return cw_text_format(out, size, is_v6 ? "ws://[%.*s]:%d" : "ws://%.*s:%d", (int)len, host, place->ws_port);
}
