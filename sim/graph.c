/* SPDX-License-Identifier: MIT */
/* Access to the simulated Graph API, its errors and misbehaviour, and its templates. */
#include <stdio.h>
#include <string.h>

#include "sim/graph_private.h"

/* ---- errors ---- */

static json_t *make_error(int code, const char *message, const char *details)
{
	return json_pack("{s:{s:s+, s:s, s:i, s:{s:s, s:s}, s:s}}", "error", "message", "(#) ", message, "type",
			 "OAuthException", "code", code, "error_data", "messaging_product", "whatsapp", "details",
			 details ? details : message, "fbtrace_id", "AsIm0000");
}

static const struct {
	int code, status;
	const char *message;
} known[] = {
	{ 190, 401, "Error validating access token: Session has expired" },
	{ 0, 401, "AuthException" },
	{ 10, 403, "Application does not have permission for this action" },
	{ 4, 400, "Application request limit reached" },
	{ 33, 400, "Unsupported post request" },
	{ 100, 400, "Invalid parameter" },
	{ 130429, 400, "Rate limit hit" },
	{ 131000, 500, "Something went wrong" },
	{ 131008, 400, "Required parameter is missing" },
	{ 131009, 400, "Parameter value is not valid" },
	{ 131016, 500, "Service unavailable" },
	{ 131026, 400, "Message undeliverable" },
	{ 131047, 400, "Re-engagement message" },
	{ 131051, 400, "Unsupported message type" },
	{ 131053, 400, "Media upload error" },
	{ 131056, 400, "(Business Account, Consumer Account) pair rate limit hit" },
	{ 132001, 404, "Template name does not exist in the translation" },
	{ 133004, 503, "Server Temporarily Unavailable" },
};

void graph_answer_error(struct cw_http_request *request, int code, const char *details)
{
	int status = 400;
	const char *message = "Error";

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].code == code) {
			status = known[i].status;
			message = known[i].message;
		}
	}
	cw_http_answer_json(request, status, make_error(code, message, details));
}

/* ---- access ---- */

bool graph_has_token(struct sim *sim, struct cw_http_request *request)
{
	const char *header = cw_http_header(request, "Authorization");
	bool is_good = false;
	size_t index;
	json_t *token;

	world_lock(&sim->world);
	json_array_foreach(sim->world.tokens, index, token)
	{
		is_good = is_good || (header && strncmp(header, "Bearer ", 7) == 0 &&
				      strcmp(header + 7, json_string_value(token)) == 0);
	}
	world_unlock(&sim->world);
	return is_good;
}

static bool is_version(const char *text)
{
	return text[0] == 'v' && strspn(text + 1, "0123456789.") == strlen(text + 1) && strchr(text, '.');
}

static bool knows_number(struct sim *sim, const char *number)
{
	world_lock(&sim->world);
	bool is_known = json_object_get(sim->world.numbers, number) != NULL;

	world_unlock(&sim->world);
	return is_known;
}

bool graph_may_pass(struct sim *sim, struct cw_http_request *request, bool is_about_number)
{
	if (!is_version(cw_http_level(request, 0))) {
		graph_answer_error(request, 100, "Unknown path components");
	} else if (!graph_has_token(sim, request)) {
		graph_answer_error(request, 190, NULL);
	} else if (is_about_number && !knows_number(sim, cw_http_level(request, 1))) {
		graph_answer_error(request, 33,
				   "Object with ID does not exist or cannot be loaded due to missing permissions");
	} else {
		return true;
	}
	return false;
}

json_t *graph_next_rule(struct sim *sim, const char *on)
{
	world_lock(&sim->world);
	json_t *rule = world_next_rule(&sim->world, on);

	world_unlock(&sim->world);
	return rule;
}

bool graph_does(const json_t *rule, const char *what)
{
	const char *text = json_string_value(json_object_get(rule, "do"));

	return text && strcmp(text, what) == 0;
}

/* {"http":…,"body":…}: an object is sent as JSON, a text as HTML. */
static void answer_as_told(struct cw_http_request *request, const json_t *rule)
{
	json_t *body = json_object_get(rule, "body");
	int status = (int)json_integer_value(json_object_get(rule, "http"));

	if (json_is_string(body)) {
		cw_http_answer(request, status, "text/html", json_string_value(body));
	} else {
		cw_http_answer_json(request, status, json_incref(body));
	}
}

bool graph_misbehave_first(struct cw_http_request *request, const json_t *rule)
{
	if (graph_does(rule, "error")) {
		graph_answer_error(request, (int)json_integer_value(json_object_get(rule, "code")),
				   "as configured in the simulator");
	} else if (graph_does(rule, "rate-limit")) {
		graph_answer_error(request, 130429, NULL);
	} else if (graph_does(rule, "expired-token")) {
		graph_answer_error(request, 190, NULL);
	} else if (graph_does(rule, "drop-before")) {
		cw_http_drop(request);
	} else if (graph_does(rule, "gateway")) {
		cw_http_answer(request, 502, "text/html", "<html>Bad Gateway</html>");
	} else if (graph_does(rule, "answer")) {
		answer_as_told(request, rule);
	} else if (graph_does(rule, "redirect")) {
		cw_http_add_header(request, "Location", json_string_value(json_object_get(rule, "to")));
		cw_http_answer(request, 302, "text/html", "<html>Found</html>");
	} else {
		return false;
	}
	return true;
}

void graph_give(struct sim *sim, struct cw_http_request *request, const json_t *rule, json_t *json)
{
	if (graph_does(rule, "drop-after")) {
		json_decref(json);
		cw_http_drop(request);
	} else if (graph_does(rule, "bad-json")) {
		json_decref(json);
		cw_http_answer(request, 200, "application/json", "{\"messaging_product\":\"whatsapp\",\"contacts\":[");
	} else if (graph_does(rule, "slow")) {
		cw_http_defer(request);
		post_answer(sim->post, request, 200, json, json_integer_value(json_object_get(rule, "ms")));
	} else {
		cw_http_answer_json(request, 200, json);
	}
}

/* ---- templates ---- */

void graph_templates(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;

	if (!graph_may_pass(sim, request, false)) {
		return;
	}
	world_lock(&sim->world);
	json_t *rows = json_deep_copy(sim->world.templates);

	world_unlock(&sim->world);
	cw_http_answer_json(request, 200,
			    json_pack("{s:o, s:{s:{s:s}}}", "data", rows, "paging", "cursors", "after", "MQZDZD"));
}
