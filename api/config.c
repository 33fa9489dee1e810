/* SPDX-License-Identifier: MIT */
/* GET /api/v1/config: how a page connects, before it has a token. */
#include <string.h>

#include "api/api.h"
#include "core/command.h"
#include "core/content.h"
#include "core/text.h"

/* A host name or address as browsers write it, without its port; 0: none. */
static size_t host_length(const char *host)
{
	size_t len = host ? strcspn(host, host[0] == '[' ? "]" : ":") : 0;

	len += len > 0 && host[len] == ']';
	return len > 0 && cw_text_is_made_of(host, len, 255, CW_TEXT_ID ".:[]") ? len : 0;
}

bool api_mqtt_url(struct cw_http_request *request, const struct api *api, char out[API_URL_MAX])
{
	const char *host = cw_http_header(request, "Host");
	size_t len = host_length(host);

	if (api->mqtt_public_url[0]) {
		return cw_text_copy(out, API_URL_MAX, api->mqtt_public_url);
	}
	return cw_text_format(out, API_URL_MAX, "ws://%.*s:%d", len ? (int)len : 9, len ? host : "127.0.0.1",
			      api->ws_port);
}

void api_config(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	char url[API_URL_MAX];

	if (!api_mqtt_url(request, api, url)) {
		cw_http_problem(request, 500, "internal", "mqtt_public_url is too long.");
		return;
	}
	cw_http_answer_json(request, 200,
			    json_pack("{s:s, s:s, s:{s:i, s:i, s:I}}", "version", api->version, "mqtt_url", url,
				      "limits", "text_characters", CW_CONTENT_MAX_TEXT, "command_bytes",
				      CW_COMMAND_MAX_BYTES, "media_bytes", (json_int_t)CW_CONTENT_MAX_FILE_BYTES));
}
