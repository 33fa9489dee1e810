/* SPDX-License-Identifier: MIT */
#include "daemon/routes.h"

#include <string.h>

#include "core/command.h"
#include "core/content.h"

void routes_fill(struct routes *routes, const struct route_contexts *contexts)
{
	struct webhook_gate *gate = contexts->gate;
	struct api *api = contexts->api;
	struct signin *signin = contexts->signin;
	struct pages *pages = contexts->pages;
	struct health *health = contexts->health;
	/* clang-format off */
	const struct cw_http_route api_routes[N_API_ROUTES] = {
		{ "GET",  "/webhook",                           0, NULL, webhook_verify, gate, NULL },
		{ "POST", "/webhook",            WEBHOOK_MAX_BODY, webhook_admit, webhook_receive, gate, NULL },
		{ "GET",  "/healthz",                           0, NULL, health_live, health, NULL },
		{ "GET",  "/readyz",                            0, NULL, health_ready, health, NULL },
		{ "GET",  "/api/v1/sync",                       0, NULL, api_sync, api, NULL },
		{ "GET",  "/api/v1/conversations",              0, NULL, api_conversations, api, NULL },
		{ "POST", "/api/v1/conversations",           4096, NULL, api_begin_conversation, api, NULL },
		{ "GET",  "/api/v1/conversations/{}",           0, NULL, api_conversation, api, NULL },
		{ "GET",  "/api/v1/conversations/{}/messages",  0, NULL, api_messages, api, NULL },
		{ "POST", "/api/v1/conversations/{}/commands", CW_COMMAND_MAX_BYTES, NULL, api_command, api, NULL },
		{ "GET",  "/api/v1/search",                     0, NULL, api_search, api, NULL },
		{ "GET",  "/api/v1/resolve",                    0, NULL, api_resolve, api, NULL },
		{ "GET",  "/api/v1/media/{}",                   0, NULL, api_media, api, NULL },
		{ "POST",   "/api/v1/session",               4096, NULL, signin_begin, signin, NULL },
		{ "GET",    "/api/v1/session",                  0, NULL, api_whoami, api, NULL },
		{ "POST",   "/api/v1/session/refresh",       4096, NULL, signin_refresh, signin, NULL },
		{ "DELETE", "/api/v1/session",               4096, NULL, signin_end, signin, NULL },
		{ "GET",  "/api/v1/config",                     0, NULL, api_config, api, NULL },
		{ "GET",  "/api/v1/agents",                     0, NULL, api_agents, api, NULL },
		{ "GET",  "/api/v1/numbers",                    0, NULL, api_numbers, api, NULL },
		{ "GET",  "/api/v1/templates",                  0, NULL, api_templates, api, NULL },
		{ "GET",  "/api/v1/media/{}/url",               0, NULL, api_media_url, api, NULL },
		{ "POST", "/api/v1/media", CW_CONTENT_MAX_FILE_BYTES, api_media_admit, api_media_store, api, api_media_take },
	};
	const struct cw_http_route page_routes[N_PAGE_ROUTES] = {
		{ "GET",  "/",                                  0, NULL, pages_index, pages, NULL },
		{ "GET",  "/c/{}",                              0, NULL, pages_index, pages, NULL },
		{ "GET",  "/assets/{}",                         0, NULL, pages_asset, pages, NULL },
		{ "GET",  "/static/{}",                         0, NULL, pages_static, pages, NULL },
	};
	const struct cw_http_route control_routes[N_CONTROL_ROUTES] = {
		{ "POST", "/control/{}",         ROUTES_CONTROL_MAX_BODY, NULL, control_handle, contexts->control, NULL },
		{ "GET",  "/metrics",                           0, NULL, health_metrics, health, NULL },
	};
	const struct cw_http_route metrics_routes[N_METRICS_ROUTES] = {
		{ "GET",  "/metrics",                           0, NULL, health_metrics, health, NULL },
	};
	/* clang-format on */

	memcpy(routes->http, api_routes, sizeof(api_routes));
	memcpy(routes->http + N_API_ROUTES, page_routes, sizeof(page_routes));
	memcpy(routes->control, control_routes, sizeof(control_routes));
	memcpy(routes->metrics, metrics_routes, sizeof(metrics_routes));
}
