/* SPDX-License-Identifier: MIT */
#ifndef API_PAGES_H
#define API_PAGES_H

#include "api/api.h"

/*
 * The dashboard's files, as built: index.html, assets/ with a content hash in each name, and static/ with fixed names;
 * each has a gzip copy next to it (`.gz`). They need no token; the data they show is requested with one.
 */
struct pages {
	const struct api *api; /* gives the broker's URL for the Content-Security-Policy */
	int folder_fd;         /* -1: no dashboard is installed */
};

/* Opens the folder. CW_NOT_FOUND: there is none; *pages then answers 404 to every request. */
CW_MUST_CHECK enum cw_status pages_open(struct pages *pages, const struct api *api, const char *folder,
					struct cw_error *reterr);
void pages_close(struct pages *pages);

/* Handlers; their context is a struct pages. */
void pages_index(struct cw_http_request *request, void *pages);  /* GET / and the page's own paths */
void pages_asset(struct cw_http_request *request, void *pages);  /* GET /assets/{} */
void pages_static(struct cw_http_request *request, void *pages); /* GET /static/{} */

#endif
