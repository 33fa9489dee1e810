/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ROUTES_H
#define DAEMON_ROUTES_H

#include "api/api.h"
#include "api/control.h"
#include "api/health.h"
#include "api/pages.h"
#include "api/signin.h"
#include "http/http.h"
#include "ingest/webhook.h"

/* convwired's routes, listener by listener: the only list of its paths. */
enum {
	N_API_ROUTES = 23,
	N_PAGE_ROUTES = 4,
	N_HTTP_ROUTES = N_API_ROUTES + N_PAGE_ROUTES,
	N_CONTROL_ROUTES = 2,
	N_METRICS_ROUTES = 1
};

#define ROUTES_CONTROL_MAX_BODY (16 * 1024 * 1024) /* alias import sends its rows in batches */

/* The handlers' contexts; borrowed while the listeners run. */
struct route_contexts {
	struct webhook_gate *gate;
	struct api *api;
	struct signin *signin;
	struct pages *pages;
	struct health *health;
	struct control *control;
};

struct routes {
	struct cw_http_route http[N_HTTP_ROUTES];
	struct cw_http_route control[N_CONTROL_ROUTES];
	struct cw_http_route metrics[N_METRICS_ROUTES];
};

void routes_fill(struct routes *routes, const struct route_contexts *contexts);

#endif
