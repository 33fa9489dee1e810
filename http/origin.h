/* SPDX-License-Identifier: MIT */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include <stdbool.h>

#include "core/status.h"

/*
 * Which pages may send requests (the Fetch standard, "CORS protocol"): our own, and those of the listed origins. An
 * origin is `https://chat.example.com`, with a port unless it is the scheme's default, and without a path.
 */
enum origin_verdict {
	ORIGIN_NONE,    /* no Origin header: not a page, or our own in an old browser */
	ORIGIN_OWN,     /* our page */
	ORIGIN_LISTED,  /* another page, allowed */
	ORIGIN_REFUSED, /* another page, not allowed */
};

/*
 * origin and host are the request's headers, NULL if missing. Our own page comes from the requested host or, if a proxy
 * hides that host, from own ("": unknown). list has the other allowed origins, separated by spaces or commas.
 */
enum origin_verdict origin_judge(const char *origin, const char *host, const char *own, const char *list);

/* Is text exactly one origin? */
bool origin_is_valid(const char *text);

/* CW_INVALID names the list entry that is not an origin. */
CW_MUST_CHECK enum cw_status origin_check_list(const char *list, struct cw_error *reterr);

#endif
