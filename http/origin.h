/* SPDX-License-Identifier: MIT */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include <stdbool.h>

#include "core/status.h"

/*
 * Which pages may ask (the Fetch standard, "CORS protocol"): our own, and those of an exact list. Origins are
 * `https://chat.example.com`, with a port unless it is the scheme's own, and no path.
 */
enum origin_verdict {
	ORIGIN_NONE,    /* no page asks, or an old browser's own: nothing is said about it */
	ORIGIN_OWN,     /* our page */
	ORIGIN_LISTED,  /* another page, which may */
	ORIGIN_REFUSED, /* another page */
};

/*
 * origin and host are the request's headers, NULL without. Our page is of the host that was asked, or of own ("": not
 * known), which a proxy may hide; list names those of others, parted by spaces or commas.
 */
enum origin_verdict origin_judge(const char *origin, const char *host, const char *own, const char *list);

/* Is a text one origin? */
bool origin_is_valid(const char *text);

/* CW_INVALID with the one in the list that is no origin. */
CW_MUST_CHECK enum cw_status origin_check_list(const char *list, struct cw_error *reterr);

#endif
