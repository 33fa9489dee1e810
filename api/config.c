/* SPDX-License-Identifier: MIT */
/* GET /api/v1/config: how a page connects, before it has a token. */
#include "api/api.h"
#include "core/command.h"
#include "core/content.h"

bool api_mqtt_url(struct cw_http_request *request, const struct api *api, char out[API_URL_MAX])
{
	return cw_broker_place_ws_url(&api->broker, cw_http_header(request, "Host"), out, API_URL_MAX);
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
