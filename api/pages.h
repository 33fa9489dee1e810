/* SPDX-License-Identifier: MIT */
#ifndef API_PAGES_H
#define API_PAGES_H

#include "api/api.h"

/*
 * The dashboard's files, as its build leaves them: index.html, assets whose names hold a hash of their content, and
 * static/, what has a name for good; each with a copy packed by gzip beside it (`.gz`). They are open to everyone; what they show is asked for with a token.
 */
struct pages {
	const struct api *api; /* where the page finds the broker, for its Content-Security-Policy */
	int folder_fd;         /* -1: no dashboard is installed */
};

/* Opens the folder. CW_NOT_FOUND when there is none; *pages then answers 404 to everything. */
CW_MUST_CHECK enum cw_status pages_open(struct pages *pages, const struct api *api, const char *folder,
					struct cw_error *reterr);
void pages_close(struct pages *pages);

/* Handlers; their context is a struct pages. */
void pages_index(struct cw_http_request *request, void *pages);  /* GET / and the page's own paths */
void pages_asset(struct cw_http_request *request, void *pages);  /* GET /assets/{} */
void pages_static(struct cw_http_request *request, void *pages); /* GET /static/{} */

#endif
