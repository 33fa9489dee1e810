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

bool cw_place_url(const char *scheme, const char *address, int port, char *out, size_t size)
{
	const char *host = strcmp(address, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(address, "::") == 0 ? "::1" : address;

	return cw_text_format(out, size, strchr(host, ':') ? "%s://[%s]:%d" : "%s://%s:%d", scheme, host, port);
}

bool cw_broker_place_uri(const struct cw_broker_place *place, char *out, size_t size)
{
	return place->uri[0] ? cw_text_copy(out, size, place->uri) :
			       cw_place_url("tcp", place->address, place->mqtt_port, out, size);
}

bool cw_broker_place_ws_url(const struct cw_broker_place *place, const char *host, char *out, size_t size)
{
	size_t len = host_length(host);

	if (place->public_url[0]) {
		return cw_text_copy(out, size, place->public_url);
	}
	/* a Host header has its own brackets */
	return len == 0 ? cw_place_url("ws", place->address, place->ws_port, out, size) :
			  cw_text_format(out, size, "ws://%.*s:%d", (int)len, host, place->ws_port);
}
