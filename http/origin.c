/* SPDX-License-Identifier: MIT */
#include "http/origin.h"

#include <string.h>
#include <strings.h>

#include "core/text.h"

#define BETWEEN " ,\t"
#define ORIGIN_MAX 300

/* Schemes and hosts are case-insensitive; browsers send them in lower case. */
static bool is_same(const char *origin, const char *text, size_t len)
{
	return strlen(origin) == len && strncasecmp(origin, text, len) == 0;
}

static bool is_in(const char *origin, const char *list)
{
	for (const char *at = list + strspn(list, BETWEEN); *at; at += strspn(at, BETWEEN)) {
		size_t len = strcspn(at, BETWEEN);

		if (is_same(origin, at, len)) {
			return true;
		}
		at += len;
	}
	return false;
}

/* A proxy may change the scheme, so only the rest is compared with the host that the browser requested. */
static bool is_of_host(const char *origin, const char *host)
{
	const char *rest = strstr(origin, "://");

	return rest && host && strcasecmp(rest + 3, host) == 0;
}

enum origin_verdict origin_judge(const char *origin, const char *host, const char *own, const char *list)
{
	if (!origin) {
		return ORIGIN_NONE;
	}
	if ((own[0] && is_same(origin, own, strlen(own))) || is_of_host(origin, host)) {
		return ORIGIN_OWN;
	}
	return is_in(origin, list) ? ORIGIN_LISTED : ORIGIN_REFUSED;
}

static bool is_origin(const char *text, size_t len)
{
	size_t scheme = strncasecmp(text, "https://", 8) == 0 ? 8 : strncasecmp(text, "http://", 7) == 0 ? 7 : 0;

	return scheme && text[scheme] != ':' &&
	       cw_text_is_made_of(text + scheme, len - scheme, ORIGIN_MAX, CW_TEXT_ID ".:[]");
}

bool origin_is_valid(const char *text)
{
	return is_origin(text, strlen(text));
}

enum cw_status origin_check_list(const char *list, struct cw_error *reterr)
{
	for (const char *at = list + strspn(list, BETWEEN); *at; at += strspn(at, BETWEEN)) {
		size_t len = strcspn(at, BETWEEN);

		if (!is_origin(at, len)) {
			return cw_error_set(
				reterr, CW_INVALID,
				"\"%.*s\" is not an origin: http:// or https://, a host, optionally a port, and nothing "
				"more; * is not supported",
				len > 80 ? 80 : (int)len, at);
		}
		at += len;
	}
	return CW_OK;
}
